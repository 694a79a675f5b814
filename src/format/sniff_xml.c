/*-------------------------------------------------------------------------
 *
 * sniff_xml.c
 *		Is it XML, in which encoding, and which elements are the rows?
 *
 * Pure: also built outside the server (see test/unit).
 * Source: XML 1.0, fifth edition, appendix F.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/sniff.h"
#include "format/xml_survey.h"

#define LONGEST_DECLARATION	200
#define ROOT_BYTES		8192	/* its attributes stand within these */
#define MANY_TAGS	20

static bool
begins_with(const char *p, const char *end, const char *word)
{
	size_t		len = strlen(word);

	return (size_t) (end - p) >= len && pg_strncasecmp(p, word, len) == 0;
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && nvp_xml_is_space(*p))
		p++;
	return p;
}

/* find_word finds a word between two places, NULL if it is not there */
static const char *
find_word(const char *p, const char *end, const char *word)
{
	for (; p < end; p++)
		if (begins_with(p, end, word))
			return p;
	return NULL;
}

/* declared_encoding copies what the XML declaration says; false if it says nothing */
static bool
declared_encoding(const char *text, size_t len, char *name, size_t size)
{
	const char *p = skip_space(text, text + len);
	const char *end = text + len;
	const char *quote;

	if (!begins_with(p, end, "<?xml") || end - p < 6 || !nvp_xml_is_space(p[5]))
		return false;
	end = p + Min(end - p, LONGEST_DECLARATION);
	end = find_word(p, end, "?>");
	p = end ? find_word(p, end, "encoding") : NULL;
	if (p == NULL)
		return false;
	p = skip_space(p + 8, end);
	if (p == end || *p != '=')
		return false;
	p = skip_space(p + 1, end);
	if (p == end || (*p != '"' && *p != '\''))
		return false;
	quote = memchr(p + 1, *p, end - p - 1);
	if (quote == NULL || (size_t) (quote - p) > size)
		return false;
	memcpy(name, p + 1, quote - p - 1);
	name[quote - p - 1] = '\0';
	return true;
}

/*
 * nvp_sniff_xml_encoding takes the encoding that an XML declaration names.
 *
 * in: the data as it is; a mark at its front, or the zeros of UTF-16, which
 *	   sniff has found already, say more than the declaration.
 */
void
nvp_sniff_xml_encoding(const char *sample, size_t len, NvpSniff *sniff)
{
	char		name[64];
	NvpEncoding encoding;

	if (nvp_encoding_is_wide(sniff->format.encoding) || (len >= 3 && memcmp(sample, "\xEF\xBB\xBF", 3) == 0) ||
		!declared_encoding(sample, len, name, sizeof(name)))
		return;
	if (!nvp_encoding_parse(name, &encoding))
	{
		nvp_verdict_set(&sniff->encoding, 0.5, "the document declares \"%s\", which is not known; %s",
						name, nvp_encoding_name(sniff->format.encoding));
		return;
	}
	/* whoever could read the declaration byte by byte knows that it is none of these */
	if (nvp_encoding_is_wide(encoding))
		return;
	sniff->format.encoding = encoding;
	sniff->format.is_ascii_so_far = false;
	nvp_verdict_set(&sniff->encoding, 1.0, "the document declares it");
}

/* begins_element tells whether a tag, a comment or the like stands at p */
static bool
begins_element(const char *p, const char *end)
{
	if (end - p < 3 || *p != '<')
		return false;
	p++;
	return *p == '!' || *p == '?' || *p == '_' || IS_HIGHBIT_SET(*p) || isalpha((unsigned char) *p);
}

static void
tell_rows(const NvpXmlChoice *choice, NvpSniff *sniff)
{
	strlcpy(sniff->path, choice->path, sizeof(sniff->path));
	sniff->ncols = choice->columns;
	if (!choice->repeats)
		nvp_verdict_set(&sniff->rows, 0.5, "no element repeats: it is one row");
	else if (choice->rival[0] == '\0')
		nvp_verdict_set(&sniff->rows, 0.95, "the only element that repeats, with %d columns", choice->columns);
	else
	{
		nvp_verdict_set(&sniff->rows, choice->rival_columns < choice->columns ? 0.8 : 0.5,
						"it has %d columns, %.80s has %d", choice->columns, choice->rival, choice->rival_columns);
		sniff->rows.is_ambiguous = (choice->rival_columns == choice->columns);
	}
}

/* is_cell tells whether the root element is followed by text, as a cell with tags in it is */
static bool
is_cell(const NvpXmlChoice *choice, const char *text, size_t len)
{
	return choice->opened > 0 && choice->closed == choice->opened && !choice->has_ended &&
		choice->stopped_at < len && text[choice->stopped_at] != '<';
}

/* is_flat_sheet knows an OpenDocument spreadsheet that is a single XML document: what repeats in it first are styles */
static bool
is_flat_sheet(const NvpXmlChoice *choice, const char *text, size_t len)
{
	return strncmp(choice->path, "/document/", 10) == 0 &&
		find_word(text, text + Min(len, ROOT_BYTES), "\"application/vnd.oasis.opendocument.spreadsheet\"") != NULL;
}

/*
 * nvp_sniff_xml recognises XML.
 *
 * in: the text in UTF-8, and whether it is all of it.
 * out: false if it is something else.  A page of HTML is no data, and of a flat
 *		spreadsheet nothing would be read but its styles: the kind is then
 *		unknown, and the verdict tells.
 */
bool
nvp_sniff_xml(const char *text, size_t len, NvpSniff *sniff)
{
	const char *end = text + len;
	const char *p = skip_space(text, end);
	bool		is_declared = begins_with(p, end, "<?xml");
	NvpXmlChoice choice;

	if (!begins_element(p, end))
		return false;
	if (begins_with(p, end, "<!doctype html") || begins_with(p, end, "<html"))
	{
		sniff->format.kind = NVP_FORMAT_UNKNOWN;
		nvp_verdict_set(&sniff->kind, 0.95, "it is a page of HTML, as servers send for a login or an error, and no data");
		return true;
	}
	nvp_xml_look(text, len, &choice);
	if (!is_declared && is_cell(&choice, text, len))
		return false;
	/* names in angle brackets may be a header of something else */
	if (!is_declared && !begins_with(p, end, "<!doctype") && choice.closed == 0 && !choice.has_ended && choice.opened < MANY_TAGS)
		return false;
	if (is_flat_sheet(&choice, text, len))
	{
		sniff->format.kind = NVP_FORMAT_UNKNOWN;
		nvp_verdict_set(&sniff->kind, 0.95, "it is a flat OpenDocument spreadsheet (.fods), which has to be saved as .ods");
		return true;
	}
	sniff->format.kind = NVP_FORMAT_XML;
	nvp_verdict_set(&sniff->kind, is_declared ? 1.0 : 0.95,
					is_declared ? "it has an XML declaration" : "it begins with tags that match");
	if (choice.path[0])
		tell_rows(&choice, sniff);
	return true;
}
