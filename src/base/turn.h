/*-------------------------------------------------------------------------
 *
 * turn.h
 *		Locks by which our processes take turns.
 *
 * A turn is an exclusive lock on something that has a name and no row: the
 * claims of a pipeline, of an organization, of a host; one version of one input
 * object.  It is held until the end of the transaction, unless it is left
 * earlier.  Unlike advisory locks it cannot be taken with SQL, so nobody can
 * keep us waiting.
 *
 * Calls:  { nvp_turn_take }*, [nvp_turns_leave], in a transaction.
 * Errors: those of waiting for a lock: 40P01, 57014, 55P03.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TURN_H
#define NVP_TURN_H

#include "storage/lock.h"

typedef enum NvpTurnKind
{
	NVP_TURN_PIPELINE = 1,		/* whoever takes several takes them in this order */
	NVP_TURN_TENANT,
	NVP_TURN_HOST,
	NVP_TURN_OBJECT
} NvpTurnKind;

#define NVP_TURNS_MAX	8

/* what was taken together; starts as zeroes */
typedef struct NvpTurns
{
	int			n;
	LOCKTAG		tags[NVP_TURNS_MAX];
} NvpTurns;

extern bool nvp_turn_take(NvpTurns *turns, NvpTurnKind kind, const void *name, size_t len, bool wait);
extern void nvp_turns_leave(NvpTurns *turns);

#endif							/* NVP_TURN_H */
