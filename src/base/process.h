/*-------------------------------------------------------------------------
 *
 * process.h
 *		What processes of every room have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_PROCESS_H
#define NVP_PROCESS_H

/*
 * nvp_process_connect connects a background worker to a database.  Settings of
 * the database that are meant for its users, and would keep us from working, do
 * not count.
 *
 * exits: FATAL, where there is no such database.
 */
extern void nvp_process_connect(Oid database);

/* nvp_process_settings obeys a reload; true if there was one. */
extern bool nvp_process_settings(void);

/*
 * nvp_refuse_on_standby throws 25006 while the server is in recovery: in front
 * of what writes, for the server's own words are about a statement of ours.
 */
extern void nvp_refuse_on_standby(void);

#endif							/* NVP_PROCESS_H */
