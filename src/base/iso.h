/*-------------------------------------------------------------------------
 *
 * iso.h
 *		Points in time as text: ISO 8601, UTC.
 *
 * Depends on no setting of the session, neither DateStyle nor TimeZone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ISO_H
#define NVP_ISO_H

#include "utils/timestamp.h"

#define NVP_ISO_BYTES	40

extern int	nvp_iso_write(TimestampTz time, int decimals, char *out);
extern bool nvp_iso_read(const char *text, TimestampTz *time);

#endif							/* NVP_ISO_H */
