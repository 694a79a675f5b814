/*-------------------------------------------------------------------------
 *
 * sniff_header.c
 *		Where the names of the columns stand: preamble, header, two lines of it,
 *		none; and whether rows and columns have changed places.
 *
 * A header is known by contrast: text above numbers, names that do not occur
 * again below, shapes that the values below do not have.  Every possibility that
 * is worth a thought is kept with its score, so that people can choose.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/sniff_impl.h"

#define MOST_PREAMBLE	50
#define MOST_COLUMNS	256		/* looked at */
#define MOST_LABELS		40		/* of a form; a longer one is a table */

/* what a record looks like above the records from another on */
typedef struct HeadLook
{
	int			ncols;
	int			named;			/* cells that are not empty */
	int			typed;			/* columns of numbers, dates or booleans below */
	int			contrasts;		/* of them with text in the record */
	int			likenesses;		/* cells of the record that are such values */
	int			shapes;			/* columns of text whose values are shaped otherwise */
	int			repeats;		/* cells whose text occurs again below */
	int			doubles;		/* cells whose text is that of another one in the record */
} HeadLook;

/* is_label: text in all cells that are not empty, and most are not */
static bool
is_label(const NvpSniffReading *reading, int r)
{
	int			ncols = Min(reading->records[r].width, MOST_COLUMNS);
	int			filled = 0;

	for (int col = 0; col < ncols; col++)
	{
		NvpFieldType type = nvp_sniff_cell(reading, r, col)->type;

		if (type != NVP_FIELD_EMPTY && type != NVP_FIELD_TEXT)
			return false;
		filled += (type == NVP_FIELD_TEXT);
	}
	return filled * 2 >= ncols && filled > 0;
}

static bool
same_text(const NvpSniffCell *a, const NvpSniffCell *b)
{
	return a->len == b->len && memcmp(a->ptr, b->ptr, a->len) == 0;
}

static bool
has_digit(const NvpSniffCell *cell)
{
	for (uint32 i = 0; i < cell->len; i++)
		if (cell->ptr[i] >= '0' && cell->ptr[i] <= '9')
			return true;
	return false;
}

/* has_other_shape: nearly all values of a column of text are of one length, or hold digits, and the head is not so */
static bool
has_other_shape(const NvpSniffReading *reading, const NvpSniffCell *head, int col, int from)
{
	int			n = 0;
	int			of_length = 0;
	int			with_digit = 0;
	uint32		length = 0;

	for (int i = from; i < reading->nrecords; i++)
	{
		const NvpSniffCell *cell;

		if (reading->records[i].width != reading->width || reading->records[i].is_blank)
			continue;
		cell = nvp_sniff_cell(reading, i, col);
		if (cell->len == 0)
			continue;
		if (n++ == 0)
			length = cell->len;
		of_length += (cell->len == length);
		with_digit += has_digit(cell);
	}
	if (n < 3)
		return false;
	return (of_length == n && head->len != length) || (with_digit * 10 >= n * 9 && !has_digit(head));
}

static bool
occurs_below(const NvpSniffReading *reading, const NvpSniffCell *head, int col, int from)
{
	for (int i = from; i < reading->nrecords; i++)
		if (reading->records[i].width > col && same_text(nvp_sniff_cell(reading, i, col), head))
			return true;
	return false;
}

static bool
is_double(const NvpSniffReading *reading, int r, int col)
{
	const NvpSniffCell *cell = nvp_sniff_cell(reading, r, col);

	for (int i = 0; i < col; i++)
		if (cell->len > 0 && same_text(nvp_sniff_cell(reading, r, i), cell))
			return true;
	return false;
}

/* is_year: a number that can be a name, as it stands above the numbers of a year */
static bool
is_year(const NvpSniffCell *cell)
{
	return cell->type == NVP_FIELD_INTEGER && cell->len == 4 &&
		(memcmp(cell->ptr, "19", 2) == 0 || memcmp(cell->ptr, "20", 2) == 0);
}

