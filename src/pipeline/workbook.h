/*-------------------------------------------------------------------------
 *
 * workbook.h
 *		Workbooks among the inputs.
 *
 * A workbook is read here and there, not from front to back.  Where it comes out
 * of something compressed it is unpacked into a spool first.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_PIPELINE_WORKBOOK_H
#define NVP_PIPELINE_WORKBOOK_H

#include "pipeline/input.h"

extern bool nvp_workbook_find(NvpInput *input, const char *sample, int64 len, NvpFault *fault);
extern bool nvp_workbook_settle(NvpInput *input, const NvpSniffPins *pins, NvpFault *fault);
extern bool nvp_workbook_missing(NvpFormatKind kind, NvpFault *fault);
extern void nvp_workbook_push(JsonbParseState **state, const NvpSniff *sniff, const NvpFormat *format);

#endif							/* NVP_PIPELINE_WORKBOOK_H */
