/*-------------------------------------------------------------------------
 *
 * date_text.c
 *		Preparation of the text of a date, and the names of months and weekdays.
 *
 * A prepared text is lower case and composed (NFC), has ASCII digits and
 * dashes, one space wherever blanks stood, and ends with a zero byte.  At 100
 * code points it is over: no date is longer, so no grammar behind it sees more.
 *
 * Memory: buffers on the stack; folding of text that is not ASCII may allocate
 *		   and free.
 * Errors: returned, never thrown.
 * Source: sections 3.1 and 3.2 of the column-type specification; the names are
 *		   derived from Unicode CLDR (data/months.tsv, data/weekdays.tsv).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/date_read.h"
#include "model/months_data.h"
#include "model/text.h"
#include "model/weekdays_data.h"

/* code points before composition: every letter of our names is at most two */
#define MAX_RAW_CHARS	(2 * NVP_DATE_MAX_CHARS)

/* Prepares plain ASCII.  -1 if it is too long, -2 at the first other byte. */
static int
prepare_ascii(const char *p, uint32 len, char *out)
{
	int			n = 0;

	for (uint32 i = 0; i < len; i++)
	{
		unsigned char c = p[i];

		if (c >= 0x80)
			return -2;
		if (c == ' ' || c == '\t')
		{
			if (n > 0 && out[n - 1] == ' ')
				continue;
			c = ' ';
		}
		else if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (n == NVP_DATE_MAX_CHARS)
			return -1;
		out[n++] = c;
	}
	out[n] = '\0';
	return n;
}

/* The ASCII sign that stands for a code point, or zero. */
static char
plain_sign(uint32 cp)
{
	switch (cp)
	{
		case '\t':
		case ' ':
		case 0xA0:
		case 0x2009:
		case 0x202F:
			return ' ';
		case 0x2010:
		case 0x2011:
		case 0x2012:
		case 0x2013:
		case 0x2212:
			return '-';
		case 0x2019:
			return '\'';
		default:
			return '\0';
	}
}

/* Copies text with plain blanks, dashes and apostrophes; -1 if it is too long. */
static int
simplify_signs(const char *p, const char *end, char *out)
{
	char	   *to = out;
	int			nchars = 0;

	while (p < end)
	{
		uint32		cp;
		int			n = nvp_utf8_decode(p, end, &cp);
		char		sign;

		if (n == 0)
			return -1;
		sign = plain_sign(cp);
		if (sign != ' ' || to == out || to[-1] != ' ')
		{
			if (nchars++ == MAX_RAW_CHARS)
				return -1;
			if (sign)
				*to++ = sign;
			else
			{
				memcpy(to, p, n);
				to += n;
			}
		}
		p += n;
	}
	return to - out;
}

/* Prepares any text; -1 if no date can be read from it. */
static int
prepare_general(const char *p, uint32 len, char *out)
{
	char		digits[NVP_CELL_MAX_BYTES];
	char		plain[4 * MAX_RAW_CHARS];
	int			n;

	if (len > sizeof(digits))
		return -1;
	n = nvp_text_digits(p, len, digits);
	if (n >= 0)
		n = simplify_signs(digits, digits + n, plain);
	if (n >= 0)
		n = nvp_text_fold(plain, n, out, NVP_DATE_BUFFER - 1);
	if (n < 0 || nvp_utf8_length(out, n) > NVP_DATE_MAX_CHARS)
		return -1;
	out[n] = '\0';
	return n;
}

/*
 * nvp_date_prepare makes the text that the grammars of dates and times read.
 *
 * in: trimmed, valid UTF-8 of at most NVP_CELL_MAX_BYTES; out: room for
 * NVP_DATE_BUFFER bytes.  Returns its length, or -1 if no date can be read
 * from it (too long, or digits of two scripts).
 */
int
nvp_date_prepare(const char *p, uint32 len, char *out)
{
	int			n = prepare_ascii(p, len, out);

	return n == -2 ? prepare_general(p, len, out) : n;
}

/* Orders a word of len bytes before, at or after a terminated name. */
static int
compare_word(const char *word, int len, const char *name)
{
	int			order = strncmp(word, name, len);

	return order != 0 ? order : -(name[len] != '\0');
}

/*
 * nvp_date_month finds the month of a folded name (without full stop), 0 if
 * it is none.
 */
int
nvp_date_month(const char *word, int len)
{
	int			low = 0;
	int			high = NVP_MONTHS_ROWS;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = compare_word(word, len, nvp_months_table[middle][0]);

		if (order == 0)
			return atoi(nvp_months_table[middle][1]);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}

/*
 * nvp_date_weekdays finds the weekdays that a folded name stands for: bit 0 is
 * Sunday.  Two languages may share a name; 0 if it is none.
 */
int
nvp_date_weekdays(const char *word, int len)
{
	int			low = 0;
	int			high = NVP_WEEKDAYS_ROWS;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = compare_word(word, len, nvp_weekdays_table[middle][0]);

		if (order == 0)
		{
			int			days = 0;

			for (const char *d = nvp_weekdays_table[middle][1]; *d; d++)
			{
				if (*d != ',')
					days |= 1 << (*d - '0');
			}
			return days;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}
