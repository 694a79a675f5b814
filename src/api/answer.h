/*-------------------------------------------------------------------------
 *
 * answer.h
 *		What goes back: refusals, errors as answers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ANSWER_H
#define NVP_ANSWER_H

#include "api/request.h"

extern void nvp_api_explain(NvpApiAnswer *answer, int status, const char *code, const char *message,
							const char *path, const char *hint, const char *current);

#endif							/* NVP_ANSWER_H */
