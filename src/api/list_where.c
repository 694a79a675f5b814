/*-------------------------------------------------------------------------
 *
 * list_where.c
 *		Conditions of a list as SQL: fields, and what combines comparisons.
 *
 * See list_where.h.
 *
 * Errors: 22023 with the path of the condition: "filters.$and[0].nme: unknown
 *		   field "nme"", with a closest-match hint.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "api/list_where.h"
#include "base/jsonb.h"

#define MAX_STEPS			16	/* names with dots between them */
#define MAX_MESSAGE_BYTES	300

/* nvp_where_error throws 22023 with the path in front; hint may be NULL. */
void
nvp_where_error(const char *path, const char *hint, const char *fmt,...)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(&buf, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&buf, needed);
	}
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("%s: %s", pnstrdup(path, pg_mbcliplen(path, strlen(path), MAX_MESSAGE_BYTES)),
				   pnstrdup(buf.data, pg_mbcliplen(buf.data, buf.len, MAX_MESSAGE_BYTES))),
			hint ? errhint("%s", hint) : 0);
}

/* nvp_where_arg adds an argument; returns how the statement names it: "$3". */
const char *
nvp_where_arg(NvpWhere *where, Oid type, Datum value)
{
	nvp_arg_datum(where->query, type, value);
	return psprintf("$%d", where->query->nargs);
}

/* --- fields */

pg_noreturn static void
unknown_field(NvpWhere *where, const char *name)
{
	const char **names = palloc((where->view->ncolumns + 1) * sizeof(char *));
	int			n = 0;
	const char *near;

	for (int i = 0; i < where->view->ncolumns; i++)
		if (where->view->columns[i].is_shown)
			names[n++] = where->view->columns[i].name;
	names[n] = NULL;
	near = nvp_closest(name, names);
	nvp_where_error(where->path, near ? psprintf("Perhaps you meant \"%s\".", near) : NULL, "unknown field \"%s\"", name);
}

/* nvp_where_column makes a field of a whole column. */
void
nvp_where_column(const NvpView *view, const NvpColumn *column, NvpField *field)
{
	field->kind = column->kind;
	field->type = column->type;
	field->sql = column->sql;
	field->is_whole = true;
	field->not_null = column == view->key || column == view->created_at;
}

/* a part of a jsonb column; null in JSON is null */
static void
find_part(NvpWhere *where, const NvpColumn *column, const char *rest, NvpField *field)
{
	Datum		steps[MAX_STEPS];
	int			n = 0;
	ArrayType  *array;

	while (rest)
	{
		const char *dot = strchr(rest, '.');

		if (n == MAX_STEPS)
			nvp_where_error(where->path, NULL, "a path has more than %d names", MAX_STEPS);
		steps[n++] = PointerGetDatum(cstring_to_text_with_len(rest, dot ? dot - rest : strlen(rest)));
		rest = dot ? dot + 1 : NULL;
	}
	array = construct_array(steps, n, TEXTOID, -1, false, TYPALIGN_INT);
	field->kind = NVP_COLUMN_JSON;
	field->type = JSONBOID;
	field->sql = psprintf("NULLIF(%s #> %s, 'null'::pg_catalog.jsonb)", column->sql,
						  nvp_where_arg(where, TEXTARRAYOID, PointerGetDatum(array)));
	field->is_whole = false;
	field->not_null = false;
}

/*
 * nvp_where_field finds what a name means: a column that is shown, or a path
 * into one.
 *
 * errors: 22023.
 */
void
nvp_where_field(NvpWhere *where, const char *name, NvpField *field)
{
	const char *dot = strchr(name, '.');
	char	   *head = dot ? pnstrdup(name, dot - name) : pstrdup(name);
	const NvpColumn *column = nvp_view_column(where->view, head);
	const NvpColumn *stand_in;

	if (column == NULL || !column->is_shown)
		unknown_field(where, head);
	stand_in = nvp_view_stand_in(where->view, column);
	if (stand_in && (dot == NULL || strcmp(dot, ".id") == 0))
		column = stand_in;
	else if (dot && column->kind == NVP_COLUMN_JSON)
	{
		find_part(where, column, dot + 1, field);
		return;
	}
	else if (dot)
		nvp_where_error(where->path, NULL, "field \"%s\" has no members", head);
	nvp_where_column(where->view, column, field);
}

/* --- conditions */

static void
append_list(NvpWhere *where, const NvpCond *first, const char *word, const char *none)
{
	if (first == NULL)
		appendStringInfoString(where->sql, none);
	for (const NvpCond *cond = first; cond; cond = cond->next)
	{
		if (cond != first)
			appendStringInfo(where->sql, " %s ", word);
		nvp_where_cond(where, cond);
	}
}

/* nvp_where_cond appends a condition, in parentheses. */
void
nvp_where_cond(NvpWhere *where, const NvpCond *cond)
{
	NvpField	field;

	check_stack_depth();
	appendStringInfoChar(where->sql, '(');
	switch (cond->kind)
	{
		case NVP_COND_COMPARE:
			where->path = cond->path;
			nvp_where_field(where, cond->field, &field);
			nvp_where_compare(where, &field, cond->op, cond->value);
			break;
		case NVP_COND_AND:
			append_list(where, cond->first, "AND", "true");
			break;
		case NVP_COND_OR:
			append_list(where, cond->first, "OR", "false");
			break;
		case NVP_COND_NOT:
			nvp_where_cond(where, cond->first);
			appendStringInfoString(where->sql, " IS NOT TRUE");
			break;
	}
	appendStringInfoChar(where->sql, ')');
}
