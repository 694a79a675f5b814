/*-------------------------------------------------------------------------
 *
 * load.c
 *		From a row of the catalogue to a connector that can be used.
 *
 * Flow:   connector row + credential --> secrets unsealed --> configuration
 * Calls:  nvp_connector_load in a transaction; nvp_connector_free on all paths
 *		   that go on; an error frees with the surrounding memory context.
 * Memory: a context of its own below the current one, in which the kind keeps
 *		   its state and its connection too.
 * Errors: 42704 without such a connector; what unsealing throws.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "base/jsonb.h"
#include "base/query.h"
#include "base/secret.h"
#include "connector/connector.h"
#include "connector/option.h"

static const char select_connector[] =
"SELECT c.name, c.direction, c.node_type, c.configuration, c.trigger_type, p.role::text, k.sealed, k.id"
" FROM _nuvopipe.connector c"
" JOIN _nuvopipe.owner p ON p.id = c.owner_id"
" LEFT JOIN _nuvopipe.credential k ON k.id = c.credential_id"
" WHERE c.id = $1";

/* The sealed part as jsonb; the plain text is wiped. */
static Jsonb *
open_secrets(const bytea *sealed, const pg_uuid_t *credential_id)
{
	size_t		length;
	char	   *plain = nvp_secret_unseal(sealed, credential_id, &length);
	Jsonb	   *secrets = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(plain)));

	nvp_secret_wipe(plain, length);
	pfree(plain);
	return secrets;
}

static char *
output_name(const NvpConnector *connector)
{
	char	   *name = nvp_option_text(connector, "file_name", NULL);
	JsonbContainer *advance = nvp_option_object(connector, "advance_config");

	if (connector->is_input || name || !advance)
		return connector->is_input ? NULL : name;
	return nvp_jsonb_text(advance, NULL, "new_name", NULL);
}

static void
read_row(NvpConnector *connector, NvpQuery *query)
{
	char	   *direction = nvp_get_text(query, 0, 1);
	char	   *role = nvp_get_text(query, 0, 5);
	Jsonb	   *open_part = nvp_get_jsonb(query, 0, 3);
	bytea	   *sealed = nvp_get_bytea(query, 0, 6);
	Jsonb	   *secrets = NULL;
	pg_uuid_t	credential_id;

	connector->name = nvp_get_text(query, 0, 0);
	connector->is_input = strcmp(direction, "INPUT") == 0;
	connector->routine = nvp_connector_require(nvp_get_text(query, 0, 2), connector->is_input);
	connector->is_event = strcmp(nvp_get_text(query, 0, 4), "EVENT_BASE") == 0;
	connector->owner = role ? get_role_oid(role, true) : InvalidOid;
	if (sealed && nvp_get_uuid(0, 7, &credential_id))
		secrets = open_secrets(sealed, &credential_id);
	connector->has_secrets = secrets != NULL;
	connector->configuration = nvp_connector_join(open_part, secrets);
	if (secrets)
		nvp_secret_wipe(secrets, VARSIZE(secrets));
	connector->output_name = output_name(connector);
}

/*
 * nvp_connector_load makes a connector ready for use; nothing is connected yet.
 *
 * in: id: uuid text.  owner: below the current memory context; free with
 *		nvp_connector_free.
 * errors: 42704, and as secret.c.  xact: needs one.
 */
NvpConnector *
nvp_connector_load(const char *id)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe connector",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	NvpConnector *connector = palloc0(sizeof(NvpConnector));
	pg_uuid_t  *uuid = DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(id)));
	NvpQuery	query;

	connector->context = context;
	connector->id = pstrdup(id);
	nvp_query_open(&query);
	nvp_arg_uuid(&query, uuid);
	if (nvp_query_keep(&query, select_connector) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("connector %s does not exist", id)));
	MemoryContextSwitchTo(context);
	read_row(connector, &query);
	nvp_query_close(&query);
	MemoryContextSwitchTo(before);
	return connector;
}

/* nvp_connector_free closes its connections, wipes its secrets and releases it. */
void
nvp_connector_free(NvpConnector *connector)
{
	if (connector->routine->close)
		connector->routine->close(connector);
	nvp_secret_wipe(connector->configuration, VARSIZE(connector->configuration));
	MemoryContextDelete(connector->context);
}
