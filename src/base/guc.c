/*-------------------------------------------------------------------------
 *
 * guc.c
 *		Every setting of nuvopipe, in alphabetical order.
 *
 * Contexts: what names a file or a host is for whoever runs the server
 * (PGC_SIGHUP: a superuser's ALTER SYSTEM or the configuration file); what
 * workers obey is read from the configuration file and followed at reload
 * (PGC_SIGHUP); limits that protect the server from its users, but that a
 * superuser may want to lift for one session, are PGC_SUSET; what only costs
 * the caller's own session is PGC_USERSET.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "base/endpoint.h"
#include "base/guc.h"
#include "base/network.h"

#define DAY			(24 * 60)	/* in minutes */
#define LONGEST		(100 * 366 * DAY)

char	   *nvp_guc_allowed_networks = NULL;
int			nvp_guc_compact_after = 30 * DAY;
int			nvp_guc_connect_timeout = 10000;
char	   *nvp_guc_cors_origins = NULL;
int			nvp_guc_idle_timeout = 60;
int			nvp_guc_keep_digest_time = 1095 * DAY;
int			nvp_guc_keep_event_time = 90 * DAY;
int			nvp_guc_keep_failed_time = 90 * DAY;
int			nvp_guc_keep_history_time = 90 * DAY;
int			nvp_guc_keep_input_time = 90 * DAY;
int			nvp_guc_keep_issues_time = 90 * DAY;
int			nvp_guc_keep_output_size = 64 * 1024;
int			nvp_guc_keep_output_time = 30 * DAY;
int			nvp_guc_lease_timeout = 30000;
char	   *nvp_guc_listen = NULL;
char	   *nvp_guc_listen_database = NULL;
int			nvp_guc_listen_max_connections = 256;
int			nvp_guc_listen_max_per_address = 64;
int			nvp_guc_listen_workers = 2;
int			nvp_guc_listing_timeout = 15000;
bool		nvp_guc_log_requests = false;
int			nvp_guc_maintenance_interval = 60000;
int			nvp_guc_max_errands = 4;
int			nvp_guc_max_expansion = 1000;
int			nvp_guc_max_object_size = 0;
int			nvp_guc_max_retries = 3;
int			nvp_guc_max_run_time = 0;
int			nvp_guc_max_runs_per_host = 0;
int			nvp_guc_max_runs_per_tenant = 0;
int			nvp_guc_max_senders = 2;
int			nvp_guc_max_workers = 4;
int			nvp_guc_probe_timeout = 10000;
int			nvp_guc_rate_limit_auth = 10;
int			nvp_guc_rate_limit_read = 6000;
int			nvp_guc_rate_limit_write = 600;
int			nvp_guc_request_statement_timeout = 30000;
int			nvp_guc_request_timeout = 60;
int			nvp_guc_run_memory = 64 * 1024;
bool		nvp_guc_schedules = true;
char	   *nvp_guc_secret_key_file = NULL;
char	   *nvp_guc_static_dir = NULL;
char	   *nvp_guc_tls_cert_file = NULL;
char	   *nvp_guc_tls_key_file = NULL;
char	   *nvp_guc_trusted_proxies = NULL;
int			nvp_guc_webhook_timeout = 10000;
int			nvp_guc_worker_idle_timeout = 30000;

static bool
check_networks(char **newval, void **extra, GucSource source)
{
	NvpNetwork	networks[NVP_NETWORK_MAX];
	char		bad[64];

	if (nvp_network_parse_list(*newval, networks, bad, sizeof(bad)) >= 0)
		return true;
	GUC_check_errdetail("\"%s\" is not an address or a CIDR range without host bits, or the list has more than %d entries.",
						bad, NVP_NETWORK_MAX);
	return false;
}

static bool
check_listen(char **newval, void **extra, GucSource source)
{
	NvpEndpoint endpoints[NVP_ENDPOINT_MAX];
	char		bad[80];

	if (nvp_endpoint_parse_list(*newval, endpoints, bad, sizeof(bad)) >= 0)
		return true;
	GUC_check_errdetail("\"%s\" is no address with a port, or is named twice, or the list has more than %d addresses.",
						bad, NVP_ENDPOINT_MAX);
	GUC_check_errhint("Write 127.0.0.1:8080, [::1]:8080, localhost:8080 or *:8080; https:// in front insists on TLS.");
	return false;
}

