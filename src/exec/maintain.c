/*-------------------------------------------------------------------------
 *
 * maintain.c
 *		Making partitions, removing what is past its time: bit by bit.
 *
 * What is done, and what a portion is, is said in SQL
 * (sql/routine/retention.sql); here is only the order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/query.h"
#include "exec/maintain.h"

#define MAX_PORTIONS	50		/* of a step, before the others have their turn */

/*
 * nvp_maintain_portion does one portion, and says whether the round goes on;
 * if not, state is ready for the next one, and has_more says whether that one
 * has something to do already.
 *
 * in: by_hand: somebody waits for it; see _nuvopipe.maintain.
 * xact: needs one of its own, with a snapshot, and leaves it open.
 */
bool
nvp_maintain_portion(NvpMaintenance *state, bool by_hand)
{
	NvpQuery	query;
	bool		is_end;
	int			done;

	/* what a crash brings back goes again */
	(void) set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
	if (state->step == 0 && state->portions == 0)
		state->has_more = false;
	nvp_query_open(&query);
	nvp_arg_int4(&query, state->step);
	nvp_arg_bool(&query, by_hand);
	nvp_query_exec(&query, "SELECT _nuvopipe.maintain($1, $2)");
	is_end = nvp_get_isnull(0, 0);
	done = nvp_get_int4(0, 0);
	nvp_query_close(&query);
	if (is_end)
	{
		state->step = state->portions = 0;
		return false;
	}
	if (done > 0 && ++state->portions < MAX_PORTIONS)
		return true;
	state->has_more |= done > 0;
	state->step++;
	state->portions = 0;
	return true;
}

/*
 * nvp_maintain_session does rounds until nothing is left, or max_ms have
 * passed (-1 = no limit).
 *
 * xact: begins and commits its own.  interrupts: yes.
 */
void
nvp_maintain_session(NvpSession *session, bool by_hand, long max_ms)
{
	NvpMaintenance state = {0};
	TimestampTz start = GetCurrentTimestamp();
	bool		goes_on;

	do
	{
		CHECK_FOR_INTERRUPTS();
		nvp_session_begin(session);
		goes_on = nvp_maintain_portion(&state, by_hand);
		nvp_session_commit(session);
	} while ((goes_on || state.has_more) &&
			 (max_ms < 0 || TimestampDifferenceMilliseconds(start, GetCurrentTimestamp()) < max_ms));
}
