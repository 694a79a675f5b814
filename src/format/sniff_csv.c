/*-------------------------------------------------------------------------
 *
 * sniff_csv.c
 *		Guess delimiter, quote and escape of delimited text.
 *
 * Flow:   for each candidate: text --> split --> records --> score
 *
 * A delimiter is judged by what it makes of the text: do most records get the
 * same number of cells (quotes respected), and do the cells of a column have
 * one type?  The second question is what keeps a decimal comma from winning
 * over a semicolon: it would tear numbers into halves with text between.
 *
 * Where two delimiters are as good, the names of the columns as they were before
 * decide, if they are known and only one delimiter gives them; else the verdict
 * is ambiguous.
 *
 * Signs that are seldom delimiters are tried only where the usual ones make
 * nothing of the text, and must then be in every record.
 *
 * Records are numbered as the CSV reader numbers them, blank lines included, so
 * that skip_rows means the same to both.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/ruler.h"
#include "format/sniff_impl.h"

#define TIE				0.03	/* scores nearer than this are equal */
#define TYPED_COLUMNS	256		/* types are judged by these */
#define POOR			0.3		/* a score that makes us look further */
#define KNOWN_RECORDS	20		/* known names are looked for in these */

/* tried first, and otherwise */
static const char usual_signs[] = {',', ';', '\t', '|'};
static const char seldom_signs[] = {'\x1F', '\x01', '^', '~', '}', '#', '!', '*', ':', ' '};

/* ---- splitting -------------------------------------------------------------- */

static void
add_cell(NvpSniffReading *reading, const char *from, const char *to)
{
	NvpSniffRecord *record = &reading->records[reading->nrecords];
	NvpSniffCell *cell;

	if (reading->ncells == reading->maxcells)
	{
		reading->maxcells = Max(1024, reading->maxcells * 2);
		reading->cells = reading->cells ?
			repalloc(reading->cells, sizeof(NvpSniffCell) * reading->maxcells) :
			palloc(sizeof(NvpSniffCell) * reading->maxcells);
	}
	cell = &reading->cells[reading->ncells++];
	cell->ptr = from;
	cell->len = to - from;
	cell->type = record->width < TYPED_COLUMNS ? nvp_sniff_type(from, to) : NVP_FIELD_TEXT;
	cell->is_typed = false;
	reading->npadded += (from < to && *from == ' ');
	record->width++;
}

/*
 * quoted_end steps over a quoted cell; returns the position behind the closing
 * quote, NULL if there is none
 */
static const char *
quoted_end(NvpSniffReading *reading, const char *p, const char *end)
{
	for (p++; p < end; p++)
	{
		if (*p == '\\' && p + 1 < end && p[1] == reading->quote &&
			p + 2 < end && p[2] != reading->delimiter && p[2] != '\n' && p[2] != '\r')
		{
			reading->nescaped++;
			p++;
		}
		else if (*p == reading->quote)
		{
			if (p + 1 >= end || p[1] != reading->quote)
				return p + 1;
			reading->ndoubled++;
			p++;
		}
	}
	return NULL;
}

/* split_record splits one record; returns the position behind it, NULL if it is not all there */
static const char *
split_record(NvpSniffReading *reading, const char *p, const char *end, bool is_whole)
{
	NvpSniffRecord *record = &reading->records[reading->nrecords];
	const char *begin = p;

	record->width = 0;
	record->first = reading->ncells;
	for (;;)
	{
		const char *from = p;
		const char *to = NULL;

		if (reading->quote != '\0' && p < end && *p == reading->quote)
		{
			p = quoted_end(reading, p, end);
			if (p == NULL)
			{
				reading->is_unclosed = true;
				return NULL;
			}
			reading->nquoted++;
			from++;
			to = p - 1;
		}
		while (p < end && *p != reading->delimiter && *p != '\n' && *p != '\r')
			p++;
		if (to && p != to + 1)
			reading->nstray++;
		if (p == end && !is_whole)
			return NULL;
		add_cell(reading, from, to ? to : p);
		if (p == end || *p != reading->delimiter)
			break;
		p++;
	}
	record->is_blank = (p == begin);
	if (p < end && *p == '\r' && p + 1 < end && p[1] == '\n')
		p++;
	return Min(p + 1, end);
}