static bool
check_secret_key_file(char **newval, void **extra, GucSource source)
{
	if (**newval != '\0')
		return true;
	GUC_check_errdetail("A file name is needed.");
	return false;
}

/* What connectors may reach, and how long they may take. */
static void
define_reach(void)
{
	/* SIGHUP: it opens inner networks to whoever may define a connector */
	DefineCustomStringVariable("nuvopipe.allowed_networks",
							   "Private, loopback or link-local networks that connectors may reach.",
							   "A list of addresses and CIDR ranges; empty allows public addresses only.",
							   &nvp_guc_allowed_networks, "", PGC_SIGHUP, GUC_LIST_INPUT,
							   check_networks, NULL, NULL);
	/* SIGHUP: obeyed by keepers, who remove what is past its time */
	DefineCustomIntVariable("nuvopipe.compact_after",
							"How long successful executions stay one by one, before they are numbers of a day.",
							"Zero: as long as others, by nuvopipe.keep_history_time.",
							&nvp_guc_compact_after, 30 * DAY, 0, LONGEST,
							PGC_SIGHUP, GUC_UNIT_MIN, NULL, NULL, NULL);
	/* SUSET: a user must not keep server sockets waiting for longer */
	DefineCustomIntVariable("nuvopipe.connect_timeout",
							"Longest time to connect to a remote server, TLS and greeting included.",
							NULL, &nvp_guc_connect_timeout, 10000, 100, 600 * 1000,
							PGC_SUSET, GUC_UNIT_MS, NULL, NULL, NULL);
	/* SIGHUP: obeyed by listeners */
	DefineCustomStringVariable("nuvopipe.cors_origins",
							   "Origins whose pages may read answers of the API, as scheme://host[:port].",
							   "A list; * allows any, empty none.",
							   &nvp_guc_cors_origins, "*", PGC_SIGHUP, GUC_LIST_INPUT, NULL, NULL, NULL);
	/* SUSET: as connect_timeout */
	DefineCustomIntVariable("nuvopipe.idle_timeout",
							"Longest time a transfer may stand still before it is given up.",
							NULL, &nvp_guc_idle_timeout, 60, 1, 24 * 3600,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
}

/* How long what is stored stays. */
static void
define_keep(void)
{
	/* SIGHUP: as compact_after */
	DefineCustomIntVariable("nuvopipe.keep_digest_time",
							"How long the numbers of days stay.",
							"Zero keeps them for ever.",
							&nvp_guc_keep_digest_time, 1095 * DAY, 0, LONGEST,
							PGC_SIGHUP, GUC_UNIT_MIN, NULL, NULL, NULL);
	/* SIGHUP: as compact_after */
	DefineCustomIntVariable("nuvopipe.keep_event_time",
							"How long events stay, and deliveries to webhooks that were made or given up.",
							"Zero keeps them for ever.",
							&nvp_guc_keep_event_time, 90 * DAY, 0, LONGEST,
							PGC_SIGHUP, GUC_UNIT_MIN, NULL, NULL, NULL);
	/* SIGHUP: as compact_after */
	DefineCustomIntVariable("nuvopipe.keep_failed_time",
							"How long an execution that failed keeps its input, issues and rejected rows, so that it can be fixed.",
							"Zero keeps them for ever.",
							&nvp_guc_keep_failed_time, 90 * DAY, 0, LONGEST,
							PGC_SIGHUP, GUC_UNIT_MIN, NULL, NULL, NULL);
	/* SIGHUP: as compact_after */
	DefineCustomIntVariable("nuvopipe.keep_history_time",
							"How long executions stay that have nothing else left.",
							"Zero keeps them for ever.",
							&nvp_guc_keep_history_time, 90 * DAY, 0, LONGEST,
							PGC_SIGHUP, GUC_UNIT_MIN, NULL, NULL, NULL);
	/* SIGHUP: as compact_after */
	DefineCustomIntVariable("nuvopipe.keep_input_time",
							"How long the stored input of executions stays that did not fail.",
							"Zero keeps them for ever.",
							&nvp_guc_keep_input_time, 90 * DAY, 0, LONGEST,
							PGC_SIGHUP, GUC_UNIT_MIN, NULL, NULL, NULL);
	/* SIGHUP: as compact_after */
	DefineCustomIntVariable("nuvopipe.keep_issues_time",
							"How long issues and rejected rows stay of executions that did not fail.",
							"Zero keeps them for ever.",
							&nvp_guc_keep_issues_time, 90 * DAY, 0, LONGEST,
							PGC_SIGHUP, GUC_UNIT_MIN, NULL, NULL, NULL);
	/* SIGHUP: obeyed by workers; it protects the database's disk */
	DefineCustomIntVariable("nuvopipe.keep_output_size",
							"Largest output of a run that is kept to be downloaded.",
							"Zero keeps none.",
							&nvp_guc_keep_output_size, 64 * 1024, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_KB, NULL, NULL, NULL);
	/* SIGHUP: as keep_output_size */
	DefineCustomIntVariable("nuvopipe.keep_output_time",
							"How long the output of a run is kept to be downloaded.",
							NULL, &nvp_guc_keep_output_time, 30 * DAY, 1, 10 * 366 * DAY,
							PGC_SIGHUP, GUC_UNIT_MIN, NULL, NULL, NULL);
	/* SIGHUP: all workers must agree on when a lease is dead */
	DefineCustomIntVariable("nuvopipe.lease_timeout",
							"Time after which a run whose worker gave no sign of life is taken over.",
							NULL, &nvp_guc_lease_timeout, 30000, 2000, 3600 * 1000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
}

/* Where listeners listen, and how much they take. */
static void
define_listen(void)
{
	/* SIGHUP: it opens ports of the server; followed by launcher and listeners */
	DefineCustomStringVariable("nuvopipe.listen",
							   "Addresses where the API is served over HTTP, as host:port.",
							   "A list; empty serves none.  With a certificate all but those with http:// in front have TLS.",
							   &nvp_guc_listen, "", PGC_SIGHUP, GUC_LIST_INPUT,
							   check_listen, NULL, NULL);
	/* SIGHUP: as listen */
	DefineCustomStringVariable("nuvopipe.listen_database",
							   "Database that listeners serve.",
							   NULL, &nvp_guc_listen_database, "postgres", PGC_SIGHUP, 0,
							   NULL, NULL, NULL);
	/* SIGHUP: obeyed by listeners */
	DefineCustomIntVariable("nuvopipe.listen_max_connections",
							"How many connections one listener has open; more are answered 503.",
							NULL, &nvp_guc_listen_max_connections, 256, 1, 65535,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	/* SIGHUP: obeyed by listeners */
	DefineCustomIntVariable("nuvopipe.listen_max_per_address",
							"How many connections one client address has open to one listener.",
							"Zero means no limit.  Trusted proxies are not limited.",
							&nvp_guc_listen_max_per_address, 64, 0, 65535,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	/* SIGHUP: as listen */
	DefineCustomIntVariable("nuvopipe.listen_workers",
							"How many listeners serve the API.",
							NULL, &nvp_guc_listen_workers, 2, 1, 64,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	/* SUSET: as connect_timeout; a listing runs in the user's own session */
	DefineCustomIntVariable("nuvopipe.listing_timeout",
							"Longest time for a listing or a test of a connector.",
							NULL, &nvp_guc_listing_timeout, 15000, 100, 3600 * 1000,
							PGC_SUSET, GUC_UNIT_MS, NULL, NULL, NULL);
	/* SIGHUP: obeyed by listeners */
	DefineCustomBoolVariable("nuvopipe.log_requests",
							 "Writes one line to the log for each request of the API.",
							 "Method, path, status, time and bytes; never parameters, tokens or bodies.",
							 &nvp_guc_log_requests, false, PGC_SIGHUP, 0, NULL, NULL, NULL);
}

/* How much is fetched, how many work, how often they try. */
static void
define_limits(void)
{
	/* SIGHUP: obeyed by keepers */
	DefineCustomIntVariable("nuvopipe.maintenance_interval",
							"How often keepers look for partitions to make and for what is past its time.",
							"Zero leaves that to nuvopipe.maintain.",
							&nvp_guc_maintenance_interval, 60000, 0, 24 * 3600 * 1000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	/* SIGHUP: obeyed by listeners */
	DefineCustomIntVariable("nuvopipe.max_errands",
							"How many requests that reach out over the network one listener has under way; more are answered 503.",
							"Each is a process of its own, and takes one of max_worker_processes.",
							&nvp_guc_max_errands, 4, 1, 64,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	/* SUSET: it protects the server from files made to harm it */
	DefineCustomIntVariable("nuvopipe.max_expansion",
							"How many times larger than it is stored an object may become when it is decompressed.",
							"Looked at beyond the first 10 MB.  Zero means no limit.",
							&nvp_guc_max_expansion, 1000, 0, INT_MAX,
							PGC_SUSET, 0, NULL, NULL, NULL);
	/* SUSET: it protects the server's disk from its users */
	DefineCustomIntVariable("nuvopipe.max_object_size",
							"Largest object that is fetched, counted as it is stored and as it is decompressed.",
							"Zero means no limit.",
							&nvp_guc_max_object_size, 0, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	/* SIGHUP: obeyed by workers */
	DefineCustomIntVariable("nuvopipe.max_retries",
							"How often a run is tried again after a failure that may pass.",
							NULL, &nvp_guc_max_retries, 3, 0, 100,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	/* SUSET: it protects the server from its users, also in their sessions */
	DefineCustomIntVariable("nuvopipe.max_run_time",
							"Longest time for one attempt of an execution; then it is ended.",
							"Zero means no limit.  Pipelines and schedules may ask for less.",
							&nvp_guc_max_run_time, 0, 0, 366 * 24 * 3600,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	/* SIGHUP: all workers must agree on what they may claim */
	DefineCustomIntVariable("nuvopipe.max_runs_per_host",
							"How many runs that reach the same host are worked on at a time.",
							"Counts the hosts of FTP and HTTP connectors, by name.  Zero means no limit.",
							&nvp_guc_max_runs_per_host, 0, 0, 1024,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	/* SIGHUP: as max_runs_per_host */
	DefineCustomIntVariable("nuvopipe.max_runs_per_tenant",
							"How many runs of one organization are worked on at a time.",
							"Zero means no limit.  An organization may have a limit of its own.",
							&nvp_guc_max_runs_per_tenant, 0, 0, 1024,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	/* SIGHUP: obeyed by keepers, which start senders */
	DefineCustomIntVariable("nuvopipe.max_senders",
							"How many processes at most tell webhooks of events, in each database.",
							NULL, &nvp_guc_max_senders, 2, 0, 16,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	/* SIGHUP: obeyed by the launcher, which starts and stops workers to match */
	DefineCustomIntVariable("nuvopipe.max_workers",
							"How many runs are worked on at a time in the whole cluster.",
							NULL, &nvp_guc_max_workers, 4, 0, 1024,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	/* SIGHUP: obeyed by workers; a query keeps a worker from its runs */
	DefineCustomIntVariable("nuvopipe.probe_timeout",
							"Longest time for the query of a trigger.",
							"Zero means no limit.",
							&nvp_guc_probe_timeout, 10000, 0, 3600 * 1000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
}

/* How often somebody may ask.  All are kept in shared memory, so all processes must agree. */
static void
define_rates(void)
{
	/* SIGHUP: it protects everybody's passwords */
	DefineCustomIntVariable("nuvopipe.rate_limit_auth",
							"Failed attempts to get a token, by address and identifier, that are answered a minute.",
							"Ten times as many by address alone.  Zero means no limit.",
							&nvp_guc_rate_limit_auth, 10, 0, 1000 * 1000,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	/* SIGHUP: it protects the server from its clients */
	DefineCustomIntVariable("nuvopipe.rate_limit_read",
							"Requests that read which are answered a minute, by token.",
							"Zero means no limit.",
							&nvp_guc_rate_limit_read, 6000, 0, 100 * 1000 * 1000,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	/* SIGHUP: as rate_limit_read */
	DefineCustomIntVariable("nuvopipe.rate_limit_write",
							"Requests that change something which are answered a minute, by token.",
							"Zero means no limit.",
							&nvp_guc_rate_limit_write, 600, 0, 100 * 1000 * 1000,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
}

/* What a request takes, and a run. */
static void
define_use(void)
{
	/* SIGHUP: obeyed by listeners; a request keeps its listener from serving others */
	DefineCustomIntVariable("nuvopipe.request_statement_timeout",
							"Longest time for one transaction of a request of the API.",
							"Zero means no limit.",
							&nvp_guc_request_statement_timeout, 30000, 0, 3600 * 1000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	/* SIGHUP: obeyed by listeners */
	DefineCustomIntVariable("nuvopipe.request_timeout",
							"Time after which a listener closes a connection on which nothing moves, or whose request does not come to its end.",
							NULL, &nvp_guc_request_timeout, 60, 1, 24 * 3600,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	/* USERSET: like work_mem, it costs the session that sets it */
	DefineCustomIntVariable("nuvopipe.run_memory",
							"Memory that one run uses before it spills to disk.",
							NULL, &nvp_guc_run_memory, 64 * 1024, 4 * 1024, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	/* SIGHUP: obeyed by keepers, and by whoever else fires */
	DefineCustomBoolVariable("nuvopipe.schedules",
							 "Whether schedules start runs.",
							 "Off, nobody looks at them: for a copy of a database that is not to do what the original does.",
							 &nvp_guc_schedules, true, PGC_SIGHUP, 0, NULL, NULL, NULL);
}

/* Files that the server reads, and what is left. */
static void
define_files(void)
{
	/* SIGHUP: names a file that the server reads, and creates */
	DefineCustomStringVariable("nuvopipe.secret_key_file",
							   "File that holds the key for stored secrets.",
							   "A relative name lies in the data directory.  The file is made with mode 0600 when the first secret is stored.",
							   &nvp_guc_secret_key_file, "nuvopipe.key", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY, check_secret_key_file, NULL, NULL);
	/* SIGHUP: names files that everybody can read then */
	DefineCustomStringVariable("nuvopipe.static_dir",
							   "Directory of web files that listeners serve under /ui/.",
							   "A relative name lies in the server's share directory; empty serves none.  Files are read at start and reload.",
							   &nvp_guc_static_dir, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	/* SIGHUP: names a file that the server reads */
	DefineCustomStringVariable("nuvopipe.tls_cert_file",
							   "File with the certificate of listeners and those of its issuers, in PEM.",
							   "A relative name lies in the data directory; empty means no TLS.",
							   &nvp_guc_tls_cert_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	/* SIGHUP: names a file that the server reads */
	DefineCustomStringVariable("nuvopipe.tls_key_file",
							   "File with the private key of the certificate, in PEM, without a passphrase.",
							   "A relative name lies in the data directory.",
							   &nvp_guc_tls_key_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	/* SIGHUP: whoever is trusted says who the client is */
	DefineCustomStringVariable("nuvopipe.trusted_proxies",
							   "Proxies in front of listeners whose X-Forwarded-For is believed.",
							   "A list of addresses and CIDR ranges.",
							   &nvp_guc_trusted_proxies, "", PGC_SIGHUP, GUC_LIST_INPUT,
							   check_networks, NULL, NULL);
	/* SIGHUP: all senders must agree on when a delivery's lease is dead */
	DefineCustomIntVariable("nuvopipe.webhook_timeout",
							"Longest time for one delivery to a webhook, connecting included.",
							NULL, &nvp_guc_webhook_timeout, 10000, 100, 600 * 1000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	/* SIGHUP: obeyed by workers */
	DefineCustomIntVariable("nuvopipe.worker_idle_timeout",
							"Time after which a worker without work ends.",
							NULL, &nvp_guc_worker_idle_timeout, 30000, 100, 24 * 3600 * 1000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
}

/* nvp_guc_init defines all settings; once per process, from _PG_init. */
void
nvp_guc_init(void)
{
	define_reach();
	define_keep();
	define_listen();
	define_limits();
	define_rates();
	define_use();
	define_files();
	MarkGUCPrefixReserved("nuvopipe");
}
