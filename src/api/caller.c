/*-------------------------------------------------------------------------
 *
 * caller.c
 *		Who asks: a database role, or a principal whose token was checked.
 *
 * See caller.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "api/caller.h"

static NvpCaller current;
static bool is_taken = false;
static SubTransactionId taken_in = InvalidSubTransactionId;
static char peer_text[64];		/* longer than any address; empty: none */

static void
forget_at_end(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PRE_PREPARE &&
		event != XACT_EVENT_PARALLEL_PRE_COMMIT)
		nvp_caller_drop();
}

/* whoever was let in by something that is undone was not let in */
static void
forget_if_undone(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	if (!is_taken || taken_in != mine)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		nvp_caller_drop();
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		taken_in = parent;
}

/* nvp_caller gives the principal this process acts for; NULL: the session's database role. */
const NvpCaller *
nvp_caller(void)
{
	return is_taken ? &current : NULL;
}

/*
 * nvp_caller_take makes a principal, whose token was checked in this
 * transaction, the caller until nvp_caller_drop or the end of the transaction.
 */
void
nvp_caller_take(const NvpCaller *caller)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(forget_at_end, NULL);
		RegisterSubXactCallback(forget_if_undone, NULL);
		registered = true;
	}
	current = *caller;
	is_taken = true;
	taken_in = GetCurrentSubTransactionId();
}

/* nvp_caller_drop makes the session's database role the caller again, and forgets the client's address. */
void
nvp_caller_drop(void)
{
	is_taken = false;
	taken_in = InvalidSubTransactionId;
	peer_text[0] = '\0';
}

/* nvp_peer gives the address of the client; see caller.h. */
const char *
nvp_peer(void)
{
	return peer_text[0] ? peer_text : NULL;
}

/* nvp_peer_take notes the address of the client until nvp_caller_drop; NULL: unknown. */
void
nvp_peer_take(const char *peer)
{
	strlcpy(peer_text, peer ? peer : "", sizeof(peer_text));
}

/* nvp_caller_role gives the database role whose rights the caller has. */
Oid
nvp_caller_role(void)
{
	return is_taken ? get_role_oid(NameStr(current.role), false) : GetOuterUserId();
}

/* nvp_kind_of reads a kind of object; kinds without a permission key of their own are for users. */
NvpKind
nvp_kind_of(const char *word)
{
	if (strcmp(word, "pipeline") == 0 || strcmp(word, "trigger") == 0)
		return NVP_KIND_PIPELINE;	/* a trigger is a part of its pipeline */
	if (strcmp(word, "execution") == 0)
		return NVP_KIND_EXECUTION;
	if (strcmp(word, "connector") == 0)
		return NVP_KIND_CONNECTOR;
	if (strcmp(word, "tdm") == 0)
		return NVP_KIND_TDM;
	return NVP_KIND_USERS_ONLY;
}

/* nvp_verb_of reads a verb. */
NvpVerb
nvp_verb_of(const char *word)
{
	if (strcmp(word, "create") == 0)
		return NVP_VERB_CREATE;
	if (strcmp(word, "read") == 0)
		return NVP_VERB_READ;
	if (strcmp(word, "write") == 0)
		return NVP_VERB_WRITE;
	if (strcmp(word, "delete") == 0)
		return NVP_VERB_DELETE;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown verb \"%s\"", word),
			 errhint("Known are create, read, write, delete.")));
}
