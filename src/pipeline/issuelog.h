/*-------------------------------------------------------------------------
 *
 * issuelog.h
 *		Issues and rejected rows of a run, kept on disk until it is decided.
 *
 * The rows of a failed run are rolled back, its issues must not be; so both
 * are spooled while the run goes on and written in the closing transaction,
 * whatever the outcome.  Nothing is capped.
 *
 * A rejected row is kept with the first of its issues: there always is one.
 * Which rows are rejected is known when a batch is through; until then its
 * issues wait.  They are stored packed (issuepack.h).
 *
 * Calls:  create, { issue*, batch }*, { store }, reset or free.
 * Memory: one spool (256 kB buffer), the issues of one batch, one pack, and one
 *		   message for each column and code that had an issue.
 * Errors: a full disk is noted and thrown at the next nvp_issuelog_check (the
 *		   sinks are called from rules, which do not throw).
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ISSUELOG_H
#define NVP_ISSUELOG_H

#include "lib/stringinfo.h"
#include "utils/uuid.h"

#include "base/spool.h"
#include "format/reader.h"
#include "map/map.h"
#include "validate/validate.h"

typedef struct NvpIssueLog
{
	NvpSpool   *spool;
	StringInfoData waiting;		/* issues of the batch in hand */
	StringInfoData pack;		/* being filled */
	uint32		packed;			/* issues in it */
	uint64		issues;			/* packed so far, all in all */
	bool		has_doubts;		/* those of the whole input are in it (doubt.c) */
	MemoryContext messages_context;
	int			nmessages;
	int			maxmessages;
	char	  **messages;		/* the usual ones */
	int			nslots;
	int		   *slots;			/* by column and code: its message + 1, or 0 */
} NvpIssueLog;

extern NvpIssueLog *nvp_issuelog_create(void);
extern void nvp_issuelog_issue(NvpIssueLog *log, const NvpIssue *issue);
extern void nvp_issuelog_batch(NvpIssueLog *log, const NvpBatch *batch, const uint8 *skip);
extern void nvp_issuelog_check(NvpIssueLog *log);
extern bool nvp_issuelog_store(NvpIssueLog *log, const NvpModel *model, char **source_names,
							   const NvpReader *reader, const pg_uuid_t *tenant_id,
							   const pg_uuid_t *execution_id, int attempt);
extern void nvp_issuelog_reset(NvpIssueLog *log);
extern void nvp_issuelog_free(NvpIssueLog *log);

#endif							/* NVP_ISSUELOG_H */
