/*-------------------------------------------------------------------------
 *
 * notice.c
 *		Hears the channels that triggers name.
 *
 * A keeper listens for as long as there are such triggers.  Which channels they
 * name is compared with what is listened to at every tick.
 *
 * Flow:   somebody's NOTIFY commits --> the server signals us, our latch is set
 *		   --> nvp_notice_hear: the server reads its queue and hands what is for
 *		   us to the "client" --> counted here, by channel, with the last payload
 *		   --> nvp_notice_reconcile, in the tick's transaction: signals
 * Calls:  nvp_notice_hear (no transaction), nvp_notice_reconcile (in one),
 *		   nvp_notice_settled (it has committed).
 * Memory: one record for each channel, with room for the longest payload, made
 *		   before we listen: while the server hands something over, nothing is
 *		   allocated.
 * Errors: hear and reconcile may throw; what was heard is kept until it is
 *		   written.
 *
 * SQL's LISTEN is refused in a background process, because the server has
 * nobody there to send to.  The functions below it are not, and the one that
 * sends speaks to whatever protocol is in place: so we put one there, as parallel
 * workers do, that takes the messages and throws nothing.
 *
 * Between a crash of this process and the start of the next one nobody listens;
 * what is sent then is missed.
 *
 * Source: protocol "NotificationResponse": int32 process, two strings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

/* of libpq.h the vtable alone is wanted, not what a server with GSSAPI needs to be built; no offset depends on it */
#undef ENABLE_GSS

#include "catalog/pg_type.h"
#include "commands/async.h"
#include "libpq/libpq.h"
#include "mb/pg_wchar.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/ps_status.h"

#include "base/query.h"
#include "worker/worker.h"

#define PAYLOAD_BYTES	BLCKSZ	/* longer than the server lets any be */

typedef struct Channel
{
	struct Channel *next;
	char		name[NAMEDATALEN];
	bool		is_wanted;		/* by some trigger */
	bool		is_heard;		/* we listen to it */
	int64		occurrences;	/* heard and not yet written */
	int64		written;		/* of them, in the transaction that is open */
	char		payload[PAYLOAD_BYTES]; /* the last */
} Channel;

static Channel *channels = NULL;	/* in TopMemoryContext */

