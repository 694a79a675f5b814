/*-------------------------------------------------------------------------
 *
 * issuepack.c
 *		How issues lie in the table: many to a row, packed.
 *
 * See issuepack.h for layout, memory and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "pipeline/issuepack.h"

#define KIND_BITS		3
#define KIND_MASK		((1 << KIND_BITS) - 1)

/* ---- writing ---------------------------------------------------------------- */

static inline void
pack_number(StringInfo buf, uint64 n)
{
	enlargeStringInfo(buf, 10);
	while (n >= 0x80)
	{
		buf->data[buf->len++] = (char) (n | 0x80);
		n >>= 7;
	}
	buf->data[buf->len++] = (char) n;
}

static inline void
pack_bytes(StringInfo buf, const char *ptr, uint32 len)
{
	if (len > 0)
		appendBinaryStringInfo(buf, ptr, len);
}

static inline void
pack_text(StringInfo buf, const char *ptr, uint32 len)
{
	if (ptr == NULL)
	{
		pack_number(buf, 0);
		return;
	}
	pack_number(buf, (uint64) len + 1);
	pack_bytes(buf, ptr, len);
}

/* nvp_pack_list appends a list of n texts, each of which may be NULL. */
void
nvp_pack_list(StringInfo buf, const char *const *texts, int n)
{
	pack_number(buf, n);
	for (int i = 0; i < n; i++)
		pack_text(buf, texts[i], texts[i] ? strlen(texts[i]) : 0);
}

/* nvp_pack_issue appends an issue; if it has a row, nvp_pack_row must follow. */
void
nvp_pack_issue(StringInfo buf, const NvpPackedIssue *issue)
{
	appendStringInfoCharMacro(buf, (char) issue->flags);
	pack_number(buf, issue->row_no);
	if (issue->flags & NVP_PACKED_LINE)
		pack_number(buf, issue->line_no);
	if (issue->flags & NVP_PACKED_SHEET)
		pack_number(buf, issue->sheet);
	pack_number(buf, issue->column + 1);
	pack_number(buf, issue->code);
	if (issue->flags & NVP_PACKED_MESSAGE)
		pack_text(buf, issue->message.ptr, issue->message.len);
	else
		pack_number(buf, issue->message_no);
	if (issue->flags & NVP_PACKED_VALUE)
		pack_text(buf, issue->value.ptr, issue->value.len);
}

/* nvp_pack_row appends the cells of a row as it was read. */
void
nvp_pack_row(StringInfo buf, const NvpBatch *batch, int row)
{
	const NvpRow *info = &batch->rows[row];

	pack_number(buf, batch->ncols);
	for (int c = 0; c < batch->ncols; c++)
	{
		const NvpCell *cell = &nvp_batch_column(batch, c)[row];

		pack_number(buf, (uint64) cell->len << KIND_BITS | cell->kind);
		pack_bytes(buf, cell->ptr, cell->len);
	}
	pack_text(buf, info->extra, info->extra_len);
}

/* ---- reading ---------------------------------------------------------------- */

static void
bad_pack(void)
{
	ereport(ERROR,
			errcode(ERRCODE_DATA_CORRUPTED),
			errmsg("stored issues cannot be read"),
			errhint("The rows of _nuvopipe.issue were changed by hand, or damaged."));
}

static inline uint64
unpack_number(NvpPackReader *reader)
{
	uint64		n = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint8		byte;

		if (reader->p >= reader->end)
			bad_pack();
		byte = (uint8) *reader->p++;
		n |= (uint64) (byte & 0x7F) << shift;
		if (!(byte & 0x80))
			return n;
	}
	bad_pack();
	return 0;
}

/* a number that must be below a limit */
static inline uint32
unpack_below(NvpPackReader *reader, uint64 limit)
{
	uint64		n = unpack_number(reader);

	if (n >= limit)
		bad_pack();
	return (uint32) n;
}

static inline const char *
unpack_bytes(NvpPackReader *reader, uint64 len)
{
	const char *p = reader->p;

	if (len > (uint64) (reader->end - p))
		bad_pack();
	reader->p += len;
	return p;
}

static inline NvpPackedText
unpack_text(NvpPackReader *reader)
{
	NvpPackedText text = {NULL, 0};
	uint64		n = unpack_number(reader);

	if (n > 0)
	{
		text.ptr = unpack_bytes(reader, n - 1);
		text.len = (uint32) (n - 1);
	}
	return text;
}

static NvpPackedList
unpack_list(NvpPackReader *reader)
{
	NvpPackedList list;

	/* each item takes a byte at least */
	list.n = unpack_below(reader, (uint64) (reader->end - reader->p) + 1);
	list.items = palloc(sizeof(NvpPackedText) * (Size) Max(list.n, 1));
	for (int i = 0; i < list.n; i++)
		list.items[i] = unpack_text(reader);
	return list;
}

/* nvp_unpack_open begins to read a pack. */
void
nvp_unpack_open(NvpPackReader *reader, const char *bytes, int len)
{
	reader->p = bytes;
	reader->end = bytes + len;
	if (unpack_number(reader) != NVP_PACK_VERSION)
		bad_pack();
}

