/*-------------------------------------------------------------------------
 *
 * sniff_csv.c
 *		Guess delimiter, quote, header and preamble of delimited text.
 *
 * Flow:   for each candidate: text --> split --> records --> score
 *
 * A delimiter is judged by what it makes of the text: do most records get the
 * same number of cells (quotes respected), and do the cells of a column have
 * one type?  The second question is what keeps a decimal comma from winning
 * over a semicolon: it would tear numbers into halves with text between.
 *
 * Records are numbered as the CSV reader numbers them, blank lines included, so
 * that skip_rows means the same to both.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/sniff.h"

#define MOST_RECORDS	500
#define MOST_PREAMBLE	50
#define MOST_COLUMNS	256		/* types are judged by these */
#define TIE				0.03	/* scores nearer than this are equal */

typedef enum CellType
{
	TYPE_EMPTY,
	TYPE_INTEGER,
	TYPE_DECIMAL,
	TYPE_DATE,
	TYPE_BOOLEAN,
	TYPE_TEXT,
	TYPE_COUNT
} CellType;

typedef struct SniffRecord
{
	int			width;
	bool		is_blank;
	uint8		types[MOST_COLUMNS];
	uint32		hashes[MOST_COLUMNS];
} SniffRecord;

/* what one dialect makes of the text */
typedef struct Reading
{
	char		delimiter;
	char		quote;
	int			nrecords;
	int			nquoted;		/* cells in quotes */
	int			nstray;			/* of them with text behind the closing quote */
	int			npadded;		/* cells that begin with a blank */
	int			ncells;
	bool		has_backslash;	/* \" inside quotes */
	bool		is_unclosed;	/* a quote is still open at the end */
	int			width;			/* most frequent one */
	int			preamble;		/* records before the first of that width */
	double		score;
	SniffRecord *records;
} Reading;

static CellType
digits_type(const char *p, const char *end)
{
	int			separators = 0;
	bool		has_date_sign = false;
	char		separator = '\0';

	for (; p < end; p++)
	{
		if (*p >= '0' && *p <= '9')
			continue;
		if (strchr(".,-/: TZ'", *p) == NULL || *p == '\0')
			return TYPE_TEXT;
		has_date_sign |= (strchr("-/:T", *p) != NULL);
		separators++;
		separator = *p;
	}
	if (separators == 0)
		return TYPE_INTEGER;
	if (!has_date_sign && (separators == 1 || separator == ',' || separator == '.'))
		return (separators == 2 && separator == '.') ? TYPE_DATE : TYPE_DECIMAL;
	return TYPE_DATE;
}

static CellType
cell_type(const char *p, const char *end)
{
	static const char *const booleans[] = {"true", "false", "yes", "no", "ja", "nein"};

	while (p < end && *p == ' ')
		p++;
	while (end > p && end[-1] == ' ')
		end--;
	if (p == end)
		return TYPE_EMPTY;
	for (int i = 0; i < lengthof(booleans); i++)
		if (strlen(booleans[i]) == end - p && pg_strncasecmp(p, booleans[i], end - p) == 0)
			return TYPE_BOOLEAN;
	if ((*p == '-' || *p == '+') && p + 1 < end)
		p++;
	if (end[-1] == '%' && end - 1 > p)
		end--;
	return (*p >= '0' && *p <= '9') ? digits_type(p, end) : TYPE_TEXT;
}

static uint32
hash_cell(const char *p, const char *end)
{
	uint32		hash = 2166136261u;

	for (; p < end; p++)
		hash = (hash ^ (unsigned char) *p) * 16777619u;
	return hash;
}

static void
add_cell(Reading *reading, const char *from, const char *to)
{
	SniffRecord *record = &reading->records[reading->nrecords];

	if (record->width < MOST_COLUMNS)
	{
		record->types[record->width] = cell_type(from, to);
		record->hashes[record->width] = hash_cell(from, to);
	}
	reading->npadded += (from < to && *from == ' ');
	reading->ncells++;
	record->width++;
}