/* underlines: a cell of dashes for each one of the record above, as long as that */
static bool
underlines(const NvpSniffReading *reading, int r)
{
	const NvpSniffRecord *record = &reading->records[r];
	uint32		most = 0;

	if (r == 0 || reading->records[r - 1].width != record->width)
		return false;
	for (int col = 0; col < record->width; col++)
	{
		const NvpSniffCell *cell = nvp_sniff_cell(reading, r, col);
		uint32		dashes = nvp_count_dashes(cell->ptr, cell->len);
		const NvpSniffCell *above = nvp_sniff_cell(reading, r - 1, col);

		if (dashes == 0 || (dashes < above->len && !IS_HIGHBIT_SET(above->ptr[above->len - 1])))
			return false;
		most = Max(most, dashes);
	}
	return most >= (record->width > 1 ? 2 : 4);
}

/* is_drawn recognises the lines that csv.c passes over; they count as blank ones */
static bool
is_drawn(NvpSniffReading *reading, int r)
{
	const NvpSniffCell *cell = nvp_sniff_cell(reading, r, 0);
	bool		is_alone = (reading->records[r].width == 1);

	if (is_alone && reading->is_ruled && nvp_is_row_count(cell->ptr, cell->ptr + cell->len))
		return true;
	if (!underlines(reading, r) &&
		!(is_alone && reading->delimiter == '|' && nvp_is_crossed_ruler(cell->ptr, cell->ptr + cell->len)))
		return false;
	reading->is_ruled = true;
	return true;
}

/* split reads the text in one dialect */
static void
split(NvpSniffReading *reading, const char *text, size_t len, bool is_whole)
{
	const char *end = text + len;

	while (text && text < end && reading->nrecords < NVP_SNIFF_RECORDS)
	{
		text = split_record(reading, text, end, is_whole);
		if (text)
		{
			NvpSniffRecord *record = &reading->records[reading->nrecords];

			record->is_blank = record->is_blank || is_drawn(reading, reading->nrecords);
			reading->nrecords++;
		}
		else
			reading->ncells = reading->records[reading->nrecords].first;
	}
}

/* ---- judging ---------------------------------------------------------------- */

/* find_width finds the most frequent width; among equals the greater */
static int
find_width(const NvpSniffReading *reading, int *count)
{
	int			best = 0;

	*count = 0;
	for (int i = 0; i < reading->nrecords; i++)
	{
		int			width = reading->records[i].width;
		int			n = 0;

		if (reading->records[i].is_blank || width == best)
			continue;
		for (int j = 0; j < reading->nrecords; j++)
			n += (reading->records[j].width == width && !reading->records[j].is_blank);
		if (n > *count || (n == *count && width > best))
		{
			best = width;
			*count = n;
		}
	}
	return best;
}

/* type_score tells how clean the columns are: 1 all of one type, 0.5 all text */
static double
type_score(const NvpSniffReading *reading)
{
	int			ncols = Min(reading->width, TYPED_COLUMNS);
	double		sum = 0.0;

	for (int col = 0; col < ncols; col++)
	{
		int			filled;
		int			fitting;
		NvpFieldType type = nvp_sniff_column_type(reading, col, Min(reading->preamble + 1, reading->nrecords - 1),
												  &filled, &fitting);

		sum += (type == NVP_FIELD_TEXT || type == NVP_FIELD_EMPTY) ? 0.5 : (double) fitting / filled;
	}
	return sum / ncols;
}

static void
judge(NvpSniffReading *reading)
{
	int			same;
	int			counted = 0;

	reading->width = find_width(reading, &same);
	reading->preamble = nvp_sniff_preamble(reading);
	for (int i = reading->preamble; i < reading->nrecords; i++)
		counted += !reading->records[i].is_blank;
	reading->score = 0.0;
	if (reading->width < 2 || counted == 0)
		return;
	reading->score = (double) same / Max(counted, same);
	reading->score *= 0.6 + 0.4 * type_score(reading);
	reading->score *= 1.0 - 0.2 * reading->npadded / Max(reading->ncells, 1);
	if (reading->preamble > 0)
		reading->score *= 0.9;
	if (reading->is_unclosed && reading->nrecords < 10)
		reading->score *= 0.5;
	if (reading->nquoted > 0)
		reading->score *= 1.0 - 0.5 * reading->nstray / reading->nquoted;
}

/* room for the records of a text, and one that is not all there; a short text needs little */
static NvpSniffRecord *
make_records(const char *text, size_t len)
{
	int			n = 2;

	for (const char *p = text; p < text + len && n <= NVP_SNIFF_RECORDS; p++)
		n += (*p == '\n' || *p == '\r');
	return palloc0(sizeof(NvpSniffRecord) * Min(n, NVP_SNIFF_RECORDS + 1));
}

