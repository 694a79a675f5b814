/*-------------------------------------------------------------------------
 *
 * probe.h
 *		Queries that start a pipeline when they return rows.
 *
 * Calls:  a keeper counts what is due; runners, and sessions that work, call
 *		   nvp_probe_run between executions.
 * Errors: those of a query are written down with its trigger; nothing is thrown
 *		   but a shutdown and, in a session, its cancellation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_PROBE_H
#define NVP_PROBE_H

#include "utils/timestamp.h"

#include "exec/session.h"

/* queries that one process takes at a time */
#define NVP_PROBE_BATCH		16

extern int64 nvp_probe_due(TimestampTz *next);
extern int	nvp_probe_run(NvpSession *session);

#endif							/* NVP_PROBE_H */
