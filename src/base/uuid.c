/*-------------------------------------------------------------------------
 *
 * uuid.c
 *		Identifiers that sort by the time they were made.
 *
 * PostgreSQL has uuidv7() from 18 on; one code path serves all releases.
 *
 *		48 bits milliseconds | 0111 | 12 bits of the millisecond | 10 | 62 random
 *
 * Errors: XX000 when the system has no random bytes to give.
 * Source: RFC 9562, sections 5.7 and 6.2 (method 3).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "port.h"
#include "utils/timestamp.h"

#include "base/uuid.h"

#define UNIX_EPOCH_US	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

/*
 * Microseconds since 1970, later than any given before in this process: a
 * clock that stands still or steps back must not disturb the order.
 */
static int64
next_microsecond(void)
{
	static int64 last = 0;
	int64		now = GetCurrentTimestamp() + UNIX_EPOCH_US;

	last = Max(now, last + 1);
	return last;
}

/*
 * nvp_uuid_v7 makes a version 7 UUID.  Those of one process ascend strictly.
 */
void
nvp_uuid_v7(pg_uuid_t *id)
{
	int64		us = next_microsecond();
	uint64		ms = us / 1000;
	uint32		fraction = (us % 1000) * 4096 / 1000;

	if (!pg_strong_random(id->data + 8, UUID_LEN - 8))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random bytes")));

	for (int i = 0; i < 6; i++)
		id->data[i] = (unsigned char) (ms >> (40 - 8 * i));
	id->data[6] = 0x70 | (fraction >> 8);
	id->data[7] = fraction & 0xFF;
	id->data[8] = (id->data[8] & 0x3F) | 0x80;
}