/* try_dialect returns the reading of the text in one dialect; free with drop */
static NvpSniffReading *
try_dialect(const char *text, size_t len, bool is_whole, char delimiter, char quote)
{
	NvpSniffReading *reading = palloc0(sizeof(NvpSniffReading));

	reading->delimiter = delimiter;
	reading->quote = quote;
	reading->records = make_records(text, len);
	split(reading, text, len, is_whole);
	judge(reading);
	return reading;
}

static void
drop(NvpSniffReading *reading)
{
	if (reading)
	{
		if (reading->cells)
			pfree(reading->cells);
		pfree(reading->records);
		pfree(reading);
	}
}

/*
 * try_quotes returns the best reading with a delimiter.  That a file has no
 * quotes is never guessed: a quote that stays open rather means that the file is
 * cut off, and must be told.
 */
static NvpSniffReading *
try_quotes(const char *text, size_t len, bool is_whole, char delimiter, const NvpSniffPins *pins)
{
	NvpSniffReading *best;
	NvpSniffReading *other;
	char		quote = pins->has_quote ? pins->format.quote : '"';

	best = try_dialect(text, len, is_whole, delimiter, quote);
	if (pins->has_quote)
		return best;
	if (best->nquoted == 0 && memchr(text, '\'', len))
	{
		/* single quotes must fit well to be believed: they are apostrophes elsewhere */
		other = try_dialect(text, len, is_whole, delimiter, '\'');
		if (other->nquoted > 1 && other->nstray == 0 && !other->is_unclosed &&
			other->score >= best->score)
		{
			drop(best);
			return other;
		}
		drop(other);
	}
	return best;
}

/* ---- candidates ------------------------------------------------------------- */

#define MOST_READINGS	(lengthof(usual_signs) + lengthof(seldom_signs))

/* readings of the text, the best first */
typedef struct Contest
{
	int			n;
	NvpSniffReading *readings[MOST_READINGS];
} Contest;

static void
enter(Contest *contest, NvpSniffReading *reading)
{
	int			at = contest->n++;

	while (at > 0 && contest->readings[at - 1]->score < reading->score)
	{
		contest->readings[at] = contest->readings[at - 1];
		at--;
	}
	contest->readings[at] = reading;
}

/* try_seldom: a sign that is in every record as often, and in three records at least */
static void
try_seldom(Contest *contest, const char *text, size_t len, bool is_whole, const NvpSniffPins *pins)
{
	for (int i = 0; i < lengthof(seldom_signs); i++)
	{
		char		sign = seldom_signs[i];
		NvpSniffReading *reading;
		bool		is_even = true;
		int			seen = 0;

		if (memchr(text, sign, len) == NULL)
			continue;
		reading = try_quotes(text, len, is_whole, sign, pins);
		for (int r = 0; r < reading->nrecords; r++)
		{
			is_even &= reading->records[r].is_blank || reading->records[r].width == reading->width;
			seen += !reading->records[r].is_blank;
		}
		/* words and times are even, too, where there are few of them */
		reading->score *= sign == ' ' ? 0.6 : sign == ':' ? 0.7 : 0.85;
		if (!is_even || seen < 3 || (sign == ' ' && reading->width < 3))
			reading->score = 0.0;
		enter(contest, reading);
	}
}

static void
hold_contest(Contest *contest, const char *text, size_t len, bool is_whole,
			 const char *file_name, const NvpSniffPins *pins)
{
	size_t		name_len = file_name ? strlen(file_name) : 0;
	bool		is_tsv = name_len > 4 && pg_strcasecmp(file_name + name_len - 4, ".tsv") == 0;

	if (pins->has_delimiter)
	{
		enter(contest, try_quotes(text, len, is_whole, pins->format.delimiter, pins));
		return;
	}
	for (int i = 0; i < lengthof(usual_signs); i++)
	{
		NvpSniffReading *reading = try_quotes(text, len, is_whole, usual_signs[i], pins);

		if (is_tsv && usual_signs[i] == '\t' && reading->width > 1)
			reading->score += 0.2;
		enter(contest, reading);
	}
	if (contest->readings[0]->score < POOR)
		try_seldom(contest, text, len, is_whole, pins);
}

/* sign_name writes a sign as an option would name it */
static const char *
sign_name(char sign, char *buf)
{
	if (sign == '\t')
		return "tab";
	buf[0] = sign;
	buf[1] = '\0';
	return buf;
}

