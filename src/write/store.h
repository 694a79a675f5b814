/*-------------------------------------------------------------------------
 *
 * store.h
 *		How a value of the model becomes a value of one table column.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_STORE_H
#define NVP_STORE_H

#include "fmgr.h"
#include "access/tupdesc.h"

#include "model/model.h"

/* the routes; what a route does not know goes through the type's input function */
typedef enum NvpStoreKind
{
	NVP_STORE_NULL = 0,			/* no model column and no default, or a dropped column */
	NVP_STORE_DEFAULT,			/* no model column; the column's default */
	NVP_STORE_TEXT,				/* text, varchar: the bytes themselves */
	NVP_STORE_INT,				/* int2, int4, int8 */
	NVP_STORE_FLOAT,			/* float4, float8 */
	NVP_STORE_NUMERIC,
	NVP_STORE_BOOL,
	NVP_STORE_DATE,
	NVP_STORE_TIMESTAMP,		/* timestamp, timestamptz */
	NVP_STORE_TIME,
	NVP_STORE_INPUT				/* canonical text through the type's input function */
} NvpStoreKind;

typedef struct NvpStore
{
	AttrNumber	attno;			/* of the table */
	const char *name;			/* of the table column */
	uint8		kind;			/* NvpStoreKind */
	int			source;			/* column of the model, or -1 */
	const NvpColumn *column;	/* the same, or NULL */
	bool		not_null;
	bool		takes_bytes;	/* TEXT without limit, domain or recoding: any text fits */
	Oid			type;			/* of the column; of the domain if it is one */
	Oid			base;			/* the type below all domains */
	int32		typmod;			/* of the base type */
	int			max_chars;		/* varchar(n), char(n); 0 = any */
	int			scale;			/* numeric(p,s); -1 = any */
	int			whole_digits;	/* numeric(p,s): p - s; -1 = any */
	int64		unit;			/* time, timestamp(p): microseconds of a step */
	FmgrInfo	input;
	Oid			io_param;
	bool		is_varlena;
	bool		is_domain;
	void	   *domain_cache;
	MemoryContext context;		/* of the plan, for caches */
} NvpStore;

/* one value on its way into a tuple */
typedef struct NvpField
{
	bool		is_null;
	bool		is_text;		/* text/len hold a varlena's bytes; else datum */
	uint32		len;
	const char *text;
	Datum		datum;
} NvpField;

#define NVP_STORE_MAX_TEXT	(1024 * 1024 * 1024 - 8)	/* bytes of one text, below a varlena's 1 GB */

extern void nvp_store_plan(NvpStore *store, Form_pg_attribute attribute, const NvpColumn *column);
extern NvpCode nvp_store_value(NvpStore *store, const NvpValue *value, NvpArena *arena,
							   NvpField *field, const char **message);
extern Datum nvp_store_datum(const NvpField *field);

#endif							/* NVP_STORE_H */
