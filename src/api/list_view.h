/*-------------------------------------------------------------------------
 *
 * list_view.h
 *		The columns of a resource's view, and rows of it as JSON.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_LIST_VIEW_H
#define NVP_LIST_VIEW_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* what a column is to filters and to JSON */
typedef enum NvpColumnKind
{
	NVP_COLUMN_UUID,
	NVP_COLUMN_TEXT,			/* text, varchar, name, char */
	NVP_COLUMN_INT,
	NVP_COLUMN_NUMERIC,
	NVP_COLUMN_FLOAT,
	NVP_COLUMN_BOOL,
	NVP_COLUMN_TIME,			/* timestamptz */
	NVP_COLUMN_JSON,			/* jsonb */
	NVP_COLUMN_TEXTS,			/* text[] */
	NVP_COLUMN_OTHER
} NvpColumnKind;

typedef struct NvpColumn
{
	char	   *name;
	char	   *sql;			/* v."name", quoted where it has to be */
	Oid			type;
	NvpColumnKind kind;
	bool		is_shown;
} NvpColumn;

typedef struct NvpView
{
	char	   *resource;
	char	   *relation;		/* as it stands in FROM */
	int			ncolumns;
	NvpColumn  *columns;
	const NvpColumn *key;		/* _key or id; NULL: none */
	const NvpColumn *created_at;	/* NULL: none */
} NvpView;

extern const NvpView *nvp_view_get(const char *resource);
extern const NvpColumn *nvp_view_column(const NvpView *view, const char *name);
extern const NvpColumn *nvp_view_stand_in(const NvpView *view, const NvpColumn *column);
extern void nvp_column_select(StringInfo sql, const NvpColumn *column);
extern void nvp_column_push(JsonbParseState **state, const NvpColumn *column, Datum value, bool isnull);

#endif							/* NVP_LIST_VIEW_H */