/* nvp_sniff_names_group: text, nothing, or a year */
bool
nvp_sniff_names_group(const NvpSniffCell *cell)
{
	return cell->type == NVP_FIELD_TEXT || cell->type == NVP_FIELD_EMPTY || is_year(cell);
}

/* is_period: a year, or a date that the file itself says is one, as it stands above the numbers of a month */
static bool
is_period(const NvpSniffCell *cell)
{
	return is_year(cell) || (cell->type == NVP_FIELD_DATE && cell->is_typed);
}

/* has_periods tells whether there are such in a column, too */
static bool
has_periods(const NvpSniffReading *reading, int col, int from)
{
	for (int i = from; i < reading->nrecords; i++)
		if (reading->records[i].width > col && is_period(nvp_sniff_cell(reading, i, col)))
			return true;
	return false;
}

/* next_record returns the first record from r on that is not blank, nrecords if there is none */
static int
next_record(const NvpSniffReading *reading, int r)
{
	while (r < reading->nrecords && reading->records[r].is_blank)
		r++;
	return r;
}

/* count_gaps counts cells that repeat the one before or are empty; -1 if the record names no groups */
static int
count_gaps(const NvpSniffReading *reading, int r)
{
	int			ncols = Min(reading->records[r].width, MOST_COLUMNS);
	int			gaps = 0;

	for (int col = 0; col < ncols; col++)
	{
		const NvpSniffCell *cell = nvp_sniff_cell(reading, r, col);

		if (!nvp_sniff_names_group(cell))
			return -1;
		gaps += cell->len == 0 || (col > 0 && same_text(cell, nvp_sniff_cell(reading, r, col - 1)));
	}
	return gaps == ncols ? -1 : gaps;
}

/* is_loose: a narrow line, or one with gaps */
static bool
is_loose(const NvpSniffReading *reading, int r)
{
	if (reading->records[r].width < reading->width)
		return true;
	for (int col = 0; col < Min(reading->width, MOST_COLUMNS); col++)
		if (nvp_sniff_cell(reading, r, col)->type == NVP_FIELD_EMPTY)
			return true;
	return false;
}

/* is_full_label: text in every cell */
static bool
is_full_label(const NvpSniffReading *reading, int r)
{
	return reading->records[r].width == reading->width && is_label(reading, r) && !is_loose(reading, r);
}

/* is_group_line: names of groups, with gaps, and a name for each column in the next line */
static bool
is_group_line(const NvpSniffReading *reading, int r)
{
	int			next = next_record(reading, r + 1);

	return reading->records[r].width == reading->width && count_gaps(reading, r) > 0 &&
		next < reading->nrecords && reading->records[next].width == reading->width && is_label(reading, next);
}

/*
 * nvp_sniff_preamble counts records before the header.  Only lines much
 * narrower than the data, followed by what looks like a header, are taken for
 * one: a ragged first row of data must not be lost.
 */
int
nvp_sniff_preamble(const NvpSniffReading *reading)
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
	if (n > 0 && n < reading->nrecords && !is_label(reading, n) && !is_group_line(reading, n))
		return 0;
	return n < reading->nrecords ? n : 0;
}

/* look_at compares record r with those from another on */
static HeadLook
look_at(const NvpSniffReading *reading, int r, int from)
{
	HeadLook	look = {0};

	look.ncols = Min(Min(reading->records[r].width, reading->width), MOST_COLUMNS);
	for (int col = 0; col < look.ncols; col++)
	{
		const NvpSniffCell *head = nvp_sniff_cell(reading, r, col);
		int			filled;
		int			fitting;
		NvpFieldType below = nvp_sniff_column_type(reading, col, from, &filled, &fitting);
		bool		is_typed = below != NVP_FIELD_TEXT && below != NVP_FIELD_EMPTY && fitting > filled * 0.7;

		look.typed += is_typed;
		look.named += (head->type != NVP_FIELD_EMPTY);
		if (is_period(head) && is_typed && !has_periods(reading, col, from))
		{
			look.contrasts++;
			look.doubles += is_double(reading, r, col);
			continue;
		}
		look.likenesses += (head->type != NVP_FIELD_TEXT && head->type != NVP_FIELD_EMPTY);
		if (head->type != NVP_FIELD_TEXT)
			continue;
		look.contrasts += is_typed;
		if (below == NVP_FIELD_TEXT)
			look.shapes += has_other_shape(reading, head, col, from);
		look.repeats += occurs_below(reading, head, col, from);
		look.doubles += is_double(reading, r, col);
	}
	return look;
}

