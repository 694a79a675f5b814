/*-------------------------------------------------------------------------
 *
 * outbox.c
 *		Deliveries to webhooks: claimed, sent, recorded.
 *
 * Flow:   claim (transaction) --> unseal the secret, sign, POST --> record
 *		   (transaction).  Whose turn it is, when to try again and when to give
 *		   up is decided in SQL: _nuvopipe.outbox_claim and outbox_record.
 * Memory: a delivery lives in the session's context, reset when it is done; its
 *		   secret is wiped as soon as the signature is made.
 * Errors: see outbox.h.
 * Notes:  - The lease is longer than the longest transfer; a sender that still
 *			 lives has always recorded before it ends.
 *		   - Redirects are not followed: a signed event is for the receiver it
 *			 was signed for.
 * Source: RFC 2104 (HMAC), RFC 9110 section 10.2.3 (Retry-After).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sodium.h>
#include <time.h>

#include "common/pg_prng.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/guc.h"
#include "base/jsonb.h"
#include "base/query.h"
#include "base/secret.h"
#include "exec/outbox.h"
#include "net/curlerr.h"
#include "net/policy.h"

#define LEASE_MARGIN_MS		5000	/* beside twice the longest transfer */
#define ANSWER_BYTES		(64 * 1024) /* of an answer nobody reads */

typedef struct Delivery
{
	pg_uuid_t	tenant_id;
	pg_uuid_t	id;
	char	   *id_text;
	char	   *event;
	int			attempt;		/* from 1 */
	char	   *url;
	char	   *body;
	pg_uuid_t	credential_id;
	bytea	   *sealed;
} Delivery;

/* what became of it */
typedef struct Receipt
{
	int			status;			/* of HTTP, 0 = there was no answer */
	char	   *error;			/* or NULL */
	int			retry_after_ms; /* 0 = the receiver asked for nothing */
} Receipt;

int64
nvp_outbox_due(TimestampTz *next)
{
	NvpQuery	query;
	int64		due;

	nvp_query_open(&query);
	nvp_query_exec(&query, "SELECT due, next FROM _nuvopipe.outbox_due()");
	due = nvp_get_int8(0, 0);
	*next = nvp_get_time(0, 1);
	nvp_query_close(&query);
	return due;
}

/* in a transaction of its own; false if nothing can be sent now */
static bool
claim(NvpSession *session, int per_tenant, Delivery *delivery)
{
	NvpQuery	query;
	bool		found;

	nvp_session_begin(session);
	nvp_query_open(&query);
	nvp_arg_int4(&query, 2 * nvp_guc_webhook_timeout + LEASE_MARGIN_MS);
	nvp_arg_int4(&query, per_tenant);
	nvp_query_exec(&query,
				   "SELECT tenant_id, id, id::text, event, attempt, url, body, credential_id, sealed"
				   " FROM _nuvopipe.outbox_claim($1, $2)");
	found = nvp_get_uuid(0, 1, &delivery->id);
	if (found)
	{
		nvp_get_uuid(0, 0, &delivery->tenant_id);
		delivery->id_text = nvp_get_text(&query, 0, 2);
		delivery->event = nvp_get_text(&query, 0, 3);
		delivery->attempt = nvp_get_int4(0, 4);
		delivery->url = nvp_get_text(&query, 0, 5);
		delivery->body = nvp_get_text(&query, 0, 6);
		nvp_get_uuid(0, 7, &delivery->credential_id);
		delivery->sealed = nvp_get_bytea(&query, 0, 8);
	}
	nvp_query_close(&query);
	nvp_session_commit(session);
	return found;
}

static void
record(NvpSession *session, const Delivery *delivery, const Receipt *receipt)
{
	NvpQuery	query;

	nvp_session_begin(session);
	nvp_query_open(&query);
	nvp_arg_uuid(&query, &delivery->tenant_id);
	nvp_arg_uuid(&query, &delivery->id);
	nvp_arg_int4(&query, delivery->attempt);
	nvp_arg_int4(&query, receipt->status);
	nvp_arg_text(&query, receipt->error);
	nvp_arg_int4(&query, receipt->retry_after_ms);
	nvp_arg_float8(&query, pg_prng_double(&pg_global_prng_state));
	nvp_query_exec(&query,
				   "SELECT _nuvopipe.outbox_record($1, $2, $3, nullif($4, 0), $5, $6, $7)");
	nvp_query_close(&query);
	nvp_session_commit(session);
}

