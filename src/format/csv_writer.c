/*-------------------------------------------------------------------------
 *
 * csv_writer.c
 *		Rows as delimited text.
 *
 * Most cells need no quotes.  So a cell is copied first and looked at then, in
 * our own buffer, where whole vectors may be read; only if it holds a delimiter,
 * a quote or a line end it is written again, quoted.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: RFC 4180.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/writer_impl.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* needs_quotes looks at len bytes behind which 16 more may be read */
static inline bool
needs_quotes(const char *p, uint32 len, char delimiter)
{
#if defined(__SSE2__)
	const __m128i delimiters = _mm_set1_epi8(delimiter);

	for (uint32 i = 0; i < len; i += 16)
	{
		__m128i		v = _mm_loadu_si128((const __m128i *) (p + i));
		__m128i		hit = _mm_cmpeq_epi8(v, delimiters);
		uint32		mask;

		hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
		hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('\n')));
		hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('\r')));
		mask = (uint32) _mm_movemask_epi8(hit);
		if (len - i < 16)
			mask &= (1u << (len - i)) - 1;
		if (mask != 0)
			return true;
	}
	return false;
#else
	for (uint32 i = 0; i < len; i++)
		if (p[i] == delimiter || p[i] == '"' || p[i] == '\n' || p[i] == '\r')
			return true;
	return false;
#endif
}

/* put_quoted writes a cell in quotes, quotes in it doubled */
static void
put_quoted(NvpWriter *writer, const char *p, uint32 len)
{
	const char *end = p + len;

	nvp_writer_put_char(writer, '"');
	while (p < end)
	{
		const char *quote = memchr(p, '"', end - p);
		const char *to = quote ? quote + 1 : end;

		nvp_writer_put(writer, p, to - p);
		if (quote)
			nvp_writer_put_char(writer, '"');
		p = to;
	}
	nvp_writer_put_char(writer, '"');
}

static inline void
put_cell(NvpWriter *writer, const char *p, uint32 len)
{
	char	   *room;

	if (len == 0 && !writer->format.quote_all && writer->ncols > 1)
		return;
	room = nvp_writer_room(writer, len);
	if (len == 0 || writer->format.quote_all || room == NULL)
	{
		put_quoted(writer, p, len);
		return;
	}
	memcpy(room, p, len);
	if (unlikely(needs_quotes(room, len, writer->format.delimiter)))
		put_quoted(writer, p, len);
	else
		writer->used += len;
}

static void
end_row(NvpWriter *writer)
{
	if (writer->format.crlf)
		nvp_writer_put_char(writer, '\r');
	nvp_writer_put_char(writer, '\n');
}

/* nvp_csv_write_header writes the byte order mark and the header, as wanted. */
void
nvp_csv_write_header(NvpWriter *writer, const char *const *names)
{
	if (writer->format.bom)
		nvp_writer_put(writer, "\xEF\xBB\xBF", 3);
	if (!writer->format.with_header)
		return;
	for (int col = 0; col < writer->ncols; col++)
	{
		if (col > 0)
			nvp_writer_put_char(writer, writer->format.delimiter);
		put_cell(writer, names[col], strlen(names[col]));
	}
	end_row(writer);
}

/* nvp_csv_write_row writes one row. */
void
nvp_csv_write_row(NvpWriter *writer, const NvpBatch *batch, int row)
{
	const NvpCell *cell = batch->cells + row;

	for (int col = 0; col < writer->ncols; col++, cell += batch->capacity)
	{
		if (col > 0)
			nvp_writer_put_char(writer, writer->format.delimiter);
		put_cell(writer, cell->ptr, cell->len);
	}
	end_row(writer);
}
