/*-------------------------------------------------------------------------
 *
 * fn_model.h
 *		From jsonb to cells, for the functions that take data as jsonb.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_FN_MODEL_H
#define NVP_FN_MODEL_H

#include "base/cell.h"
#include "base/jsonb.h"

extern void nvp_cell_from_jsonb_value(const JsonbValue *value, NvpCell *cell);

#endif							/* NVP_FN_MODEL_H */
