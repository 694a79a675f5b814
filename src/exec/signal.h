/*-------------------------------------------------------------------------
 *
 * signal.h
 *		What starts pipelines: signals of triggers, written and taken.
 *
 *		something happens --> signal, in its transaction --> commit wakes the
 *		keeper --> nvp_signal_start: signals out, one execution in
 *
 * What a signal is, and why none is lost, is told in schema/058-trigger.sql and
 * routine/trigger.sql.
 *
 * Errors: nvp_signal_change throws none but cancellation: the transaction is
 *		   somebody's who has never heard of us.
 * Xact:   every function needs one; all but nvp_signal_change with a snapshot.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SIGNAL_H
#define NVP_SIGNAL_H

#include "utils/rel.h"

extern void nvp_signal_change(Relation relation, const char *trigger);
extern int	nvp_signal_start(int64 *waiting);
extern void nvp_signal_doubts(void);
extern void nvp_signal_settled(void);

#endif							/* NVP_SIGNAL_H */
