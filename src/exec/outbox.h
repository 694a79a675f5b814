/*-------------------------------------------------------------------------
 *
 * outbox.h
 *		Deliveries to webhooks: claimed, sent, recorded.
 *
 *		PENDING --claim--> (leased) --send--> record: DELIVERED | DEAD
 *		   ^                                    |
 *		   +------- later, or lease ran out ----+
 *
 * What is to be sent was written by whoever changed the state of an execution,
 * in the same transaction (_nuvopipe.tell_state).  A delivery is sent at least
 * once: whoever dies between the answer and its record has it sent again, with
 * the same id.
 *
 * Xact:   claim and record are transactions of their own, brackets included;
 *		   none is open while the network is waited for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_OUTBOX_H
#define NVP_OUTBOX_H

#include "utils/timestamp.h"

#include "exec/session.h"
#include "net/transfer.h"

/*
 * nvp_outbox_deliver sends one delivery that is due.
 *
 * in: net: kept from call to call, for its connection; per_tenant: how many of
 *		an organization may be under way at a time.
 * out: false if there was nothing to send.
 * errors: what the receiver does is recorded, not thrown; thrown are a broken
 *		database, lack of memory, a cancel and a shutdown.  The lease runs out then.
 */
extern bool nvp_outbox_deliver(NvpSession *session, NvpNet *net, int per_tenant);

/*
 * nvp_outbox_due counts the webhooks that have something to be sent now; *next
 * is when the first of the others will have, 0 = none waits.  Needs a
 * transaction with a snapshot.
 */
extern int64 nvp_outbox_due(TimestampTz *next);

#endif							/* NVP_OUTBOX_H */
