/*-------------------------------------------------------------------------
 *
 * repeat.c
 *		Equal keys within a batch, by the rules of the key's own types.
 *
 * Rows are sorted by the hash of their key; within a run of one hash, keys are
 * compared by the types' equality under the columns' collations, which is what
 * the unique index does.  Nulls count as equal, as they do for an index with
 * NULLS NOT DISTINCT; elsewhere to part such rows is needless but harmless.
 *
 * Errors: what the types' own functions throw.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "write/plan.h"

typedef struct KeyColumn
{
	int			column;			/* of the datums */
	Oid			collation;
	TypeCacheEntry *type;
} KeyColumn;

typedef struct KeyHash
{
	uint32		hash;
	int			row;
} KeyHash;

static int
compare_hashes(const void *a, const void *b)
{
	const KeyHash *x = a;
	const KeyHash *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* find_columns: false if some type cannot be hashed or compared */
static bool
find_columns(NvpTarget *target, const AttrNumber *attnos, TupleDesc desc, KeyColumn *keys)
{
	for (int i = 0; i < target->nkeys; i++)
	{
		keys[i].column = 0;
		while (attnos[keys[i].column] != target->keys[i])
			keys[i].column++;
		keys[i].collation = TupleDescAttr(desc, keys[i].column)->attcollation;
		keys[i].type = lookup_type_cache(TupleDescAttr(desc, keys[i].column)->atttypid,
										 TYPECACHE_HASH_PROC_FINFO | TYPECACHE_EQ_OPR_FINFO);
		if (!OidIsValid(keys[i].type->hash_proc) || !OidIsValid(keys[i].type->eq_opr_finfo.fn_oid))
			return false;
	}
	return true;
}

static uint32
hash_key(const KeyColumn *keys, int nkeys, const Datum *datums, const bool *nulls)
{
	uint32		hash = 0;

	for (int i = 0; i < nkeys; i++)
	{
		int			c = keys[i].column;

		if (!nulls[c])
			hash = hash_combine(hash, DatumGetUInt32(FunctionCall1Coll(&keys[i].type->hash_proc_finfo,
																	   keys[i].collation, datums[c])));
	}
	return hash;
}

static bool
equal_keys(const KeyColumn *keys, int nkeys, const Datum *a, const bool *a_nulls, const Datum *b,
		   const bool *b_nulls)
{
	for (int i = 0; i < nkeys; i++)
	{
		int			c = keys[i].column;

		if (a_nulls[c] != b_nulls[c])
			return false;
		if (!a_nulls[c] && !DatumGetBool(FunctionCall2Coll(&keys[i].type->eq_opr_finfo,
														   keys[i].collation, a[c], b[c])))
			return false;
	}
	return true;
}

/*
 * nvp_repeat_rounds numbers the rows so that no two rows of one round have
 * the same key and, of two that have, the later row is in the later round.
 * in: attnos[column of desc]; out: rounds[row], and the number of rounds.
 */
int
nvp_repeat_rounds(NvpTarget *target, const AttrNumber *attnos, TupleDesc desc,
				  Datum *const *datums, bool *const *nulls, int nrows, int *rounds)
{
	KeyColumn  *keys = palloc(target->nkeys * sizeof(KeyColumn));
	KeyHash    *hashes = palloc(nrows * sizeof(KeyHash));
	int			nrounds = 1;

	if (!find_columns(target, attnos, desc, keys))
	{
		/* no way to compare: one row a statement */
		for (int i = 0; i < nrows; i++)
			rounds[i] = i;
		return nrows;
	}
	for (int i = 0; i < nrows; i++)
	{
		hashes[i].row = i;
		hashes[i].hash = hash_key(keys, target->nkeys, datums[i], nulls[i]);
	}
	qsort(hashes, nrows, sizeof(KeyHash), compare_hashes);
	for (int i = 0; i < nrows; i++)
	{
		int			row = hashes[i].row;

		rounds[row] = 0;
		for (int j = i - 1; j >= 0 && hashes[j].hash == hashes[i].hash; j--)
		{
			int			earlier = hashes[j].row;

			if (rounds[earlier] >= rounds[row] &&
				equal_keys(keys, target->nkeys, datums[row], nulls[row], datums[earlier], nulls[earlier]))
				rounds[row] = rounds[earlier] + 1;
		}
		nrounds = Max(nrounds, rounds[row] + 1);
	}
	return nrounds;
}
