/*-------------------------------------------------------------------------
 *
 * query.h
 *		The only door to SPI: statements on own tables go through it.
 *
 * Between open and close the process acts as the owner of the extension with a
 * pinned search_path, whatever the caller's are.  Statements are constants, or
 * made of names of the catalogue; everything from users travels as an argument.
 *
 * Calls:  nvp_query_open, { nvp_query_exec, nvp_get_* }*, nvp_query_close, in a
 *		   transaction.  nvp_query_keep and, for statements that only read,
 *		   nvp_query_read are nvp_query_exec for what comes again and again:
 *		   plans are kept.  Results live until the next exec or close; nvp_get_text
 *		   and nvp_get_jsonb copy into the context that was current at open.
 * Errors: throws; an abort of the transaction undoes what open did.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_QUERY_H
#define NVP_QUERY_H

#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define NVP_QUERY_MAX_ARGS	256

typedef struct NvpQuery
{
	MemoryContext context;		/* of results */
	Oid			userid;			/* to go back to */
	int			sec_context;
	int			guc_level;

	int			nargs;			/* arguments of the next exec */
	Oid			types[NVP_QUERY_MAX_ARGS];
	Datum		values[NVP_QUERY_MAX_ARGS];
	char		nulls[NVP_QUERY_MAX_ARGS];
} NvpQuery;

extern void nvp_query_open(NvpQuery *query);
extern void nvp_query_close(NvpQuery *query);
extern uint64 nvp_query_exec(NvpQuery *query, const char *sql);
extern uint64 nvp_query_keep(NvpQuery *query, const char *sql);

typedef enum NvpPlanKind
{
	NVP_PLAN_GENERIC,			/* one plan for all arguments */
	NVP_PLAN_ANY				/* the server decides whether to plan for these */
} NvpPlanKind;

extern uint64 nvp_query_read(NvpQuery *query, const char *sql, NvpPlanKind kind, uint64 max_rows);

extern int64 nvp_query_estimate(NvpQuery *query, const char *sql);

/* a result that is to outlive the next exec; SPITupleTable is SPI's */
extern struct SPITupleTable *nvp_query_set_aside(NvpQuery *query);
extern void nvp_query_take_back(NvpQuery *query, struct SPITupleTable *result);

extern void nvp_arg_uuid(NvpQuery *query, const pg_uuid_t *value);
extern void nvp_arg_text(NvpQuery *query, const char *value);
extern void nvp_arg_int4(NvpQuery *query, int32 value);
extern void nvp_arg_int8(NvpQuery *query, int64 value);
extern void nvp_arg_bool(NvpQuery *query, bool value);
extern void nvp_arg_float8(NvpQuery *query, double value);
extern void nvp_arg_time(NvpQuery *query, TimestampTz value);
extern void nvp_arg_jsonb(NvpQuery *query, Jsonb *value);
extern void nvp_arg_bytea(NvpQuery *query, const char *data, int len);
extern void nvp_arg_datum(NvpQuery *query, Oid type, Datum value);

/* rows and columns count from 0; NULL gives NULL, 0, false */
extern Datum nvp_get_datum(int row, int col, bool *isnull);	/* lives as long as the result */
extern bool nvp_get_isnull(int row, int col);
extern char *nvp_get_text(NvpQuery *query, int row, int col);
extern Jsonb *nvp_get_jsonb(NvpQuery *query, int row, int col);
extern bytea *nvp_get_bytea(NvpQuery *query, int row, int col);
extern bool nvp_get_uuid(int row, int col, pg_uuid_t *out);
extern int64 nvp_get_int8(int row, int col);
extern int32 nvp_get_int4(int row, int col);
extern bool nvp_get_bool(int row, int col);
extern TimestampTz nvp_get_time(int row, int col);
extern double nvp_get_numeric(int row, int col, double def);

extern bool nvp_extension_hold(void);
extern Oid	nvp_extension_owner(void);

#endif							/* NVP_QUERY_H */
