/*-------------------------------------------------------------------------
 *
 * fn_trigger.c
 *		SQL entry points: triggers on users' tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"

#include "base/compat.h"
#include "base/wake.h"
#include "exec/signal.h"

PG_FUNCTION_INFO_V1(nuvopipe_signal_change);
PG_FUNCTION_INFO_V1(nuvopipe_wake_keeper);

/* _nuvopipe.signal_change() returns trigger; its argument is the id of one of _nuvopipe.trigger */
Datum
nuvopipe_signal_change(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(data->tg_event) ||
		!TRIGGER_FIRED_FOR_STATEMENT(data->tg_event) || data->tg_trigger->tgnargs != 1)
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("this function serves triggers that nuvopipe.create_trigger has put on a table"));
	nvp_signal_change(data->tg_relation, data->tg_trigger->tgargs[0]);
	PG_RETURN_POINTER(NULL);
}

/* _nuvopipe.wake_keeper(): tell the keeper of this database, at commit, that there is something to look at */
Datum
nuvopipe_wake_keeper(PG_FUNCTION_ARGS)
{
	nvp_keeper_at_commit();
	PG_RETURN_VOID();
}
