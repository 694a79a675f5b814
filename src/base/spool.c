/*-------------------------------------------------------------------------
 *
 * spool.c
 *		A temporary file on local disk: where a run keeps its bytes.
 *
 * See spool.h for flow, memory and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "commands/tablespace.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "base/spool.h"

#define SPOOL_BUFFER	(256 * 1024)
#define FIRST_BUFFER	(8 * 1024)
#define REST_SECONDS	2

/*
 * The server keeps a file that outlives its transaction away from
 * temp_tablespaces, lest it be in the way of DROP TABLESPACE, and puts it into
 * the database's own tablespace.  An input of any size does not belong there:
 * who sets temp_tablespaces means files like these.
 */
static Oid
choose_tablespace(void)
{
	PrepareTempTablespaces();
	return TempTablespacesAreSet() ? GetNextTempTableSpace() : InvalidOid;
}

static File
open_file(Oid tablespace)
{
	Oid			own = MyDatabaseTableSpace;
	volatile File file = -1;

	PG_TRY();
	{
		if (OidIsValid(tablespace))
			MyDatabaseTableSpace = tablespace;
		file = OpenTemporaryFile(true);
	}
	PG_FINALLY();
	{
		MyDatabaseTableSpace = own;
	}
	PG_END_TRY();
	return file;
}

/*
 * nvp_spool_create opens an empty spool.
 *
 * owner: the current memory context, which must outlive it; free with
 *		nvp_spool_free.  The file, made when it is needed, is independent of
 *		transactions.
 * xact: needs one to obey temp_tablespaces.
 */
NvpSpool *
nvp_spool_create(void)
{
	NvpSpool   *spool = palloc0(sizeof(NvpSpool));

	spool->buf = palloc(FIRST_BUFFER);
	spool->room = FIRST_BUFFER;
	spool->tablespace = choose_tablespace();
	spool->file = spool->lent = -1;
	return spool;
}

/* Is it the file it was: the same one, not written to since? */
static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/*
 * nvp_spool_lend lets an empty spool be a file that exists, which is read where
 * it lies: no byte is copied, nothing is written.  A change is noticed at the
 * latest at the end of each reading; as clocks of files tick slowly, only files
 * that have rested for a while are taken.
 *
 * out: false if the file has to be copied, whatever the reason.
 */
bool
nvp_spool_lend(NvpSpool *spool, const char *path)
{
	struct stat before;
	struct stat after;
	time_t		rested = time(NULL) - REST_SECONDS;
	File		file;

	Assert(spool->size == 0);
	if (lstat(path, &before) != 0 || !S_ISREG(before.st_mode) ||
		before.st_mtime > rested || before.st_ctime > rested)
		return false;
	/* not blocking: a pipe put in the place of the file must not hang us */
	file = PathNameOpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | PG_BINARY);
	if (file < 0)
		return false;
	if (lstat(path, &after) != 0 || !is_same(&before, &after))
	{
		FileClose(file);
		return false;
	}
	spool->lent = file;
	spool->path = MemoryContextStrdup(GetMemoryChunkContext(spool), path);
	spool->stat = MemoryContextAlloc(GetMemoryChunkContext(spool), sizeof(struct stat));
	*spool->stat = before;
	spool->size = spool->flushed = before.st_size;
	return true;
}

/*
 * nvp_spool_lend_reader lets an empty spool be bytes that are kept elsewhere and
 * do not change; nothing is copied.
 *
 * in: arg stays the caller's and must outlive the use of the spool.
 */
void
nvp_spool_lend_reader(NvpSpool *spool, NvpSpoolReadFunc reader, void *arg, int64 size)
{
	Assert(spool->size == 0);
	spool->reader = reader;
	spool->reader_arg = arg;
	spool->size = spool->flushed = size;
}

/* nvp_spool_is_whole tells whether what was lent is still what it was. */
bool
nvp_spool_is_whole(const NvpSpool *spool)
{
	struct stat now;

	return spool->lent < 0 || (lstat(spool->path, &now) == 0 && is_same(spool->stat, &now));
}

/* the bytes of a lent file; -1 if it is no longer what it was */
static int64
read_lent(NvpSpool *spool, int64 offset, char *buf, int64 size)
{
	int64		left = spool->size - offset;
	int64		n = 0;

	if (left > 0)
		n = FileRead(spool->lent, buf, Min(Min(size, left), 1024 * 1024 * 256), offset, PG_WAIT_EXTENSION);
	if (n > 0 || (n == 0 && left <= 0 && nvp_spool_is_whole(spool)))
		return n;
	errno = ETXTBSY;
	return -1;
}

