/*-------------------------------------------------------------------------
 *
 * biff.c
 *		Records of an Excel 5 to 2003 workbook, and the strings in them.
 *
 * A record has a type, a length and up to 8 kB of data; what is longer goes on
 * in records of type CONTINUE.  There a string begins anew with a byte that
 * tells whether its characters have one byte or two.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: [MS-XLS] 2.1.4 (records), 2.5.293 and 2.5.296 (strings).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/zip.h"
#include "format/encode.h"
#include "format/xls_impl.h"

#define RECORD_HEADER	4

/* nvp_biff_fail says what is wrong with the workbook, and about where; always false. */
bool
nvp_biff_fail(NvpXlsReader *xls, const char *problem)
{
	NvpReader  *reader = &xls->sheet.base.reader;

	if (reader->error.message[0] != '\0')
		return false;
	return nvp_reader_fail(reader, 0, (uint64) xls->place,
						   "Open the file in a spreadsheet program and save it again, best as .xlsx.",
						   "the workbook cannot be read: %s at byte " INT64_FORMAT, problem, xls->place);
}

static bool
fail_stream(NvpXlsReader *xls)
{
	if (!xls->compound->is_io)
		return nvp_biff_fail(xls, xls->compound->problem);
	nvp_reader_fail(&xls->sheet.base.reader, 0, 0, NULL, "could not read the source: %s", xls->compound->problem);
	xls->sheet.base.reader.error.is_io = true;
	return false;
}

/* nvp_biff_seek goes to a place in the stream where a record begins. */
void
nvp_biff_seek(NvpXlsReader *xls, int64 place)
{
	xls->next = place;
}

/* bring sees to it that len bytes from the next record on are in memory */
static bool
bring(NvpXlsReader *xls, int len)
{
	int64		left = xls->compound->size - xls->next;

	if (xls->next >= xls->buf_offset && xls->next + len <= xls->buf_offset + xls->buf_len)
		return true;
	if (left < len)
		return nvp_biff_fail(xls, "it is cut off");
	xls->buf_len = 0;
	if (!nvp_compound_read(xls->compound, xls->buf, Min(left, NVP_BIFF_BUFFER), xls->next))
		return fail_stream(xls);
	xls->buf_offset = xls->next;
	xls->buf_len = (int) Min(left, NVP_BIFF_BUFFER);
	return true;
}

/* nvp_biff_next reads the next record; false: error is set, for a workbook ends with a record. */
bool
nvp_biff_next(NvpXlsReader *xls)
{
	const char *header;

	xls->place = xls->next;
	if (!bring(xls, RECORD_HEADER))
		return false;
	header = xls->buf + (xls->next - xls->buf_offset);
	xls->type = nvp_zip_get16(header);
	xls->len = nvp_zip_get16(header + 2);
	if (!bring(xls, RECORD_HEADER + xls->len))
		return false;
	xls->data = xls->buf + (xls->next - xls->buf_offset) + RECORD_HEADER;
	xls->next += RECORD_HEADER + xls->len;
	return true;
}

/* nvp_biff_continue reads the record that continues the one at hand; *p is its first byte. */
bool
nvp_biff_continue(NvpXlsReader *xls, const char **p)
{
	if (!nvp_biff_next(xls))
		return false;
	if (xls->type != NVP_BIFF_CONTINUE || xls->len == 0)
		return nvp_biff_fail(xls, "a text is cut off");
	*p = xls->data;
	return true;
}

/* ---- characters ------------------------------------------------------------------- */

static void
append_code(StringInfo text, uint32 code)
{
	unsigned char utf8[4];

	unicode_to_utf8(code, utf8);
	appendBinaryStringInfo(text, (char *) utf8, pg_utf_mblen(utf8));
}

/* append_unit appends a unit of UTF-16; halves of pairs that stand alone become U+FFFD */
static void
append_unit(NvpXlsReader *xls, uint16 unit)
{
	if (xls->high != 0 && unit >= 0xDC00 && unit < 0xE000)
	{
		append_code(&xls->text, 0x10000 + ((xls->high & 0x3FF) << 10 | (unit & 0x3FF)));
		xls->high = 0;
		return;
	}
	if (xls->high != 0)
		append_code(&xls->text, 0xFFFD);
	xls->high = 0;
	if (unit >= 0xD800 && unit < 0xDC00)
		xls->high = unit;
	else
		append_code(&xls->text, unit >= 0xDC00 && unit < 0xE000 ? 0xFFFD : unit);
}

