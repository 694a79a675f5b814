/*-------------------------------------------------------------------------
 *
 * fn_model.h
 *		Models by name, and cells from jsonb, for the functions of this room.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_FN_MODEL_H
#define NVP_FN_MODEL_H

#include "base/cell.h"
#include "base/jsonb.h"

extern Jsonb *nvp_tdm_columns(const char *tdm);
extern void nvp_cell_from_jsonb_value(const JsonbValue *value, NvpCell *cell);

#endif							/* NVP_FN_MODEL_H */
