/*-------------------------------------------------------------------------
 *
 * part.c
 *		One XML member of an office document, read token by token.
 *
 * See part.h for calls, memory and errors.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/encode.h"
#include "format/part.h"
#include "format/reader_impl.h"

#define LOOK_BYTES	200			/* in which the XML declaration must be */

bool
nvp_part_fail_zip(NvpReader *reader, const NvpZip *zip)
{
	nvp_reader_fail(reader, 0, 0, zip->hint[0] ? zip->hint : NULL, "%s%s",
					zip->status == NVP_ZIP_IO ? "could not read the source: " : "", zip->message);
	reader->error.is_io = (zip->status == NVP_ZIP_IO);
	reader->error.is_limit = (zip->status == NVP_ZIP_LIMIT);
	return false;
}

NvpZip *
nvp_part_open_zip(NvpReader *reader)
{
	NvpZipLimits limits = {.max_bytes = reader->format.max_unpacked_bytes};
	NvpZip	   *zip;

	if (reader->source->read_at == NULL)
	{
		nvp_reader_fail(reader, 0, 0, "Unpack the file first.",
						"a workbook can only be read from a file, not from a stream");
		return NULL;
	}
	zip = nvp_zip_open(reader->source, &limits);
	if (zip->status == NVP_ZIP_FINE)
		return zip;
	nvp_part_fail_zip(reader, zip);
	nvp_zip_close(zip);
	return NULL;
}

/* nvp_part_fail says what is wrong with the part, and about where. */
bool
nvp_part_fail(NvpPart *part, const char *problem)
{
	uint64		offset = part->window.offset;

	if (part->markup.p)
		offset += part->markup.p - part->window.buf;
	return nvp_reader_fail(part->reader, 0, offset, "Open the file in a spreadsheet program and save it again.",
						   "\"%.60s\" in the workbook cannot be read: %s at byte " UINT64_FORMAT,
						   part->name, problem, offset);
}

/* fail_source tells an archive that is damaged from one that cannot be read */
static bool
fail_source(NvpPart *part)
{
	return nvp_part_fail_zip(part->reader, part->zip);
}

/* find_encoding reads the XML declaration; false if it names an encoding we cannot read */
static bool
find_encoding(const char *p, int64 len, NvpEncoding *encoding)
{
	char		head[LOOK_BYTES + 1];
	char		quote[2] = {0};
	char	   *name;
	char	   *end;

	*encoding = NVP_ENCODING_UTF8;
	if (len >= 2 && (memcmp(p, "\xFF\xFE", 2) == 0 || memcmp(p, "<\0", 2) == 0))
		*encoding = NVP_ENCODING_UTF16LE;
	else if (len >= 2 && (memcmp(p, "\xFE\xFF", 2) == 0 || memcmp(p, "\0<", 2) == 0))
		*encoding = NVP_ENCODING_UTF16BE;
	if (*encoding != NVP_ENCODING_UTF8 || len < 5)
		return true;
	memcpy(head, p, len);
	head[len] = '\0';
	end = strstr(head, "?>");
	if (strncmp(head, "<?xml", 5) != 0 || end == NULL)
		return true;
	*end = '\0';
	name = strstr(head, "encoding");
	if (name == NULL)
		return true;
	name += 8 + strspn(name + 8, " =\t\r\n");
	quote[0] = *name;
	if (*name != '"' && *name != '\'')
		return true;
	name++;
	name[strcspn(name, quote)] = '\0';
	if (pg_strcasecmp(name, "us-ascii") == 0)
		return true;
	return nvp_encoding_parse(name, encoding) &&
		*encoding != NVP_ENCODING_UTF16LE && *encoding != NVP_ENCODING_UTF16BE;
}

/* look reads the first bytes of the member and goes back to its beginning */
static bool
look(NvpPart *part)
{
	char		head[LOOK_BYTES];
	int64		len = 0;
	int64		n;

	while (len < LOOK_BYTES && (n = part->member->read(part->member, head + len, LOOK_BYTES - len)) != 0)
	{
		if (n < 0)
			return fail_source(part);
		len += n;
	}
	if (!part->member->rewind(part->member))
		return fail_source(part);
	if (!find_encoding(head, len, &part->encoding))
		return nvp_part_fail(part, "it is in an encoding other than UTF-8 or UTF-16");
	part->text = nvp_decoder_open(part->member, part->encoding);
	return true;
}

/* set_stretch hands what the window holds to the tokenizer */
static void
set_stretch(NvpPart *part)
{
	part->markup.p = part->window.buf + part->window.start;
	part->markup.end = part->window.buf + part->window.end;
	part->markup.is_last = part->window.eof;
}

/* nvp_part_begin goes to the beginning of a part that is open. */
bool
nvp_part_begin(NvpPart *part)
{
	nvp_markup_init(&part->markup, part->spaces);
	if (!part->text->rewind(part->text))
		return fail_source(part);
	if (nvp_window_begin(&part->window) != NVP_FILL_OK)
		return fail_source(part);
	set_stretch(part);
	return true;
}

