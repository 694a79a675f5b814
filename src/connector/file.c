/*-------------------------------------------------------------------------
 *
 * file.c
 *		Folders on the database server as source and destination.
 *
 * Flow:   list: the regular files of one folder
 *		   fetch: read into the spool, checked against the listed size
 *		   deliver: name.KEY.part (a link to the spool where that can be, else a
 *				copy), fsync, rename, fsync of the folder
 *		   after: unlink or rename
 * Memory: results in the current context; nothing is kept open.
 * Errors: faults.  authorize throws 42501: the files are opened with the rights
 *		   of the server, so the user needs pg_read_server_files or
 *		   pg_write_server_files, as for COPY.
 * Notes:  Links are not followed: in a folder where others may put files, a link
 *		   would let them read or replace files of the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "port.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/timestamp.h"

#include "base/guc.h"
#include "base/jsonb.h"
#include "connector/kinds.h"
#include "connector/listing.h"
#include "connector/option.h"

#define COPY_BYTES	(256 * 1024)

static const NvpOptionDef options[] = {
	{"directory_path", 's', true, false},
	{"file_name", 's', false, false},
	{"create_directories", 'b', false, false},
	{"advance_config", 'o', false, false},
};

static const NvpPath root_path = {NULL, "configuration", 0};

/* ---- definition ---- */

static void
file_check(Jsonb *configuration, bool is_input)
{
	NvpPath		directory_path = {&root_path, "directory_path", 0};
	NvpPath		name_path = {&root_path, "file_name", 0};
	JsonbContainer *root = &configuration->root;

	if (!is_absolute_path(nvp_jsonb_text(root, &root_path, "directory_path", "")))
		nvp_path_error(&directory_path, NULL, "must be an absolute path");
	nvp_listing_check(configuration, is_input);
	if (!is_input && !*nvp_jsonb_text(root, &root_path, "file_name", ""))
		nvp_path_error(&name_path, "It is the name under which the output is stored.", "must be given");
}

static void
file_authorize(const NvpConnector *connector, Oid role)
{
	bool		changes = !connector->is_input || nvp_listing_after(connector) != NVP_AFTER_NONE;

	if (connector->is_input && !has_privs_of_role(role, ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read files of the server"),
				 errhint("Only roles with the privileges of pg_read_server_files may use FILE connectors as input.")));
	if (changes && !has_privs_of_role(role, ROLE_PG_WRITE_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to write, rename or delete files of the server"),
				 errhint("Only roles with the privileges of pg_write_server_files may use FILE connectors as output or with an after_process_option.")));
}

/* ---- faults ---- */

/* A failed system call at a source. */
static bool
source_fault(NvpFault *fault, const char *path, const char *words)
{
	int			errnum = errno;
	bool		passing = errnum == EIO || errnum == EMFILE || errnum == ENFILE || errnum == ESTALE;
	int			sqlstate = errnum == ENOENT ? ERRCODE_UNDEFINED_FILE :
		errnum == EACCES || errnum == EPERM || errnum == ELOOP ? ERRCODE_INSUFFICIENT_PRIVILEGE : ERRCODE_IO_ERROR;

	nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, sqlstate, passing,
				  "could not %s \"%s\": %s", words, path, strerror(errnum));
	if (errnum == ENOENT || errnum == EACCES)
		nvp_fault_hint(fault, "The path is that of the database server, and its operating system user must be allowed to read it.");
	return false;
}

/* A failed system call at a destination. */
static bool
target_fault(NvpFault *fault, const char *path, const char *words)
{
	int			errnum = errno ? errno : ENOSPC;	/* a short write */

	if (errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG)
	{
		nvp_fault_set(fault, NVP_DESTINATION_SIZE_LIMIT, ERRCODE_DISK_FULL, false,
					  "could not %s \"%s\": %s", words, path, strerror(errnum));
		nvp_fault_hint(fault, "Free space there and run again.");
		return false;
	}
	nvp_fault_set(fault, NVP_WRITE_FILE_FAILURE,
				  errnum == ENOENT ? ERRCODE_UNDEFINED_FILE :
				  errnum == EACCES || errnum == EPERM || errnum == EROFS ? ERRCODE_INSUFFICIENT_PRIVILEGE : ERRCODE_IO_ERROR,
				  errnum == EIO || errnum == EMFILE || errnum == ENFILE,
				  "could not %s \"%s\": %s", words, path, strerror(errnum));
	if (errnum == ENOENT)
		nvp_fault_hint(fault, "Make the folder on the database server, or set create_directories to true.");
	else if (errnum == EACCES || errnum == EROFS)
		nvp_fault_hint(fault, "The operating system user of the database server must be allowed to write there.");
	return false;
}

/* ---- list ---- */

static void
describe(NvpObject *object, const struct stat *st)
{
	object->bytes = st->st_size;
	object->modified_at = time_t_to_timestamptz(st->st_mtim.tv_sec) + st->st_mtim.tv_nsec / 1000;
	nvp_listing_set_version(object);
}