bool
nvp_biff_chars(NvpXlsReader *xls, const char **p, int64 count, bool is_wide)
{
	xls->high = 0;
	for (;;)
	{
		int64		there = Min(count, (nvp_biff_end(xls) - *p) / (is_wide ? 2 : 1));

		count -= there;
		for (; there > 0; there--)
		{
			if (is_wide)
				append_unit(xls, nvp_zip_get16(*p));
			else if ((unsigned char) **p < 0x80)
				appendStringInfoChar(&xls->text, **p);
			else
				append_code(&xls->text, (unsigned char) **p);
			*p += is_wide ? 2 : 1;
		}
		if (count == 0)
			break;
		if (!nvp_biff_continue(xls, p))
			return false;
		is_wide = (*(*p)++ & 1) != 0;
	}
	if (xls->high != 0)
		append_code(&xls->text, 0xFFFD);
	xls->high = 0;
	return true;
}

/* ---- code pages -------------------------------------------------------------------- */

static int64
bytes_read(NvpSource *source, char *buf, int64 size)
{
	NvpXlsBytes *bytes = (NvpXlsBytes *) source;
	int64		n = Min(size, bytes->len - bytes->at);

	if (n > 0)
		memcpy(buf, bytes->data + bytes->at, n);
	bytes->at += Max(n, 0);
	return Max(n, 0);
}

static bool
bytes_rewind(NvpSource *source)
{
	((NvpXlsBytes *) source)->at = 0;
	return true;
}

/* open_decoder makes a decoder of the workbook's code page */
static bool
open_decoder(NvpXlsReader *xls)
{
	char		name[32];
	NvpEncoding encoding = NVP_ENCODING_WINDOWS1252;

	snprintf(name, sizeof(name), "windows-%d", xls->code_page);
	if (xls->code_page == 10000)
		strlcpy(name, "macintosh", sizeof(name));
	if (!nvp_encoding_parse(name, &encoding))
		return nvp_reader_fail(&xls->sheet.base.reader, 0, 0, "Open the file in a spreadsheet program and save it as .xlsx.",
							   "the text of the workbook is in code page %d, which is not supported", xls->code_page);
	xls->bytes.base.read = bytes_read;
	xls->bytes.base.rewind = bytes_rewind;
	xls->bytes.base.total_bytes = -1;
	xls->decoder = nvp_decoder_open(&xls->bytes.base, encoding);
	return true;
}

static bool
is_ascii(const char *p, int len)
{
	for (int i = 0; i < len; i++)
		if (IS_HIGHBIT_SET(p[i]))
			return false;
	return true;
}

bool
nvp_biff_bytes(NvpXlsReader *xls, const char *bytes, int len)
{
	char		decoded[1024];
	int64		n;

	if (is_ascii(bytes, len))
	{
		appendBinaryStringInfo(&xls->text, bytes, len);
		return true;
	}
	if (xls->decoder == NULL && !open_decoder(xls))
		return false;
	xls->bytes.data = bytes;
	xls->bytes.len = len;
	if (!xls->decoder->rewind(xls->decoder))
		return nvp_biff_fail(xls, "a text cannot be decoded");
	while ((n = xls->decoder->read(xls->decoder, decoded, sizeof(decoded))) > 0)
		appendBinaryStringInfo(&xls->text, decoded, n);
	return n == 0 || nvp_biff_fail(xls, "a text cannot be decoded");
}

bool
nvp_biff_string(NvpXlsReader *xls, const char **p, int len_bytes)
{
	int			count;
	int			flags;

	resetStringInfo(&xls->text);
	if (nvp_biff_end(xls) - *p < len_bytes)
		return nvp_biff_fail(xls, "a text is cut off");
	count = len_bytes == 1 ? (unsigned char) **p : nvp_zip_get16(*p);
	*p += len_bytes;
	if (!xls->is_biff8)
	{
		if (nvp_biff_end(xls) - *p < count)
			return nvp_biff_fail(xls, "a text is cut off");
		*p += count;
		return nvp_biff_bytes(xls, *p - count, count);
	}
	if (count == 0)
		return true;
	if (nvp_biff_end(xls) - *p < 1)
		return nvp_biff_fail(xls, "a text is cut off");
	flags = *(*p)++;
	return nvp_biff_chars(xls, p, count, (flags & 1) != 0);
}
