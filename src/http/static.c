/*-------------------------------------------------------------------------
 *
 * static.c
 *		Web files below /ui/: those of nuvopipe.static_dir.
 *
 * The directory is read when a listener starts and at a reload; a request is a
 * look-up of its exact path in that table.  No part of a URL ever reaches the
 * file system, so there is no path to traverse.  Symbolic links, hidden files
 * and names that would need escapes in a URL are left out.
 *
 * NAME.br and NAME.gz are other encodings of NAME, for clients that take them.
 * What lies in a directory called "assets" has a hash in its name, and is good for
 * ever; everything else is asked for again, and mostly not sent again (ETag).
 *
 * Memory: contents are malloc'd and belong to responses of libmicrohttpd, which
 *		   counts who still sends one; a reload drops only our reference.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "http/internal.h"

#define PREFIX			"/ui"
#define MAX_FILES		4000
#define MAX_BYTES		(64 * 1024 * 1024)	/* of all together */
#define MAX_DEPTH		8
#define ENCODINGS		3

/* in the order of preference */
static const char *const suffixes[ENCODINGS] = {".br", ".gz", ""};
static const char *const encodings[ENCODINGS] = {"br", "gzip", "identity"};

typedef struct Variant
{
	struct MHD_Response *whole; /* NULL: there is none */
	struct MHD_Response *unchanged; /* 304 */
	char		etag[48];
	size_t		size;
} Variant;

typedef struct WebFile
{
	char	   *path;			/* of the URL */
	const char *type;
	Variant		variants[ENCODINGS];
} WebFile;

static MemoryContext table_context = NULL;
static WebFile *files = NULL;	/* in order of path */
static int	nfiles = 0;
static size_t nbytes = 0;

static const struct
{
	const char *suffix;
	const char *type;
}			types[] = {
	{".html", "text/html; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".json", "application/json"},
	{".map", "application/json"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".jpg", "image/jpeg"},
	{".jpeg", "image/jpeg"},
	{".gif", "image/gif"},
	{".webp", "image/webp"},
	{".ico", "image/x-icon"},
	{".woff2", "font/woff2"},
	{".woff", "font/woff"},
	{".wasm", "application/wasm"},
	{".webmanifest", "application/manifest+json"},
	{".txt", "text/plain; charset=utf-8"},
	{".md", "text/plain; charset=utf-8"},
	{".ts", "text/plain; charset=utf-8"},
	{".xml", "application/xml"},
};

static bool
ends_with(const char *text, const char *suffix)
{
	size_t		n = strlen(text);
	size_t		k = strlen(suffix);

	return n > k && strcmp(text + n - k, suffix) == 0;
}

static const char *
type_of(const char *path)
{
	for (int i = 0; i < lengthof(types); i++)
		if (ends_with(path, types[i].suffix))
			return types[i].type;
	return "application/octet-stream";
}

/* ---- reading ------------------------------------------------------------------ */

/* a plain file's content, malloc'd; NULL for what cannot be read, or is too much */
static char *
read_file(const char *name, size_t *size)
{
	int			fd = OpenTransientFile(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | PG_BINARY);
	struct stat st;
	char	   *data = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MAX_BYTES - nbytes)
		data = malloc(Max(st.st_size, 1));
	if (data)
	{
		*size = st.st_size;
		if (read(fd, data, st.st_size) != st.st_size)
		{
			free(data);
			data = NULL;
		}
	}
	CloseTransientFile(fd);
	return data;
}

static void
add(struct MHD_Response *response, const char *name, const char *value)
{
	(void) MHD_add_response_header(response, name, value);
}

