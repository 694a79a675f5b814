/*-------------------------------------------------------------------------
 *
 * condition.h
 *		Conditional requests (RFC 9110, section 13) and Idempotency-Key.
 *
 * An entity tag is a hash of the answer's body, or of what the route's reader
 * shows where that is another operation.  If-Match is checked while the
 * object's row is locked, so of two writers that saw the same state one loses.
 * The answer to a POST with an Idempotency-Key is written in the transaction
 * of what it did; the same request again, within 24 hours, gets it again.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CONDITION_H
#define NVP_CONDITION_H

#include "api/request.h"

extern bool nvp_condition_refuses(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer);
extern bool nvp_condition_repeats(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer);
extern void nvp_condition_mark(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer);

#endif							/* NVP_CONDITION_H */
