/*-------------------------------------------------------------------------
 *
 * load.c
 *		The fast path: tuples of a plain table built by hand from values.
 *
 * Two looks at each row: the first fits values into column types and bounds
 * the size of the tuple, the second writes header, null bitmap and aligned
 * attributes straight into a buffer that the heap then copies into pages.  No
 * allocation per cell, no datum array, no copy in between.
 *
 * Flow:   values --> fields --> tuple in the buffer --> checks --> heap
 * Calls:  nvp_load_open, nvp_load_rows*, nvp_load_close.
 * Memory: a context of its own below the current one at open.
 * Errors: rows that do not fit are rejected; defaults, checks, indexes and
 *		   triggers may throw.
 * Source: heap_fill_tuple and heap_form_tuple in PostgreSQL's heaptuple.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "executor/executor.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "write/plan.h"

#define BUFFER_BYTES	(256 * 1024)	/* stays in the second-level cache */

/* what forming a tuple needs to know of an attribute */
typedef struct Shape
{
	int16		len;
	bool		by_value;
	bool		may_be_short;	/* varlena that may have a header of one byte */
	char		align;
} Shape;

struct NvpLoad
{
	NvpTarget  *target;
	MemoryContext context;
	NvpHeap    *heap;
	NvpCheck   *check;
	Shape	   *shapes;			/* [attno - 1] */
	NvpField   *fields;			/* [attno - 1], of the row in hand */
	ExprState **defaults;		/* [attno - 1]; NULL = evaluated already, or none */
	bool		has_volatile;	/* some default is evaluated for each row */
	bool		checks_rows;
	char	   *buffer;
	size_t		size;			/* of buffer */
	size_t		used;
};

/* ---- opening ---- */

static void
open_default(NvpLoad *load, int i)
{
	EState	   *estate = nvp_heap_estate(load->heap);
	Expr	   *expr = (Expr *) build_column_default(load->target->relation, i + 1);
	NvpField   *field = &load->fields[i];
	ExprState  *state;
	Shape	   *shape = &load->shapes[i];

	expr = expression_planner(expr);
	state = ExecInitExpr(expr, NULL);
	if (contain_volatile_functions((Node *) expr))
	{
		load->defaults[i] = state;
		load->has_volatile = true;
		return;
	}
	field->datum = ExecEvalExpr(state, GetPerTupleExprContext(estate), &field->is_null);
	if (!field->is_null)
	{
		if (shape->len == -1)
			field->datum = PointerGetDatum(PG_DETOAST_DATUM_PACKED(field->datum));
		field->datum = datumCopy(field->datum, shape->by_value, shape->len);
	}
}

/*
 * nvp_load_open prepares the fast path for one load, or, in a careful one, for
 * one attempt.  xact: needs an active snapshot.
 */
NvpLoad *
nvp_load_open(NvpTarget *target)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe load",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	NvpLoad    *load = palloc0(sizeof(NvpLoad));

	load->target = target;
	load->context = context;
	load->heap = nvp_heap_open(target->relation, !target->is_rebuilding);
	load->check = nvp_check_open(target, nvp_heap_estate(load->heap), nvp_heap_result(load->heap));
	load->checks_rows = nvp_check_is_needed(load->check);
	load->shapes = palloc0(target->natts * sizeof(Shape));
	load->fields = palloc0(target->natts * sizeof(NvpField));
	load->defaults = palloc0(target->natts * sizeof(ExprState *));
	load->size = BUFFER_BYTES;
	load->buffer = palloc(load->size);
	for (int i = 0; i < target->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(target->relation), i);

		load->shapes[i].len = attribute->attlen;
		load->shapes[i].by_value = attribute->attbyval;
		load->shapes[i].align = attribute->attalign;
		load->shapes[i].may_be_short = attribute->attlen == -1 &&
			attribute->attstorage != TYPSTORAGE_PLAIN;
		load->fields[i].is_null = true;
		if (target->stores[i].kind == NVP_STORE_DEFAULT)
			open_default(load, i);
	}
	MemoryContextSwitchTo(old);
	return load;
}

/* ---- one row ---- */

/* eval_defaults: volatile ones; results live in the current context, that of the batch */
static void
eval_defaults(NvpLoad *load)
{
	ExprContext *econtext = GetPerTupleExprContext(nvp_heap_estate(load->heap));

	for (int i = 0; i < load->target->natts; i++)
	{
		NvpField   *field = &load->fields[i];

		if (!load->defaults[i])
			continue;
		field->datum = ExecEvalExpr(load->defaults[i], econtext, &field->is_null);
		if (!field->is_null && load->shapes[i].len == -1)
			field->datum = PointerGetDatum(PG_DETOAST_DATUM_PACKED(field->datum));
	}
}

/* bound_row: no fewer bytes than the tuple will take; *has_null */
static size_t
bound_row(NvpLoad *load, bool *has_null)
{
	int			natts = load->target->natts;
	size_t		size = MAXALIGN(SizeofHeapTupleHeader + BITMAPLEN(natts)) + MAXIMUM_ALIGNOF;

	*has_null = false;
	for (int i = 0; i < natts; i++)
	{
		const NvpField *field = &load->fields[i];

		if (field->is_null)
			*has_null = true;
		else if (field->is_text)
			size += VARHDRSZ + MAXIMUM_ALIGNOF + field->len;
		else if (load->shapes[i].len > 0)
			size += load->shapes[i].len + MAXIMUM_ALIGNOF;
		else
			size += datumGetSize(field->datum, false, load->shapes[i].len) + VARHDRSZ + MAXIMUM_ALIGNOF;
	}
	return size;
}

