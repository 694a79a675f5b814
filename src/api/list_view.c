/*-------------------------------------------------------------------------
 *
 * list_view.c
 *		The columns of a resource's view, and rows of it as JSON.
 *
 * What is known of a view is kept until the server says that it has changed.
 * It is then looked at again, and where all is as it was, the same description
 * goes on; so whoever holds one may go on holding it.  One that did change is
 * left where it is: that happens when the extension is updated.
 *
 * Memory: descriptions live as long as the process.
 * Errors: 42704 for a resource without a view; 55000 for a view that lacks a
 *		   required column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/uuid.h"

#include "api/list_view.h"
#include "base/iso.h"

typedef struct KnownView
{
	struct KnownView *next;
	char	   *resource;
	Oid			relid;
	bool		is_valid;
	const NvpView *view;
} KnownView;

static KnownView *known = NULL;

static NvpColumnKind
kind_of(Oid type)
{
	switch (type)
	{
		case UUIDOID:
			return NVP_COLUMN_UUID;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
			return NVP_COLUMN_TEXT;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return NVP_COLUMN_INT;
		case NUMERICOID:
			return NVP_COLUMN_NUMERIC;
		case FLOAT4OID:
		case FLOAT8OID:
			return NVP_COLUMN_FLOAT;
		case BOOLOID:
			return NVP_COLUMN_BOOL;
		case TIMESTAMPTZOID:
			return NVP_COLUMN_TIME;
		case JSONBOID:
			return NVP_COLUMN_JSON;
		case TEXTARRAYOID:
			return NVP_COLUMN_TEXTS;
		default:
			return NVP_COLUMN_OTHER;
	}
}

static void
forget_view(Datum arg, Oid relid)
{
	for (KnownView *one = known; one; one = one->next)
		if (!OidIsValid(relid) || one->relid == relid)
			one->is_valid = false;
}

/* names are folded by quote_identifier into a buffer of its own, or returned as they are */
static void
describe_column(NvpColumn *column, Form_pg_attribute attr)
{
	column->name = pstrdup(NameStr(attr->attname));
	column->sql = psprintf("v.%s", quote_identifier(column->name));
	column->type = attr->atttypid;
	column->kind = kind_of(attr->atttypid);
	column->is_shown = column->name[0] != '_';
}

static void
require_columns(const NvpView *view)
{
	static const char *const required[] = {"_tenant_id", "_owner_id", "_owner_role", "_shared"};

	for (int i = 0; i < lengthof(required); i++)
		if (nvp_view_column(view, required[i]) == NULL)
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("view %s has no column \"%s\"", view->relation, required[i]));
}

/* describe_view looks at the catalogue; in the current context */
static NvpView *
describe_view(const char *resource, const char *relname, Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	NvpView    *view = palloc0(sizeof(NvpView));

	view->resource = pstrdup(resource);
	view->relation = psprintf("_nuvopipe.%s", quote_identifier(relname));
	view->columns = palloc0(Max(desc->natts, 1) * sizeof(NvpColumn));
	view->ncolumns = 0;
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			describe_column(&view->columns[view->ncolumns++], TupleDescAttr(desc, i));
	relation_close(rel, AccessShareLock);
	require_columns(view);
	view->created_at = nvp_view_column(view, "created_at");
	view->key = nvp_view_column(view, "_key");
	if (view->key == NULL)
		view->key = nvp_view_column(view, "id");
	return view;
}

static bool
is_same(const NvpView *a, const NvpView *b)
{
	if (a->ncolumns != b->ncolumns)
		return false;
	for (int i = 0; i < a->ncolumns; i++)
		if (a->columns[i].type != b->columns[i].type || strcmp(a->columns[i].name, b->columns[i].name) != 0)
			return false;
	return true;
}

static KnownView *
find_known(const char *resource)
{
	for (KnownView *one = known; one; one = one->next)
		if (strcmp(one->resource, resource) == 0)
			return one;
	return NULL;
}

