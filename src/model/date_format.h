/*-------------------------------------------------------------------------
 *
 * date_format.h
 *		Writing dates and times: the tokens of outputFormat.
 *
 * Calls:  compile once per column, then render per value.
 * Memory: a compiled format lives in the context that was current; rendered
 *		   text lives in the arena.
 * Errors: compile returns a message; render cannot fail.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_DATE_FORMAT_H
#define NVP_DATE_FORMAT_H

#include "base/calendar.h"
#include "model/model.h"

#define NVP_FORMAT_MAX_CHARS	200
#define NVP_FORMAT_MAX_BYTES	4096	/* of a rendered text: no token writes 20 bytes a letter */

/* what a format shows */
#define NVP_SHOWS_DATE			0x01
#define NVP_SHOWS_SECOND		0x02
#define NVP_SHOWS_FRACTION		0x04
#define NVP_SHOWS_ZONE			0x08

typedef struct NvpFormatOp NvpFormatOp;

typedef struct NvpDateFormat
{
	int			nops;
	NvpFormatOp *ops;
	unsigned	shows;			/* NVP_SHOWS_* */

	/* a plain date: ten bytes, day and month of two, year of four digits */
	bool		is_plain;
	char		pattern[10];
	uint8		year_at;
	uint8		month_at;
	uint8		day_at;
} NvpDateFormat;

/* the local moment to show */
typedef struct NvpDateParts
{
	int32		days;			/* since 2000-01-01 */
	int64		usecs;			/* of the day */
	int32		zone_secs;		/* east of UTC */
} NvpDateParts;

extern const char *nvp_date_format_compile(NvpDateFormat *format, const char *source);
extern NvpText nvp_date_format_render(const NvpDateFormat *format, const NvpDateParts *parts,
									  NvpArena *arena);

#endif							/* NVP_DATE_FORMAT_H */
