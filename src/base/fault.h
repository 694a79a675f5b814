/*-------------------------------------------------------------------------
 *
 * fault.h
 *		Why a run failed: one of nuvo's error types, a SQLSTATE, a message
 *		that names the place and a hint that names the cure.
 *
 * Rooms that talk to the world (connectors) or read files return false and
 * fill a fault; they do not throw, because the caller decides what is retried
 * and what is written down.
 *
 * Memory: strings live in the context current when the fault was set.
 * Secrets never enter a fault.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_FAULT_H
#define NVP_FAULT_H

#include "base/compat.h"

typedef enum NvpFaultType
{
	NVP_FAULT_NONE = 0,
	NVP_SOURCE_UNRESPONSIVE,
	NVP_SOURCE_DATA_EMPTY,
	NVP_PARSING_FAILURE,
	NVP_DESTINATION_UNRESPONSIVE,
	NVP_DESTINATION_SIZE_LIMIT,
	NVP_WRITE_FILE_FAILURE,
	NVP_ERROR_THRESHOLD_EXCEEDED,
	NVP_FAULT_INTERNAL			/* none of nuvo's; shown as PARSING_FAILURE or WRITE_FILE_FAILURE by phase */
} NvpFaultType;

typedef struct NvpFault
{
	NvpFaultType type;
	int			sqlstate;		/* as of MAKE_SQLSTATE */
	bool		retryable;		/* the same call may succeed later */
	int			retry_after_ms; /* what the server asked for, 0 = nothing */
	char	   *message;		/* lower case, no final stop */
	char	   *detail;			/* or NULL */
	char	   *hint;			/* or NULL */
} NvpFault;

extern const char *nvp_fault_type_name(NvpFaultType type);
extern bool nvp_fault_set(NvpFault *fault, NvpFaultType type, int sqlstate, bool retryable,
						  const char *fmt,...) pg_attribute_printf(5, 6);
extern void nvp_fault_hint(NvpFault *fault, const char *fmt,...) pg_attribute_printf(2, 3);
extern void nvp_fault_detail(NvpFault *fault, const char *fmt,...) pg_attribute_printf(2, 3);
pg_noreturn extern void nvp_fault_throw(const NvpFault *fault);

#endif							/* NVP_FAULT_H */
