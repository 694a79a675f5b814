/*-------------------------------------------------------------------------
 *
 * list.c
 *		Reading one object, and lists of them: sorted, filtered, by pages.
 *
 * A list asks for one row more than it shows, so it knows whether there is a
 * page behind this one.  Rows are counted by a statement of their own, and only
 * where the page does not tell by itself how many there are.
 *
 * Statements differ by resource, columns left out, order and shape of the
 * filter; values are arguments, so few plans serve many requests.
 *
 * See list.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/uuid.h"

#include "api/list.h"
#include "api/list_page.h"
#include "api/list_where.h"
#include "api/query_string.h"
#include "base/jsonb.h"

typedef struct ListPage
{
	int64		offset;
	int64		limit;
	bool		has_cursor;
	NvpCursor	cursor;
} ListPage;

typedef struct ListRun
{
	const NvpListCall *call;
	const NvpView *view;
	const NvpColumn **columns;	/* that are read */
	int			ncolumns;
	NvpQuery	query;
	StringInfoData from;		/* FROM and WHERE, without the cursor */
	NvpWhere	where;
	int			from_args;		/* arguments of it */
	NvpPlanKind plan_kind;
	NvpOrder	order;
	ListPage	page;
	int			nrows;			/* of the page */
	bool		has_more;
	int64		total;
	bool		is_estimate;
} ListRun;

/* --- statements */

static bool
is_omitted(const NvpListCall *call, const NvpColumn *column)
{
	for (int i = 0; i < call->nomit; i++)
		if (strcmp(call->omit[i], column->name) == 0)
			return true;
	return !column->is_shown;
}

static void
choose_columns(ListRun *run)
{
	run->columns = palloc(Max(run->view->ncolumns, 1) * sizeof(NvpColumn *));
	run->ncolumns = 0;
	for (int i = 0; i < run->view->ncolumns; i++)
		if (!is_omitted(run->call, &run->view->columns[i]))
			run->columns[run->ncolumns++] = &run->view->columns[i];
}

static void
append_columns(StringInfo sql, const ListRun *run)
{
	for (int i = 0; i < run->ncolumns; i++)
	{
		if (i > 0)
			appendStringInfoString(sql, ", ");
		nvp_column_select(sql, run->columns[i]);
	}
}

/* begin_run opens the query; what is the same for reading one and many: the tenant first, then who may */
static void
begin_run(ListRun *run, const NvpListCall *call)
{
	run->call = call;
	run->view = nvp_view_get(call->resource);
	choose_columns(run);
	nvp_query_open(&run->query);
	initStringInfo(&run->from);
	run->where.view = run->view;
	run->where.query = &run->query;
	run->where.sql = &run->from;
	run->where.path = "";
	nvp_arg_uuid(&run->query, call->tenant);
	appendStringInfo(&run->from, " FROM %s AS v WHERE v._tenant_id = $1", run->view->relation);
	if (!call->sees_all)
		appendStringInfo(&run->from, " AND _nuvopipe.can('read', %s, v._owner_id, v._owner_role, v._shared)",
						 quote_literal_cstr(call->kind));
}

/* push_row makes an object of a row, in the context of the caller of the query */
static JsonbValue *
push_row(JsonbParseState **state, const ListRun *run, int row)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < run->ncolumns; i++)
	{
		bool		isnull;
		Datum		value = nvp_get_datum(row, i, &isnull);

		nvp_column_push(state, run->columns[i], value, isnull);
	}
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* --- one object */

pg_noreturn static void
not_there(const NvpListCall *call, const pg_uuid_t *id)
{
	char	   *word = pstrdup(call->resource);

	for (char *p = word; *p; p++)
		if (*p == '_')
			*p = ' ';
	ereport(ERROR,
			errcode(ERRCODE_UNDEFINED_OBJECT),
			errmsg("%s \"%s\" does not exist", word,
				   DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)))));
}

/*
 * nvp_list_read reads an object.
 *
 * owner: the current memory context.
 * errors: 42704.
 */
Jsonb *
nvp_list_read(const NvpListCall *call, const pg_uuid_t *id)
{
	ListRun		run;
	StringInfoData sql;
	JsonbParseState *state = NULL;
	MemoryContext old;
	Jsonb	   *result;

	begin_run(&run, call);
	nvp_arg_uuid(&run.query, id);
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	append_columns(&sql, &run);
	appendStringInfo(&sql, "%s AND v.id = $2", run.from.data);
	if (nvp_query_read(&run.query, sql.data, NVP_PLAN_GENERIC, 1) == 0)
		not_there(call, id);
	old = MemoryContextSwitchTo(run.query.context);
	result = JsonbValueToJsonb(push_row(&state, &run, 0));
	MemoryContextSwitchTo(old);
	nvp_query_close(&run.query);
	return result;
}

