/*-------------------------------------------------------------------------
 *
 * fetch.c
 *		From the source to the spool of a run.
 *
 * Xact:   none is open while the network is waited for; what reads or writes
 *		   tables brackets itself.
 * Errors: faults; a cancel and a shutdown are thrown.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/guc.h"
#include "base/hash.h"
#include "base/progress.h"
#include "connector/listing.h"
#include "connector/option.h"
#include "exec/blob.h"
#include "exec/life.h"

#define YOUNG_US		(2 * USECS_PER_SEC)	/* a file that was written so recently may still change within its second */
#define MOST_AHEAD_US	(60 * USECS_PER_SEC)	/* a time that is further in the future is none of a clock */

/* TABLE reads this database: that needs a transaction, and the owner's rights */
static bool
fetch_in_database(NvpRun *run, NvpFault *fault)
{
	bool		ok;

	nvp_run_step_begin(run);
	nvp_identity_take(&run->identity, run->plan->owner, run->session->is_procedure);
	MemoryContextSwitchTo(run->context);
	ok = run->plan->input->routine->fetch(run->plan->input, &run->execution->object, run->input,
										  nvp_run_move_progress, NULL, fault);
	nvp_identity_settle(&run->identity);
	nvp_identity_give_back(&run->identity);
	nvp_run_step_end(run);
	return ok;
}

bool
nvp_run_input_is_table(const NvpRun *run)
{
	return strcmp(run->plan->input->routine->node_type, "TABLE") == 0;
}

bool
nvp_run_fetch(NvpRun *run, NvpFault *fault)
{
	bool		ok = true;

	nvp_run_enter_phase(run, NVP_PHASE_FETCH, run->execution->object.bytes);
	if (run->execution->has_input)
	{
		nvp_run_step_begin(run);
		nvp_blob_lend(&run->execution->tenant_id, &run->execution->input_id, run->input);
		nvp_run_step_end(run);
	}
	else if (nvp_run_input_is_table(run))
		ok = fetch_in_database(run, fault);
	else if (run->plan->input->routine->fetch == NULL)
		return nvp_fault_set(fault, NVP_SOURCE_DATA_EMPTY, ERRCODE_NO_DATA, false,
							 "connector \"%s\" has no data: it takes what is pushed to it",
							 run->plan->input->name);
	else
		ok = run->plan->input->routine->fetch(run->plan->input, &run->execution->object, run->input,
											  nvp_run_move_progress, NULL, fault);
	if (ok)
		ok = nvp_spool_flush(run->input);
	if (run->input->error)
		return nvp_spool_fault(run->input, fault, "the input");
	if (ok && nvp_guc_max_object_size > 0 && run->input->size > (int64) nvp_guc_max_object_size * 1024)
		return nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, false,
							 "the input has " INT64_FORMAT " bytes, more than nuvopipe.max_object_size allows",
							 run->input->size);
	return ok;
}

/* a source that names no version is told by its content */
void
nvp_run_settle_version(NvpRun *run)
{
	NvpObject  *object = &run->execution->object;

	object->bytes = run->input->size;
	if (object->path == NULL)
		object->path = psprintf("%s:%s", run->plan->input->routine->node_type, run->plan->input->name);
	if (object->version == NULL && !nvp_run_input_is_table(run))
		object->version = nvp_hash_spool(run->input);
	if (run->is_local)
		return;					/* it is written down at the end, in the same transaction */
	nvp_run_step_begin(run);
	nvp_exec_take(run->execution, object);
	nvp_run_step_end(run);
}

/*
 * A connector that names its file and does not find it: a fault, but for a
 * file that runs of this pipeline carry away when they are done with it.
 */
static bool
check_named_file(NvpRun *run, const NvpObject *objects, int n, NvpFault *fault)
{
	const NvpConnector *input = run->plan->input;
	char	   *name = nvp_option_text(input, "file_name", "");

	if (*name == '\0' || nvp_listing_after(input) != NVP_AFTER_NONE)
		return true;
	for (int i = 0; i < n; i++)
	{
		if (objects[i].taken)
			return true;
	}
	nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_UNDEFINED_FILE, false,
				  "connector \"%s\": file \"%s\" does not exist in folder \"%s\"",
				  input->name, name, nvp_option_text(input, "directory_path", ""));
	nvp_fault_hint(fault, "Check file_name and directory_path of the connector; SELECT * FROM nuvopipe.list_connector('...') shows what is there.");
	return false;
}

/*
 * Where times are whole seconds, a file that is replaced by one of the same size
 * within the second it was written in keeps its version.  So nothing is fetched
 * before that second is over, by our clock: what is read then is the last that
 * had this version, and whatever comes later has another one.  A server whose
 * clock is more than two seconds behind ours deceives us.
 */
static void
let_second_pass(const NvpObject *objects, int n)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz until = now;

	for (int i = 0; i < n; i++)
		if (objects[i].taken && objects[i].has_seconds && objects[i].modified_at < now + MOST_AHEAD_US)
			until = Max(until, objects[i].modified_at + YOUNG_US);
	until = Min(until, now + YOUNG_US);
	while ((now = GetCurrentTimestamp()) < until)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 (long) ((until - now + 999) / 1000), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/* list the source; this execution takes the first new object, others get their own */
bool
nvp_run_discover(NvpRun *run, bool *nothing, NvpFault *fault)
{
	NvpObject  *objects;
	NvpObject  *fresh;
	int			n;
	int			nfresh = 0;

	if (!run->plan->input->routine->list(run->plan->input, &objects, &n, fault) ||
		!check_named_file(run, objects, n, fault))
		return false;
	let_second_pass(objects, n);
	fresh = palloc0(sizeof(NvpObject) * Max(n, 1));
	nvp_session_begin(run->session);
	MemoryContextSwitchTo(run->context);
	for (int i = 0; i < n; i++)
	{
		NvpExecution probe = *run->execution;
		char	   *by;

		probe.object = objects[i];
		if (objects[i].taken && (run->execution->forced || run->plan->forced ||
								 !nvp_exec_in_ledger(&probe, &by)))
			fresh[nfresh++] = objects[i];
	}
	if (nfresh > 0)
	{
		run->execution->object = fresh[0];
		run->execution->siblings = nfresh;
		nvp_exec_take(run->execution, &fresh[0]);
		nvp_exec_expand(run->execution, fresh + 1, nfresh - 1, NULL);
	}
	nvp_session_commit(run->session);
	MemoryContextSwitchTo(run->context);
	*nothing = nfresh == 0;
	return true;
}
