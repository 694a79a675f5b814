/*-------------------------------------------------------------------------
 *
 * type_phone.c
 *		Column type phone.
 *
 * Checks how a number is written and how long it is, not whether it is in use.
 * What is known to be international comes out as E.164.
 *
 * Flow:   text --> extension --> digits --> calling code, rest --> length
 * Memory: prepare makes an index of calling codes (8 kB) in the model.
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: ITU-T E.164, E.123; RFC 3966 section 5.1 (extensions); lengths and
 *		   trunk prefixes from data/phone.tsv.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/codes.h"
#include "model/phone_data.h"

#define PHONE_MAX_CHARS		40	/* as written, without its extension */
#define PHONE_MAX_DIGITS	15	/* E.164, with the calling code */
#define EXTENSION_MAX_DIGITS 7

/* what is known of a calling code, or of one region of it */
typedef struct Plan
{
	uint32		lengths;		/* bit n: n digits are possible; 0 = no such code */
	bool		leading_zero;	/* a number may begin with 0 */
	const char *trunk;			/* trunk prefix, "" if none */
} Plan;

typedef struct PhoneState
{
	int			calling_code;	/* of option country, or 0 */
	Plan		region;			/* of option country */
	Plan		codes[1000];
} PhoneState;

/* a cell taken apart */
typedef struct Phone
{
	char		digits[PHONE_MAX_CHARS + 1];
	int			ndigits;
	int			zero;			/* index of the digit written "(0)", or -1 */
	bool		has_plus;
	char		extension[EXTENSION_MAX_DIGITS];
	int			nextension;
} Phone;

/* a row of the table: region, code, main region, trunk, lengths, leading zero */
static void
add_plan(Plan *plan, const char *const *row)
{
	for (const char *p = row[4]; *p;)
	{
		char	   *next;

		plan->lengths |= (uint32) 1 << strtol(p, &next, 10);
		p = *next ? next + 1 : next;
	}
	if (row[5][0] == '1')
		plan->leading_zero = true;
	if (plan->trunk == NULL || row[2][0] == '1')
		plan->trunk = row[3][0] == '-' ? "" : row[3];
}

/* nvp_phone_prepare builds the index of calling codes; option country must be known. */
const char *
nvp_phone_prepare(NvpColumn *column)
{
	PhoneState *state = palloc0(sizeof(PhoneState));

	for (int i = 0; i < NVP_PHONE_ROWS; i++)
		add_plan(&state->codes[atoi(nvp_phone_table[i][1])], nvp_phone_table[i]);
	if (column->country != NULL)
	{
		const char *const *row = nvp_code_find(&nvp_phone_table[0][0], NVP_PHONE_ROWS,
											   NVP_PHONE_COLS, column->country,
											   strlen(column->country));

		if (row == NULL || !nvp_ascii_is(row[0][0], NVP_ASCII_LETTER))
			return "no telephone numbering plan is known for this country";
		state->calling_code = atoi(row[1]);
		add_plan(&state->region, row);
	}
	column->state = state;
	return NULL;
}

static bool
ends_with(const char *t, uint32 len, const char *word)
{
	uint32		n = strlen(word);

	return len >= n && nvp_text_equal_ascii(t + len - n, n, word, n);
}

/* Cuts an extension off the end: a word, then 1 to 7 digits. */
static void
cut_extension(const char *t, uint32 *len, Phone *phone)
{
	static const char *const words[] = {
		";ext=", "ext.", "ext", "extension", "durchwahl", "x", "#"
	};
	uint32		digits = *len;
	uint32		end;

	while (digits > 0 && nvp_ascii_is(t[digits - 1], NVP_ASCII_DIGIT))
		digits--;
	if (digits == *len || *len - digits > EXTENSION_MAX_DIGITS)
		return;
	for (end = digits; end > 0 && t[end - 1] == ' '; end--)
		 /* step over blanks */ ;
	for (int i = 0; i < lengthof(words); i++)
	{
		if (ends_with(t, end, words[i]))
		{
			phone->nextension = *len - digits;
			memcpy(phone->extension, t + digits, phone->nextension);
			*len = end - strlen(words[i]);
			return;
		}
	}
}

