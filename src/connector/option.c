/*-------------------------------------------------------------------------
 *
 * option.c
 *		What a connector's configuration may hold, and which of it is secret.
 *
 * Flow:   configuration --> members and types checked --> masked secrets of a
 *		   change filled in from what is stored --> the kind's own check -->
 *		   open part (secrets masked, shown to readers) + secret part (sealed).
 *
 * The secret part holds whole top-level members, so open || secret is the
 * configuration again.  Secrets are the members marked so by the kind, header
 * values whose names are not known to be harmless, and the body of an
 * authentication request.
 *
 * A change may leave a secret out, or send back the mask that it read; then
 * the stored one stays - unless the place it is sent to changes too: else
 * whoever may edit a connector could have its password sent to himself.
 *
 * Memory: the current context.  Errors: see option.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "base/jsonb.h"
#include "connector/option.h"

static const NvpPath root_path = {NULL, "configuration", 0};

/* Kinds of the product family that this version does not have. */
static const char *const later_kinds[] = {"AZURE", "EMAIL", "GCS", "S3", NULL};

/* Headers that never carry a secret; any other value is one. */
static const char *const harmless_headers[] = {
	"accept", "accept-charset", "accept-encoding", "accept-language", "cache-control",
	"content-language", "content-type", "date", "from", "if-modified-since", "if-none-match",
	"origin", "prefer", "range", "referer", "user-agent", NULL
};

/* Members that say where secrets are sent, and how openly. */
static const char *const target_members[] = {
	"host", "port", "protocol", "url", "tls", "ca_certificate", NULL
};

/* State while masked secrets are filled in. */
typedef struct Fill
{
	JsonbContainer *stored;		/* secret part so far, or NULL */
	char	   *kept;			/* path of a secret that was taken over, or NULL */
} Fill;

/* nvp_header_is_secret: must the value of this header be hidden? */
bool
nvp_header_is_secret(const char *name)
{
	for (int i = 0; harmless_headers[i]; i++)
		if (pg_strcasecmp(name, harmless_headers[i]) == 0)
			return false;
	return true;
}

/* ---- building jsonb ---- */

static void
push_key(JsonbParseState **state, const char *key)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = pstrdup(key);
	value.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &value);
}

static void
push_text(JsonbParseState **state, const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = pstrdup(text);
	value.val.string.len = strlen(text);
	pushJsonbValue(state, WJB_VALUE, &value);
}

static bool
is_mask(const JsonbValue *value)
{
	return value && value->type == jbvString &&
		value->val.string.len == strlen(NVP_MASK) &&
		memcmp(value->val.string.val, NVP_MASK, strlen(NVP_MASK)) == 0;
}

static char *
string_of(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static bool
is_object(const JsonbValue *value)
{
	return value && value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data);
}

static bool
is_array(const JsonbValue *value)
{
	return value && value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) &&
		!JsonContainerIsScalar(value->val.binary.data);
}

/* ---- members and types ---- */

static void
check_members(const NvpDefinition *definition)
{
	const NvpConnectorRoutine *routine = definition->routine;
	const char **names = palloc((routine->noptions + 1) * sizeof(char *));

	for (int i = 0; i < routine->noptions; i++)
		names[i] = routine->options[i].name;
	names[routine->noptions] = NULL;
	nvp_jsonb_check_members(&definition->configuration->root, &root_path, names);
}

/* A port: a number, or a number in text, as the API's own samples have it. */
static int
port_of(const JsonbValue *value, const NvpPath *path)
{
	char	   *text = NULL;
	char	   *end;
	long		port;

	if (value->type == jbvString)
		text = string_of(value);
	else if (value->type == jbvNumeric)
		text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	if (text && *text >= '0' && *text <= '9')
	{
		errno = 0;
		port = strtol(text, &end, 10);
		if (errno == 0 && *end == '\0' && port >= 1 && port <= 65535)
			return (int) port;
	}
	nvp_path_error(path, NULL, "must be a port from 1 to 65535");
}