static KnownView *
add_known(const char *resource)
{
	KnownView  *one = MemoryContextAllocZero(TopMemoryContext, sizeof(KnownView));

	one->resource = MemoryContextStrdup(TopMemoryContext, resource);
	one->next = known;
	known = one;
	return one;
}

/* look_again describes a view, which is new or may have changed */
static const NvpView *
look_again(KnownView *one, const char *resource)
{
	char	   *relname = psprintf("api_%s", resource);
	Oid			relid = get_relname_relid(relname, get_namespace_oid("_nuvopipe", false));
	MemoryContext context;
	MemoryContext old;
	NvpView    *view;

	if (!OidIsValid(relid))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("there is no resource \"%s\"", resource));
	if (one == NULL)
		one = add_known(resource);
	/* what happens to it while it is looked at makes it invalid again */
	one->relid = relid;
	one->is_valid = true;
	context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe view", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	view = describe_view(resource, relname, relid);
	MemoryContextSwitchTo(old);
	if (one->view && is_same(one->view, view))
	{
		MemoryContextDelete(context);
		return one->view;
	}
	MemoryContextSetParent(context, TopMemoryContext);
	one->view = view;
	return view;
}

/*
 * nvp_view_get describes the view of a resource.
 *
 * owner: this module; it lives as long as the process.
 */
const NvpView *
nvp_view_get(const char *resource)
{
	static bool registered = false;
	KnownView  *one = find_known(resource);

	if (!registered)
	{
		CacheRegisterRelcacheCallback(forget_view, (Datum) 0);
		registered = true;
	}
	if (one && one->is_valid && one->view)
		return one->view;
	return look_again(one, resource);
}

/* nvp_view_column finds a column by name, shown or not; NULL: there is none. */
const NvpColumn *
nvp_view_column(const NvpView *view, const char *name)
{
	for (int i = 0; i < view->ncolumns; i++)
		if (strcmp(view->columns[i].name, name) == 0)
			return &view->columns[i];
	return NULL;
}

/* nvp_view_stand_in gives the column that filters use instead of a jsonb one; NULL: there is none. */
const NvpColumn *
nvp_view_stand_in(const NvpView *view, const NvpColumn *column)
{
	if (column->kind != NVP_COLUMN_JSON)
		return NULL;
	for (int i = 0; i < view->ncolumns; i++)
		if (view->columns[i].name[0] == '_' && strcmp(view->columns[i].name + 1, column->name) == 0)
			return &view->columns[i];
	return NULL;
}

/* --- rows */

/* nvp_column_select writes a column as nvp_column_push expects its values: what has no form of its own as jsonb. */
void
nvp_column_select(StringInfo sql, const NvpColumn *column)
{
	bool		is_foreign = column->kind == NVP_COLUMN_TEXTS || column->kind == NVP_COLUMN_OTHER || column->type == BPCHAROID;

	appendStringInfo(sql, is_foreign ? "pg_catalog.to_jsonb(%s)" : "%s", column->sql);
}

static void
set_string(JsonbValue *value, char *text, int len)
{
	value->type = jbvString;
	value->val.string.val = text;
	value->val.string.len = len;
}

static void
set_text(JsonbValue *value, Oid type, Datum datum)
{
	text	   *packed;

	if (type == NAMEOID)
	{
		set_string(value, NameStr(*DatumGetName(datum)), strlen(NameStr(*DatumGetName(datum))));
		return;
	}
	packed = DatumGetTextPP(datum);
	set_string(value, VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed));
}

static void
set_numeric(JsonbValue *value, Datum numeric)
{
	char	   *text;

	value->type = jbvNumeric;
	value->val.numeric = DatumGetNumeric(numeric);
	if (!numeric_is_nan(value->val.numeric) && !numeric_is_inf(value->val.numeric))
		return;
	text = DatumGetCString(DirectFunctionCall1(numeric_out, numeric));
	set_string(value, text, strlen(text));
}

