/*-------------------------------------------------------------------------
 *
 * zone.h
 *		Time zones, as the server knows them.
 *
 * Calls:  open once per column, then offset_of and offset_at per value.
 * Memory: the server keeps a zone for the life of the process.
 * Errors: open returns a message; the others cannot fail.
 * Purity: outside the server only UTC exists.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ZONE_H
#define NVP_ZONE_H

typedef struct NvpZone
{
	void	   *tz;				/* pg_tz; NULL if the offset never changes */
	int32		fixed_secs;		/* then this one, east of UTC */
} NvpZone;

extern const char *nvp_zone_open(NvpZone *zone, const char *name);
extern int32 nvp_zone_offset_of(const NvpZone *zone, int32 days, int64 usecs);
extern int32 nvp_zone_offset_at(const NvpZone *zone, int64 timestamp);

#endif							/* NVP_ZONE_H */