/*
 * quoted_end steps over a quoted cell; returns the position behind the closing
 * quote, NULL if there is none
 */
static const char *
quoted_end(Reading *reading, const char *p, const char *end)
{
	for (p++; p < end; p++)
	{
		if (*p == '\\' && p + 1 < end && p[1] == reading->quote &&
			p + 2 < end && p[2] != reading->delimiter && p[2] != '\n' && p[2] != '\r')
		{
			reading->has_backslash = true;
			p++;
		}
		else if (*p == reading->quote)
		{
			if (p + 1 < end && p[1] == reading->quote)
				p++;
			else
				return p + 1;
		}
	}
	return NULL;
}

/* split_record splits one record; returns the position behind it, NULL if it is not all there */
static const char *
split_record(Reading *reading, const char *p, const char *end, bool is_whole)
{
	SniffRecord *record = &reading->records[reading->nrecords];
	const char *begin = p;

	record->width = 0;
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

/* split reads the text in one dialect */
static void
split(Reading *reading, const char *text, size_t len, bool is_whole)
{
	const char *end = text + len;

	while (text && text < end && reading->nrecords < MOST_RECORDS)
	{
		text = split_record(reading, text, end, is_whole);
		if (text)
			reading->nrecords++;
	}
}

/* find_width finds the most frequent width; among equals the greater */
static int
find_width(const Reading *reading, int *count)
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

/* is_label: text in all cells that are not empty, and most are not */
static bool
is_label(const SniffRecord *record)
{
	int			ncols = Min(record->width, MOST_COLUMNS);
	int			filled = 0;

	for (int col = 0; col < ncols; col++)
	{
		if (record->types[col] != TYPE_EMPTY && record->types[col] != TYPE_TEXT)
			return false;
		filled += (record->types[col] == TYPE_TEXT);
	}
	return filled * 2 >= ncols && filled > 0;
}

/*
 * find_preamble counts records before the header.  Only lines much narrower
 * than the data, followed by what looks like a header, are taken for one: a
 * ragged first row of data must not be lost.
 */
static int
find_preamble(const Reading *reading)
{
	int			n = 0;

	if (reading->width < 2)
		return 0;
	while (n < reading->nrecords && reading->records[n].width != reading->width)
	{
		if (reading->records[n].width > Max(1, reading->width / 2) || n == MOST_PREAMBLE)
			return 0;
		n++;
	}
	if (n > 0 && n < reading->nrecords && !is_label(&reading->records[n]))
		return 0;
	return n < reading->nrecords ? n : 0;
}

/* column_type finds the most frequent type of a column below row first, and its share */
static CellType
column_type(const Reading *reading, int col, int first, double *share)
{
	int			counts[TYPE_COUNT] = {0};
	int			filled = 0;
	CellType	best = TYPE_TEXT;

	for (int i = first; i < reading->nrecords; i++)
	{
		const SniffRecord *record = &reading->records[i];

		if (record->width != reading->width || record->types[col] == TYPE_EMPTY)
			continue;
		counts[record->types[col]]++;
		filled++;
	}

	/* whole numbers among decimal ones are the same type */
	if (counts[TYPE_DECIMAL] > 0)
	{
		counts[TYPE_DECIMAL] += counts[TYPE_INTEGER];
		counts[TYPE_INTEGER] = 0;
	}
	for (CellType type = TYPE_INTEGER; type < TYPE_COUNT; type++)
		if (counts[type] > counts[best])
			best = type;
	*share = filled > 0 ? (double) counts[best] / filled : 0.0;
	return filled > 0 ? best : TYPE_EMPTY;
}

/* type_score tells how clean the columns are: 1 all of one type, 0.5 all text */
static double
type_score(const Reading *reading)
{
	int			ncols = Min(reading->width, MOST_COLUMNS);
	double		sum = 0.0;

	for (int col = 0; col < ncols; col++)
	{
		double		share;
		CellType	type = column_type(reading, col, Min(reading->preamble + 1, reading->nrecords - 1), &share);

		sum += (type == TYPE_TEXT || type == TYPE_EMPTY) ? 0.5 : share;
	}
	return sum / ncols;
}

static void
judge(Reading *reading)
{
	int			same;
	int			counted = 0;

	reading->width = find_width(reading, &same);
	reading->preamble = find_preamble(reading);
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
static SniffRecord *
make_records(const char *text, size_t len)
{
	int			n = 2;

	for (const char *p = text; p < text + len && n <= MOST_RECORDS; p++)
		n += (*p == '\n' || *p == '\r');
	return palloc0(sizeof(SniffRecord) * Min(n, MOST_RECORDS + 1));
}

/* try_dialect returns the reading of the text in one dialect; free with drop */
static Reading *
try_dialect(const char *text, size_t len, bool is_whole, char delimiter, char quote)
{
	Reading    *reading = palloc0(sizeof(Reading));

	reading->delimiter = delimiter;
	reading->quote = quote;
	reading->records = make_records(text, len);
	split(reading, text, len, is_whole);
	judge(reading);
	return reading;
}

static void
drop(Reading *reading)
{
	if (reading)
	{
		pfree(reading->records);
		pfree(reading);
	}
}

/*
 * try_quotes returns the best reading with a delimiter.  That a file has no
 * quotes is never guessed: a quote that stays open rather means that the file is
 * cut off, and must be told.
 */
static Reading *
try_quotes(const char *text, size_t len, bool is_whole, char delimiter, const NvpSniffPins *pins)
{
	Reading    *best;
	Reading    *other;
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

static const char *
delimiter_name(char delimiter)
{
	switch (delimiter)
	{
		case '\t':
			return "tab";
		case ',':
			return ",";
		case ';':
			return ";";
		case '|':
			return "|";
		default:
			return "other";
	}
}

static void
judge_delimiter(NvpVerdict *verdict, const Reading *best, const Reading *second)
{
	double		margin = best->score - (second ? second->score : 0.0);

	if (best->width < 2)
	{
		nvp_verdict_set(verdict, 0.5, "no delimiter gives more than one column");
		return;
	}
	nvp_verdict_set(verdict, Min(best->score, 1.0) * (0.5 + 0.5 * Min(1.0, margin / 0.25)),
					"%d columns in most of %d records, score %.2f",
					best->width, best->nrecords, best->score);
	if (second && second->score > 0.0)
		strlcpy(verdict->runner_up, delimiter_name(second->delimiter), sizeof(verdict->runner_up));
	if (second && second->score > 0.0 && margin < TIE)
	{
		verdict->is_ambiguous = true;
		verdict->confidence = Min(verdict->confidence, 0.4);
	}
}

/* sniff_header decides whether the first record behind the preamble names the columns */
static void
sniff_header(const Reading *reading, int first, NvpSniff *sniff)
{
	NvpVerdict *verdict = &sniff->header;
	const SniffRecord *head;
	int			contrasts = 0;	/* text above a typed column */
	int			likeness = 0;	/* typed above the same type */
	int			repeats = 0;	/* the same value again below */

	while (first < reading->nrecords && reading->records[first].is_blank)
		first++;
	sniff->format.has_header = true;
	if (first >= reading->nrecords)
	{
		nvp_verdict_set(verdict, 0.1, "there is no record");
		return;
	}
	head = &reading->records[first];
	for (int col = 0; col < Min(Min(head->width, reading->width), MOST_COLUMNS); col++)
	{
		double		share;
		CellType	below = column_type(reading, col, first + 1, &share);
		bool		is_typed = (below != TYPE_TEXT && below != TYPE_EMPTY && share > 0.7);

		contrasts += (is_typed && head->types[col] == TYPE_TEXT);
		likeness += (head->types[col] != TYPE_TEXT && head->types[col] != TYPE_EMPTY);
		for (int i = first + 1; i < reading->nrecords; i++)
		{
			if (reading->records[i].width > col && head->types[col] == TYPE_TEXT &&
				reading->records[i].hashes[col] == head->hashes[col])
			{
				repeats++;
				break;
			}
		}
	}
	if (likeness > 0 && likeness >= contrasts)
	{
		sniff->format.has_header = false;
		nvp_verdict_set(verdict, contrasts > 0 ? 0.5 : 0.9,
						"%d cells of the first record are numbers, dates or booleans", likeness);
	}
	else if (contrasts > 0)
		nvp_verdict_set(verdict, likeness > 0 ? 0.6 : 0.95, "text above %d columns of another type", contrasts);
	else if (repeats * 2 > head->width)
	{
		sniff->format.has_header = false;
		nvp_verdict_set(verdict, 0.6, "values of the first record occur again below");
	}
	else
		nvp_verdict_set(verdict, 0.6, "nothing speaks against a header, all columns are text");
}

static void
sniff_quote(const Reading *best, const NvpSniffPins *pins, NvpSniff *sniff)
{
	sniff->format.quote = best->quote;
	sniff->format.escape = best->has_backslash ? '\\' : best->quote;
	if (pins->has_escape)
		sniff->format.escape = pins->format.escape;
	if (pins->has_quote)
		nvp_verdict_set(&sniff->quote, 1.0, "given");
	else
		nvp_verdict_set(&sniff->quote, best->nquoted > 0 ? 0.95 : 0.7,
						"%d cells in quotes", best->nquoted);
}

static void
sniff_preamble(const Reading *best, const NvpSniffPins *pins, NvpSniff *sniff)
{
	sniff->format.skip_rows = pins->has_skip_rows ? pins->format.skip_rows : best->preamble;
	if (pins->has_skip_rows)
		nvp_verdict_set(&sniff->preamble, 1.0, "given");
	else if (best->preamble == 0)
		nvp_verdict_set(&sniff->preamble, 0.9, "none found");
	else
		nvp_verdict_set(&sniff->preamble, 0.7, "%d narrow lines stand before a header of %d columns",
						best->preamble, best->width);
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
	char		candidates[] = {',', ';', '\t', '|', '\0'};
	size_t		name_len = file_name ? strlen(file_name) : 0;
	bool		is_tsv = name_len > 4 && pg_strcasecmp(file_name + name_len - 4, ".tsv") == 0;
	Reading    *best = NULL;
	Reading    *second = NULL;

	if (pins->has_delimiter)
	{
		candidates[0] = pins->format.delimiter;
		candidates[1] = '\0';
	}
	for (char *delimiter = candidates; delimiter == candidates || *delimiter != '\0'; delimiter++)
	{
		Reading    *reading = try_quotes(text, len, is_whole, *delimiter, pins);

		if (is_tsv && *delimiter == '\t' && reading->width > 1)
			reading->score += 0.2;
		if (best == NULL || reading->score > best->score)
		{
			drop(second);
			second = best;
			best = reading;
		}
		else if (second == NULL || reading->score > second->score)
		{
			drop(second);
			second = reading;
		}
		else
			drop(reading);
		if (pins->has_delimiter)
			break;
	}
	sniff->format.delimiter = best->delimiter;
	sniff->ncols = best->width;
	if (pins->has_delimiter)
		nvp_verdict_set(&sniff->delimiter, 1.0, "given");
	else
		judge_delimiter(&sniff->delimiter, best, second);
	sniff_quote(best, pins, sniff);
	sniff_preamble(best, pins, sniff);
	sniff_header(best, sniff->format.skip_rows, sniff);
	if (pins->has_header)
	{
		sniff->format.has_header = pins->format.has_header;
		nvp_verdict_set(&sniff->header, 1.0, "given");
	}
	drop(best);
	drop(second);
}