static void
add_file(NvpConnector *connector, NvpObjectList *list, const char *directory, const char *name)
{
	char	   *path = nvp_listing_join(directory, name);
	struct stat st;
	NvpObject  *object;
	bool		ok;

	if (lstat(path, &st) != 0 || !(S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)))
		return;					/* gone meanwhile, or no file */
	object = nvp_listing_add(list);
	object->name = nvp_listing_printable(name, &ok);
	object->path = nvp_listing_join(directory, object->name);
	describe(object, &st);
	if (!ok)
		object->reason = pstrdup("the name cannot be stored in this database's encoding");
	else if (S_ISLNK(st.st_mode))
		object->reason = pstrdup("links are not followed");
	nvp_listing_judge(connector, object);
}

static bool
file_list(NvpConnector *connector, NvpObject **objects, int *n, NvpFault *fault)
{
	char	   *directory = nvp_option_text(connector, "directory_path", "");
	NvpObjectList list = {NULL, 0, 0};
	NvpObjectList *found = &list;
	DIR		   *dir = AllocateDir(directory);
	struct dirent *entry;

	if (!dir)
		return source_fault(fault, directory, "open folder");
	PG_TRY();
	{
		while (found->n < NVP_LISTING_MAX && (entry = ReadDirExtended(dir, directory, LOG)))
		{
			CHECK_FOR_INTERRUPTS();
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				add_file(connector, found, directory, entry->d_name);
		}
	}
	PG_FINALLY();
	{
		FreeDir(dir);
	}
	PG_END_TRY();
	if (list.n == NVP_LISTING_MAX)
		return nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, false,
							 "folder \"%s\" holds more than %d files", directory, NVP_LISTING_MAX);
	*objects = list.objects;
	*n = list.n;
	return true;
}

/* ---- fetch ---- */

static bool
read_into_spool(int fd, const char *path, NvpSpool *spool, int64 total,
				NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	int64		max_bytes = (int64) nvp_guc_max_object_size * 1024;
	char	   *buf = palloc(COPY_BYTES);
	ssize_t		got;

	while ((got = read(fd, buf, COPY_BYTES)) != 0)
	{
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return source_fault(fault, path, "read file");
		if (max_bytes > 0 && spool->size + got > max_bytes)
		{
			nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, false,
						  "file \"%s\" is larger than " INT64_FORMAT " bytes", path, max_bytes);
			nvp_fault_hint(fault, "An administrator may raise nuvopipe.max_object_size.");
			return false;
		}
		if (!nvp_spool_append(spool, buf, got))
			return nvp_spool_fault(spool, fault, psprintf("the data of file \"%s\"", path));
		if (progress)
			progress(arg, spool->size, total);
		CHECK_FOR_INTERRUPTS();
	}
	pfree(buf);
	return true;
}

static bool
is_listed_size(const NvpObject *object, const NvpSpool *spool, NvpFault *fault)
{
	if (object->bytes < 0 || spool->size == object->bytes)
		return true;
	nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_OBJECT_IN_USE, true,
				  "file \"%s\" changed while it was read", object->path);
	nvp_fault_hint(fault, "Write under another name and rename the file when it is complete.");
	return false;
}

/* the file itself if it rests, else a copy; max_object_size is looked at by the run */
static bool
file_fetch(NvpConnector *connector, NvpObject *object, NvpSpool *spool,
		   NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	int			fd;
	struct stat st;
	volatile bool ok = false;

	if (nvp_spool_lend(spool, object->path))
	{
		if (progress)
			progress(arg, spool->size, spool->size);
		return is_listed_size(object, spool, fault);
	}
	/* not blocking: a pipe put in the place of the file must not hang us */
	fd = OpenTransientFile(object->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | PG_BINARY);
	if (fd < 0)
		return source_fault(fault, object->path, "open file");
	PG_TRY();
	{
		if (fstat(fd, &st) != 0)
			source_fault(fault, object->path, "stat file");
		else if (!S_ISREG(st.st_mode))
			nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_WRONG_OBJECT_TYPE, false,
						  "\"%s\" is not a regular file", object->path);
		else
			ok = read_into_spool(fd, object->path, spool, st.st_size, progress, arg, fault);
	}
	PG_FINALLY();
	{
		CloseTransientFile(fd);
	}
	PG_END_TRY();
	return ok && is_listed_size(object, spool, fault);
}

/* ---- deliver ---- */

static bool
write_from_spool(int fd, const char *path, NvpSpool *spool,
				 NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	char	   *buf = palloc(COPY_BYTES);
	int64		done = 0;

	while (done < spool->size)
	{
		int64		got = nvp_spool_read_at(spool, done, buf, COPY_BYTES);
		int64		written = 0;

		if (got <= 0)
			return nvp_fault_set(fault, NVP_FAULT_INTERNAL, ERRCODE_IO_ERROR, true,
								 "could not read temporary file");
		while (written < got)
		{
			ssize_t		put;

			errno = 0;
			put = write(fd, buf + written, got - written);
			if (put <= 0 && errno != EINTR)
				return target_fault(fault, path, "write file");
			written += Max(put, 0);
		}
		done += got;
		if (progress)
			progress(arg, done, spool->size);
		CHECK_FOR_INTERRUPTS();
	}
	pfree(buf);
	if (pg_fsync(fd) != 0)
		return target_fault(fault, path, "fsync file");
	return true;
}

