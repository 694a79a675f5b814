/*-------------------------------------------------------------------------
 *
 * server.c
 *		The daemons of libmicrohttpd: made, run, and let go.
 *
 * A daemon polls through an epoll set that our loop waits on, and is given the
 * connections we accepted.  At a reload whose settings concern it a new one
 * takes its place; the old one closes connections without a request, finishes
 * the others, and is freed when the last has gone.  A certificate that cannot
 * be used leaves the old daemon in place.
 *
 * Errors: libmicrohttpd's own fatal errors end this process, not the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "base/secret.h"
#include "http/internal.h"

#define HEAD_MEMORY		(32 * 1024) /* request line and headers of one request, and of its answer */
#define READ_MEMORY		(8 * 1024)	/* a read buffer grows by that much */
#define PEM_MAX			(1024 * 1024)
/* TLS 1.2 and later (RFC 8996) */
#define PRIORITIES		"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* what the daemons in use were made from */
typedef struct Recipe
{
	char	   *cert;			/* PEM, or NULL */
	char	   *key;
	int			timeout_s;
	char	   *listen;
} Recipe;

static Recipe recipe;
static char last_words[256];	/* of libmicrohttpd: why a daemon did not start */

/* ---- callbacks ---------------------------------------------------------------- */

/* the default ends the whole server, by abort() */
static void
on_panic(void *cls, const char *file, unsigned int line, const char *reason)
{
	ereport(FATAL,
			errcode(ERRCODE_INTERNAL_ERROR),
			errmsg("nuvopipe: libmicrohttpd gave up: %s (%s:%u)", reason ? reason : "no reason", file, line));
}

/* mostly of clients that break off; not worth a line in the log */
static void pg_attribute_printf(2, 0)
on_message(void *cls, const char *fmt, va_list args)
{
	vsnprintf(last_words, sizeof(last_words), fmt, args);
	last_words[strcspn(last_words, "\r\n")] = '\0';
}

/* paths and parameters stay as they came */
static size_t
on_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
	return strlen(text);
}

static void
on_connection(void *cls, struct MHD_Connection *mhd, void **own, enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
	{
		NvpConnection *connection = nvp_listener.arriving;

		nvp_listener.arriving = NULL;
		connection->mhd = mhd;
		connection->server->nconnections++;
		*own = connection;
	}
	else if (*own)
	{
		NvpConnection *connection = *own;

		connection->server->nconnections--;
		nvp_http_connection_free(connection);
		*own = NULL;
	}
}

/* ---- making ------------------------------------------------------------------- */

/* a PEM file, or NULL and a line in the log; relative names lie in the data directory, where we are */
static char *
read_pem(const char *name)
{
	int			fd = OpenTransientFile(name, O_RDONLY | PG_BINARY);
	char	   *text;
	ssize_t		n;

	if (fd < 0)
	{
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("nuvopipe: could not open \"%s\": %m", name),
				 errhint("Check nuvopipe.tls_cert_file and nuvopipe.tls_key_file.")));
		return NULL;
	}
	text = MemoryContextAllocZero(nvp_listener.context, PEM_MAX);
	n = read(fd, text, PEM_MAX - 1);
	CloseTransientFile(fd);
	if (n <= 0 || n == PEM_MAX - 1)
	{
		ereport(LOG,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("nuvopipe: \"%s\" is no PEM file", name)));
		pfree(text);
		return NULL;
	}
	return repalloc(text, n + 1);
}

static void
forget_recipe(Recipe *old)
{
	if (old->key)
		nvp_secret_wipe(old->key, strlen(old->key));
	if (old->key)
		pfree(old->key);
	if (old->cert)
		pfree(old->cert);
	if (old->listen)
		pfree(old->listen);
	memset(old, 0, sizeof(*old));
}

static bool
is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* a long statement must not look like a client that does nothing */
static int
idle_seconds(void)
{
	return Max(nvp_guc_request_timeout, nvp_guc_request_statement_timeout / 1000 + 5);
}

static NvpServer *
start(const Recipe *wanted, bool is_tls)
{
	unsigned int flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
		(is_tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, wanted->cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, wanted->key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, PRIORITIES},
		{MHD_OPTION_END, 0, NULL}};
	struct MHD_Daemon *daemon;
	const union MHD_DaemonInfo *info;
	NvpServer  *server;

	last_words[0] = '\0';
	daemon = MHD_start_daemon(flags, 0, NULL, NULL, nvp_http_on_request, NULL,
							  MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
							  MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int) idle_seconds(),
							  MHD_OPTION_CONNECTION_LIMIT, 100000,	/* ours is counted where we accept */
							  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) HEAD_MEMORY,
							  MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t) READ_MEMORY,
							  MHD_OPTION_STRICT_FOR_CLIENT, 1,
							  MHD_OPTION_URI_LOG_CALLBACK, nvp_http_on_uri, NULL,
							  MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
							  MHD_OPTION_NOTIFY_COMPLETED, nvp_http_on_completed, NULL,
							  MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL,
							  MHD_OPTION_ARRAY, is_tls ? tls : &tls[3],
							  MHD_OPTION_END);
	info = daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (info == NULL)
	{
		ereport(LOG,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("nuvopipe: could not start an %s server: %s", is_tls ? "HTTPS" : "HTTP", last_words[0] ? last_words : "no reason was given"),
				 is_tls ? errhint("nuvopipe.tls_cert_file must hold the certificate, nuvopipe.tls_key_file its key without a passphrase, both in PEM.") : 0));
		if (daemon)
			MHD_stop_daemon(daemon);
		return NULL;
	}
	server = MemoryContextAllocZero(nvp_listener.context, sizeof(NvpServer));
	server->daemon = daemon;
	server->fd = info->epoll_fd;
	server->is_tls = is_tls;
	dlist_push_tail(&nvp_listener.servers, &server->node);
	nvp_listener.has_changed = true;
	return server;
}