static void
check_type(const NvpOptionDef *option, const JsonbValue *value)
{
	NvpPath		path = {&root_path, option->name, 0};

	switch (option->type)
	{
		case 's':
			if (value->type != jbvString)
				nvp_path_error(&path, NULL, "must be text");
			break;
		case 'i':
			if (value->type != jbvNumeric)
				nvp_path_error(&path, NULL, "must be a number");
			break;
		case 'b':
			if (value->type != jbvBool)
				nvp_path_error(&path, NULL, "must be true or false");
			break;
		case 'o':
			if (!is_object(value))
				nvp_path_error(&path, NULL, "must be an object");
			break;
		case 'a':
			if (!is_array(value))
				nvp_path_error(&path, NULL, "must be an array");
			break;
		case 'p':
			(void) port_of(value, &path);
			break;
		case 'x':
			if (value->type != jbvString && value->type != jbvBinary)
				nvp_path_error(&path, NULL, "must be text, an object or an array");
			break;
	}
}

static void
check_options(const NvpDefinition *definition, JsonbContainer *configuration)
{
	for (int i = 0; i < definition->routine->noptions; i++)
	{
		const NvpOptionDef *option = &definition->routine->options[i];
		JsonbValue *value = nvp_jsonb_get(configuration, option->name);
		NvpPath		path = {&root_path, option->name, 0};

		if (value)
			check_type(option, value);
		else if (option->required)
			nvp_path_error(&path, NULL, "must be given");
		if (option->required && value->type == jbvString && value->val.string.len == 0)
			nvp_path_error(&path, NULL, "must not be empty");
	}
}

/* ---- secrets inside headers and authentication ---- */

/* The header called name of a list of {key, value}; NULL if there is none. */
static JsonbValue *
stored_header(JsonbContainer *headers, const char *name)
{
	for (uint32 i = 0; headers && i < JsonContainerSize(headers); i++)
	{
		JsonbValue *header = getIthJsonbValueFromContainer(headers, i);
		JsonbValue *key = is_object(header) ? nvp_jsonb_get(header->val.binary.data, "key") : NULL;

		if (key && key->type == jbvString && pg_strcasecmp(string_of(key), name) == 0)
			return nvp_jsonb_get(header->val.binary.data, "value");
	}
	return NULL;
}

/* The stored value that a mask stands for. */
static JsonbValue *
fill_mask(Fill *fill, const NvpPath *path, JsonbValue *stored)
{
	if (!stored)
		nvp_path_error(path, NULL, "is only a mask, and no secret is stored for it");
	fill->kept = nvp_path_text(path);
	return stored;
}

/*
 * Copy a list of headers: with fill, masks become the stored values; without,
 * secret values become masks.  Returns whether there was any secret.
 */
