/*-------------------------------------------------------------------------
 *
 * deadline.h
 *		A moment at which this process is interrupted, as by a cancel.
 *
 * Calls:  nvp_deadline_set, then the work, then nvp_deadline_clear.  When the
 *		   moment comes, the next CHECK_FOR_INTERRUPTS() throws 57014, as it
 *		   would for a cancel; nvp_deadline_passed() tells the two apart.  It
 *		   comes again each second until cleared, for somebody's code may have
 *		   caught the first.
 * Notes:  The server's own timeouts (statement_timeout and the like) go on
 *		   beside it.  An error that goes up to the server's main loop clears it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_DEADLINE_H
#define NVP_DEADLINE_H

#include "utils/timestamp.h"

extern void nvp_deadline_set(TimestampTz at);
extern void nvp_deadline_clear(void);
extern bool nvp_deadline_passed(void);
extern bool nvp_deadline_is_due(void);

#endif							/* NVP_DEADLINE_H */
