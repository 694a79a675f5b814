/*-------------------------------------------------------------------------
 *
 * split.c
 *		An archive that holds several files: each is an input of its own.
 *
 * Flow:   files of the archive --> this execution keeps the first, each of the
 *		   others gets an execution of the same run, which refers to the bytes of
 *		   the archive as they are stored
 * Xact:   one that is committed before any row is read: files that are fine do
 *		   not wait for, or fall with, one that is not.
 * Errors: faults, of an archive that cannot be read.
 *
 * The first keeps the path of the archive, so that the ledger has the object
 * that was listed; the path of the others goes on with their own.  What was
 * stored by then stays theirs, whatever happens to the object at its source.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "exec/blob.h"
#include "exec/life.h"

#define MEMBER_SIGN		"!/"	/* between the path of an archive and that of a file in it */

/* a file name for what may lie in folders of the archive; two of them differ as the paths do, as far as anybody names files */
static char *
flat_name(const char *member)
{
	char	   *name = pstrdup(member);

	for (char *p = name; *p; p++)
	{
		if (*p == '/' || *p == '\\')
			*p = '_';
	}
	return name;
}

/* the bytes as they were fetched, where every execution of the run finds them */
static void
store_archive(NvpRun *run, pg_uuid_t *id)
{
	NvpBlobHead head = {.tenant_id = run->execution->tenant_id, .file_name = run->execution->object.name};

	if (run->execution->has_input)
		*id = run->execution->input_id;
	else
		nvp_blob_store(&head, run->input, id);
}

static void
hand_out(NvpRun *run, char **members, int n)
{
	NvpObject  *object = &run->execution->object;
	NvpObject  *others = palloc0(sizeof(NvpObject) * n);
	pg_uuid_t	input;

	store_archive(run, &input);
	MemoryContextSwitchTo(run->context);
	for (int i = 1; i < n; i++)
	{
		others[i] = *object;
		others[i].path = psprintf("%s%s%s", object->path, MEMBER_SIGN, members[i]);
		others[i].name = flat_name(members[i]);
		others[i].member = pstrdup(members[i]);
	}
	object->name = flat_name(members[0]);
	object->member = pstrdup(members[0]);
	nvp_exec_take(run->execution, object);
	nvp_exec_expand(run->execution, others + 1, n - 1, &input);
	run->execution->siblings = n;
}

/*
 * nvp_run_split looks whether the input that was fetched is an archive of
 * several files, and hands them out.  Not again where that has happened, nor
 * where options settle which file is meant.
 */
bool
nvp_run_split(NvpRun *run, NvpFault *fault)
{
	NvpInput	input;
	bool		ok;

	if (run->execution->object.member || (nvp_run_input_is_table(run) && !run->execution->has_input))
		return true;
	if (run->is_local)
		nvp_run_step_begin(run);
	ok = nvp_input_members(&input, nvp_spool_source(run->input), run->plan->format_options, fault);
	if (ok && input.nmembers > 1)
	{
		nvp_run_step_begin(run);
		hand_out(run, input.members, input.nmembers);
		nvp_session_commit(run->session);
		MemoryContextSwitchTo(run->context);
	}
	nvp_input_close(&input);
	return ok;
}
