/*-------------------------------------------------------------------------
 *
 * file_source.c
 *		A file of the server as a source.
 *
 * The caller has checked that its user may read server files.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "storage/fd.h"
#include "utils/wait_event.h"

#include "base/file_source.h"

typedef struct FileSource
{
	NvpSource	base;
	File		file;
} FileSource;

static int64
file_read_at(NvpSource *source, char *buf, int64 size, int64 offset)
{
	int			n = FileRead(((FileSource *) source)->file, buf, Min(size, 256 * 1024 * 1024),
							 offset, PG_WAIT_EXTENSION);

	if (n < 0)
		source->error = "could not read the file";
	return n;
}

static int64
file_read(NvpSource *source, char *buf, int64 size)
{
	int64		n = file_read_at(source, buf, size, source->read_bytes);

	if (n > 0)
		source->read_bytes += n;
	return n;
}

static bool
file_rewind(NvpSource *source)
{
	source->read_bytes = 0;
	return true;
}

static void
file_close(NvpSource *source)
{
	FileClose(((FileSource *) source)->file);
	pfree(source);
}

/*
 * nvp_source_file opens a regular file for reading.
 *
 * owner: the current memory context; close releases it, at the latest the end
 *		of the transaction closes the file.
 * errors: 58P01 and its kin when it cannot be opened, 42809 for directories.
 */
NvpSource *
nvp_source_file(const char *path)
{
	FileSource *source = palloc0(sizeof(FileSource));
	struct stat st;

	if (stat(path, &st) != 0)
		ereport(ERROR,
				errcode_for_file_access(),
				errmsg("could not open file \"%s\": %m", path),
				errhint("The file must lie on the server, readable by its operating system user."));
	if (!S_ISREG(st.st_mode))
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("\"%s\" is not a regular file", path));
	source->file = PathNameOpenFile(path, O_RDONLY | PG_BINARY);
	if (source->file < 0)
		ereport(ERROR,
				errcode_for_file_access(),
				errmsg("could not open file \"%s\": %m", path));
	source->base.read = file_read;
	source->base.rewind = file_rewind;
	source->base.read_at = file_read_at;
	source->base.close = file_close;
	source->base.total_bytes = st.st_size;
	return &source->base;
}