/* --- lists */

/* read_page finds out which rows are wanted; the cursor also says in what order */
static void
read_page(ListRun *run, NvpQuerySpec *spec, int max_limit)
{
	ListPage   *page = &run->page;

	page->limit = spec->limit >= 0 ? spec->limit : Min(NVP_QUERY_DEFAULT_LIMIT, max_limit);
	page->offset = Max(spec->offset, 0);
	page->has_cursor = spec->after != NULL;
	if (page->limit < 1 || page->limit > max_limit)
		nvp_where_error("pagination.limit", NULL, INT64_FORMAT " is out of range 1 to %d", page->limit, max_limit);
	if (!page->has_cursor)
		return;
	if (page->offset > 0)
		nvp_where_error("pagination.offset", "Give one of the two.", "after is given as well");
	nvp_cursor_read(spec->after, &page->cursor);
	page->offset = page->cursor.offset;
	if (spec->nsort == 0)
	{
		spec->nsort = page->cursor.order.nsort;
		memcpy(spec->sort, page->cursor.order.sort, sizeof(spec->sort));
	}
}

/* the caller's cursor must be one of this order, else its values mean nothing */
static void
check_cursor(const NvpQuerySpec *spec, const ListPage *page)
{
	const NvpQuerySpec *order = &page->cursor.order;
	bool		same = order->nsort == spec->nsort;

	for (int i = 0; same && i < spec->nsort; i++)
		same = strcmp(order->sort[i].field, spec->sort[i].field) == 0 &&
			order->sort[i].descending == spec->sort[i].descending;
	if (!same)
		nvp_where_error("pagination.after", "Give the sort of the page before, or none.", "the cursor is one of another order");
}

/* a tie is an equality that the operation asks for; it may be one of a column that is not shown */
static void
append_tie(ListRun *run, const char *name, const JsonbValue *value)
{
	const NvpColumn *column = nvp_view_column(run->view, name);
	NvpField	field;
	NvpTree		tree = {.kind = NVP_TREE_TEXT};
	NvpOp		op = NVP_OP_EQ;

	if (column == NULL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("view %s has no column \"%s\"", run->view->relation, name));
	nvp_where_column(run->view, column, &field);
	run->where.path = name;
	switch (value->type)
	{
		case jbvString:
			tree.text = pnstrdup(value->val.string.val, value->val.string.len);
			break;
		case jbvNumeric:
			tree.kind = NVP_TREE_NUMBER;
			tree.text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
			break;
		case jbvBool:
			tree.kind = NVP_TREE_BOOL;
			tree.boolean = value->val.boolean;
			break;
		default:
			op = NVP_OP_NULL;
			break;
	}
	appendStringInfoString(&run->from, " AND (");
	nvp_where_compare(&run->where, &field, op, &tree);
	appendStringInfoChar(&run->from, ')');
}

static void
append_ties(ListRun *run, const Jsonb *tie)
{
	JsonbIterator *it = JsonbIteratorInit((JsonbContainer *) &tie->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *name = NULL;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = pnstrdup(value.val.string.val, value.val.string.len);
		else if (token == WJB_VALUE)
			append_tie(run, name, &value);
	}
}

/* the bound in the text is for the planner; max_rows of nvp_query_read is the one that counts */
static char *
rows_statement(ListRun *run, int max_limit)
{
	StringInfoData sql;

	initStringInfo(&sql);
	run->where.sql = &sql;
	appendStringInfoString(&sql, "SELECT ");
	append_columns(&sql, run);
	if (run->ncolumns == 0)
		appendStringInfoString(&sql, "NULL");
	nvp_order_select(&sql, &run->order);
	appendStringInfoString(&sql, run->from.data);
	if (run->page.has_cursor)
	{
		appendStringInfoString(&sql, " AND (");
		nvp_cursor_behind(&run->where, &run->order, &run->page.cursor);
		appendStringInfoChar(&sql, ')');
	}
	nvp_order_by(&sql, &run->order);
	appendStringInfo(&sql, " LIMIT %d", max_limit + 1);
	if (!run->page.has_cursor && run->page.offset > 0)
	{
		nvp_arg_int8(&run->query, run->page.offset);
		appendStringInfo(&sql, " OFFSET $%d", run->query.nargs);
	}
	run->where.sql = &run->from;
	return sql.data;
}

static JsonbValue *
push_rows(JsonbParseState **state, const ListRun *run)
{
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int row = 0; row < run->nrows; row++)
		(void) push_row(state, run, row);
	return pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_key(JsonbParseState **state, const char *name)
{
	JsonbValue	key;

	key.type = jbvString;
	key.val.string.val = (char *) name;
	key.val.string.len = strlen(name);
	pushJsonbValue(state, WJB_KEY, &key);
}

