/*-------------------------------------------------------------------------
 *
 * watch.h
 *		What monitoring wants to know of our processes beyond their slots: do
 *		they get on, how much memory do they take, could one be started?
 *
 * Calls:  nvp_watch_progress at each tick of a keeper, and before somebody reads
 *		   the slots; nvp_watch_start after each attempt to start a process; the
 *		   rest by who asks.
 * Errors: none.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_WATCH_H
#define NVP_WATCH_H

#include "utils/timestamp.h"

extern void nvp_watch_progress(Oid database);
extern void nvp_watch_start(bool started);
extern void nvp_watch_refusals(TimestampTz *since, TimestampTz *last);
extern int64 nvp_watch_memory(int pid);

#endif							/* NVP_WATCH_H */
