/*-------------------------------------------------------------------------
 *
 * fault.c
 *		Why a run failed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "base/fault.h"

static char *format_text(const char *fmt, va_list args) pg_attribute_printf(1, 0);

static char *
format_text(const char *fmt, va_list args)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (;;)
	{
		va_list		copy;
		int			needed;

		va_copy(copy, args);
		needed = appendStringInfoVA(&buf, fmt, copy);
		va_end(copy);
		if (needed == 0)
			return buf.data;
		enlargeStringInfo(&buf, needed);
	}
}

/* nvp_fault_type_name gives the name that the API shows, NULL for none. */
const char *
nvp_fault_type_name(NvpFaultType type)
{
	switch (type)
	{
		case NVP_SOURCE_UNRESPONSIVE:
			return "SOURCE_UNRESPONSIVE";
		case NVP_SOURCE_DATA_EMPTY:
			return "SOURCE_DATA_EMPTY";
		case NVP_PARSING_FAILURE:
			return "PARSING_FAILURE";
		case NVP_DESTINATION_UNRESPONSIVE:
			return "DESTINATION_UNRESPONSIVE";
		case NVP_DESTINATION_SIZE_LIMIT:
			return "DESTINATION_SIZE_LIMIT";
		case NVP_WRITE_FILE_FAILURE:
			return "WRITE_FILE_FAILURE";
		case NVP_ERROR_THRESHOLD_EXCEEDED:
			return "ERROR_THRESHOLD_EXCEEDED";
		case NVP_FAULT_INTERNAL:
		case NVP_FAULT_NONE:
			break;
	}
	return NULL;
}

/*
 * nvp_fault_set fills a fault and returns false, so that a failing function
 * can end with `return nvp_fault_set(...)`.
 */
bool
nvp_fault_set(NvpFault *fault, NvpFaultType type, int sqlstate, bool retryable,
			  const char *fmt,...)
{
	va_list		args;

	memset(fault, 0, sizeof(*fault));
	fault->type = type;
	fault->sqlstate = sqlstate;
	fault->retryable = retryable;
	va_start(args, fmt);
	fault->message = format_text(fmt, args);
	va_end(args);
	return false;
}

/* nvp_fault_hint adds what the user can do about it; a full sentence. */
void
nvp_fault_hint(NvpFault *fault, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	fault->hint = format_text(fmt, args);
	va_end(args);
}

/* nvp_fault_detail adds what exactly was seen; a full sentence. */
void
nvp_fault_detail(NvpFault *fault, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	fault->detail = format_text(fmt, args);
	va_end(args);
}

/* nvp_fault_throw raises a fault as an error, for callers that write nothing down. */
void
nvp_fault_throw(const NvpFault *fault)
{
	ereport(ERROR,
			errcode(fault->sqlstate),
			errmsg("%s", fault->message),
			fault->detail ? errdetail("%s", fault->detail) : 0,
			fault->hint ? errhint("%s", fault->hint) : 0);
}
