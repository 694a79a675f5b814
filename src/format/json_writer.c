/*-------------------------------------------------------------------------
 *
 * json_writer.c
 *		Rows as JSON objects, in an array or one a line.
 *
 * Most texts are printable ASCII.  So a text is copied first and looked at
 * then, in our own buffer, where whole vectors may be read; only if it holds
 * anything else it is written again with care.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: RFC 8259.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "format/writer_impl.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* is_plain: no control character, quote, backslash or byte beyond ASCII; 16 bytes more may be read */
static inline bool
is_plain(const char *p, uint32 len)
{
#if defined(__SSE2__)
	for (uint32 i = 0; i < len; i += 16)
	{
		__m128i		v = _mm_loadu_si128((const __m128i *) (p + i));

		/* as signed bytes, both control characters and those beyond ASCII are below a blank */
		__m128i		hit = _mm_cmplt_epi8(v, _mm_set1_epi8(' '));
		uint32		mask;

		hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
		hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
		mask = (uint32) _mm_movemask_epi8(hit);
		if (len - i < 16)
			mask &= (1u << (len - i)) - 1;
		if (mask != 0)
			return false;
	}
	return true;
#else
	for (uint32 i = 0; i < len; i++)
		if ((signed char) p[i] < ' ' || p[i] == '"' || p[i] == '\\')
			return false;
	return true;
#endif
}

static void
put_control(NvpWriter *writer, unsigned char c)
{
	static const char names[] = {'b', 't', 'n', 0, 'f', 'r'};
	static const char digits[] = "0123456789abcdef";
	char		text[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};

	if (c >= '\b' && c <= '\r' && names[c - '\b'])
	{
		text[1] = names[c - '\b'];
		nvp_writer_put(writer, text, 2);
	}
	else
		nvp_writer_put(writer, text, 6);
}

/* put_character writes the character at p, which is not ASCII; returns its bytes */
static uint32
put_character(NvpWriter *writer, const char *p, uint32 left)
{
	uint32		len = pg_utf_mblen((const unsigned char *) p);

	if (len <= left && pg_utf8_islegal((const unsigned char *) p, len))
	{
		nvp_writer_put(writer, p, len);
		return len;
	}
	nvp_writer_put(writer, "\xEF\xBF\xBD", 3);
	return 1;
}

/* put_escaped writes the inside of a string */
static void
put_escaped(NvpWriter *writer, const char *p, uint32 len)
{
	const char *end = p + len;

	while (p < end)
	{
		const char *run = p;

		while (p < end && (signed char) *p >= ' ' && *p != '"' && *p != '\\')
			p++;
		nvp_writer_put(writer, run, p - run);
		if (p == end)
			break;
		if (*p == '"' || *p == '\\')
		{
			nvp_writer_put_char(writer, '\\');
			nvp_writer_put_char(writer, *p++);
		}
		else if ((unsigned char) *p < ' ')
			put_control(writer, (unsigned char) *p++);
		else
			p += put_character(writer, p, end - p);
	}
}

/*
 * put_nested writes the text of a nested value.  Line ends between its tokens
 * become blanks, for JSON Lines has one object a line; control characters
 * inside strings, which our reader lets through, are escaped.
 */
static void
put_nested(NvpWriter *writer, const char *p, uint32 len)
{
	const char *end = p + len;
	bool		in_string = false;

	while (p < end)
	{
		char		c = *p;

		if (IS_HIGHBIT_SET(c))
		{
			p += put_character(writer, p, end - p);
			continue;
		}
		p++;
		if ((unsigned char) c < ' ')
		{
			if (in_string)
				put_control(writer, (unsigned char) c);
			else
				nvp_writer_put_char(writer, ' ');
			continue;
		}
		nvp_writer_put_char(writer, c);
		if (c == '"')
			in_string = !in_string;
		else if (c == '\\' && p < end && (signed char) *p >= ' ')
			nvp_writer_put_char(writer, *p++);
	}
}

static inline void
put_string(NvpWriter *writer, const char *p, uint32 len)
{
	char	   *room;

	nvp_writer_put_char(writer, '"');
	room = nvp_writer_room(writer, len);
	if (room && len > 0)
		memcpy(room, p, len);
	if (likely(room && is_plain(room, len)))
		writer->used += len;
	else
		put_escaped(writer, p, len);
	nvp_writer_put_char(writer, '"');
}

static inline void
put_cell(NvpWriter *writer, const NvpCell *cell)
{
	switch ((NvpCellKind) cell->kind)
	{
		case NVP_CELL_NULL:
			nvp_writer_put(writer, "null", 4);
			break;
		case NVP_CELL_TEXT:
		case NVP_CELL_ERROR:
			put_string(writer, cell->ptr, cell->len);
			break;
		case NVP_CELL_NUMBER:
		case NVP_CELL_BOOL:
			nvp_writer_put(writer, cell->ptr, cell->len);
			break;
		case NVP_CELL_JSON:
			put_nested(writer, cell->ptr, cell->len);
			break;
	}
}

static bool
append_text(void *arg, const char *data, int64 len)
{
	appendBinaryStringInfo((StringInfo) arg, data, (int) len);
	return true;
}

/* keep_name stores what stands before the value of a column, escaped once for all rows */
static void
keep_name(NvpWriter *writer, int col, const char *name, NvpWriter *maker)
{
	StringInfoData text;

	initStringInfo(&text);
	maker->arg = &text;
	nvp_writer_put_char(maker, col == 0 ? '{' : ',');
	nvp_writer_put_char(maker, '"');
	put_escaped(maker, name, strlen(name));
	nvp_writer_put(maker, "\":", 2);
	nvp_writer_flush(maker);
	writer->names[col] = text.data;
	writer->name_lens[col] = text.len;
}

/* nvp_json_write_begin prepares the keys and opens the array. */
void
nvp_json_write_begin(NvpWriter *writer, const char *const *names)
{
	NvpWriter	maker = {.sink = append_text,.buf = writer->buf};

	writer->names = palloc0(sizeof(char *) * Max(writer->ncols, 1));
	writer->name_lens = palloc0(sizeof(uint32) * Max(writer->ncols, 1));
	for (int col = 0; col < writer->ncols; col++)
		keep_name(writer, col, names[col], &maker);
	if (writer->format.kind == NVP_FORMAT_JSON)
		nvp_writer_put_char(writer, '[');
}

/* nvp_json_write_row writes one object. */
void
nvp_json_write_row(NvpWriter *writer, const NvpBatch *batch, int row)
{
	const NvpCell *cell = batch->cells + row;
	bool		is_array = (writer->format.kind == NVP_FORMAT_JSON);

	if (is_array)
		nvp_writer_put(writer, writer->rows == 0 ? "\n" : ",\n", writer->rows == 0 ? 1 : 2);
	if (writer->ncols == 0)
		nvp_writer_put_char(writer, '{');
	for (int col = 0; col < writer->ncols; col++, cell += batch->capacity)
	{
		nvp_writer_put(writer, writer->names[col], writer->name_lens[col]);
		put_cell(writer, cell);
	}
	nvp_writer_put_char(writer, '}');
	if (!is_array)
		nvp_writer_put_char(writer, '\n');
}

/* nvp_json_write_end closes the array. */
void
nvp_json_write_end(NvpWriter *writer)
{
	if (writer->format.kind != NVP_FORMAT_JSON)
		return;
	if (writer->rows > 0)
		nvp_writer_put_char(writer, '\n');
	nvp_writer_put(writer, "]\n", 2);
}