/* A new file that others may read, as COPY makes them. */
static int
create_part(const char *part)
{
	mode_t		mask;
	int			fd;

	unlink(part);				/* what an earlier try left */
	mask = umask(S_IWGRP | S_IWOTH);
	fd = OpenTransientFilePerm(part, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | PG_BINARY,
							   S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH);
	umask(mask);
	return fd;
}

static bool
make_folder(const char *directory, NvpFault *fault)
{
	char	   *path = pstrdup(directory);
	mode_t		mask = umask(S_IWGRP | S_IWOTH);
	int			failed = pg_mkdir_p(path, S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH);

	umask(mask);
	return failed == 0 || target_fault(fault, directory, "create folder");
}

/* the spool itself under the name of the part; false if it has to be copied */
static bool
link_part(const char *part, NvpSpool *spool)
{
	unlink(part);				/* what an earlier try left */
	if (!nvp_spool_link(spool, part))
		return false;
	if (fsync_fname_ext(part, false, true, LOG) == 0)
		return true;
	unlink(part);
	return false;
}

static bool
write_part(const char *part, NvpSpool *spool, NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	volatile int fd;
	volatile bool ok = false;

	if (link_part(part, spool))
		return true;
	fd = create_part(part);
	if (fd < 0)
		return target_fault(fault, part, "create file");
	PG_TRY();
	{
		ok = write_from_spool(fd, part, spool, progress, arg, fault);
	}
	PG_FINALLY();
	{
		if (CloseTransientFile(fd) != 0 && ok)
			ok = target_fault(fault, part, "close file");
		if (!ok)
			unlink(part);
	}
	PG_END_TRY();
	return ok;
}

static bool
file_deliver(NvpConnector *connector, const char *name, const char *content_type, const char *key,
			 NvpSpool *spool, NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	char	   *directory = nvp_option_text(connector, "directory_path", "");
	char	   *part;
	char	   *target;

	if (!nvp_name_is_plain(name))
		return nvp_fault_set(fault, NVP_WRITE_FILE_FAILURE, ERRCODE_INVALID_NAME, false,
							 "output name is not a file name");
	part = nvp_listing_join(directory, nvp_listing_part_name(name, key));
	target = nvp_listing_join(directory, name);
	if (nvp_option_bool(connector, "create_directories", false) && !make_folder(directory, fault))
		return false;
	if (!write_part(part, spool, progress, arg, fault))
		return false;
	if (rename(part, target) != 0)
	{
		target_fault(fault, target, "rename file to");
		unlink(part);
		return false;
	}
	if (fsync_fname_ext(directory, true, true, LOG) != 0)
		return target_fault(fault, directory, "fsync folder");
	return true;
}

/* ---- after ---- */

static bool
is_unchanged(const NvpObject *object)
{
	struct stat st;
	NvpObject	now = {0};

	if (lstat(object->path, &st) != 0)
		return true;			/* the action itself will say why */
	describe(&now, &st);
	return (object->bytes < 0 || object->bytes == now.bytes) &&
		(object->modified_at == 0 || object->modified_at == now.modified_at);
}

static bool
file_after(NvpConnector *connector, const NvpObject *object, NvpFault *fault)
{
	NvpAfter	after = nvp_listing_after(connector);
	char	   *target;
	struct stat st;

	if (after == NVP_AFTER_NONE)
		return true;
	if (!is_unchanged(object))
		return nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_OBJECT_IN_USE, false,
							 "file \"%s\" changed after it was read, so it was left in place", object->path);
	if (after == NVP_AFTER_DELETE)
		return unlink(object->path) == 0 || source_fault(fault, object->path, "delete file");
	target = nvp_listing_after_path(connector, object, false);
	if (lstat(target, &st) == 0)
		target = nvp_listing_after_path(connector, object, true);
	return rename(object->path, target) == 0 || source_fault(fault, target, "rename file to");
}

/* ---- probe ---- */

/* Is the folder there, and may we write into it? */
static bool
file_probe(NvpConnector *connector, NvpFault *fault)
{
	char	   *directory = nvp_option_text(connector, "directory_path", "");
	struct stat st;

	if (stat(directory, &st) != 0)
	{
		if (errno == ENOENT && !connector->is_input && nvp_option_bool(connector, "create_directories", false))
			return true;
		return connector->is_input ? source_fault(fault, directory, "stat folder") :
			target_fault(fault, directory, "stat folder");
	}
	if (connector->is_input)
		return access(directory, R_OK | X_OK) == 0 || source_fault(fault, directory, "read folder");
	return access(directory, W_OK | X_OK) == 0 || target_fault(fault, directory, "write into folder");
}

const NvpConnectorRoutine nvp_connector_file = {
	.node_type = "FILE",
	.can_input = true,
	.can_output = true,
	.options = options,
	.noptions = lengthof(options),
	.check = file_check,
	.authorize = file_authorize,
	.probe = file_probe,
	.list = file_list,
	.fetch = file_fetch,
	.deliver = file_deliver,
	.after = file_after,
};