static void
retire(NvpServer *server)
{
	if (server == NULL)
		return;
	server->is_retired = true;
	nvp_http_connections_hang_up(server);
}

/* a new daemon in the place of an old one, if it can be made */
static bool
replace(NvpServer **place, const Recipe *wanted, bool is_tls)
{
	NvpServer  *server = start(wanted, is_tls);

	if (server == NULL)
		return false;
	retire(*place);
	*place = server;
	return true;
}

/*
 * nvp_http_servers_follow makes the daemons those of the settings as they are
 * now; the certificate is read again.
 */
void
nvp_http_servers_follow(void)
{
	Recipe		wanted = {0};
	bool		is_changed;

	if (*nvp_guc_tls_cert_file)
	{
		wanted.cert = read_pem(nvp_guc_tls_cert_file);
		wanted.key = wanted.cert ? read_pem(nvp_guc_tls_key_file) : NULL;
	}
	wanted.timeout_s = idle_seconds();
	wanted.listen = MemoryContextStrdup(nvp_listener.context, nvp_guc_listen);
	is_changed = wanted.timeout_s != recipe.timeout_s || !is_same(wanted.listen, recipe.listen);
	if (is_changed || nvp_listener.plain == NULL)
		(void) replace(&nvp_listener.plain, &wanted, false);
	if (!*nvp_guc_tls_cert_file)
	{
		retire(nvp_listener.tls);
		nvp_listener.tls = NULL;
	}
	else if (wanted.key &&
			 (is_changed || nvp_listener.tls == NULL || !is_same(wanted.cert, recipe.cert) || !is_same(wanted.key, recipe.key)))
		(void) replace(&nvp_listener.tls, &wanted, true);
	forget_recipe(&recipe);
	recipe = wanted;
}

/* nvp_http_servers_init: libmicrohttpd's fatal errors are ours to handle. */
void
nvp_http_servers_init(void)
{
	MHD_set_panic_func(on_panic, NULL);
}

/* nvp_http_servers_retire lets all finish what they have begun. */
void
nvp_http_servers_retire(void)
{
	retire(nvp_listener.plain);
	retire(nvp_listener.tls);
}

static void
stop(NvpServer *server)
{
	dlist_delete(&server->node);
	if (nvp_listener.plain == server)
		nvp_listener.plain = NULL;
	if (nvp_listener.tls == server)
		nvp_listener.tls = NULL;
	MHD_stop_daemon(server->daemon);
	pfree(server);
	nvp_listener.has_changed = true;
}

/* nvp_http_servers_sweep frees retired daemons without connections. */
void
nvp_http_servers_sweep(void)
{
	dlist_mutable_iter it;

	dlist_foreach_modify(it, &nvp_listener.servers)
	{
		NvpServer  *server = dlist_container(NvpServer, node, it.cur);

		if (server->is_retired && server->nconnections == 0 && server != nvp_listener.plain && server != nvp_listener.tls)
			stop(server);
	}
}

/* nvp_http_servers_stop closes everything at once; nothing may be parked. */
void
nvp_http_servers_stop(void)
{
	dlist_mutable_iter it;

	dlist_foreach_modify(it, &nvp_listener.servers)
		stop(dlist_container(NvpServer, node, it.cur));
}

/* ---- running ------------------------------------------------------------------ */

/* nvp_http_servers_timeout: how many ms until a daemon wants to run by itself; -1 = never. */
long
nvp_http_servers_timeout(void)
{
	long		ms = -1;
	dlist_iter	it;

	dlist_foreach(it, &nvp_listener.servers)
	{
		NvpServer  *server = dlist_container(NvpServer, node, it.cur);
		MHD_UNSIGNED_LONG_LONG wanted;

		if (server->is_due)
			return 0;
		if (server->nconnections > 0 && MHD_get_timeout(server->daemon, &wanted) == MHD_YES)
			ms = ms < 0 ? (long) Min(wanted, 60000) : Min(ms, (long) Min(wanted, 60000));
	}
	return ms;
}

/* nvp_http_servers_run runs the daemons that have something to do. */
void
nvp_http_servers_run(void)
{
	dlist_iter	it;

	dlist_foreach(it, &nvp_listener.servers)
	{
		NvpServer  *server = dlist_container(NvpServer, node, it.cur);
		MHD_UNSIGNED_LONG_LONG wanted;

		if (!server->is_due && (server->nconnections == 0 || MHD_get_timeout(server->daemon, &wanted) != MHD_YES || wanted > 0))
			continue;
		server->is_due = false;
		(void) MHD_run(server->daemon);
	}
}