static void
dress(struct MHD_Response *response, const WebFile *file, const Variant *variant)
{
	add(response, "ETag", variant->etag);
	add(response, "Cache-Control", strstr(file->path, "/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
	add(response, "Vary", "Accept-Encoding");
	add(response, "Access-Control-Allow-Origin", "*");
	add(response, "Server", "nuvopipe");
}

static void
dress_whole(struct MHD_Response *response, const WebFile *file, const char *encoding)
{
	add(response, "Content-Type", file->type);
	add(response, "X-Content-Type-Options", "nosniff");
	add(response, "Cross-Origin-Resource-Policy", "cross-origin");
	add(response, "Timing-Allow-Origin", "*");
	if (strcmp(encoding, "identity") != 0)
		add(response, "Content-Encoding", encoding);
	if (!ends_with(file->path, ".html"))
		return;
	add(response, "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
		"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types nuvopipe");
	add(response, "Referrer-Policy", "no-referrer");
	add(response, "Cross-Origin-Opener-Policy", "same-origin");
}

static void
load_variant(WebFile *file, int i, const char *name)
{
	Variant    *variant = &file->variants[i];
	unsigned char hash[16];
	char		hex[33];
	char	   *data = read_file(name, &variant->size);

	if (data == NULL)
		return;
	crypto_generichash(hash, sizeof(hash), (unsigned char *) data, variant->size, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	snprintf(variant->etag, sizeof(variant->etag), "\"%s%s\"", hex, i == ENCODINGS - 1 ? "" : suffixes[i]);
	variant->whole = MHD_create_response_from_buffer(variant->size, data, MHD_RESPMEM_MUST_FREE);
	variant->unchanged = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (variant->whole == NULL)
		free(data);
	else
	{
		dress(variant->whole, file, variant);
		dress_whole(variant->whole, file, encodings[i]);
		nbytes += variant->size;
	}
	if (variant->unchanged)
		dress(variant->unchanged, file, variant);
}

static void
load_web_file(const char *name, const char *path)
{
	WebFile    *file = &files[nfiles];

	memset(file, 0, sizeof(*file));
	file->path = pstrdup(path);
	file->type = type_of(path);
	for (int i = 0; i < ENCODINGS; i++)
		load_variant(file, i, psprintf("%s%s", name, suffixes[i]));
	if (file->variants[ENCODINGS - 1].whole)
		nfiles++;
	else
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("nuvopipe: \"%s\" is not served: it cannot be read, or the files of nuvopipe.static_dir have more than %d MB",
						name, MAX_BYTES / 1024 / 1024)));
}

static bool
is_plain_name(const char *name)
{
	return name[0] != '.' &&
		name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@~+")] == '\0';
}

static void
load_directory(const char *name, const char *path, int depth)
{
	DIR		   *dir = AllocateDir(name);
	struct dirent *entry;

	while (dir && (entry = ReadDirExtended(dir, name, LOG)) != NULL)
	{
		struct stat st;
		char	   *file = psprintf("%s/%s", name, entry->d_name);
		char	   *url = psprintf("%s/%s", path, entry->d_name);

		if (!is_plain_name(entry->d_name) || lstat(file, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH)
			load_directory(file, url, depth + 1);
		else if (S_ISREG(st.st_mode) && nfiles < MAX_FILES && !ends_with(url, ".br") && !ends_with(url, ".gz"))
			load_web_file(file, url);
	}
	if (dir)
		FreeDir(dir);
	else
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("nuvopipe: could not read directory \"%s\": %m", name),
				 errhint("Check nuvopipe.static_dir.")));
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const WebFile *) a)->path, ((const WebFile *) b)->path);
}

static void
drop_all(void)
{
	for (int i = 0; i < nfiles; i++)
		for (int k = 0; k < ENCODINGS; k++)
		{
			if (files[i].variants[k].whole)
				MHD_destroy_response(files[i].variants[k].whole);
			if (files[i].variants[k].unchanged)
				MHD_destroy_response(files[i].variants[k].unchanged);
		}
	nfiles = 0;
	nbytes = 0;
	files = NULL;
	if (table_context)
		MemoryContextDelete(table_context);
	table_context = NULL;
}

