/*-------------------------------------------------------------------------
 *
 * profile_type.c
 *		The types a column may be of, the most specific first, and the choice.
 *
 * The converters of a run are generous: a phone number may be any digits, a
 * date may be a serial number.  Who guesses must be stricter.  So a type may
 * ask for a mark in its values (a per cent sign, a time of day), for several
 * distinct values, or for a name of the column that suggests it.
 *
 * Memory: none but the states of the types.
 * Errors: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/text.h"
#include "pipeline/profile.h"

/* what makes a value look like its type */
typedef enum Mark
{
	MARK_NONE,
	MARK_NO_ZERO,				/* a number without leading zeros */
	MARK_EXPONENT,
	MARK_HYPHEN,
	MARK_SLASH,
	MARK_HASH,
	MARK_BRACKET,				/* JSON */
	MARK_UPPER,					/* capitals and digits only */
	MARK_PLUS,					/* of an international phone number */
	MARK_PERCENT,
	MARK_UNIT,					/* more than a number */
	MARK_DATE,					/* text, and no mere number */
	MARK_TIME,					/* hours and minutes */
	MARK_HALF_DAY,				/* the same with am or pm */
	MARK_TRUE					/* the value is true: both must occur */
} Mark;

/* candidates, the most specific first, decimal last; string is what is left */
static const struct
{
	const char *type;
	Mark		mark;
	double		least;			/* of the values that fit, the share that must be marked */
	int			distinct;		/* values there must be unless the name suggests the type; 0 = it must */
	const char *words;			/* that suggest it, each between blanks */
}			candidates[] = {
	{"json", MARK_BRACKET, 0.98, 1, ""},
	{"uuid", MARK_HYPHEN, 0.98, 1, ""},
	{"email", MARK_NONE, 0, 1, ""},
	{"iban", MARK_NONE, 0, 1, ""},
	{"vat_eu", MARK_NONE, 0, 1, ""},
	{"url", MARK_NONE, 0, 1, ""},
	{"ipv4", MARK_NONE, 0, 1, ""},
	{"ipv6", MARK_NONE, 0, 1, ""},
	{"time_zone", MARK_SLASH, 0.5, 1, ""},
	{"gtin", MARK_NONE, 0, 5, " gtin ean upc barcode "},
	{"bic", MARK_UPPER, 0.98, 10, " bic swift "},
	{"hex_colour", MARK_HASH, 0.98, 1, ""},
	{"country_code_alpha_2", MARK_UPPER, 0.98, 4, " country nation land staat "},
	{"country_code_alpha_3", MARK_UPPER, 0.98, 4, " country nation land staat "},
	{"currency_code", MARK_UPPER, 0.98, 3, " currency waehrung ccy curr "},
	{"language_code", MARK_NONE, 0, 0, " lang language sprache locale "},
	{"phone", MARK_PLUS, 0.5, 1, " phone telefon tel mobile mobil handy fax telephone "},
	{"zip_code_de", MARK_NONE, 0, 0, " plz postleitzahl "},
	{"latitude", MARK_NONE, 0, 0, " lat latitude breitengrad "},
	{"longitude", MARK_NONE, 0, 0, " lon lng longitude laengengrad "},
	{"hostname", MARK_NONE, 0, 0, " host hostname domain server fqdn "},
	{"boolean", MARK_TRUE, 0, 1, " is has flag active aktiv enabled newsletter optin consent "},
	{"percentage", MARK_PERCENT, 0.5, 1, ""},
	{"currency_eur", MARK_UNIT, 0.5, 1, ""},
	{"currency_usd", MARK_UNIT, 0.5, 1, ""},
	{"datetime", MARK_TIME, 0.000001, 1, ""},
	{"date", MARK_DATE, 0.98, 1, ""},
	{"time_hm", MARK_HALF_DAY, 0.5, 1, ""},
	{"time_hms", MARK_HALF_DAY, 0.5, 1, ""},
	{"time_hm_24", MARK_TIME, 0.98, 1, ""},
	{"time_hms_24", MARK_TIME, 0.98, 1, ""},
	{"int", MARK_NO_ZERO, 1, 1, ""},
	{"bigint", MARK_NO_ZERO, 1, 1, ""},
	{"float", MARK_EXPONENT, 0.000001, 1, ""},
	{"decimal", MARK_NO_ZERO, 1, 1, ""},
};

/* names of columns that identify a row */
#define KEY_WORDS	" id uuid guid key nr no number nummer code sku ean gtin "

