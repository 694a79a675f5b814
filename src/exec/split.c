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

/* a file name for what may lie in folders of the archive */
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

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* the first of several that are equal, or NULL; the array is sorted by this */
static const char *
find_twice(char **names, int n)
{
	qsort(names, n, sizeof(char *), compare_names);
	for (int i = 1; i < n; i++)
	{
		if (strcmp(names[i - 1], names[i]) == 0)
			return names[i];
	}
	return NULL;
}

/*
 * Names for the files, for outputs are called by them.  Where folders are all
 * that tells two apart, all are numbered.
 */
static char **
name_members(char **members, int n)
{
	char	  **names = palloc(sizeof(char *) * n);
	char	  **sorted = palloc(sizeof(char *) * n);

	for (int i = 0; i < n; i++)
		names[i] = sorted[i] = flat_name(members[i]);
	if (find_twice(sorted, n))
	{
		for (int i = 0; i < n; i++)
			names[i] = psprintf("%d_%s", i + 1, names[i]);
	}
	pfree(sorted);
	return names;
}

/* a name that stands for two files would lose one of them */
static bool
check_members(char **members, int n, NvpFault *fault)
{
	char	  **sorted = palloc(sizeof(char *) * n);
	const char *twice;

	memcpy(sorted, members, sizeof(char *) * n);
	twice = find_twice(sorted, n);
	pfree(sorted);
	if (twice == NULL)
		return true;
	nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_BAD_COPY_FILE_FORMAT, false,
				  "the zip archive has two files \"%s\"", twice);
	nvp_fault_hint(fault, "Pack them under different names; nothing was loaded.");
	return false;
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
	NvpObject  *others;
	char	  **names;
	pg_uuid_t	input;

	store_archive(run, &input);
	MemoryContextSwitchTo(run->context);
	others = palloc0(sizeof(NvpObject) * n);
	names = name_members(members, n);
	for (int i = 1; i < n; i++)
	{
		others[i] = *object;
		others[i].path = psprintf("%s%s%s", object->path, MEMBER_SIGN, members[i]);
		others[i].name = names[i];
		others[i].member = pstrdup(members[i]);
	}
	object->name = names[0];
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
		ok = check_members(input.members, input.nmembers, fault);
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