static bool
copy_headers(JsonbParseState **state, JsonbContainer *headers, const NvpPath *path,
			 Fill *fill, JsonbContainer *stored)
{
	static const char *const members[] = {"key", "value", NULL};
	bool		any_secret = false;

	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (uint32 i = 0; i < JsonContainerSize(headers); i++)
	{
		NvpPath		item_path = {path, NULL, i};
		NvpPath		value_path = {&item_path, "value", 0};
		JsonbValue *header = getIthJsonbValueFromContainer(headers, i);
		char	   *name;
		JsonbValue *value;
		bool		secret;

		if (!is_object(header))
			nvp_path_error(&item_path, NULL, "must be an object with \"key\" and \"value\"");
		nvp_jsonb_check_members(header->val.binary.data, &item_path, members);
		name = nvp_jsonb_text(header->val.binary.data, &item_path, "key", "");
		value = nvp_jsonb_get(header->val.binary.data, "value");
		if (!value || value->type != jbvString)
			nvp_path_error(&value_path, NULL, "must be text");
		secret = nvp_header_is_secret(name);
		any_secret |= secret;
		if (fill && secret && is_mask(value))
			value = fill_mask(fill, &value_path, stored_header(stored, name));
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		push_key(state, "key");
		push_text(state, name);
		push_key(state, "value");
		if (!fill && secret)
			push_text(state, NVP_MASK);
		else
			pushJsonbValue(state, WJB_VALUE, value);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
	return any_secret;
}

static JsonbContainer *
inner(JsonbContainer *object, const char *member)
{
	JsonbValue *value = object ? nvp_jsonb_get(object, member) : NULL;

	return value && value->type == jbvBinary ? value->val.binary.data : NULL;
}

/* The same for the object "authentication": its headers and its body. */
static bool
copy_authentication(JsonbParseState **state, JsonbContainer *object, const NvpPath *path,
					Fill *fill, JsonbContainer *stored)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;
	bool		any_secret = false;

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	(void) JsonbIteratorNext(&it, &key, false);
	while ((token = JsonbIteratorNext(&it, &key, true)) == WJB_KEY)
	{
		char	   *name = string_of(&key);
		NvpPath		member_path = {path, name, 0};

		(void) JsonbIteratorNext(&it, &value, true);
		push_key(state, name);
		if (strcmp(name, "headers") == 0 && is_array(&value))
			any_secret |= copy_headers(state, value.val.binary.data, &member_path, fill,
									   inner(stored, "headers"));
		else if (strcmp(name, "body") == 0 && value.type != jbvNull)
		{
			any_secret = true;
			if (!fill)
				push_text(state, NVP_MASK);
			else if (is_mask(&value))
				pushJsonbValue(state, WJB_VALUE,
							   fill_mask(fill, &member_path, stored ? nvp_jsonb_get(stored, "body") : NULL));
			else
				pushJsonbValue(state, WJB_VALUE, &value);
		}
		else
			pushJsonbValue(state, WJB_VALUE, &value);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
	return any_secret;
}

/* Headers and authentication are copied in depth, other members as they are. */
static bool
copy_deep(JsonbParseState **state, const char *name, JsonbValue *value, Fill *fill)
{
	NvpPath		path = {&root_path, name, 0};
	JsonbContainer *stored = fill ? inner(fill->stored, name) : NULL;

	if (strcmp(name, "headers") == 0)
		return copy_headers(state, value->val.binary.data, &path, fill, stored);
	if (strcmp(name, "authentication") == 0)
		return copy_authentication(state, value->val.binary.data, &path, fill, stored);
	pushJsonbValue(state, WJB_VALUE, value);
	return false;
}

/* ---- filling in, splitting, joining ---- */

/* The secret option as it shall be: as given, as stored, or none. */
static JsonbValue *
fill_option(const NvpOptionDef *option, JsonbContainer *configuration, Fill *fill)
{
	NvpPath		path = {&root_path, option->name, 0};
	JsonbValue *value = getKeyJsonValueFromContainer(configuration, option->name,
													 strlen(option->name), NULL);
	JsonbValue *stored = fill->stored ? nvp_jsonb_get(fill->stored, option->name) : NULL;

	if (value && value->type == jbvNull)
		return NULL;
	if (!option->secret)
		return value;
	if (value && is_mask(value))
		return fill_mask(fill, &path, stored);
	if (!value && stored)
		return fill_mask(fill, &path, stored);
	return value;
}

/* The whole configuration, nulls dropped and masks filled in. */
static Jsonb *
fill_configuration(const NvpDefinition *definition, Fill *fill)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < definition->routine->noptions; i++)
	{
		const NvpOptionDef *option = &definition->routine->options[i];
		JsonbValue *value = fill_option(option, &definition->configuration->root, fill);

		if (!value)
			continue;
		check_type(option, value);
		push_key(&state, option->name);
		(void) copy_deep(&state, option->name, value, fill);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static bool
same_member(JsonbContainer *a, JsonbContainer *b, const char *member)
{
	NvpPath		path = {&root_path, member, 0};
	JsonbValue *x = a ? nvp_jsonb_get(a, member) : NULL;
	JsonbValue *y = b ? nvp_jsonb_get(b, member) : NULL;

	if (!x || !y)
		return !x && !y;
	if (strcmp(member, "port") == 0)	/* 21 and "21" are the same */
		return port_of(x, &path) == port_of(y, &path);
	return compareJsonbContainers(&JsonbValueToJsonb(x)->root, &JsonbValueToJsonb(y)->root) == 0;
}

/* A secret that was taken over must go where it went before. */
static void
check_kept(const NvpDefinition *definition, Jsonb *full, const Fill *fill)
{
	JsonbContainer *before = definition->stored_open ? &definition->stored_open->root : NULL;
	JsonbContainer *old_authentication = inner(before, "authentication");
	JsonbContainer *new_authentication = inner(&full->root, "authentication");
	const char *changed = NULL;

	if (!fill->kept)
		return;
	for (int i = 0; target_members[i]; i++)
		if (!same_member(before, &full->root, target_members[i]))
			changed = target_members[i];
	if (!same_member(old_authentication, new_authentication, "url"))
		changed = "authentication.url";
	if (changed)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s: must be given again when configuration.%s changes", fill->kept, changed),
				 errhint("A stored secret is not sent to a place it was not given for.")));
}

/*
 * nvp_connector_split checks a definition and takes its secrets out.
 *
 * out: open_part: for everybody who may see the connector; secret_part: to be
 *		sealed, NULL if there are no secrets.
 * errors: 22023 with the JSON path, 0A000; what the kind's check throws.
 */