/* all digits that count: a conversion to numeric would round */
static void
set_float(JsonbValue *value, double number, char *text)
{
	if (isfinite(number))
		set_numeric(value, DirectFunctionCall3(numeric_in, CStringGetDatum(text),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	else
		set_string(value, text, strlen(text));
}

static char *
float_text(double number, bool is_single)
{
	char	   *text = palloc(Max(FLOAT_SHORTEST_DECIMAL_LEN, DOUBLE_SHORTEST_DECIMAL_LEN));

	if (is_single)
		float_to_shortest_decimal_buf((float) number, text);
	else
		double_to_shortest_decimal_buf(number, text);
	return text;
}

static void
set_number(JsonbValue *value, Oid type, Datum datum)
{
	switch (type)
	{
		case INT2OID:
			value->type = jbvNumeric;
			value->val.numeric = int64_to_numeric(DatumGetInt16(datum));
			break;
		case INT4OID:
			value->type = jbvNumeric;
			value->val.numeric = int64_to_numeric(DatumGetInt32(datum));
			break;
		case INT8OID:
			value->type = jbvNumeric;
			value->val.numeric = int64_to_numeric(DatumGetInt64(datum));
			break;
		case FLOAT4OID:
			set_float(value, DatumGetFloat4(datum), float_text(DatumGetFloat4(datum), true));
			break;
		case FLOAT8OID:
			set_float(value, DatumGetFloat8(datum), float_text(DatumGetFloat8(datum), false));
			break;
		default:
			set_numeric(value, datum);
			break;
	}
}

/* set_json takes a jsonb apart as far as pushJsonbValue wants it; false: it is null */
static bool
set_json(JsonbValue *value, Datum datum)
{
	Jsonb	   *jsonb = DatumGetJsonbP(datum);

	if (JB_ROOT_IS_SCALAR(jsonb))
	{
		(void) JsonbExtractScalar(&jsonb->root, value);
		return value->type != jbvNull;
	}
	value->type = jbvBinary;
	value->val.binary.data = &jsonb->root;
	value->val.binary.len = VARSIZE_ANY_EXHDR(jsonb);
	return true;
}

/* set_value makes a JSON value; text is room for one of ours; false: it is null */
static bool
set_value(JsonbValue *value, const NvpColumn *column, Datum datum, char *text)
{
	switch (column->kind)
	{
		case NVP_COLUMN_UUID:
			{
				char	   *uuid = DatumGetCString(DirectFunctionCall1(uuid_out, datum));

				set_string(value, uuid, strlen(uuid));
			}
			break;
		case NVP_COLUMN_TEXT:
			if (column->type == BPCHAROID)
				return set_json(value, datum);
			set_text(value, column->type, datum);
			break;
		case NVP_COLUMN_INT:
		case NVP_COLUMN_NUMERIC:
		case NVP_COLUMN_FLOAT:
			set_number(value, column->type, datum);
			break;
		case NVP_COLUMN_BOOL:
			value->type = jbvBool;
			value->val.boolean = DatumGetBool(datum);
			break;
		case NVP_COLUMN_TIME:
			set_string(value, text, nvp_iso_write(DatumGetTimestampTz(datum), 3, text));
			break;
		case NVP_COLUMN_JSON:
		case NVP_COLUMN_TEXTS:
		case NVP_COLUMN_OTHER:
			return set_json(value, datum);
	}
	return true;
}

/* nvp_column_push adds a column to an object that is being built, unless it is null. */
void
nvp_column_push(JsonbParseState **state, const NvpColumn *column, Datum datum, bool isnull)
{
	JsonbValue	key;
	JsonbValue	value;
	char	   *text = column->kind == NVP_COLUMN_TIME ? palloc(NVP_ISO_BYTES) : NULL;

	if (isnull || !set_value(&value, column, datum, text))
		return;
	set_string(&key, column->name, strlen(column->name));
	pushJsonbValue(state, WJB_KEY, &key);
	pushJsonbValue(state, WJB_VALUE, &value);
}