/* of them, names that only seem to */
#define NO_KEY_WORDS	" strasse street haus house hnr tel telefon phone fax mobile mobil zip plz postal "

/* types whose values may well be unique */
#define KEY_TYPES	" uuid email gtin iban int bigint string "

/* names of columns whose digits are no quantity */
#define DIGIT_WORDS	" plz zip zipcode postcode postal postleitzahl phone telefon tel fax mobile mobil "

static const char *const percent_signs[] = {"%", "\xD9\xAA", "\xEF\xBC\x85", "\xEF\xB9\xAA", "\xE2\x80\xB0"};
static const char *const time_signs[] = {":", "uhr"};
static const char *const unit_signs[] = {"$", "\xE2\x82\xAC", "eur", "usd"};

static const char *const date_formats[] = {
	"YYYY-MM-DD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY", "DD-MM-YYYY", "YYYY/MM/DD", "YYYYMMDD", "DD.MM.YY", "MM/DD/YY",
};

static const char *const datetime_formats[] = {
	"YYYY-MM-DD HH:mm:ss", "YYYY-MM-DD HH:mm", "YYYY-MM-DD[T]HH:mm:ss", "DD.MM.YYYY HH:mm:ss", "DD.MM.YYYY HH:mm",
	"DD/MM/YYYY HH:mm:ss", "DD/MM/YYYY HH:mm", "MM/DD/YYYY HH:mm:ss", "MM/DD/YYYY HH:mm",
};

/*
 * nvp_profile_formats returns the output formats that are looked for in the
 * values of a type; none for most.
 */
const char *const *
nvp_profile_formats(const NvpColumn *type, int *n)
{
	bool		is_date = strcmp(type->type->name, "date") == 0;
	bool		is_datetime = strcmp(type->type->name, "datetime") == 0;

	StaticAssertStmt(lengthof(date_formats) <= lengthof(((NvpProfileColumn *) 0)->formats) &&
					 lengthof(datetime_formats) <= lengthof(((NvpProfileColumn *) 0)->formats), "too many formats");
	*n = is_date ? lengthof(date_formats) : is_datetime ? lengthof(datetime_formats) : 0;
	return is_date ? date_formats : datetime_formats;
}

/* nvp_profile_candidates prepares all candidates, and string, which opens cells */
void
nvp_profile_candidates(NvpProfile *profile)
{
	StaticAssertStmt(lengthof(candidates) <= NVP_PROFILE_TYPES, "too many candidates");
	for (int k = 0; k < lengthof(candidates); k++)
	{
		NvpColumn  *column = &profile->candidates[k];

		nvp_column_defaults(column);
		column->type = nvp_type_find(candidates[k].type);
		if (column->type->prepare)
			(void) column->type->prepare(column);
		nvp_column_settle(column, NULL);
	}
	profile->ncandidates = lengthof(candidates);
	nvp_column_defaults(&profile->plain);
	profile->plain.type = nvp_type_find("string");
	profile->plain.trim = true;
	if (profile->plain.type->prepare)
		(void) profile->plain.type->prepare(&profile->plain);
}

static bool
has_any(const char *t, uint32 len, const char *set)
{
	for (uint32 i = 0; i < len; i++)
		if (strchr(set, t[i]) && t[i] != '\0')
			return true;
	return false;
}

static bool
all_of(const char *t, uint32 len, const char *set)
{
	for (uint32 i = 0; i < len; i++)
		if (t[i] == '\0' || !strchr(set, t[i]))
			return false;
	return true;
}

/* has_part tells whether a text has one of n others in it */
static bool
has_part(const char *t, uint32 len, const char *const *parts, int n)
{
	for (int i = 0; i < n; i++)
	{
		uint32		size = strlen(parts[i]);

		for (uint32 at = 0; at + size <= len; at++)
			if (pg_strncasecmp(t + at, parts[i], size) == 0)
				return true;
	}
	return false;
}