/*
 * nvp_part_open opens the member of that name.
 *
 * in: a part whose memory is zero or that was closed.
 */
bool
nvp_part_open(NvpPart *part, NvpReader *reader, NvpZip *zip, const char *name, const NvpMarkupSpace *spaces)
{
	const NvpZipMember *member = nvp_zip_find(zip, name);

	Assert(part->member == NULL);
	memset(part, 0, offsetof(NvpPart, markup));
	part->markup.p = NULL;
	part->reader = reader;
	part->zip = zip;
	part->spaces = spaces;
	if (member == NULL)
		return nvp_reader_fail(reader, 0, 0, "Open the file in a spreadsheet program and save it again.",
							   "the workbook has no part \"%.100s\"", name);
	part->name = member->name;
	part->member = nvp_zip_source(zip, member);
	if (part->member == NULL)
		return nvp_part_fail_zip(reader, zip);
	if (!look(part))
		return false;
	/* as large as the reader's own, which has no use for it */
	nvp_window_init(&part->window, part->text, ((NvpReaderBase *) reader)->window.size,
					(uint32) reader->format.max_record_bytes);
	return nvp_part_begin(part);
}

/* nvp_part_fill keeps what follows markup.p and reads on behind it. */
bool
nvp_part_fill(NvpPart *part)
{
	NvpFill		fill;

	part->window.start = part->markup.p - part->window.buf;
	fill = nvp_window_fill(&part->window);
	set_stretch(part);
	if (fill == NVP_FILL_OK)
		return true;
	if (fill == NVP_FILL_ERROR)
		return fail_source(part);
	return nvp_reader_fail(part->reader, 0, part->window.offset, "Raise max_record_bytes.",
						   "\"%.60s\" in the workbook has a row or a text of more than " INT64_FORMAT
						   " bytes at byte " UINT64_FORMAT, part->name,
						   part->reader->format.max_record_bytes, part->window.offset);
}

/* nvp_part_next reads the next token; never MORE. */
NvpMarkupToken
nvp_part_next(NvpPart *part)
{
	NvpMarkupToken token;

	while ((token = nvp_markup_next(&part->markup)) == NVP_MARKUP_MORE)
	{
		if (!nvp_part_fill(part))
			return NVP_MARKUP_BAD;
	}
	if (token == NVP_MARKUP_BAD)
		nvp_part_fail(part, part->markup.error);
	return token;
}

/* nvp_part_skip passes over the element just opened, to behind its end. */
bool
nvp_part_skip(NvpPart *part)
{
	int			depth = part->markup.depth;

	for (;;)
	{
		NvpMarkupToken token = nvp_part_next(part);

		if (token == NVP_MARKUP_BAD)
			return false;
		if (token == NVP_MARKUP_CLOSE && part->markup.depth == depth)
			return true;
	}
}

/* nvp_part_drain reads the rest of the member, so that its checksum is known to be right. */
bool
nvp_part_drain(NvpPart *part)
{
	for (;;)
	{
		int64		n = part->member->read(part->member, part->window.buf, part->window.size);

		if (n < 0)
			return fail_source(part);
		if (n == 0)
			return true;
	}
}

bool
nvp_part_attribute(NvpPart *part, uint8 space, const char *name, StringInfo out)
{
	uint32		len;
	const char *value = nvp_markup_attribute(&part->markup, space, name, &len);
	int64		n;

	if (value == NULL)
		return false;
	enlargeStringInfo(out, len);
	n = nvp_markup_decode(value, len, out->data + out->len);
	out->len += Max(n, 0);
	out->data[out->len] = '\0';	/* over what was decoded before a bad reference, too */
	return n >= 0;
}

bool
nvp_part_text(NvpPart *part, StringInfo out)
{
	NvpMarkup  *markup = &part->markup;
	int			depth = markup->depth;

	for (;;)
	{
		NvpMarkupToken token = nvp_part_next(part);

		if (token == NVP_MARKUP_BAD)
			return false;
		if (token == NVP_MARKUP_CLOSE && markup->depth == depth)
			return true;
		if (token == NVP_MARKUP_TEXT)
		{
			int64		n;

			enlargeStringInfo(out, markup->text_len);
			n = markup->is_plain ? (int64) markup->text_len :
				nvp_markup_decode(markup->text, markup->text_len, out->data + out->len);
			if (n < 0)
				return nvp_part_fail(part, "an entity is unknown");
			if (markup->is_plain)
				memcpy(out->data + out->len, markup->text, n);
			out->len += n;
			out->data[out->len] = '\0';
		}
	}
}

void
nvp_part_close(NvpPart *part)
{
	nvp_window_free(&part->window);
	if (part->text && part->encoding != NVP_ENCODING_UTF8)
		nvp_decoder_release(part->text);
	if (part->member)
		part->member->close(part->member);
	part->text = part->member = NULL;
}
