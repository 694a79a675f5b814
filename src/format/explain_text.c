/*-------------------------------------------------------------------------
 *
 * explain_text.c
 *		Why the text of a cell cannot be stored, and where the reason stands.
 *
 * Readers deliver bytes that are no text as they are.  Whoever refuses a cell
 * for them asks here for the bytes and for their place in the data, as long as
 * the batch is at hand.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "format/encode.h"
#include "format/reader_impl.h"

/* bytes that are no character, and where they are in the stored text */
typedef struct BadBytes
{
	unsigned char bytes[8];
	int			len;
	bool		has_offset;
	uint64		offset;
} BadBytes;

/* offset_of finds where a byte of a cell stands in what the reader reads; false if the cell is a copy */
static bool
offset_of(const NvpReader *reader, const NvpCell *cell, uint32 at, uint64 *offset)
{
	const NvpWindow *window = &((const NvpReaderBase *) reader)->window;
	const NvpFormat *format = &reader->format;

	if (window->buf == NULL || cell->ptr < window->buf || cell->ptr >= window->buf + window->end)
		return false;
	*offset = window->offset + (cell->ptr - window->buf) + at;
	/* each quote within quotes was written with another sign before it */
	for (uint32 i = 0; format->kind == NVP_FORMAT_CSV && (cell->flags & NVP_CELL_QUOTED) && i < at; i++)
		*offset += (cell->ptr[i] == format->quote || (format->escape && cell->ptr[i] == format->escape));
	return true;
}

/* of a text in UTF-8: the byte at fault and those that seem to belong to it */
static void
take_bytes(const NvpCell *cell, uint32 at, BadBytes *bad)
{
	const unsigned char *p = (const unsigned char *) cell->ptr + at;
	int			most = Min(pg_utf_mblen(p), (int) (cell->len - at));

	bad->bytes[bad->len++] = *p;
	while (bad->len < most && (p[bad->len] & 0xC0) == 0x80)
	{
		bad->bytes[bad->len] = p[bad->len];
		bad->len++;
	}
}

/* of a text in another encoding: what its decoder remembers, or what it left in the cell */
static void
take_decoded(const NvpReader *reader, const NvpCell *cell, uint32 at, BadBytes *bad)
{
	NvpBadText	text;
	int			raw = nvp_raw_byte(cell->ptr + at, cell->len - at);

	if (raw < 0)
	{
		take_bytes(cell, at, bad);
		bad->has_offset = false;
		return;
	}
	bad->bytes[bad->len++] = raw;
	if (bad->has_offset && nvp_decoder_find_bad(reader->source, bad->offset, &text) && text.bytes[0] == raw)
	{
		memcpy(bad->bytes, text.bytes, text.len);
		bad->len = text.len;
		bad->offset = text.in;
	}
	else
		bad->has_offset = false;
}

/*
 * nvp_reader_explain_text tells why a cell of the batch in hand cannot be
 * stored as text: "The byte 0xE8 at offset 1234 of the data is not valid in
 * utf-8."  Offsets count from 0, in the data after decompression.  Strings of
 * JSON are unescaped where they stand, so that a place in them is not exact.
 *
 * out: false if nothing is wrong with it.
 */
bool
nvp_reader_explain_text(const NvpReader *reader, const NvpCell *cell, char *buf, size_t size)
{
	BadBytes	bad = {0};
	char		hex[48] = "";
	char		place[48] = "";
	uint32		at = pg_encoding_verifymbstr(PG_UTF8, cell->ptr, cell->len);
	NvpEncoding encoding;

	if (at == cell->len)
		return false;
	bad.has_offset = offset_of(reader, cell, at, &bad.offset);
	encoding = nvp_reader_encoding(reader, NULL);
	if (encoding == NVP_ENCODING_UTF8)
		take_bytes(cell, at, &bad);
	else
		take_decoded(reader, cell, at, &bad);
	for (int i = 0; i < bad.len; i++)
		snprintf(hex + strlen(hex), sizeof(hex) - strlen(hex), "%s0x%02X", i > 0 ? " " : "", bad.bytes[i]);
	if (bad.has_offset)
		snprintf(place, sizeof(place), " %s offset " UINT64_FORMAT " of the data",
				 reader->format.kind == NVP_FORMAT_CSV ? "at" : "near", bad.offset);
	if (bad.len == 1 && bad.bytes[0] == 0)
		snprintf(buf, size, "The character U+0000%s cannot be stored.", place);
	else
		snprintf(buf, size, "The byte%s %s%s %s not valid in %s.", bad.len > 1 ? "s" : "", hex, place,
				 bad.len > 1 ? "are" : "is", nvp_encoding_name(encoding));
	return true;
}
