/*-------------------------------------------------------------------------
 *
 * spool.h
 *		A temporary file on local disk: where a run keeps its bytes.
 *
 * Flow:   network --> append --> spool --> source --> reader (as often as
 *		   needed), and writer --> append --> spool --> source --> network.
 * Calls:  create in a transaction; append*, flush, { source }*, free at any
 *		   time; reset to begin anew.
 *		   lend instead of append for a file of this server: it is read where it
 *		   lies, and should it change meanwhile, reading fails.  lend_reader for
 *		   bytes that are kept elsewhere: a function reads them.
 *		   link instead of reading, where the bytes become a file beside.
 * Memory: one buffer for writing, 256 kB if there is so much, in the context
 *		   current at create.  What fits it needs no file.  The file lives across transactions, obeys temp_tablespaces and
 *		   temp_file_limit, and is removed by the server at the latest when
 *		   the process ends, also after a crash.
 * Errors: append and flush never throw (they are called from callbacks of
 *		   foreign libraries): false, and error/errnum say why.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SPOOL_H
#define NVP_SPOOL_H

#include <sys/stat.h>

#include "base/fault.h"
#include "base/source.h"

/* up to size bytes at offset; 0 at the end; may throw */
typedef int64 (*NvpSpoolReadFunc) (void *arg, int64 offset, char *buf, int64 size);

typedef struct NvpSpool
{
	Oid			tablespace;		/* where its file goes, InvalidOid = the database's */
	int			file;			/* File (fd.h), -1 while the buffer holds everything */
	bool		is_linked;		/* the file has another name by now */
	int			lent;			/* File read instead, -1 = none */
	const char *path;			/* of lent */
	struct stat *stat;			/* of lent, when it was opened */
	NvpSpoolReadFunc reader;	/* reads what was lent by function, or NULL */
	void	   *reader_arg;
	int64		size;			/* bytes appended */
	int64		flushed;		/* of them on disk */
	char	   *buf;
	int			room;			/* its size */
	int			used;			/* bytes waiting in buf */
	int			errnum;			/* errno of the failure, 0 if none or unknown */
	int			sqlstate;		/* of the failure, 0 if none */
	char	   *error;			/* its message, or NULL */
} NvpSpool;

extern NvpSpool *nvp_spool_create(void);
extern bool nvp_spool_lend(NvpSpool *spool, const char *path);
extern void nvp_spool_lend_reader(NvpSpool *spool, NvpSpoolReadFunc reader, void *arg, int64 size);
extern bool nvp_spool_is_whole(const NvpSpool *spool);
extern bool nvp_spool_append(NvpSpool *spool, const char *data, int64 len);
extern bool nvp_spool_flush(NvpSpool *spool);
extern int64 nvp_spool_read_at(NvpSpool *spool, int64 offset, char *buf, int64 size);
extern NvpSource *nvp_spool_source(NvpSpool *spool);
extern bool nvp_spool_fault(const NvpSpool *spool, NvpFault *fault, const char *what);
extern bool nvp_spool_link(NvpSpool *spool, const char *path);
extern void nvp_spool_reset(NvpSpool *spool);
extern void nvp_spool_free(NvpSpool *spool);

#endif							/* NVP_SPOOL_H */