static bool
is_upper(const char *t, uint32 len)
{
	return all_of(t, len, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ");
}

/* a day is no mere number, but eight digits that begin with a likely year */
static bool
is_date(const NvpCell *cell, const char *t, uint32 len)
{
	if (cell->kind != NVP_CELL_TEXT)
		return false;
	if (!all_of(t, len, "0123456789"))
		return true;
	return len == 8 && (memcmp(t, "19", 2) == 0 || memcmp(t, "20", 2) == 0);
}

/* 14:30, 14h30 or 14 Uhr; the h of March is none */
static bool
is_time(const NvpCell *cell, const char *t, uint32 len)
{
	if (cell->kind != NVP_CELL_TEXT)
		return false;
	for (uint32 i = 1; i < len; i++)
		if ((t[i] == 'h' || t[i] == 'H') && t[i - 1] >= '0' && t[i - 1] <= '9')
			return true;
	return has_part(t, len, time_signs, lengthof(time_signs));
}

/*
 * nvp_profile_mark tells whether a value that a candidate has read looks like
 * its type.  in: t, len: the trimmed text.
 */
bool
nvp_profile_mark(int candidate, const NvpCell *cell, const NvpValue *value, const char *t, uint32 len)
{
	switch (candidates[candidate].mark)
	{
		case MARK_NONE:
			return true;
		case MARK_NO_ZERO:
			return !(cell->kind == NVP_CELL_TEXT && len > 1 && t[0] == '0' && t[1] >= '0' && t[1] <= '9');
		case MARK_EXPONENT:
			return has_any(t, len, "eE");
		case MARK_HYPHEN:
			return has_any(t, len, "-");
		case MARK_SLASH:
			return has_any(t, len, "/");
		case MARK_HASH:
			return t[0] == '#';
		case MARK_BRACKET:
			return cell->kind == NVP_CELL_JSON || (len > 1 && (t[0] == '{' || t[0] == '['));
		case MARK_UPPER:
			return is_upper(t, len);
		case MARK_PLUS:
			return cell->kind == NVP_CELL_TEXT && (t[0] == '+' || (len > 2 && memcmp(t, "(+", 2) == 0));
		case MARK_PERCENT:
			return (cell->flags & NVP_CELL_PERCENT) != 0 || has_part(t, len, percent_signs, lengthof(percent_signs));
		case MARK_UNIT:
			return cell->kind == NVP_CELL_TEXT && has_part(t, len, unit_signs, lengthof(unit_signs));
		case MARK_DATE:
			return is_date(cell, t, len);
		case MARK_TIME:
			return is_time(cell, t, len);
		case MARK_HALF_DAY:
			return is_time(cell, t, len) && has_any(t, len, "mM");
		case MARK_TRUE:
			return value->v.i64 != 0;
	}
	return false;
}

static uint32
values_of(const NvpProfileColumn *column)
{
	return column->filled - column->words;
}

/*
 * nvp_profile_share returns how many of the values a candidate reads (and, where
 * it needs a mark, how many bear it), 0 to 1; of string, -1, all that is text.
 */
double
nvp_profile_share(const NvpProfileColumn *column, int candidate)
{
	uint32		values = values_of(column);
	uint32		fitting;

	if (column->filled == 0)
		return 0;
	if (candidate < 0)
		return (double) (column->filled - column->invalid) / column->filled;
	fitting = column->guesses[candidate].fitting;
	if (candidates[candidate].least >= 0.98)
		fitting = column->guesses[candidate].marked;
	return values == 0 ? 0 : (double) fitting / values;
}

/*
 * nvp_profile_leaning tells how the columns that leave no doubt write numbers;
 * UNKNOWN if they do not agree or there are none.
 */
NvpNumberFormat
nvp_profile_leaning(const NvpProfile *profile)
{
	int			columns[3] = {0};
	int			decimal = profile->ncandidates - 1;

	for (int col = 0; col < profile->ncols; col++)
	{
		const NvpProfileColumn *column = &profile->columns[col];
		const NvpVote *vote = &column->guesses[decimal].vote;

		if (vote->us + vote->eu > 0 && (vote->us + vote->eu) * 4 >= column->filled)
			columns[vote->us >= vote->eu ? NVP_NUMBER_US : NVP_NUMBER_EU]++;
	}
	if ((columns[NVP_NUMBER_US] > 0) == (columns[NVP_NUMBER_EU] > 0))
		return NVP_NUMBER_UNKNOWN;
	return columns[NVP_NUMBER_US] > 0 ? NVP_NUMBER_US : NVP_NUMBER_EU;
}

/* nvp_profile_leans: do other columns settle how a candidate reads the numbers of this one? */
bool
nvp_profile_leans(const NvpProfile *profile, const NvpProfileColumn *column, int candidate)
{
	const NvpVote *vote = &column->guesses[candidate].vote;

	return profile->leaning != NVP_NUMBER_UNKNOWN && vote->unclear > 0 && vote->us + vote->eu == 0 &&
		vote->dmy + vote->mdy == 0 && profile->candidates[candidate].type->kind != NVP_VALUE_DATE &&
		profile->candidates[candidate].type->kind != NVP_VALUE_TIMESTAMP;
}

/* nvp_profile_settle makes a candidate read a column as the evidence says */
void
nvp_profile_settle(NvpProfile *profile, const NvpProfileColumn *column, int candidate)
{
	NvpColumn  *type = &profile->candidates[candidate];

	nvp_column_settle(type, &column->guesses[candidate].vote);
	if (nvp_profile_leans(profile, column, candidate))
		type->effective_format = profile->leaning;
}

/* a column of true and false; 0 and 1 may be numbers, unless the name tells */
static bool
is_boolean(const NvpProfileColumn *column, const NvpGuess *guess, bool hint)
{
	if (column->bools > 0 && column->bools == values_of(column))
		return true;
	return guess->marked > 0 && guess->marked < guess->fitting &&
		(hint || column->binary < values_of(column));
}

/* is_plausible: may the column be of that type? */
static bool
is_plausible(const NvpProfileColumn *column, int k)
{
	const NvpGuess *guess = &column->guesses[k];
	bool		hint = nvp_profile_hint(column->key, candidates[k].words);

	if (guess->fitting == 0 || (!hint && (candidates[k].distinct == 0 || column->distinct.n < candidates[k].distinct)))
		return false;
	if (candidates[k].mark == MARK_TRUE)
		return is_boolean(column, guess, hint);
	if (candidates[k].mark == MARK_PLUS && hint)
		return true;
	if (candidates[k].mark == MARK_NO_ZERO && nvp_profile_hint(column->key, DIGIT_WORDS))
		return false;
	return guess->marked >= guess->fitting * candidates[k].least;
}

/* a few values again and again, none of which is unusual */
static bool
is_category(const NvpProfileColumn *column)
{
	return !column->too_many && column->invalid == 0 && column->nseen >= 2 &&
		column->filled >= NVP_PROFILE_ENOUGH && column->filled >= 3 * column->nseen;
}

/* is_wider: what reads all that another type reads is no rival of it */
static bool
is_wider(int chosen, int k)
{
	return strcmp(candidates[chosen].type, "int") == 0 && strcmp(candidates[k].type, "bigint") == 0;
}

/*
 * nvp_profile_choose chooses the type of a column: the first candidate that
 * reads nearly all values, if there are a few.  The runner-up of a type is one
 * that would do as well, or string; that of string, what came nearest.
 *
 * out: chosen, runner_up, is_category.
 */
void
nvp_profile_choose(NvpProfile *profile, NvpProfileColumn *column)
{
	for (int k = 0; k < profile->ncandidates; k++)
	{
		double		share = nvp_profile_share(column, k);

		if (!is_plausible(column, k) || (column->chosen >= 0 && is_wider(column->chosen, k)))
			continue;
		if (column->chosen < 0 && share >= NVP_PROFILE_SHARE && values_of(column) >= NVP_PROFILE_FEW)
			column->chosen = k;
		else if (column->runner_up < 0 || share > nvp_profile_share(column, column->runner_up))
			column->runner_up = k;
	}
	column->is_category = column->chosen < 0 && is_category(column);
	if (column->chosen >= 0 && column->runner_up >= 0 && nvp_profile_share(column, column->runner_up) < NVP_PROFILE_SHARE)
		column->runner_up = -1;
	column->has_hint = nvp_profile_hint(column->key, KEY_WORDS) && !nvp_profile_hint(column->key, NO_KEY_WORDS);
}

/* nvp_profile_type_name returns what the columnType of a candidate is; -1: of the column that is left */
const char *
nvp_profile_type_name(const NvpProfile *profile, const NvpProfileColumn *column, int candidate)
{
	if (candidate >= 0)
		return profile->candidates[candidate].type->name;
	return column->is_category ? "category" : "string";
}

/* nvp_profile_may_be_unique: is it likely that values that occur once have to? */
bool
nvp_profile_may_be_unique(const NvpProfile *profile, const NvpProfileColumn *column)
{
	const char *name = nvp_profile_type_name(profile, column, column->chosen);
	bool		is_code = column->chosen >= 0 && strcmp(name, "int") != 0 && strcmp(name, "bigint") != 0;

	return column->distinct.n >= NVP_PROFILE_ENOUGH &&
		strstr(KEY_TYPES, psprintf(" %s ", name)) != NULL && (is_code || column->has_hint);
}
