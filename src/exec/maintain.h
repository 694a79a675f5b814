/*-------------------------------------------------------------------------
 *
 * maintain.h
 *		Making partitions, removing what is past its time: bit by bit.
 *
 * A round is a number of steps (_nuvopipe.maintain); each is repeated until it
 * finds nothing, but not so often that the others would have to wait for long.
 * A portion is one call of a step and one transaction, some milliseconds as a
 * rule.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_MAINTAIN_H
#define NVP_MAINTAIN_H

#include "exec/session.h"

typedef struct NvpMaintenance
{
	int			step;			/* the next one; 0 begins a round */
	int			portions;		/* of this step, in this round */
	bool		has_more;		/* a step of this round was left before its end */
} NvpMaintenance;

extern bool nvp_maintain_portion(NvpMaintenance *state, bool by_hand);
extern void nvp_maintain_session(NvpSession *session, bool by_hand, long max_ms);

#endif							/* NVP_MAINTAIN_H */
