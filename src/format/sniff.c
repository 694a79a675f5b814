/*-------------------------------------------------------------------------
 *
 * sniff.c
 *		Guess the format of data from its first bytes: encoding, JSON, XML,
 *		delimited text or columns of fixed width.
 *
 * Flow:   sample --> encoding --> UTF-8 text --> kind --> [sniff_csv.c]
 *		   --> [sniff_fixed.c]
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/encode.h"
#include "format/json_walk.h"
#include "format/sniff_impl.h"

/* nvp_verdict_set fills in a guess that has no rival. */
void
nvp_verdict_set(NvpVerdict *verdict, double confidence, const char *fmt,...)
{
	va_list		args;

	verdict->confidence = confidence;
	va_start(args, fmt);
	vsnprintf(verdict->reason, sizeof(verdict->reason), fmt, args);
	va_end(args);
}

/* nvp_verdict_rival adds another value that is possible; they come in order, the likeliest first. */
void
nvp_verdict_rival(NvpVerdict *verdict, const char *value, double score)
{
	NvpRival   *rival;

	if (verdict->nrivals == NVP_SNIFF_RIVALS)
		return;
	rival = &verdict->rivals[verdict->nrivals++];
	strlcpy(rival->value, value, sizeof(rival->value));
	rival->score = score;
}

static bool
has_suffix(const char *name, const char *suffix)
{
	size_t		nlen = name ? strlen(name) : 0;
	size_t		slen = strlen(suffix);

	return nlen >= slen && pg_strcasecmp(name + nlen - slen, suffix) == 0;
}

/* sniff_encoding tells what was detected, here or, of more than the sample, by the caller */
static void
sniff_encoding(const char *p, size_t len, bool is_whole, const NvpDetection *detection, NvpSniff *sniff)
{
	NvpVerdict *verdict = &sniff->encoding;
	NvpDetection own;

	if (detection == NULL)
	{
		nvp_detect(p, len, is_whole, &own);
		detection = &own;
	}
	sniff->format.encoding = detection->best.encoding;
	sniff->format.is_ascii_so_far = detection->is_ascii && !is_whole;
	nvp_verdict_set(verdict, detection->best.score, "%s", detection->reason);
	verdict->is_ambiguous = detection->is_ambiguous;
	for (int i = 0; i < detection->nrivals; i++)
		nvp_verdict_rival(verdict, nvp_encoding_name(detection->rivals[i].encoding), detection->rivals[i].score);
}