static void add_guess(NvpSniff *sniff, bool has_header, int skip_rows, int header_rows, double score,
					  const char *fmt,...) pg_attribute_printf(6, 7);

static void
add_guess(NvpSniff *sniff, bool has_header, int skip_rows, int header_rows, double score, const char *fmt,...)
{
	NvpHeaderGuess guess = {has_header, skip_rows, header_rows, score, ""};
	va_list		args;
	int			at;

	va_start(args, fmt);
	vsnprintf(guess.reason, sizeof(guess.reason), fmt, args);
	va_end(args);
	if (sniff->nguesses == NVP_HEADER_GUESSES)
		return;
	for (at = sniff->nguesses++; at > 0 && sniff->guesses[at - 1].score < score; at--)
		sniff->guesses[at] = sniff->guesses[at - 1];
	sniff->guesses[at] = guess;
}

/* guess_one weighs a header of one line at r against none */
static void
guess_one(const HeadLook *look, int width, NvpSniff *sniff, int skip)
{
	double		score;

	if (width > 2 && look->named * 3 <= width)
	{
		/* most columns would have no name */
		add_guess(sniff, true, skip, 1, 0.3, "it names %d of %d columns", look->named, width);
		add_guess(sniff, false, skip, 1, 0.7, "the first record has %d of %d cells", look->named, width);
		return;
	}
	if (look->likenesses > 0 && look->likenesses >= look->contrasts)
	{
		score = look->contrasts > 0 ? 0.4 : 0.1;
		add_guess(sniff, true, skip, 1, score, "its cells would be names like \"1\"");
		add_guess(sniff, false, skip, 1, 1.0 - score, "%d cells of the first record are numbers, dates or booleans",
				  look->likenesses);
		return;
	}
	if (look->contrasts > 0)
	{
		score = look->likenesses > 0 ? 0.6 : 0.95;
		add_guess(sniff, true, skip, 1, score, "text above %d columns of another type", look->contrasts);
	}
	else if (look->repeats * 2 > look->ncols)
	{
		score = 0.35;
		add_guess(sniff, true, skip, 1, score, "its texts occur again below");
	}
	else if (look->shapes > 0)
	{
		score = 0.8;
		add_guess(sniff, true, skip, 1, score, "it is shaped otherwise than the values of %d columns", look->shapes);
	}
	else
	{
		score = 0.6;
		add_guess(sniff, true, skip, 1, score, "nothing speaks against a header, all columns are text");
	}
	add_guess(sniff, false, skip, 1, 1.0 - score, look->repeats * 2 > look->ncols ?
			  "values of the first record occur again below" : "the first record may be data");
}

/* is_title: text in the first cell and in no other of three or more */
static bool
is_title(const NvpSniffReading *reading, int r)
{
	for (int col = 1; col < Min(reading->records[r].width, MOST_COLUMNS); col++)
		if (nvp_sniff_cell(reading, r, col)->len > 0)
			return false;
	return reading->records[r].width > 2;
}

/*
 * guess_two weighs names in two lines: groups above, with gaps where a cell was
 * merged, and names of one column each below.
 */