/* align: with zeros, for equal rows are to be equal bytes */
static inline char *
align(char *p, const Shape *shape)
{
	char	   *aligned = (char *) att_align_nominal((uintptr_t) p, shape->align);

	while (p < aligned)
		*p++ = 0;
	return aligned;
}

/* put_varlena: with the short header wherever that is allowed */
static inline char *
put_varlena(char *p, const Shape *shape, const char *bytes, uint32 len, uint16 *infomask)
{
	char	   *aligned;

	*infomask |= HEAP_HASVARWIDTH;
	if (shape->may_be_short && len + VARHDRSZ_SHORT <= VARATT_SHORT_MAX)
	{
		SET_VARSIZE_SHORT(p, len + VARHDRSZ_SHORT);
		memcpy(p + VARHDRSZ_SHORT, bytes, len);
		return p + VARHDRSZ_SHORT + len;
	}
	aligned = align(p, shape);
	SET_VARSIZE(aligned, len + VARHDRSZ);
	memcpy(aligned + VARHDRSZ, bytes, len);
	return aligned + VARHDRSZ + len;
}

static char *
put_datum(char *p, const Shape *shape, Datum datum, uint16 *infomask)
{
	char	   *aligned;
	size_t		size;

	if (shape->len == -1)
	{
		struct varlena *value = (struct varlena *) DatumGetPointer(datum);

		return put_varlena(p, shape, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), infomask);
	}
	if (shape->len < 0)
		*infomask |= HEAP_HASVARWIDTH;
	aligned = align(p, shape);
	size = shape->len > 0 ? shape->len : strlen(DatumGetCString(datum)) + 1;
	if (shape->by_value)
		store_att_byval(aligned, datum, shape->len);
	else
		memcpy(aligned, DatumGetPointer(datum), size);
	return aligned + size;
}

/* form_row: the tuple of load->fields at p; out: its length */
static uint32
form_row(NvpLoad *load, char *p, bool has_null)
{
	HeapTupleHeader header = (HeapTupleHeader) p;
	int			natts = load->target->natts;
	uint8		hoff = MAXALIGN(SizeofHeapTupleHeader + (has_null ? BITMAPLEN(natts) : 0));
	uint16		infomask = has_null ? HEAP_HASNULL : 0;
	char	   *at = p + hoff;

	memset(p, 0, hoff);
	for (int i = 0; i < natts; i++)
	{
		const NvpField *field = &load->fields[i];

		if (field->is_null)
			continue;
		if (has_null)
			header->t_bits[i >> 3] |= 1 << (i & 7);
		if (field->is_text)
			at = put_varlena(at, &load->shapes[i], field->text, field->len, &infomask);
		else
			at = put_datum(at, &load->shapes[i], field->datum, &infomask);
	}
	HeapTupleHeaderSetNatts(header, natts);
	header->t_hoff = hoff;
	header->t_infomask = infomask;
	HeapTupleHeaderSetDatumLength(header, at - p);
	HeapTupleHeaderSetTypeId(header, InvalidOid);
	HeapTupleHeaderSetTypMod(header, -1);
	ItemPointerSetInvalid(&header->t_ctid);
	return at - p;
}

/* flush: counts only rows that are in */
static void
flush(NvpLoad *load)
{
	int			n = nvp_heap_count(load->heap);

	nvp_heap_flush(load->heap);
	load->target->counts.rows_inserted += n;
	load->used = 0;
}

/* reserve: room for one more tuple; a row beyond the buffer gets a larger one */
static char *
reserve(NvpLoad *load, size_t bound)
{
	if (load->used + bound > load->size || nvp_heap_count(load->heap) == NVP_HEAP_ROWS)
		flush(load);
	if (bound > load->size)
	{
		pfree(load->buffer);
		load->size = bound;
		load->buffer = MemoryContextAllocHuge(load->context, bound);
	}
	return load->buffer + load->used;
}

static void
load_row(NvpLoad *load, int row)
{
	TupleTableSlot *slot;
	size_t		bound;
	bool		has_null;
	uint32		length;
	char	   *at;

	if (!nvp_row_fields(load->target, row, load->fields))
		return;
	if (load->has_volatile)
		eval_defaults(load);
	bound = bound_row(load, &has_null);
	if (bound > MaxAllocSize)
	{
		nvp_target_reject(load->target, row, -1, NVP_CODE_TARGET_OUT_OF_RANGE,
						  "The row is longer than 1 GB.");
		return;
	}
	at = reserve(load, bound);
	length = form_row(load, at, has_null);
	slot = nvp_heap_put(load->heap, (HeapTupleHeader) at, length);
	if (load->checks_rows && !nvp_check_row(load->check, row, slot))
		nvp_heap_unput(load->heap);
	else
		load->used += MAXALIGN(length);
}

/* give_back: a giant buffer does not outlive its batch */
static void
give_back(NvpLoad *load)
{
	if (load->size == BUFFER_BYTES)
		return;
	pfree(load->buffer);
	load->size = BUFFER_BYTES;
	load->buffer = MemoryContextAlloc(load->context, load->size);
}

/*
 * nvp_load_rows writes rows from..to-1 of the batch in hand, except those
 * that are done.  All of them are in the table, or rejected, when it returns.
 */
void
nvp_load_rows(NvpLoad *load, int from, int to)
{
	NvpTarget  *target = load->target;
	MemoryContext old = MemoryContextSwitchTo(target->batch_context);

	for (int row = from; row < to; row++)
	{
		if (!target->batch.done[row])
			load_row(load, row);
	}
	flush(load);
	give_back(load);
	MemoryContextSwitchTo(old);
}

/* nvp_load_close fires the triggers that waited and gives everything back. */
void
nvp_load_close(NvpLoad *load)
{
	nvp_heap_close(load->heap);
	MemoryContextDelete(load->context);
}