/* decode turns the sample into UTF-8; a mark at the front goes; palloc'd */
static char *
decode(const char *sample, size_t len, NvpEncoding encoding, size_t *decoded_len)
{
	NvpSource  *source = nvp_decoder_open(nvp_source_memory(sample, len), encoding);
	size_t		size = len * 3 + NVP_JSON_MAX_DEPTH;	/* no encoding more than triples */
	char	   *text = palloc0(size);
	int64		n;

	*decoded_len = 0;
	while ((n = source->read(source, text + *decoded_len, size - 64 - *decoded_len)) > 0)
		*decoded_len += n;
	source->close(source);
	if (*decoded_len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
	{
		*decoded_len -= 3;
		memmove(text, text + 3, *decoded_len);
	}
	text[*decoded_len] = '\0';
	return text;
}

/* begins_object tells whether an object with a quoted key, or an empty one, begins at p */
static bool
begins_object(const char *p, const char *end)
{
	if (p == end || *p != '{')
		return false;
	p = nvp_json_skip_space(p + 1, end);
	return p < end && (*p == '"' || *p == '}');
}

/* holds_rows tells whether an array of objects is seen within the object at p */
static bool
holds_rows(const char *p, const char *end)
{
	NvpJsonWalk walk;
	NvpJsonToken token = NVP_JSON_SIGN;
	NvpJsonStatus status;
	int			objects = 0;	/* around everything else */

	nvp_json_walk_init(&walk);
	for (p = nvp_json_skip_space(p, end); p < end; p = nvp_json_skip_space(p, end))
	{
		bool		is_first = (token == NVP_JSON_ARRAY && walk.depth == objects + 1);

		p = nvp_json_walk(&walk, p, end, &token, &status);
		if (p == NULL)
			return false;
		if (is_first && token == NVP_JSON_OBJECT)
			return true;
		if (token == NVP_JSON_OBJECT && walk.depth == objects + 1)
			objects++;
		else if (token == NVP_JSON_CLOSE && walk.depth == objects - 1)
			objects--;
	}
	return false;
}

/* sniff_json recognises JSON by its first bytes; false if it is not that */
static bool
sniff_json(const char *text, size_t len, bool is_whole, NvpSniff *sniff)
{
	const char *end = text + len;
	const char *p = nvp_json_skip_space(text, end);
	const char *value_end;
	const char *newline;
	NvpJsonStatus status;

	if (p == end)
		return false;
	if (*p == '[')
	{
		const char *inner = nvp_json_skip_space(p + 1, end);

		value_end = nvp_json_value_end(p, end, &status);
		if (value_end == NULL && status == NVP_JSON_BAD && begins_object(inner, end))
		{
			/* nothing else begins so: let the reader tell what is wrong, and where */
			sniff->format.kind = NVP_FORMAT_JSON;
			nvp_verdict_set(&sniff->kind, 0.8, "begins like a JSON array of objects, but is damaged");
			return true;
		}
		if (value_end == NULL && (status == NVP_JSON_BAD || inner == end || *inner != '{'))
			return false;
		sniff->format.kind = NVP_FORMAT_JSON;
		nvp_verdict_set(&sniff->kind, value_end || inner < end ? 0.98 : 0.7,
						"begins like a JSON array of objects");
		return true;
	}
	if (*p != '{')
		return false;
	value_end = nvp_json_value_end(p, end, &status);
	if (value_end == NULL && status == NVP_JSON_BAD)
	{
		/* a first line may be damaged: does another begin with a brace and a key? */
		newline = memchr(p, '\n', end - p);
		if (newline == NULL || newline + 1 >= end || newline[1] != '{')
			return false;
		sniff->format.kind = NVP_FORMAT_JSONL;
		nvp_verdict_set(&sniff->kind, 0.6, "lines begin with braces, but the first is no JSON");
		return true;
	}
	newline = memchr(p, '\n', (value_end ? value_end : end) - p);
	if (newline == NULL && (value_end == NULL || nvp_json_skip_space(value_end, end) == end) && holds_rows(p, end))
	{
		sniff->format.kind = NVP_FORMAT_JSON;
		nvp_verdict_set(&sniff->kind, value_end ? 0.9 : 0.7, "a JSON object that holds an array of objects");
		return true;
	}
	sniff->format.kind = newline ? NVP_FORMAT_JSON : NVP_FORMAT_JSONL;
	if (newline)
		nvp_verdict_set(&sniff->kind, 0.9, "a JSON object over several lines");
	else
		nvp_verdict_set(&sniff->kind, value_end ? 0.98 : 0.7, "the first line is a JSON object");
	return true;
}

/* sniff_kind tells JSON from delimited text, by content first, by name if there is none */
static void
sniff_kind(const char *text, size_t len, bool is_whole, const char *file_name, NvpSniff *sniff)
{
	if (sniff_json(text, len, is_whole, sniff) || nvp_sniff_xml(text, len, sniff))
		return;
	sniff->format.kind = NVP_FORMAT_CSV;
	if (nvp_json_skip_space(text, text + len) == text + len)
	{
		if (has_suffix(file_name, ".json"))
			sniff->format.kind = NVP_FORMAT_JSON;
		if (has_suffix(file_name, ".jsonl") || has_suffix(file_name, ".ndjson"))
			sniff->format.kind = NVP_FORMAT_JSONL;
		nvp_verdict_set(&sniff->kind, 0.1, "there is no data");
	}
	else
		nvp_verdict_set(&sniff->kind, 0.9, "text that is not JSON");
}

/* take_shape takes what options say of rows and columns, of which nothing is guessed */
static void
take_shape(const NvpSniffPins *pins, NvpFormat *format)
{
	format->path = pins->format.path;
	format->keeps_nested = pins->format.keeps_nested;
	format->fixed = pins->format.fixed;
	format->nfixed = pins->format.nfixed;
	format->fixed_is_displayed = pins->format.fixed_is_displayed;
	/* lines have no rows within them that a path could lead to */
	if (format->path && format->kind == NVP_FORMAT_JSONL && !pins->has_kind)
		format->kind = NVP_FORMAT_JSON;
	if (format->kind != NVP_FORMAT_FIXED)
		return;
	format->has_header = pins->has_header && pins->format.has_header;
	format->skip_rows = pins->has_skip_rows ? pins->format.skip_rows : 0;
}

/*
 * nvp_sniff guesses the format of data.
 *
 * in: its first bytes, at best NVP_SNIFF_BYTES of them, whether they are all;
 *	   the name of the file, or NULL; what is settled already, or NULL.
 * out: sniff->format can be used to open a reader.
 */
void
nvp_sniff(const char *sample, size_t len, bool sample_is_whole,
		  const char *file_name, const NvpSniffPins *pins, NvpSniff *sniff)
{
	static const NvpSniffPins no_pins;
	NvpCompression compression;
	char	   *text;
	size_t		text_len;

	if (pins == NULL)
		pins = &no_pins;
	if (len > NVP_SNIFF_BYTES)
	{
		len = NVP_SNIFF_BYTES;
		sample_is_whole = false;
	}
	memset(sniff, 0, sizeof(NvpSniff));
	nvp_format_defaults(&sniff->format);
	if (pins->format.max_record_bytes > 0)
		sniff->format.max_record_bytes = pins->format.max_record_bytes;
	compression = pins->has_compression ? pins->compression : nvp_compression_find(sample, len);
	sniff->compression = nvp_compression_name(compression);
	if (compression != NVP_COMPRESSION_NONE && !pins->has_compression)
	{
		sniff->format.kind = NVP_FORMAT_UNKNOWN;
		nvp_verdict_set(&sniff->kind, 1.0, "the data is compressed (%s)", sniff->compression);
		return;
	}
	if (pins->has_encoding)
	{
		sniff->format.encoding = pins->format.encoding;
		nvp_verdict_set(&sniff->encoding, 1.0, "given");
	}
	else
	{
		sniff_encoding(sample, len, sample_is_whole, pins->detection, sniff);
		nvp_sniff_xml_encoding(sample, len, sniff);
	}
	text = decode(sample, len, sniff->format.encoding, &text_len);
	if (pins->has_kind)
	{
		sniff->format.kind = pins->format.kind;
		nvp_verdict_set(&sniff->kind, 1.0, "given");
	}
	else
		sniff_kind(text, text_len, sample_is_whole, file_name, sniff);
	take_shape(pins, &sniff->format);
	if (sniff->format.kind == NVP_FORMAT_CSV)
		nvp_sniff_csv(text, text_len, sample_is_whole, file_name, pins, sniff);
	if (sniff->format.kind == NVP_FORMAT_CSV && !pins->has_kind && !pins->has_delimiter && !pins->has_quote && !pins->has_escape)
		nvp_sniff_fixed(text, text_len, sample_is_whole, pins, sniff);
	pfree(text);
}

/* nvp_sniff_free frees what the verdicts about columns take. */
void
nvp_sniff_free(NvpSniff *sniff)
{
	if (sniff->fields)
		pfree(sniff->fields);
	if (sniff->fixed)
		pfree(sniff->fixed);
	sniff->fixed = NULL;
	sniff->fields = NULL;
	sniff->nfields = 0;
}
