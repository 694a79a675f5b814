/*-------------------------------------------------------------------------
 *
 * fn_format.h
 *		Rows of a source, for the functions that return them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_FN_FORMAT_H
#define NVP_FN_FORMAT_H

#include "nodes/execnodes.h"

#include "pipeline/input.h"

extern void nvp_put_source(ReturnSetInfo *rsinfo, NvpSource *stored, Jsonb *options,
						   const char *file_name, int64 max_rows);

#endif							/* NVP_FN_FORMAT_H */