static void
guess_two(const NvpSniffReading *reading, NvpSniff *sniff, int skip, int r)
{
	int			second = next_record(reading, r + 1);
	HeadLook	look;
	int			gaps;

	if (second + 1 >= reading->nrecords || reading->records[second].width != reading->width ||
		reading->records[r].width != reading->width)
		return;
	gaps = count_gaps(reading, r);
	if (gaps < 0)
		return;
	look = look_at(reading, second, second + 1);
	if (look.likenesses > 0 || look.contrasts == 0 || look.contrasts < look.typed * 0.7)
		return;
	/* two lines of text above numbers: the second is no data */
	for (int i = 0; i < sniff->nguesses; i++)
		sniff->guesses[i].score = Min(sniff->guesses[i].score, sniff->guesses[i].has_header ? 0.5 : 0.3);
	add_guess(sniff, true, skip, 2, gaps == 0 ? 0.45 : is_title(reading, r) ? 0.5 : 0.85,
			  gaps > 0 ? "two lines of text above numbers, the first with %d gaps" :
			  "two lines of text above numbers", gaps);
	add_guess(sniff, true, second, 1, gaps == 0 ? 0.4 : is_title(reading, r) ? 0.85 : 0.6,
			  "the second line alone, text above %d columns of another type", look.contrasts);
}

/*
 * guess_lower looks for the header below several lines that spreadsheet programs
 * have filled up with delimiters, so that their width says nothing.
 */
static void
guess_lower(const NvpSniffReading *reading, NvpSniff *sniff, int first)
{
	int			r = first;
	HeadLook	look;

	while (r < reading->nrecords && r - first < MOST_PREAMBLE && is_loose(reading, r))
		r++;
	if (next_record(reading, first + 1) >= r || r + 1 >= reading->nrecords || !is_full_label(reading, r))
		return;
	look = look_at(reading, r, r + 1);
	if (look.likenesses > 0 || look.contrasts == 0 || look.contrasts < look.typed * 0.7)
		return;
	for (int i = 0; i < sniff->nguesses; i++)
		sniff->guesses[i].score = Min(sniff->guesses[i].score, sniff->guesses[i].has_header ? 0.4 : 0.3);
	add_guess(sniff, true, r, 1, 0.85, "text above %d columns of another type; the lines above it have gaps", look.contrasts);
}

/* sort_guesses after their scores were changed */
static void
sort_guesses(NvpSniff *sniff)
{
	for (int i = 1; i < sniff->nguesses; i++)
		for (int k = i; k > 0 && sniff->guesses[k - 1].score < sniff->guesses[k].score; k--)
		{
			NvpHeaderGuess guess = sniff->guesses[k];

			sniff->guesses[k] = sniff->guesses[k - 1];
			sniff->guesses[k - 1] = guess;
		}
}

static void
judge_preamble(const NvpSniffReading *reading, const NvpSniffPins *pins, NvpSniff *sniff)
{
	if (pins->has_skip_rows)
		nvp_verdict_set(&sniff->preamble, 1.0, "given");
	else if (sniff->format.skip_rows == 0)
		nvp_verdict_set(&sniff->preamble, 0.9, "none found");
	else if (sniff->format.skip_rows > reading->preamble)
		nvp_verdict_set(&sniff->preamble, 0.6, "lines with gaps stand above the names");
	else
		nvp_verdict_set(&sniff->preamble, 0.7, reading->preamble == 1 ?
						"%d narrow line stands before a header of %d columns" :
						"%d narrow lines stand before a header of %d columns", reading->preamble, reading->width);
}

/* keep_fitting drops guesses that contradict what is settled */
static void
keep_fitting(const NvpSniffPins *pins, NvpSniff *sniff)
{
	int			kept = 0;

	for (int i = 0; i < sniff->nguesses; i++)
	{
		const NvpHeaderGuess *guess = &sniff->guesses[i];

		if ((pins->has_header && guess->has_header != pins->format.has_header) ||
			(pins->has_skip_rows && guess->skip_rows != pins->format.skip_rows) ||
			(pins->format.header_rows > 0 && (!guess->has_header || guess->header_rows != pins->format.header_rows)))
			continue;
		sniff->guesses[kept++] = *guess;
	}
	sniff->nguesses = kept;
}