/* Dashes, and marks that word processors leave in numbers. */
static bool
is_separator(uint32 cp)
{
	return cp == '/' || cp == '.' || cp == '-' || (cp >= 0x2010 && cp <= 0x2015) ||
		cp == 0x2212 || cp == 0xad || cp == 0x200b;
}

/*
 * Takes the number itself apart.  Brackets must pair and not nest; a plus may
 * only stand at the start, or after one opening bracket.
 */
static bool
scan_number(const char *t, const char *end, Phone *phone)
{
	bool		open = false;
	bool		begun = false;	/* a sign, digit or separator was seen */

	for (int nchars = 1; t < end; nchars++)
	{
		uint32		cp = (uint8) *t;
		int			n = cp < 0x80 ? 1 : nvp_utf8_decode(t, end, &cp);

		if (n == 0 || nchars > PHONE_MAX_CHARS)
			return false;
		if (cp < 0x80 && nvp_ascii_is(cp, NVP_ASCII_DIGIT))
		{
			if (open && cp == '0' && phone->zero < 0 && phone->ndigits > 0 &&
				t[-1] == '(' && t + 1 < end && t[1] == ')')
				phone->zero = phone->ndigits;
			phone->digits[phone->ndigits++] = cp;
		}
		else if (cp == '+' || cp == 0xff0b)
		{
			if (begun)
				return false;
			phone->has_plus = true;
		}
		else if (cp == '(' || cp == ')')
		{
			if (open == (cp == '('))
				return false;
			open = cp == '(';
		}
		else if (!is_separator(cp) && !nvp_code_is_inner_blank(cp))
			return false;
		begun |= cp != '(' && !nvp_code_is_inner_blank(cp);
		t += n;
	}
	phone->digits[phone->ndigits] = '\0';
	return !open;
}

static bool
is_possible(const Plan *plan, int ndigits)
{
	return ndigits > 0 && ndigits < 32 && (plan->lengths >> ndigits & 1) != 0;
}

static int
count_digits(int code)
{
	return code < 10 ? 1 : code < 100 ? 2 : 3;
}

/* Gives +code rest ;ext=extension */
static NvpCode
give_phone(const NvpCodeCell *in, const Phone *phone, int code, const char *rest, int nrest)
{
	char		out[1 + PHONE_MAX_DIGITS + 5 + EXTENSION_MAX_DIGITS];
	int			ncode = code > 0 ? count_digits(code) : 0;
	int			n = 0;

	if (code > 0)
		out[n++] = '+';
	for (int i = ncode; i > 0; i--, code /= 10)
		out[n + i - 1] = '0' + code % 10;
	n += ncode;
	memcpy(out + n, rest, nrest);
	n += nrest;
	if (phone->nextension > 0)
	{
		memcpy(out + n, ";ext=", 5);
		memcpy(out + n + 5, phone->extension, phone->nextension);
		n += 5 + phone->nextension;
	}
	return nvp_code_give(in, out, n);
}

/* Drops the digit written "(0)" of an international number. */
static void
drop_zero(Phone *phone)
{
	memmove(phone->digits + phone->zero, phone->digits + phone->zero + 1,
			phone->ndigits - phone->zero);
	phone->ndigits--;
}

/*
 * digits begins with a calling code.  A "(0)" is the trunk prefix of the
 * caller's own country and goes; only where numbers may themselves begin with
 * 0, as in Italy, no such prefix exists and the 0 must stay.
 */