/* "sha256=" and HMAC-SHA256 in hex over "timestamp.body" */
static char *
signature(const char *key, size_t key_len, const char *timestamp, const char *body)
{
	crypto_auth_hmacsha256_state state;
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	char		hex[2 * crypto_auth_hmacsha256_BYTES + 1];

	crypto_auth_hmacsha256_init(&state, (const unsigned char *) key, key_len);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *) timestamp, strlen(timestamp));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *) ".", 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *) body, strlen(body));
	crypto_auth_hmacsha256_final(&state, mac);
	nvp_secret_wipe(&state, sizeof(state));
	sodium_bin2hex(hex, sizeof(hex), mac, sizeof(mac));
	return psprintf("sha256=%s", hex);
}

/* the key is out of its seal for as long as this takes */
static char *
sign(const Delivery *delivery, const char *timestamp)
{
	static const NvpPath root = {NULL, "credential", 0};
	size_t		len;
	char	   *plain = nvp_secret_unseal(delivery->sealed, &delivery->credential_id, &len);
	Jsonb	   *secrets = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(plain)));
	char	   *key = nvp_jsonb_text(&secrets->root, &root, "secret", "");
	char	   *line = signature(key, strlen(key), timestamp, delivery->body);

	nvp_secret_wipe(key, strlen(key));
	nvp_secret_wipe(secrets, VARSIZE(secrets));
	nvp_secret_wipe(plain, len);
	return line;
}

static char **
header_lines(const Delivery *delivery)
{
	char	  **lines = palloc0(8 * sizeof(char *));
	char	   *timestamp = psprintf(INT64_FORMAT, (int64) time(NULL));

	lines[0] = "Content-Type: application/json";
	lines[1] = psprintf("X-Nuvopipe-Event: %s", delivery->event);
	lines[2] = psprintf("X-Nuvopipe-Delivery: %s", delivery->id_text);
	lines[3] = psprintf("X-Nuvopipe-Timestamp: %s", timestamp);
	lines[4] = psprintf("X-Nuvopipe-Signature: %s", sign(delivery, timestamp));
	lines[5] = "Expect:";		/* no waiting for a server that does not know 100-continue */
	return lines;
}

static char *
fault_text(const NvpFault *fault)
{
	return psprintf("%s%s%s", fault->message, fault->detail ? ". " : "", fault->detail ? fault->detail : "");
}

/* no transaction is open here */
static void
transmit(NvpNet *net, const Delivery *delivery, Receipt *receipt)
{
	NvpRequest	request = {0};
	NvpResponse response;
	NvpFault	fault = {0};
	char	   *place = nvp_url_place(delivery->url);

	request.url = delivery->url;
	request.command = "POST";
	request.headers = header_lines(delivery);
	request.body = delivery->body;
	request.body_bytes = strlen(delivery->body);
	request.timeout_ms = nvp_guc_webhook_timeout;
	request.max_bytes = ANSWER_BYTES;
	if (!nvp_net_perform(net, &request, &response) && !response.too_large)
		nvp_net_fault(&fault, &request, &response, NVP_NET_STORE, place);
	else
	{
		receipt->status = response.status;
		receipt->retry_after_ms = response.retry_after_ms;
		if (response.status >= 300 && response.status < 400)
			fault.message = psprintf("%s: server answered with status %d, and redirects are not followed",
									 place, response.status);
		else if (response.status >= 400)
			nvp_http_fault(&fault, &request, &response, NVP_NET_STORE, place);
	}
	if (fault.message)
		receipt->error = fault_text(&fault);
}

/* a secret that cannot be read is a failure of this delivery, not of the sender */
static void
transmit_guarded(NvpNet *net, const Delivery *delivery, Receipt *receipt)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		transmit(net, delivery, receipt);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION ||
			ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INSUFFICIENT_RESOURCES)
			PG_RE_THROW();
		FlushErrorState();
		receipt->status = 0;
		receipt->error = pstrdup(error->message);
	}
	PG_END_TRY();
}

bool
nvp_outbox_deliver(NvpSession *session, NvpNet *net, int per_tenant)
{
	Delivery	delivery = {0};
	Receipt		receipt = {0};

	if (!claim(session, per_tenant, &delivery))
	{
		MemoryContextReset(session->context);
		return false;
	}
	transmit_guarded(net, &delivery, &receipt);
	record(session, &delivery, &receipt);
	MemoryContextReset(session->context);
	return true;
}
