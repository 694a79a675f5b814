/*-------------------------------------------------------------------------
 *
 * queue.h
 *		Whose turn it is.
 *
 * A process that runs executions keeps a list of some that may begin now, in
 * their order (_nuvopipe.queue_list says which), and claims one after the other.
 * The list is a hint: each claim looks again.  So what waits is looked through
 * once for many claims, and never as a whole.
 *
 * A new list is made when the old one is used up, is a second old, or does not
 * know of something that was queued since; the last not so often that making
 * lists would take more than a twentieth of the time.  Who makes one and sees
 * that several could begin at once calls others.
 *
 * A pipeline's turn lasts for some milliseconds: until then its next execution
 * comes first.  Where each claim went to another pipeline, processes would be in
 * each other's way, as most pipelines have one slot.
 *
 * The last transaction of a run may claim the next execution as well: one commit
 * where there were two.  It is a subtransaction, so that nothing can harm what
 * has ended.  Several may be claimed that go together (company.h).
 *
 * Xact:   nvp_queue_claim, nvp_queue_claim_next and nvp_queue_due need one, with a snapshot, and
 *		   leave it open.
 * Memory: a list of at most a thousand, as long as the session.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_QUEUE_H
#define NVP_QUEUE_H

#include "exec/execution.h"
#include "exec/session.h"

extern bool nvp_queue_claim(NvpSession *session, bool wait, NvpExecution *out);
extern void nvp_queue_forget(NvpSession *session);
extern void nvp_queue_claim_next(NvpSession *session);
extern int	nvp_queue_take_next(NvpSession *session, NvpExecution **out);
extern int	nvp_queue_due(int most, TimestampTz *next, bool *has_orphans);

#endif							/* NVP_QUEUE_H */