/* nvp_http_files_load reads the files of nuvopipe.static_dir. */
void
nvp_http_files_load(void)
{
	MemoryContext old;
	char		share[MAXPGPATH];

	drop_all();
	if (*nvp_guc_static_dir == '\0')
		return;
	table_context = AllocSetContextCreate(nvp_listener.context, "nuvopipe web files", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(table_context);
	files = palloc(sizeof(WebFile) * MAX_FILES);
	get_share_path(my_exec_path, share);
	load_directory(is_absolute_path(nvp_guc_static_dir) ? nvp_guc_static_dir : psprintf("%s/%s", share, nvp_guc_static_dir),
				   PREFIX, 0);
	qsort(files, nfiles, sizeof(WebFile), compare);
	MemoryContextSwitchTo(old);
}

/* ---- serving ------------------------------------------------------------------ */

/* nvp_http_is_file: is the request below our prefix, where the API has nothing? */
bool
nvp_http_is_file(const NvpApiRequest *request)
{
	return *nvp_guc_static_dir && strncmp(request->path, PREFIX, sizeof(PREFIX) - 1) == 0 &&
		(request->path[sizeof(PREFIX) - 1] == '/' || request->path[sizeof(PREFIX) - 1] == '\0');
}

static const WebFile *
find(const char *path)
{
	char		whole[MAXPGPATH];
	size_t		n = strlen(path);
	WebFile		wanted = {.path = whole};

	if (n + sizeof("index.html") > sizeof(whole))
		return NULL;
	snprintf(whole, sizeof(whole), "%s%s", path, path[n - 1] == '/' ? "index.html" : "");
	return nfiles == 0 ? NULL : bsearch(&wanted, files, nfiles, sizeof(WebFile), compare);
}

/* does a list such as "gzip, br;q=0.5" take an encoding? */
static bool
takes(const char *list, const char *encoding)
{
	static const char separators[] = ", \t";
	size_t		len = strlen(encoding);

	while (list && *(list += strspn(list, separators)))
	{
		size_t		n = strcspn(list, ",");
		size_t		name = strcspn(list, ",; \t");
		const char *q = memchr(list, ';', n);

		if (name == len && pg_strncasecmp(list, encoding, len) == 0)
		{
			q = q ? strstr(q, "q=") : NULL;
			return q == NULL || q >= list + n || strtod(q + 2, NULL) > 0;
		}
		list += n;
	}
	return false;
}

static const Variant *
choose(const WebFile *file, const char *accepted)
{
	for (int i = 0; i < ENCODINGS - 1; i++)
		if (file->variants[i].whole && takes(accepted, encodings[i]))
			return &file->variants[i];
	return &file->variants[ENCODINGS - 1];
}

static void
refuse(NvpConnection *connection)
{
	bool		is_method = strcmp(connection->request.method, "GET") == 0 || strcmp(connection->request.method, "HEAD") == 0;

	if (is_method)
		nvp_api_refuse(&connection->answer, 404, "not_found", "there is no such file");
	else
	{
		nvp_api_refuse(&connection->answer, 405, "method_not_allowed", "a file can only be read");
		nvp_api_add_header(&connection->answer, "Allow", "GET, HEAD");
	}
}

/* nvp_http_send_file answers a request for a file. */
enum MHD_Result
nvp_http_send_file(NvpConnection *connection)
{
	const NvpApiRequest *request = &connection->request;
	const char *known = nvp_api_header(request, "if-none-match");
	bool		is_head = strcmp(request->method, "HEAD") == 0;
	const WebFile *file = is_head || strcmp(request->method, "GET") == 0 ? find(request->path) : NULL;
	const Variant *variant = file ? choose(file, nvp_api_header(request, "accept-encoding")) : NULL;
	bool		is_same = variant && known && (strcmp(known, "*") == 0 || strstr(known, variant->etag));

	if (variant == NULL || (is_same ? variant->unchanged : variant->whole) == NULL)
		return nvp_http_guard(connection, refuse) ? nvp_http_send(connection) : MHD_NO;
	connection->status = is_same ? 304 : 200;
	connection->sent = is_same || is_head ? 0 : variant->size;
	nvp_http_stage(connection, NVP_STAGE_ANSWER);
	return MHD_queue_response(connection->mhd, connection->status, is_same ? variant->unchanged : variant->whole);
}