/* has_names tells whether one of the first records holds the names that are known */
static bool
has_names(const NvpSniffReading *reading, const NvpSniffPins *pins)
{
	for (int r = 0; r < Min(reading->nrecords, KNOWN_RECORDS); r++)
	{
		int			col = 0;

		if (reading->records[r].width != pins->nknown)
			continue;
		while (col < pins->nknown)
		{
			const NvpSniffCell *cell = nvp_sniff_cell(reading, r, col);

			if (strlen(pins->known[col]) != cell->len || memcmp(pins->known[col], cell->ptr, cell->len) != 0)
				break;
			col++;
		}
		if (col == pins->nknown)
			return true;
	}
	return false;
}

/*
 * settle_tie looks which of several delimiters that are as good gives the names
 * that were there before; true if just one of them does, which is the first then.
 */
static bool
settle_tie(Contest *contest, const NvpSniffPins *pins)
{
	int			found = -1;

	if (pins->nknown < 2 || contest->n < 2 || contest->readings[0]->score - contest->readings[1]->score >= TIE)
		return false;
	for (int i = 0; i < contest->n; i++)
	{
		NvpSniffReading *reading = contest->readings[i];

		if (reading->score == 0.0 || contest->readings[0]->score - reading->score >= TIE || !has_names(reading, pins))
			continue;
		if (found >= 0)
			return false;
		found = i;
	}
	if (found > 0)
	{
		NvpSniffReading *reading = contest->readings[found];

		contest->readings[found] = contest->readings[0];
		contest->readings[0] = reading;
	}
	return found >= 0;
}

static void
judge_delimiter(NvpVerdict *verdict, const Contest *contest)
{
	const NvpSniffReading *best = contest->readings[0];
	double		second = contest->n > 1 ? contest->readings[1]->score : 0.0;
	double		margin = best->score - second;

	if (best->width < 2 || best->score == 0.0)
	{
		nvp_verdict_set(verdict, 0.5, "no delimiter gives more than one column");
		return;
	}
	nvp_verdict_set(verdict, Min(best->score, 1.0) * (0.5 + 0.5 * Min(1.0, margin / 0.25)),
					"%d columns in most of %d records, score %.2f",
					best->width, best->nrecords, best->score);
	for (int i = 1; i < contest->n; i++)
	{
		char		buf[2];

		if (contest->readings[i]->score > 0.0)
			nvp_verdict_rival(verdict, sign_name(contest->readings[i]->delimiter, buf),
							  Min(contest->readings[i]->score, 1.0));
	}
	if (second > 0.0 && margin < TIE)
	{
		verdict->is_ambiguous = true;
		verdict->confidence = Min(verdict->confidence, 0.4);
	}
}

static void
judge_quote(const NvpSniffReading *best, const NvpSniffPins *pins, NvpSniff *sniff)
{
	bool		is_backslash = best->nescaped > best->ndoubled;

	sniff->format.quote = best->quote;
	sniff->format.escape = is_backslash ? '\\' : best->quote;
	if (pins->has_quote)
		nvp_verdict_set(&sniff->quote, 1.0, "given");
	else
	{
		nvp_verdict_set(&sniff->quote, best->nquoted == 0 ? 0.7 : best->nstray > 0 ? 0.8 : 0.95,
						best->nstray > 0 ? "%d cells in quotes, %d of them with text behind" : "%d cells in quotes",
						best->nquoted, best->nstray);
		nvp_verdict_rival(&sniff->quote, "none", best->nquoted == 0 ? 0.3 : 0.05);
	}
	if (pins->has_escape)
	{
		sniff->format.escape = pins->format.escape;
		nvp_verdict_set(&sniff->escape, 1.0, "given");
		return;
	}
	if (best->nescaped + best->ndoubled == 0)
	{
		nvp_verdict_set(&sniff->escape, 0.7, "no quote stands within quotes");
		return;
	}
	nvp_verdict_set(&sniff->escape, 0.5 + 0.5 * abs(best->nescaped - best->ndoubled) / (best->nescaped + best->ndoubled),
					"%d quotes within quotes are doubled, %d stand behind a backslash", best->ndoubled, best->nescaped);
	if (Min(best->nescaped, best->ndoubled) > 0)
	{
		char		buf[2] = {is_backslash ? best->quote : '\\', '\0'};

		nvp_verdict_rival(&sniff->escape, buf, 0.5);
	}
}

/* sign_for_one returns a delimiter for a file of one column: one that is not in its text */
static char
sign_for_one(const char *text, size_t len)
{
	for (int i = 0; i < lengthof(usual_signs); i++)
		if (memchr(text, usual_signs[i], len) == NULL)
			return usual_signs[i];
	return '\x1F';
}