/* add_rivals names the other places of the header: its lines, counted from 0 as skip_rows does */
static void
add_rivals(NvpSniff *sniff)
{
	for (int i = 1; i < sniff->nguesses; i++)
	{
		const NvpHeaderGuess *guess = &sniff->guesses[i];
		char		value[24] = "none";

		if (guess->has_header && guess->header_rows > 1)
			snprintf(value, sizeof(value), "rows %d to %d", guess->skip_rows, guess->skip_rows + guess->header_rows - 1);
		else if (guess->has_header)
			snprintf(value, sizeof(value), "row %d", guess->skip_rows);
		nvp_verdict_rival(&sniff->header, value, guess->score);
	}
}

/* nvp_sniff_move_header turns numbers of records into those of lines: places[i] lines stand before record i. */
void
nvp_sniff_move_header(NvpSniff *sniff, const int *places)
{
	sniff->format.skip_rows = places[sniff->format.skip_rows];
	for (int i = 0; i < sniff->nguesses; i++)
		sniff->guesses[i].skip_rows = places[sniff->guesses[i].skip_rows];
	if (sniff->header.nrivals == 0)
		return;
	sniff->header.nrivals = 0;
	add_rivals(sniff);
}

/* nvp_sniff_header decides on preamble and header of the best reading. */
void
nvp_sniff_header(const NvpSniffReading *reading, const NvpSniffPins *pins, NvpSniff *sniff)
{
	NvpFormat  *format = &sniff->format;
	int			skip = pins->has_skip_rows ? pins->format.skip_rows : reading->preamble;
	int			r = next_record(reading, skip);
	HeadLook	look = {0};

	if (r < reading->nrecords)
	{
		look = look_at(reading, r, r + 1);
		guess_one(&look, Min(reading->width, MOST_COLUMNS), sniff, skip);
		guess_two(reading, sniff, skip, r);
		guess_lower(reading, sniff, r);
		sort_guesses(sniff);
		keep_fitting(pins, sniff);
	}
	if (sniff->nguesses > 0)
	{
		const NvpHeaderGuess *best = &sniff->guesses[0];

		format->has_header = best->has_header;
		format->skip_rows = best->skip_rows;
		format->header_rows = best->header_rows;
		r = next_record(reading, best->skip_rows);
		look = look_at(reading, r, r + 1);
		nvp_verdict_set(&sniff->header, best->score, look.doubles > 0 && best->has_header && best->header_rows == 1 ?
						"%s; %d names occur twice" : "%s", best->reason, look.doubles);
		add_rivals(sniff);
		sniff->header.is_ambiguous = sniff->nguesses > 1 && sniff->guesses[1].score > best->score - 0.1;
	}
	else
	{
		format->has_header = pins->has_header ? pins->format.has_header : true;
		format->skip_rows = skip;
		format->header_rows = Max(pins->format.header_rows, 1);
		nvp_verdict_set(&sniff->header, 0.1, "there is no record");
	}
	if (pins->has_header || pins->format.header_rows > 0)
	{
		memset(&sniff->header, 0, sizeof(sniff->header));
		nvp_verdict_set(&sniff->header, 1.0, "given");
	}
	judge_preamble(reading, pins, sniff);
}

/* is_even_row: the cells behind the first are of one type that is not text */
static bool
is_even_row(const NvpSniffReading *reading, int r, NvpFieldType *type)
{
	int			counts[NVP_FIELD_COUNT] = {0};
	int			filled = 0;

	for (int col = 1; col < Min(reading->records[r].width, MOST_COLUMNS); col++)
	{
		NvpFieldType t = nvp_sniff_cell(reading, r, col)->type;

		counts[t]++;
		filled += (t != NVP_FIELD_EMPTY);
	}
	counts[NVP_FIELD_DECIMAL] += counts[NVP_FIELD_DECIMAL] > 0 ? counts[NVP_FIELD_INTEGER] : 0;
	for (*type = NVP_FIELD_INTEGER; *type < NVP_FIELD_TEXT; (*type)++)
		if (filled >= 2 && counts[*type] == filled)
			return true;
	return false;
}