void
nvp_connector_split(const NvpDefinition *definition, Jsonb **open_part, Jsonb **secret_part)
{
	Fill		fill = {definition->stored_secret ? &definition->stored_secret->root : NULL, NULL};
	JsonbParseState *open_state = NULL;
	JsonbParseState *secret_state = NULL;
	Jsonb	   *full;
	bool		any_secret = false;

	if (!JB_ROOT_IS_OBJECT(definition->configuration))
		nvp_path_error(&root_path, NULL, "must be an object");
	check_members(definition);
	full = fill_configuration(definition, &fill);
	check_options(definition, &full->root);
	check_kept(definition, full, &fill);
	if (definition->routine->check)
		definition->routine->check(full, definition->is_input);

	pushJsonbValue(&open_state, WJB_BEGIN_OBJECT, NULL);
	pushJsonbValue(&secret_state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < definition->routine->noptions; i++)
	{
		const NvpOptionDef *option = &definition->routine->options[i];
		JsonbValue *value = nvp_jsonb_get(&full->root, option->name);
		bool		secret = option->secret;

		if (!value)
			continue;
		push_key(&open_state, option->name);
		if (secret)
			push_text(&open_state, NVP_MASK);
		else
			secret = copy_deep(&open_state, option->name, value, NULL);
		if (secret)
		{
			push_key(&secret_state, option->name);
			pushJsonbValue(&secret_state, WJB_VALUE, value);
			any_secret = true;
		}
	}
	*open_part = JsonbValueToJsonb(pushJsonbValue(&open_state, WJB_END_OBJECT, NULL));
	*secret_part = JsonbValueToJsonb(pushJsonbValue(&secret_state, WJB_END_OBJECT, NULL));
	if (!any_secret)
		*secret_part = NULL;
}

/* nvp_connector_join puts the parts together again; secret_part may be NULL. */
Jsonb *
nvp_connector_join(Jsonb *open_part, Jsonb *secret_part)
{
	if (!secret_part)
		return open_part;
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(open_part),
											  JsonbPGetDatum(secret_part)));
}

/* ---- kinds ---- */

/*
 * nvp_connector_require gives the kind for a definition.
 *
 * errors: 0A000 for kinds of later versions and for a direction the kind does
 *		not have, 22023 for unknown ones.
 */
const NvpConnectorRoutine *
nvp_connector_require(const char *node_type, bool is_input)
{
	static const NvpPath path = {NULL, "node_type", 0};
	const NvpConnectorRoutine *routine;
	const char *names[16];
	int			n = 0;
	const char *near;

	if (strcmp(node_type, "HTTPS") == 0)
		node_type = "HTTP";		/* the name that pages of the product use */
	routine = nvp_connector_find(node_type);
	for (int i = 0; !routine && later_kinds[i]; i++)
		if (strcmp(later_kinds[i], node_type) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("node_type: connectors of type %s are not supported yet", node_type)));
	if (!routine)
	{
		for (int i = 0; nvp_connector_at(i) && n < lengthof(names) - 1; i++)
			names[n++] = nvp_connector_at(i)->node_type;
		names[n] = NULL;
		near = nvp_closest(node_type, names);
		nvp_path_error(&path, near ? psprintf("Perhaps you meant \"%s\".", near) : NULL,
					   "unknown connector type \"%s\"", node_type);
	}
	if (is_input ? !routine->can_input : !routine->can_output)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("node_type: connectors of type %s cannot be used as %s",
						node_type, is_input ? "input" : "output")));
	return routine;
}

/* ---- getters of a loaded connector: its configuration was checked ---- */

char *
nvp_option_text(const NvpConnector *connector, const char *member, const char *def)
{
	return nvp_jsonb_text(&connector->configuration->root, &root_path, member, def);
}

bool
nvp_option_bool(const NvpConnector *connector, const char *member, bool def)
{
	return nvp_jsonb_bool(&connector->configuration->root, &root_path, member, def);
}

JsonbContainer *
nvp_option_object(const NvpConnector *connector, const char *member)
{
	return nvp_jsonb_object(&connector->configuration->root, &root_path, member);
}

int
nvp_option_port(const NvpConnector *connector, int def)
{
	NvpPath		path = {&root_path, "port", 0};
	JsonbValue *value = nvp_jsonb_get(&connector->configuration->root, "port");

	return value ? port_of(value, &path) : def;
}