/* is_digit_at tells whether a cell begins, or ends, with a digit */
static bool
is_digit_at(const NvpSniffCell *cell, bool at_end)
{
	return cell->len > 0 && isdigit((unsigned char) cell->ptr[at_end ? cell->len - 1 : 0]);
}

/* is_between_digits: wherever the delimiter stands it could as well be a decimal sign */
static bool
is_between_digits(const NvpSniffReading *reading)
{
	for (int i = 0; i < reading->nrecords; i++)
		for (int col = 1; col < reading->records[i].width; col++)
			if (!is_digit_at(nvp_sniff_cell(reading, i, col - 1), true) ||
				!is_digit_at(nvp_sniff_cell(reading, i, col), false))
				return false;
	return true;
}

/* fit tells how well a delimiter explains the text: 1 if it is in every line, for then it is meant */
static double
fit(const NvpSniffReading *reading)
{
	int			same = 0;
	int			seen = 0;

	if (reading->width < 2)
		return 0.0;
	if (is_between_digits(reading))
		return reading->score / 2;
	for (int i = 0; i < reading->nrecords; i++)
	{
		seen += !reading->records[i].is_blank;
		same += !reading->records[i].is_blank && reading->records[i].width == reading->width;
	}
	return same == seen || reading->nquoted > 0 ? 1.0 : Min(reading->score, 0.99);
}

/*
 * find_sep_line looks for the line "sep=;" that spreadsheet programs write and
 * obey; returns its length with the line end, 0 = there is none.
 */
static size_t
find_sep_line(const char *text, size_t len, char *sign)
{
	size_t		quoted = len > 0 && text[0] == '"';
	size_t		n = quoted + 5;

	if (len < n + quoted + 1 || pg_strncasecmp(text + quoted, "sep=", 4) != 0)
		return 0;
	*sign = text[quoted + 4];
	if (*sign == '"' || *sign == '\r' || *sign == '\n' || IS_HIGHBIT_SET(*sign) || (quoted && text[n] != '"'))
		return 0;
	n += quoted;
	if (text[n] == '\r' && n + 1 < len && text[n + 1] == '\n')
		return n + 2;
	return text[n] == '\r' || text[n] == '\n' ? n + 1 : 0;
}

/* count_sep_line adds that line to the rows before the header */
static void
count_sep_line(NvpSniff *sniff)
{
	sniff->format.skip_rows++;
	for (int i = 0; i < sniff->nguesses; i++)
		sniff->guesses[i].skip_rows++;
	if (sniff->format.skip_rows == 1)
		nvp_verdict_set(&sniff->preamble, 0.99, "the first line tells the delimiter");
}

/*
 * nvp_sniff_csv guesses how text is delimited.
 *
 * in: UTF-8 text; whether it is all of the file.
 * out: the CSV part of sniff->format and the verdicts about it.
 */
void
nvp_sniff_csv(const char *text, size_t len, bool is_whole,
			  const char *file_name, const NvpSniffPins *pins, NvpSniff *sniff)
{
	Contest		contest = {0};
	NvpSniffPins own = *pins;
	const NvpSniffReading *best;
	char		sign = '\0';
	bool		is_settled;
	size_t		sep = pins->has_skip_rows ? 0 : find_sep_line(text, len, &sign);

	if (sep > 0 && !pins->has_delimiter)
	{
		own.has_delimiter = true;
		own.format.delimiter = sign;
	}
	text += sep;
	len -= sep;
	hold_contest(&contest, text, len, is_whole, file_name, &own);
	is_settled = settle_tie(&contest, pins);
	best = contest.readings[0];
	sniff->format.delimiter = best->width > 1 || own.has_delimiter ? best->delimiter : sign_for_one(text, len);
	sniff->ncols = best->width;
	sniff->delimited = sep > 0 ? 1.0 : fit(best);
	if (pins->has_delimiter)
		nvp_verdict_set(&sniff->delimiter, 1.0, "given");
	else if (sep > 0)
		nvp_verdict_set(&sniff->delimiter, 0.99, "the first line says so");
	else
		judge_delimiter(&sniff->delimiter, &contest);
	if (is_settled)
	{
		sniff->delimiter.is_ambiguous = false;
		nvp_verdict_set(&sniff->delimiter, 0.9, "others are as good, but this one gives the columns that are known");
	}
	judge_quote(best, pins, sniff);
	nvp_sniff_header(best, pins, sniff);
	nvp_sniff_fields(best, sniff);
	nvp_sniff_transposed(best, sniff);
	if (sep > 0)
		count_sep_line(sniff);
	for (int i = 0; i < contest.n; i++)
		drop(contest.readings[i]);
}