static void
spool_fail(NvpSpool *spool, int errnum, int sqlstate, const char *message)
{
	spool->errnum = errnum;
	spool->sqlstate = sqlstate;
	if (spool->file < 0)
		spool->error = psprintf("could not make a temporary file: %s", message);
	else
		spool->error = psprintf("could not write to temporary file \"%s\": %s", FilePathName(spool->file), message);
}

/*
 * Write a block to the file.  FileWrite throws when temp_file_limit is
 * reached; that becomes a return value here, for the caller may stand in a
 * callback that must not be jumped over.
 */
static bool
spool_write(NvpSpool *spool, const char *data, int len)
{
	MemoryContext context = CurrentMemoryContext;
	volatile int done = 0;
	volatile bool thrown = false;

	if (spool->error)
		return false;
	PG_TRY();
	{
		if (spool->file < 0)
			spool->file = open_file(spool->tablespace);
		while (done < len)
		{
			int			n;

			errno = 0;
			n = FileWrite(spool->file, (char *) data + done, len - done,
						  spool->flushed + done, PG_WAIT_EXTENSION);
			if (n <= 0)
				break;
			done += n;
		}
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		MemoryContextSwitchTo(context);
		edata = CopyErrorData();
		FlushErrorState();
		spool_fail(spool, ENOSPC, edata->sqlerrcode, edata->message);
		FreeErrorData(edata);
		thrown = true;
	}
	PG_END_TRY();
	if (!thrown && done < len)
	{
		int			errnum = errno ? errno : ENOSPC;

		spool_fail(spool, errnum, errnum == EIO ? ERRCODE_IO_ERROR : ERRCODE_DISK_FULL, strerror(errnum));
	}
	if (spool->error)
		return false;
	spool->flushed += len;
	return true;
}

static bool
write_buffer(NvpSpool *spool)
{
	int			used = spool->used;

	spool->used = 0;
	return used == 0 ? spool->error == NULL : spool_write(spool, spool->buf, used);
}

/*
 * nvp_spool_flush lets what was appended be read; false on failure (see error).
 * What has never filled the buffer stays there: a small spool has no file.
 */
bool
nvp_spool_flush(NvpSpool *spool)
{
	if (spool->file >= 0)
		return write_buffer(spool);
	return spool->error == NULL;
}

/* make room in the buffer, by a larger one or by writing it out; never throws */
static bool
make_room(NvpSpool *spool)
{
	char	   *larger = NULL;

	if (spool->room < SPOOL_BUFFER)
		larger = MemoryContextAllocExtended(GetMemoryChunkContext(spool), SPOOL_BUFFER, MCXT_ALLOC_NO_OOM);
	if (larger == NULL)
		return write_buffer(spool);
	memcpy(larger, spool->buf, spool->used);
	pfree(spool->buf);
	spool->buf = larger;
	spool->room = SPOOL_BUFFER;
	return true;
}

/*
 * nvp_spool_append adds bytes at the end; false on failure (see error), after
 * which every further call fails too.  Never throws.
 */
bool
nvp_spool_append(NvpSpool *spool, const char *data, int64 len)
{
	while (len > 0)
	{
		int			n = Min(len, spool->room - spool->used);

		memcpy(spool->buf + spool->used, data, n);
		spool->used += n;
		spool->size += n;
		data += n;
		len -= n;
		if (spool->used == spool->room && !make_room(spool))
			return false;
	}
	return spool->error == NULL;
}

/*
 * nvp_spool_read_at reads up to size bytes at offset; 0 at the end, -1 on
 * error (errno).  The spool must have been flushed.
 */
int64
nvp_spool_read_at(NvpSpool *spool, int64 offset, char *buf, int64 size)
{
	if (spool->lent >= 0)
		return read_lent(spool, offset, buf, size);
	if (spool->reader)
		return spool->reader(spool->reader_arg, offset, buf, size);
	if (spool->file < 0)
	{
		size = Max(Min(size, spool->used - offset), 0);
		memcpy(buf, spool->buf + offset, size);
		return size;
	}
	if (offset >= spool->flushed)
		return 0;
	return FileRead(spool->file, buf, Min(size, 1024 * 1024 * 256), offset,
					PG_WAIT_EXTENSION);
}

