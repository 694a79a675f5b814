/*-------------------------------------------------------------------------
 *
 * type_email.c
 *		Column type email.
 *
 * A practical part of RFC 5321 and 5322: one address, dot-atom local part in
 * ASCII, a domain of two labels or more.  This is the hot path of many files:
 * an ordinary address is scanned once by table and not copied.
 *
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: RFC 5321 section 4.5.3.1 (lengths), RFC 5322 section 3.2.3 (atoms).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/host.h"

#define EMAIL_MAX_BYTES		254
#define LOCAL_MAX_BYTES		64

/* Checks one address; *at is the length of its local part. */
static inline bool
scan_email(const char *t, uint32 len, NvpHost *host, uint32 *at)
{
	uint32		i;
	bool		may_dot = false;	/* an atom has begun */

	if (len > EMAIL_MAX_BYTES)
		return false;
	for (i = 0; i < len; i++)
	{
		if (nvp_ascii_is(t[i], NVP_ASCII_ATOM))
			may_dot = true;
		else if (t[i] == '.' && may_dot)
			may_dot = false;
		else
			break;
	}
	if (i == len || t[i] != '@' || !may_dot || i > LOCAL_MAX_BYTES)
		return false;
	*at = i;
	return nvp_host_check(t + i + 1, len - i - 1, host) && host->labels >= 2;
}

/* The local part stays as written, the domain is in lower case. */
static NvpCode
give_email(const NvpCodeCell *in, const char *t, uint32 len, const NvpHost *host, uint32 at)
{
	if (host->has_upper)
	{
		char	   *copy = nvp_arena_alloc(in->arena, len);

		memcpy(copy, t, at + 1);
		nvp_host_lower(t + at + 1, len - at - 1, copy + at + 1);
		t = copy;
	}
	nvp_value_set_text(in->value, NVP_VALUE_TEXT, t, len);
	return NVP_CODE_NONE;
}

static NvpCode
read_email(const NvpCodeCell *in)
{
	const char *t = in->t;
	uint32		len = in->len;
	NvpHost		host;
	uint32		at;

	nvp_code_skip_word(&t, &len, "mailto:");
	if (!scan_email(t, len, &host, &at))
		return NVP_CODE_INVALID_EMAIL;
	return give_email(in, t, len, &host, at);
}

/*
 * nvp_email_convert converts a column of e-mail addresses.  A cell that is an
 * ASCII address as it stands needs neither trimming nor a check of its
 * encoding; only words for "empty" could make it something else.
 */
void
nvp_email_convert(const NvpColumn *column, const NvpCell *cells, int n,
				  NvpValue *values, NvpArena *arena)
{
	bool		direct = column->empty_values.n == 0;

	for (int i = 0; i < n; i++)
	{
		const NvpCell *cell = &cells[i];
		NvpHost		host;
		uint32		at;

		if (direct && cell->kind == NVP_CELL_TEXT &&
			scan_email(cell->ptr, cell->len, &host, &at) && !host.has_wide)
		{
			NvpCodeCell in = {column, cell, cell->ptr, cell->len, &values[i], arena};

			give_email(&in, cell->ptr, cell->len, &host, at);
		}
		else
			nvp_code_each(column, cell, 1, &values[i], arena, false, read_email);
	}
}