/* is_known_label tells whether the first cell of a record stands in one above, too */
static bool
is_known_label(const NvpSniffReading *reading, int r)
{
	for (int above = 0; above < r; above++)
		if (!reading->records[above].is_blank && same_text(nvp_sniff_cell(reading, above, 0), nvp_sniff_cell(reading, r, 0)))
			return true;
	return false;
}

/*
 * sniff_form tells of a form: a few labels, each once, and beside each a value
 * of its own kind.  Words and numbers alone may be one column of codes, unless
 * all labels end with a colon.
 */
static void
sniff_form(const NvpSniffReading *reading, NvpSniff *sniff)
{
	int			counts[NVP_FIELD_COUNT] = {0};
	int			rows = 0;
	int			colons = 0;
	int			most = 0;
	int			kinds = 0;

	for (int r = 0; r < reading->nrecords; r++)
	{
		const NvpSniffCell *label;

		if (reading->records[r].is_blank)
			continue;
		label = nvp_sniff_cell(reading, r, 0);
		if (reading->records[r].width != 2 || label->type != NVP_FIELD_TEXT || ++rows > MOST_LABELS || is_known_label(reading, r))
			return;
		colons += label->ptr[label->len - 1] == ':';
		counts[nvp_sniff_cell(reading, r, 1)->type]++;
	}
	counts[NVP_FIELD_DECIMAL] += counts[NVP_FIELD_INTEGER];
	counts[NVP_FIELD_INTEGER] = counts[NVP_FIELD_EMPTY] = 0;
	for (NvpFieldType type = 0; type < NVP_FIELD_COUNT; type++)
	{
		most = Max(most, counts[type]);
		kinds += counts[type] > 0;
	}
	if (rows >= 4 && (colons == rows ? kinds > 1 : kinds > 2 && most * 3 <= rows * 2))
		nvp_verdict_set(&sniff->transposed, 0.7,
						"%d labels stand in the first column and values of %d kinds beside them, as in a form: rows and columns have changed places",
						rows, kinds);
}

/*
 * nvp_sniff_transposed tells where rows and columns have changed places: the
 * first cells are names, rows are of one type each, and columns are not.
 */
void
nvp_sniff_transposed(const NvpSniffReading *reading, NvpSniff *sniff)
{
	int			even = 0;
	int			rows = 0;
	int			mixed = 0;
	bool		types[NVP_FIELD_COUNT] = {0};	/* of even rows behind the first */
	int			ntypes = 0;

	if (reading->width == 2)
		sniff_form(reading, sniff);
	if (reading->width < 3)
		return;
	for (int r = 0; r < reading->nrecords; r++)
	{
		NvpFieldType type;

		if (reading->records[r].is_blank)
			continue;
		rows++;
		if (nvp_sniff_cell(reading, r, 0)->type != NVP_FIELD_TEXT)
			return;
		if (is_even_row(reading, r, &type))
		{
			even++;
			/* names may be of a type of their own: years, months */
			types[type] |= rows > 1;
		}
	}
	for (int col = 1; col < Min(reading->width, MOST_COLUMNS); col++)
	{
		int			filled;
		int			fitting;

		(void) nvp_sniff_column_type(reading, col, 0, &filled, &fitting);
		mixed += filled >= 2 && fitting < filled * 0.75;
	}
	for (NvpFieldType type = 0; type < NVP_FIELD_COUNT; type++)
		ntypes += types[type];
	if (rows >= 3 && even >= 2 && ntypes >= 2 && mixed == Min(reading->width, MOST_COLUMNS) - 1)
		nvp_verdict_set(&sniff->transposed, 0.8,
						"%d of %d rows are of one type each, and no column is: rows and columns have changed places",
						even, rows);
}