/* nvp_unpack_names reads the lists that packs refer to; all is in the current context. */
NvpIssueNames *
nvp_unpack_names(const char *bytes, int len)
{
	NvpIssueNames *names = palloc0(sizeof(NvpIssueNames));
	NvpPackReader reader;

	names->bytes = palloc(Max(len, 1));
	names->len = len;
	memcpy(names->bytes, bytes, len);
	nvp_unpack_open(&reader, names->bytes, len);
	names->keys = unpack_list(&reader);
	names->sources = unpack_list(&reader);
	names->header = unpack_list(&reader);
	names->codes = unpack_list(&reader);
	names->messages = unpack_list(&reader);
	if (reader.p < reader.end)
		names->sheets = unpack_list(&reader);
	return names;
}

/*
 * nvp_unpack_next reads the next issue.  If it has a row (NVP_PACKED_ROW),
 * nvp_unpack_row must follow.  out: false at the end.
 */
bool
nvp_unpack_next(NvpPackReader *reader, const NvpIssueNames *names, NvpPackedIssue *issue)
{
	if (reader->p == reader->end)
		return false;
	memset(issue, 0, sizeof(*issue));
	issue->flags = (uint8) *reader->p++;
	issue->row_no = unpack_number(reader);
	if (issue->flags & NVP_PACKED_LINE)
		issue->line_no = unpack_number(reader);
	if (issue->flags & NVP_PACKED_SHEET)
		issue->sheet = unpack_below(reader, names->sheets.n);
	issue->column = (int) unpack_below(reader, (uint64) names->keys.n + 1) - 1;
	issue->code = unpack_below(reader, names->codes.n);
	if (issue->flags & NVP_PACKED_MESSAGE)
		issue->message = unpack_text(reader);
	else
		issue->message = names->messages.items[unpack_below(reader, names->messages.n)];
	if (issue->flags & NVP_PACKED_VALUE)
		issue->value = unpack_text(reader);
	if (issue->flags & NVP_PACKED_ROW)
		issue->ncells = unpack_below(reader, (uint64) names->header.n + 1);
	return true;
}

/*
 * nvp_unpack_row reads the row of an issue.
 *
 * out: cells, as many as the header has; those the row had not are NULL.
 *		cells NULL: the row is passed over.
 */
void
nvp_unpack_row(NvpPackReader *reader, const NvpIssueNames *names, int ncells,
			   NvpCell *cells, NvpPackedText *surplus)
{
	if (cells)
		memset(cells, 0, sizeof(NvpCell) * names->header.n);
	for (int c = 0; c < ncells; c++)
	{
		uint64		head = unpack_number(reader);
		const char *ptr = unpack_bytes(reader, head >> KIND_BITS);

		if ((head & KIND_MASK) > NVP_CELL_ERROR)
			bad_pack();
		if (!cells)
			continue;
		cells[c].ptr = ptr;
		cells[c].len = head >> KIND_BITS;
		cells[c].kind = head & KIND_MASK;
	}
	*surplus = unpack_text(reader);
}

/* nvp_unpack_source finds the column of the header that a column of the model was read from; -1 if it is none. */
int
nvp_unpack_source(const NvpIssueNames *names, int column)
{
	const NvpPackedText *source = column < names->sources.n ? &names->sources.items[column] : NULL;

	for (int i = 0; source && source->ptr && i < names->header.n; i++)
	{
		const NvpPackedText *name = &names->header.items[i];

		if (name->len == source->len && name->ptr && memcmp(name->ptr, source->ptr, name->len) == 0)
			return i;
	}
	return -1;
}

/* append_sheet writes the name of a sheet as formulas do: in quotes unless it is a plain word */
static void
append_sheet(StringInfo out, const NvpPackedText *name)
{
	bool		is_plain = name->len > 0 && !isdigit((unsigned char) name->ptr[0]);

	for (uint32 i = 0; i < name->len && is_plain; i++)
		is_plain = isalnum((unsigned char) name->ptr[i]) || name->ptr[i] == '_' || IS_HIGHBIT_SET(name->ptr[i]);
	if (!is_plain)
		appendStringInfoChar(out, '\'');
	for (uint32 i = 0; i < name->len; i++)
	{
		if (name->ptr[i] == '\'')
			appendStringInfoChar(out, '\'');
		appendStringInfoChar(out, name->ptr[i]);
	}
	if (!is_plain)
		appendStringInfoChar(out, '\'');
}

static void
append_letters(StringInfo out, int column)
{
	if (column >= 26)
		append_letters(out, column / 26 - 1);
	appendStringInfoChar(out, 'A' + column % 26);
}

/*
 * nvp_unpack_place tells where in a workbook an issue is: Sheet1!C7, or
 * Sheet1!7:7 for a whole row.
 *
 * out: palloc'd; NULL if the source was no workbook.
 */
char *
nvp_unpack_place(const NvpIssueNames *names, const NvpPackedIssue *issue, bool whole_row)
{
	StringInfoData out;
	int			column;

	if (issue->sheet >= (uint32) names->sheets.n || issue->line_no == 0)
		return NULL;
	initStringInfo(&out);
	append_sheet(&out, &names->sheets.items[issue->sheet]);
	appendStringInfoChar(&out, '!');
	column = whole_row || issue->column < 0 ? -1 : nvp_unpack_source(names, issue->column);
	if (column < 0)
		appendStringInfo(&out, UINT64_FORMAT ":" UINT64_FORMAT, issue->line_no, issue->line_no);
	else
	{
		append_letters(&out, column);
		appendStringInfo(&out, UINT64_FORMAT, issue->line_no);
	}
	return out.data;
}
