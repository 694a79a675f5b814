/*-------------------------------------------------------------------------
 *
 * guc.h
 *		Every setting of nuvopipe.  Units are those of the comments.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_GUC_H
#define NVP_GUC_H

extern char *nvp_guc_allowed_networks;	/* CIDR list, checked */
extern int	nvp_guc_compact_after;	/* min, 0 = never */
extern int	nvp_guc_connect_timeout;	/* ms */
extern char *nvp_guc_cors_origins;	/* list, "*" = any */
extern int	nvp_guc_idle_timeout;	/* s */
extern int	nvp_guc_keep_digest_time;	/* min, 0 = for ever; likewise: */
extern int	nvp_guc_keep_event_time;
extern int	nvp_guc_keep_failed_time;
extern int	nvp_guc_keep_history_time;
extern int	nvp_guc_keep_input_time;
extern int	nvp_guc_keep_issues_time;
extern int	nvp_guc_keep_output_size;	/* kB, 0 = keep none */
extern int	nvp_guc_keep_output_time;	/* min */
extern int	nvp_guc_lease_timeout;	/* ms */
extern char *nvp_guc_listen;	/* list of endpoints, checked */
extern char *nvp_guc_listen_database;
extern int	nvp_guc_listen_max_connections; /* of one listener */
extern int	nvp_guc_listen_max_per_address; /* connections from one address to one listener, 0 = unlimited */
extern int	nvp_guc_listen_workers;
extern int	nvp_guc_listing_timeout;	/* ms */
extern bool nvp_guc_log_requests;
extern int	nvp_guc_maintenance_interval;	/* ms, 0 = never by itself */
extern int	nvp_guc_max_errands;	/* of one listener */
extern int	nvp_guc_max_expansion;	/* times, 0 = unlimited */
extern int	nvp_guc_max_object_size;	/* kB, 0 = unlimited */
extern int	nvp_guc_max_retries;
extern int	nvp_guc_max_run_time;	/* s, 0 = unlimited */
extern int	nvp_guc_max_runs_per_host;
extern int	nvp_guc_max_runs_per_tenant;
extern int	nvp_guc_max_senders;
extern int	nvp_guc_max_workers;
extern int	nvp_guc_probe_timeout;
extern int	nvp_guc_rate_limit_auth;	/* failures a minute, 0 = unlimited */
extern int	nvp_guc_rate_limit_read;	/* a minute, 0 = unlimited */
extern int	nvp_guc_rate_limit_write;	/* a minute, 0 = unlimited */
extern int	nvp_guc_request_statement_timeout;	/* ms, 0 = unlimited */
extern int	nvp_guc_request_timeout;	/* s */
extern int	nvp_guc_run_memory; /* kB */
extern bool nvp_guc_schedules;
extern char *nvp_guc_secret_key_file;	/* relative to the data directory */
extern char *nvp_guc_static_dir;	/* relative to the server's share directory; empty = none */
extern char *nvp_guc_tls_cert_file; /* relative to the data directory; empty = no TLS */
extern char *nvp_guc_tls_key_file;
extern char *nvp_guc_trusted_proxies;	/* CIDR list, checked */
extern int	nvp_guc_webhook_timeout;	/* ms */
extern int	nvp_guc_worker_idle_timeout;	/* ms */

extern void nvp_guc_init(void);

#endif							/* NVP_GUC_H */
