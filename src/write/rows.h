/*-------------------------------------------------------------------------
 *
 * rows.h
 *		Bulk rows for our own tables: issues, rejected rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ROWS_H
#define NVP_ROWS_H

typedef struct NvpBulk NvpBulk;

extern NvpBulk *nvp_bulk_open(Oid relid, const Datum *values, const bool *nulls);
extern void nvp_bulk_add(NvpBulk *bulk, Datum *values, bool *nulls);
extern void nvp_bulk_close(NvpBulk *bulk);

#endif							/* NVP_ROWS_H */