static Channel *
find_channel(const char *name)
{
	for (Channel *c = channels; c; c = c->next)
	{
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

/* ---- the protocol that the server speaks to us ----------------------------------- */

static void
take_message(char type, const char *body, size_t len)
{
	const char *name = body + sizeof(int32);
	const char *payload;
	Channel    *channel;

	if (type != 'A' || len <= sizeof(int32) || memchr(name, '\0', len - sizeof(int32)) == NULL)
		return;
	payload = name + strlen(name) + 1;
	channel = find_channel(name);
	if (channel == NULL || payload >= body + len)
		return;
	channel->occurrences++;
	strlcpy(channel->payload, payload, Min((size_t) PAYLOAD_BYTES, (size_t) (body + len - payload)));
}

static void
no_reset(void)
{
}

static int
no_flush(void)
{
	return 0;
}

static bool
nothing_pending(void)
{
	return false;
}

static int
put_message(char type, const char *body, size_t len)
{
	take_message(type, body, len);
	return 0;
}

static const PQcommMethods ears = {
	.comm_reset = no_reset,
	.flush = no_flush,
	.flush_if_writable = no_flush,
	.is_send_pending = nothing_pending,
	.putmessage = put_message,
	.putmessage_noblock = take_message,
};

/*
 * nvp_notice_hear takes what was sent to our channels since the last call.
 *
 * xact: none may be open; the server opens one of its own.
 */
void
nvp_notice_hear(void)
{
	const PQcommMethods *methods = PqCommMethods;
	CommandDest dest = whereToSendOutput;

	if (!notifyInterruptPending)
		return;
	PqCommMethods = &ears;
	whereToSendOutput = DestRemote;
	PG_TRY();
	{
		ProcessNotifyInterrupt(false);
	}
	PG_FINALLY();
	{
		PqCommMethods = methods;
		whereToSendOutput = dest;
	}
	PG_END_TRY();
	set_ps_display("");			/* the server takes us for a session */
}

/* ---- what is listened to ------------------------------------------------------------ */

static Channel *
add_channel(const char *name)
{
	Channel    *c = MemoryContextAllocZero(TopMemoryContext, sizeof(Channel));

	strlcpy(c->name, name, NAMEDATALEN);
	c->next = channels;
	channels = c;
	return c;
}

/* a payload is to come as it was sent, whatever client_encoding the settings give to clients */
static void
pin_encoding(void)
{
	if (pg_get_client_encoding() != GetDatabaseEncoding())
		SetConfigOption("client_encoding", GetDatabaseEncodingName(), PGC_USERSET, PGC_S_OVERRIDE);
}

/* asks for the channels that are wanted; says since when those in heard are listened to */
static void
mark_wanted(NvpQuery *query, ArrayType *heard)
{
	uint64		n;

	for (Channel *c = channels; c; c = c->next)
		c->is_wanted = false;
	nvp_arg_datum(query, TEXTARRAYOID, PointerGetDatum(heard));
	n = nvp_query_exec(query, "SELECT channel FROM _nuvopipe.channels($1) channel");
	for (uint64 i = 0; i < n; i++)
	{
		char	   *name = nvp_get_text(query, i, 0);
		Channel    *c = find_channel(name);

		if (c == NULL)
			c = add_channel(name);
		c->is_wanted = true;
	}
}

static ArrayType *
newly_wanted(void)
{
	ArrayBuildState *names = initArrayResult(TEXTOID, CurrentMemoryContext, false);

	for (Channel *c = channels; c; c = c->next)
	{
		if (c->is_wanted && !c->is_heard)
			accumArrayResult(names, CStringGetTextDatum(c->name), false, TEXTOID, CurrentMemoryContext);
	}
	return DatumGetArrayTypeP(makeArrayResult(names, CurrentMemoryContext));
}

static void
write_signals(NvpQuery *query)
{
	for (Channel *c = channels; c; c = c->next)
	{
		c->written = c->occurrences;
		if (c->occurrences == 0)
			continue;
		nvp_arg_text(query, c->name);
		nvp_arg_int8(query, c->occurrences);
		nvp_arg_text(query, c->payload);
		nvp_query_exec(query, "SELECT _nuvopipe.signal_notice($1, $2, $3)");
	}
}

/*
 * nvp_notice_reconcile writes signals for what was heard, and has the server
 * listen, from the commit on, to the channels that triggers name, and to no other.
 *
 * xact: needs one, with a snapshot.
 */
void
nvp_notice_reconcile(void)
{
	NvpQuery	query;
	ArrayType  *fresh;

	nvp_query_open(&query);
	write_signals(&query);
	mark_wanted(&query, construct_empty_array(TEXTOID));
	fresh = newly_wanted();
	if (ArrayGetNItems(ARR_NDIM(fresh), ARR_DIMS(fresh)) > 0)
	{
		pin_encoding();
		mark_wanted(&query, fresh);
	}
	for (Channel *c = channels; c; c = c->next)
	{
		if (c->is_wanted && !c->is_heard)
			Async_Listen(c->name);
		else if (!c->is_wanted && c->is_heard)
			Async_Unlisten(c->name);
	}
	nvp_query_close(&query);
}

/* nvp_notice_settled: the transaction of nvp_notice_reconcile has committed. */
void
nvp_notice_settled(void)
{
	Channel   **link = &channels;

	while (*link)
	{
		Channel    *c = *link;

		c->occurrences -= c->written;
		c->written = 0;
		c->is_heard = c->is_wanted;
		if (c->is_wanted)
		{
			link = &c->next;
			continue;
		}
		*link = c->next;
		pfree(c);
	}
}