typedef struct SpoolSource
{
	NvpSource	base;
	NvpSpool   *spool;
} SpoolSource;

static int64
spool_source_read_at(NvpSource *source, char *buf, int64 size, int64 offset)
{
	NvpSpool   *spool = ((SpoolSource *) source)->spool;
	int64		n = nvp_spool_read_at(spool, offset, buf, size);

	if (n < 0)
		source->error = spool->lent >= 0 ? "the file changed while it was read" : "could not read temporary file";
	return n;
}

static int64
spool_source_read(NvpSource *source, char *buf, int64 size)
{
	int64		n = spool_source_read_at(source, buf, size, source->read_bytes);

	if (n > 0)
		source->read_bytes += n;
	return n;
}

static bool
spool_source_rewind(NvpSource *source)
{
	source->read_bytes = 0;
	return true;
}

static void
spool_source_close(NvpSource *source)
{
	pfree(source);
}

/*
 * nvp_spool_source reads a flushed spool from its beginning.  The spool stays
 * the caller's and must outlive the source.
 */
NvpSource *
nvp_spool_source(NvpSpool *spool)
{
	SpoolSource *source = palloc0(sizeof(SpoolSource));

	source->base.read = spool_source_read;
	source->base.rewind = spool_source_rewind;
	source->base.read_at = spool_source_read_at;
	source->base.close = spool_source_close;
	source->base.total_bytes = spool->size;
	source->spool = spool;
	return &source->base;
}

/*
 * nvp_spool_fault tells why appending failed.
 *
 * in: what the spool was for, as in "the input".
 */
bool
nvp_spool_fault(const NvpSpool *spool, NvpFault *fault, const char *what)
{
	bool		limit = spool->sqlstate == ERRCODE_CONFIGURATION_LIMIT_EXCEEDED;

	nvp_fault_set(fault, NVP_WRITE_FILE_FAILURE, spool->sqlstate, !limit,
				  "could not keep %s: %s", what, spool->error);
	if (limit)
		nvp_fault_hint(fault, "Raise temp_file_limit for the workers: in postgresql.conf, or for the database.");
	else
		nvp_fault_hint(fault, "Free space there, or set temp_tablespaces to a tablespace with more of it.");
	return false;
}

static void
give_back(NvpSpool *spool)
{
	if (spool->lent >= 0)
		FileClose(spool->lent);
	spool->lent = -1;
	spool->reader = NULL;
}

/*
 * nvp_spool_link gives a flushed spool a second name, so that its bytes need
 * not be copied; the name stays when the spool is freed.  The file is as open
 * to others as those that COPY makes, and its bytes are not yet synced.
 *
 * out: false if it has to be copied, whatever the reason: another file system,
 *		one without links, or so few bytes that there is no file.
 */
bool
nvp_spool_link(NvpSpool *spool, const char *path)
{
	const char *name;
	struct stat st;

	if (spool->file < 0 || spool->lent >= 0 || spool->reader || spool->error || spool->used > 0)
		return false;
	name = FilePathName(spool->file);
	/* the file may be longer than what was appended since the last reset */
	if (lstat(name, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size != spool->size || st.st_nlink != 1)
		return false;
	if (link(name, path) != 0)
		return false;
	spool->is_linked = true;
	if (chmod(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH) == 0)
		return true;
	unlink(path);
	return false;
}

/* nvp_spool_reset empties the file and forgets a failure. */
void
nvp_spool_reset(NvpSpool *spool)
{
	give_back(spool);
	if (spool->is_linked)
	{
		/* the bytes are somebody else's now */
		FileClose(spool->file);
		spool->file = -1;
		spool->is_linked = false;
	}
	else if (spool->file >= 0)
		(void) FileTruncate(spool->file, 0, PG_WAIT_EXTENSION);
	if (spool->error)
		pfree(spool->error);
	spool->error = NULL;
	spool->errnum = spool->sqlstate = 0;
	spool->size = spool->flushed = 0;
	spool->used = 0;
}

/* nvp_spool_free removes the file and the memory. */
void
nvp_spool_free(NvpSpool *spool)
{
	give_back(spool);
	if (spool->file >= 0)
		FileClose(spool->file);
	pfree(spool->buf);
	if (spool->error)
		pfree(spool->error);
	pfree(spool);
}
