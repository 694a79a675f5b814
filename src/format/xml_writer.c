/*-------------------------------------------------------------------------
 *
 * xml_writer.c
 *		Rows as elements of an XML document.
 *
 *		<rows xmlns:xsi="...">
 *		<row><name>Ada</name><age xsi:nil="true"/></row>
 *		</rows>
 *
 * Names that are none in XML are encoded (xml_name.h).  A text that begins or
 * ends with white space has xml:space="preserve", so that readers keep it.
 *
 * XML has no control characters but tab and line ends, nor has it bytes that
 * are not UTF-8: each becomes U+FFFD here.  Whoever must not lose them looks
 * before (nvp_xml_is_clean).
 *
 * Pure: also built outside the server (see test/unit).
 * Source: XML 1.0, fifth edition; XML Schema part 1, 2.6.2 (xsi:nil).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "format/writer_impl.h"
#include "format/xml_name.h"
#include "format/xml_scrub.h"

static void
put_string(NvpWriter *writer, const char *text)
{
	nvp_writer_put(writer, text, strlen(text));
}

/* the sign that stands for a character in text, NULL if it stands for itself */
static inline const char *
entity_of(char c)
{
	switch (c)
	{
		case '&':
			return "&amp;";
		case '<':
			return "&lt;";
		case '>':
			return "&gt;";
		case '\r':
			return "&#13;";
		default:
			return NULL;
	}
}

static inline bool
is_plain(unsigned char c)
{
	return (c >= ' ' && c < 0x80 && c != '&' && c != '<' && c != '>') || c == '\n' || c == '\t';
}

/* put_character writes the character at p, which is not ASCII; returns its bytes */
static uint32
put_character(NvpWriter *writer, const char *p, uint32 left)
{
	uint32		len = pg_utf_mblen((const unsigned char *) p);
	bool		is_good = len <= left && pg_utf8_islegal((const unsigned char *) p, len) &&
		!(len == 3 && memcmp(p, "\xEF\xBF", 2) == 0 && (unsigned char) p[2] >= 0xBE);

	nvp_writer_put(writer, is_good ? p : "\xEF\xBF\xBD", is_good ? len : 3);
	return is_good ? len : 1;
}

static void
put_text(NvpWriter *writer, const char *p, uint32 len)
{
	const char *end = p + len;

	while (p < end)
	{
		const char *run = p;
		const char *entity;

		while (p < end && is_plain((unsigned char) *p))
			p++;
		nvp_writer_put(writer, run, p - run);
		if (p == end)
			break;
		entity = entity_of(*p);
		if (entity)
			put_string(writer, entity);
		else if (IS_HIGHBIT_SET(*p))
		{
			p += put_character(writer, p, end - p);
			continue;
		}
		else
			put_string(writer, "\xEF\xBF\xBD");
		p++;
	}
}

/* names[col] is "<name>", of which the end tag is made as well */
static void
put_cell(NvpWriter *writer, int col, const NvpCell *cell)
{
	const char *tag = writer->names[col];
	uint32		len = writer->name_lens[col];

	if (cell->kind == NVP_CELL_NULL)
	{
		nvp_writer_put(writer, tag, len - 1);
		put_string(writer, " xsi:nil=\"true\"/>");
		return;
	}
	if (cell->len > 0 && (nvp_xml_is_space(cell->ptr[0]) || nvp_xml_is_space(cell->ptr[cell->len - 1])))
	{
		nvp_writer_put(writer, tag, len - 1);
		put_string(writer, " xml:space=\"preserve\">");
	}
	else
		nvp_writer_put(writer, tag, len);
	put_text(writer, cell->ptr, cell->len);
	nvp_writer_put(writer, "</", 2);
	nvp_writer_put(writer, tag + 1, len - 1);
}

static char *
make_tag(const char *name)
{
	char	   *encoded = nvp_xml_name_encode(name);
	char	   *tag = psprintf("<%s>", encoded);

	pfree(encoded);
	return tag;
}

/* nvp_xml_write_begin prepares the tags and opens the root. */
void
nvp_xml_write_begin(NvpWriter *writer, const char *const *names)
{
	writer->names = palloc0(sizeof(char *) * Max(writer->ncols, 1));
	writer->name_lens = palloc0(sizeof(uint32) * Max(writer->ncols, 1));
	for (int col = 0; col < writer->ncols; col++)
	{
		writer->names[col] = make_tag(names[col]);
		writer->name_lens[col] = strlen(writer->names[col]);
	}
	writer->root_tag = make_tag(writer->format.root ? writer->format.root : "rows");
	writer->row_tag = make_tag(writer->format.row ? writer->format.row : "row");
	put_string(writer, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	nvp_writer_put(writer, writer->root_tag, strlen(writer->root_tag) - 1);
	put_string(writer, " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n");
}

/* nvp_xml_write_row writes one element. */
void
nvp_xml_write_row(NvpWriter *writer, const NvpBatch *batch, int row)
{
	const NvpCell *cell = batch->cells + row;

	put_string(writer, writer->row_tag);
	for (int col = 0; col < writer->ncols; col++, cell += batch->capacity)
		put_cell(writer, col, cell);
	put_string(writer, "</");
	put_string(writer, writer->row_tag + 1);
	nvp_writer_put_char(writer, '\n');
}

/* nvp_xml_write_end closes the root. */
void
nvp_xml_write_end(NvpWriter *writer)
{
	put_string(writer, "</");
	put_string(writer, writer->root_tag + 1);
	nvp_writer_put_char(writer, '\n');
	pfree(writer->root_tag);
	pfree(writer->row_tag);
}