static void
push_int(JsonbParseState **state, const char *name, int64 number)
{
	JsonbValue	value;

	push_key(state, name);
	value.type = jbvNumeric;
	value.val.numeric = int64_to_numeric(number);
	pushJsonbValue(state, WJB_VALUE, &value);
}

static JsonbValue *
push_pagination(JsonbParseState **state, const ListRun *run, const char *next)
{
	JsonbValue	value;

	push_key(state, "pagination");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_int(state, "total", run->total);
	push_int(state, "offset", run->page.offset);
	push_int(state, "limit", run->page.limit);
	if (run->is_estimate)
	{
		push_key(state, "total_is_estimate");
		value.type = jbvBool;
		value.val.boolean = true;
		pushJsonbValue(state, WJB_VALUE, &value);
	}
	if (next)
	{
		push_key(state, "next");
		value.type = jbvString;
		value.val.string.val = (char *) next;
		value.val.string.len = strlen(next);
		pushJsonbValue(state, WJB_VALUE, &value);
	}
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* count_rows counts what the filter lets through, to a bound; beyond, it asks the planner */
static void
count_rows(ListRun *run)
{
	struct SPITupleTable *rows = nvp_query_set_aside(&run->query);

	run->query.nargs = run->from_args;
	(void) nvp_query_read(&run->query, psprintf("SELECT pg_catalog.count(*) FROM (SELECT%s LIMIT %d) AS q",
												run->from.data, NVP_LIST_COUNT_MAX + 1), run->plan_kind, 1);
	run->total = nvp_get_int8(0, 0);
	run->is_estimate = run->total > NVP_LIST_COUNT_MAX;
	if (run->is_estimate)
		run->total = Max(run->total, nvp_query_estimate(&run->query, psprintf("SELECT%s", run->from.data)));
	nvp_query_take_back(&run->query, rows);
}

/* find_total counts only where the page does not tell how many rows there are, nor an earlier one did */
static void
find_total(ListRun *run)
{
	const ListPage *page = &run->page;
	bool		is_last = !run->has_more && (run->nrows > 0 || page->offset == 0);

	run->is_estimate = false;
	if (page->has_cursor)
	{
		run->total = page->cursor.total;
		run->is_estimate = page->cursor.is_estimate;
	}
	else if (is_last)
		run->total = page->offset + run->nrows;
	else
		count_rows(run);
	if (run->nrows > 0)
		run->total = Max(run->total, page->offset + run->nrows + run->has_more);
}

static Jsonb *
make_answer(ListRun *run)
{
	JsonbParseState *state = NULL;
	char	   *next = NULL;

	if (run->has_more)
		next = nvp_cursor_make(&run->order, run->nrows - 1, Max(run->ncolumns, 1), run->page.offset + run->nrows, run->total, run->is_estimate);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_key(&state, "data");
	(void) push_rows(&state, run);
	(void) push_pagination(&state, run, next);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/*
 * nvp_list_page reads a page of a list.
 *
 * in: args: of the operation, only sort, filters and pagination count; tie: an
 *		object of equalities, which may name columns that are not shown; both
 *		may be NULL.
 * out: {"data": [...], "pagination": {"total", "offset", "limit", "next",
 *		"total_is_estimate"}}, in
 *		the current memory context; next only if there is a page behind this one.
 * errors: 22023.
 */
Jsonb *
nvp_list_page(const NvpListCall *call, const Jsonb *args, const Jsonb *tie, int max_limit)
{
	ListRun		run;
	NvpQuerySpec spec;
	MemoryContext old;
	Jsonb	   *result;
	uint64		nrows;

	nvp_query_spec_of_args(args, &spec);
	read_page(&run, &spec, max_limit);
	if (run.page.has_cursor)
		check_cursor(&spec, &run.page);
	begin_run(&run, call);
	if (tie)
		append_ties(&run, tie);
	run.plan_kind = spec.filter && spec.filter->first ? NVP_PLAN_ANY : NVP_PLAN_GENERIC;
	if (run.plan_kind == NVP_PLAN_ANY)
	{
		appendStringInfoString(&run.from, " AND ");
		nvp_where_cond(&run.where, spec.filter);
	}
	run.from_args = run.query.nargs;
	nvp_order_make(&run.where, &spec, &run.order);
	nrows = nvp_query_read(&run.query, rows_statement(&run, max_limit), run.plan_kind, run.page.limit + 1);
	run.has_more = nrows > run.page.limit;
	run.nrows = Min(nrows, run.page.limit);
	find_total(&run);
	old = MemoryContextSwitchTo(run.query.context);
	result = make_answer(&run);
	MemoryContextSwitchTo(old);
	nvp_query_close(&run.query);
	return result;
}
