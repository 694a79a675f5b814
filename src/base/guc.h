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
extern int	nvp_guc_connect_timeout;	/* ms */
extern int	nvp_guc_idle_timeout;	/* s */
extern int	nvp_guc_keep_output_size;	/* kB, 0 = keep none */
extern int	nvp_guc_keep_output_time;	/* min */
extern int	nvp_guc_lease_timeout;	/* ms */
extern int	nvp_guc_listing_timeout;	/* ms */
extern int	nvp_guc_max_object_size;	/* kB, 0 = unlimited */
extern int	nvp_guc_max_retries;
extern int	nvp_guc_max_senders;
extern int	nvp_guc_max_workers;
extern int	nvp_guc_rate_limit_auth;	/* failures a minute, 0 = unlimited */
extern int	nvp_guc_rate_limit_read;	/* a minute, 0 = unlimited */
extern int	nvp_guc_rate_limit_write;	/* a minute, 0 = unlimited */
extern int	nvp_guc_run_memory; /* kB */
extern char *nvp_guc_secret_key_file;	/* relative to the data directory */
extern int	nvp_guc_webhook_timeout;	/* ms */
extern int	nvp_guc_worker_idle_timeout;	/* ms */

extern void nvp_guc_init(void);

#endif							/* NVP_GUC_H */
