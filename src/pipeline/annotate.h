/*-------------------------------------------------------------------------
 *
 * annotate.h
 *		Rejected rows as a file that can be corrected and sent again, and issues
 *		as a file for people.
 *
 * The file of rejected rows has the columns of the source, in its order, and one
 * more behind them, "errors", which tells what is wrong with the row.  In a
 * workbook the cells concerned are coloured and have a comment each.  When the
 * file comes in again, that column is mapped to nothing.
 *
 * Xact:   needs one, as a role that may read _nuvopipe.issue.
 * Memory: rows of about three batches.
 * Errors: throws XX001 for issues that cannot be read, 54000 where a workbook
 *		   cannot hold a value, and what spools throw.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ANNOTATE_H
#define NVP_ANNOTATE_H

#include "utils/uuid.h"

#include "base/spool.h"
#include "format/reader.h"

/* whose issues */
typedef struct NvpAnnotateKey
{
	pg_uuid_t	tenant_id;
	pg_uuid_t	execution_id;
	int			attempt;
} NvpAnnotateKey;

/* kind CSV or XLSX; the spool is flushed, the caller frees it */
extern NvpSpool *nvp_annotate_rejected(const NvpAnnotateKey *key, NvpFormatKind kind);
extern NvpSpool *nvp_annotate_issues(const NvpAnnotateKey *key, NvpFormatKind kind);

#endif							/* NVP_ANNOTATE_H */
