/*-------------------------------------------------------------------------
 *
 * company.h
 *		Several runs in one transaction.
 *
 * A run of a few rows is mostly its commit.  Where many of one pipeline wait,
 * and the last one took no time to speak of, the transaction that ends a run
 * claims several, and their runs and ends are one transaction in turn:
 *
 *		end of A, claim of B C D | run and end of B, of C, of D, claim of E F G | ...
 *
 * So a claim is on disk before the work begins, as ever, and the rows, issues,
 * ledger and state of a run are one commit, as ever; it is that of others, too.
 *
 * Whatever is not a plain success ends the company: a fault, an error, a cancel,
 * a run that takes long.  All is rolled back, the claims are taken back as if
 * they had never been, and the next runs are alone; there the same happens again
 * with nobody else concerned.  Only what somebody has cancelled stays claimed, and
 * ends at once.
 *
 * In company goes what was never tried before, has attempts left (the server may
 * crash, and that counts for all of a company), reads what is stored in this
 * database, and writes to a table.  A company takes some milliseconds in all; it
 * has one slot of the pipeline and of the organization, for its members run one
 * after the other.
 *
 * Xact:   nvp_company_run begins and ends it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_COMPANY_H
#define NVP_COMPANY_H

#include "exec/life.h"

#define NVP_COMPANY_MAX		32

extern int	nvp_company_size(const NvpSession *session, const NvpExecution *first);
extern void nvp_company_note(const NvpRun *run);
extern void nvp_company_run(NvpSession *session, NvpExecution *executions, int n, NvpRunReport *reports);

#endif							/* NVP_COMPANY_H */
