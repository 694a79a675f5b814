/*-------------------------------------------------------------------------
 *
 * zone.h
 *		Time zones, as the server knows them.
 *
 * Values of columns ask for one offset at a time (offset_of, offset_at).  A
 * walk along the time line keeps an NvpZoneSpan, a stretch of time with one
 * offset, and asks the server only when it leaves it.
 *
 * Calls:  open once, then any of the others; a zeroed span is an unknown one.
 * Units:  timestamps are microseconds, instants and local times whole seconds,
 *		   both since 2000-01-01; offsets are seconds east of UTC.
 * Memory: the server keeps a zone for the life of the process.
 * Errors: open returns a message; the others cannot fail.
 * Purity: outside the server there is UTC, and what a test draws up as a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ZONE_H
#define NVP_ZONE_H

typedef struct NvpZone
{
	void	   *tz;				/* pg_tz, or a test's NvpZoneTable; NULL if the offset never changes */
	int32		fixed_secs;		/* then this one, east of UTC */
} NvpZone;

/* the zone has this offset from .. until; it may have had it before from, too */
typedef struct NvpZoneSpan
{
	int64		from;			/* first instant */
	int64		until;			/* first instant after it */
	int32		offset;
} NvpZoneSpan;

/* a zone of a test: spans without a hole between them, from and until far away */
typedef struct NvpZoneTable
{
	int			n;
	const NvpZoneSpan *spans;
} NvpZoneTable;

extern const char *nvp_zone_open(NvpZone *zone, const char *name);
extern int32 nvp_zone_offset_of(const NvpZone *zone, int32 days, int64 usecs);
extern int32 nvp_zone_offset_at(const NvpZone *zone, int64 timestamp);

extern void nvp_zone_span(const NvpZone *zone, int64 instant, NvpZoneSpan *span);
extern int64 nvp_zone_instant(const NvpZone *zone, int64 local, NvpZoneSpan *span);
extern bool nvp_zone_is_twice(const NvpZone *zone, int64 instant);

/* nvp_zone_seek makes span one that holds instant */
static inline void
nvp_zone_seek(const NvpZone *zone, int64 instant, NvpZoneSpan *span)
{
	if (unlikely(instant < span->from || instant >= span->until))
		nvp_zone_span(zone, instant, span);
}

#endif							/* NVP_ZONE_H */