static NvpCode
read_international(const NvpCodeCell *in, Phone *phone, const char *digits)
{
	const PhoneState *state = in->column->state;
	const Plan *plan = NULL;
	const char *rest = digits;
	int			code = 0;
	int			nrest;

	for (int i = 0; i < 3 && *rest && (plan == NULL || plan->lengths == 0); i++)
	{
		code = code * 10 + (*rest++ - '0');
		plan = &state->codes[code];
	}
	if (plan == NULL || plan->lengths == 0 || digits[0] == '0')
		return NVP_CODE_INVALID_PHONE;
	if (phone->zero >= 0 && phone->digits + phone->zero >= rest)
		drop_zero(phone);
	nrest = strlen(rest);
	if (*rest == '0' && strcmp(plan->trunk, "0") == 0 && !plan->leading_zero &&
		is_possible(plan, nrest - 1))
	{
		rest++;
		nrest--;
	}
	if (!is_possible(plan, nrest) || count_digits(code) + nrest > PHONE_MAX_DIGITS)
		return NVP_CODE_INVALID_PHONE;
	return give_phone(in, phone, code, rest, nrest);
}

/* A number of the country of the column. */
static NvpCode
read_national(const NvpCodeCell *in, const Phone *phone)
{
	const PhoneState *state = in->column->state;
	const Plan *plan = &state->region;
	const char *rest = phone->digits;
	int			nrest = phone->ndigits;
	int			ntrunk = strlen(plan->trunk);
	bool		may_drop;

	if (strcmp(plan->trunk, "0") == 0)
		may_drop = !plan->leading_zero;
	else
		may_drop = !is_possible(plan, nrest);
	if (ntrunk > 0 && may_drop && strncmp(rest, plan->trunk, ntrunk) == 0 &&
		is_possible(plan, nrest - ntrunk))
	{
		rest += ntrunk;
		nrest -= ntrunk;
	}
	if (!is_possible(plan, nrest) ||
		count_digits(state->calling_code) + nrest > PHONE_MAX_DIGITS)
		return NVP_CODE_INVALID_PHONE;
	return give_phone(in, phone, state->calling_code, rest, nrest);
}

static NvpCode
read_number(const NvpCodeCell *in, Phone *phone)
{
	const PhoneState *state = in->column->state;

	if (phone->has_plus)
		return read_international(in, phone, phone->digits);
	if (strncmp(phone->digits, "00", 2) == 0)
		return read_international(in, phone, phone->digits + 2);
	if (state->calling_code == 1 && strncmp(phone->digits, "011", 3) == 0)
		return read_international(in, phone, phone->digits + 3);
	if (state->calling_code != 0)
		return read_national(in, phone);
	if (phone->ndigits < 5 || phone->ndigits > PHONE_MAX_DIGITS)
		return NVP_CODE_INVALID_PHONE;
	return give_phone(in, phone, 0, phone->digits, phone->ndigits);
}

static NvpCode
read_phone(const NvpCodeCell *in)
{
	Phone		phone = {.zero = -1};
	char		buffer[4 * (PHONE_MAX_CHARS + 32)];
	const char *t = buffer;
	int			n;
	uint32		len;

	if (in->cell->kind == NVP_CELL_NUMBER)
	{
		n = nvp_code_integer(in->cell, phone.digits, PHONE_MAX_DIGITS + 1);
		if (n <= 0)
			return NVP_CODE_INVALID_PHONE;
		phone.ndigits = n;
		phone.digits[n] = '\0';
		return read_number(in, &phone);
	}
	if (in->len > sizeof(buffer) || (n = nvp_code_digits(in->t, in->len, buffer)) < 0)
		return NVP_CODE_INVALID_PHONE;
	len = n;
	if (nvp_code_skip_word(&t, &len, "tel:"))
		nvp_code_skip_blanks(&t, &len);
	cut_extension(t, &len, &phone);
	nvp_text_trim(&t, &len);
	if (!scan_number(t, t + len, &phone))
		return NVP_CODE_INVALID_PHONE;
	return read_number(in, &phone);
}

/* nvp_phone_convert converts a column of telephone numbers. */
void
nvp_phone_convert(const NvpColumn *column, const NvpCell *cells, int n,
				  NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, true, read_phone);
}
