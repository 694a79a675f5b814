/*-------------------------------------------------------------------------
 *
 * input.c
 *		An object as it was stored, made ready for a reader.
 *
 * See input.h for flow, calls, memory and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/guc.h"
#include "pipeline/input.h"

/* nvp_source_fault turns the failure of a source into a fault; always false. */
bool
nvp_source_fault(const NvpSource *source, NvpFault *fault)
{
	const char *why = source->error ? source->error : "could not read the source";

	switch (source->fault)
	{
		case NVP_SOURCE_IO:
			nvp_fault_set(fault, NVP_FAULT_INTERNAL, ERRCODE_IO_ERROR, true, "%s", why);
			break;
		case NVP_SOURCE_DATA:
			nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_BAD_COPY_FILE_FORMAT, false, "%s", why);
			break;
		case NVP_SOURCE_LIMIT:
			nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, false, "%s", why);
			break;
	}
	if (source->hint && source->hint[0])
		nvp_fault_hint(fault, "%s", source->hint);
	return false;
}

/* nvp_reader_fault turns the failure of a reader into a fault; always false. */
bool
nvp_reader_fault(const NvpReader *reader, NvpFault *fault)
{
	const NvpReadError *error = &reader->error;

	if (error->is_io)
		nvp_fault_set(fault, NVP_FAULT_INTERNAL, ERRCODE_IO_ERROR, true, "%s", error->message);
	else if (error->is_empty)
		nvp_fault_set(fault, NVP_SOURCE_DATA_EMPTY, ERRCODE_NO_DATA, false, "%s", error->message);
	else
		nvp_fault_set(fault, NVP_PARSING_FAILURE,
					  error->is_limit ? ERRCODE_PROGRAM_LIMIT_EXCEEDED : ERRCODE_BAD_COPY_FILE_FORMAT,
					  false, "%s", error->message);
	if (error->hint[0])
		nvp_fault_hint(fault, "%s", error->hint);
	return false;
}

/* read_sample reads up to NVP_SNIFF_BYTES and goes back; -1 on errors */
static int64
read_sample(NvpSource *source, char *sample, int64 size)
{
	int64		len = 0;

	while (len < size)
	{
		int64		n = source->read(source, sample + len, size - len);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += n;
	}
	return source->rewind(source) ? len : -1;
}

/* without_suffix takes the suffix of a compression off a name, so that what is left tells of the content */
static const char *
without_suffix(const char *name)
{
	static const char *const suffixes[] = {".gz", ".zst", ".bz2", ".xz", ".zip"};
	size_t		len = name ? strlen(name) : 0;

	for (int i = 0; i < lengthof(suffixes); i++)
	{
		size_t		n = strlen(suffixes[i]);

		if (len > n && pg_strcasecmp(name + len - n, suffixes[i]) == 0)
			return pnstrdup(name, len - n);
	}
	return name;
}

static void
add_layer(NvpInput *input, NvpCompression compression)
{
	NvpInflateLimits limits = {
		.max_bytes = (int64) nvp_guc_max_object_size * 1024,
		.max_ratio = nvp_guc_max_expansion,
		.free_bytes = NVP_INFLATE_FREE_BYTES
	};

	input->source = nvp_decompress_open(input->source, compression, &limits);
	input->layers[input->nlayers++] = input->source;
}

static bool
fail_archive(NvpFault *fault)
{
	nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_FEATURE_NOT_SUPPORTED, false,
				  "the input is compressed (zip), which is not supported yet");
	nvp_fault_hint(fault, "Ask the sender for the file as it was before.");
	return false;
}

static bool
fail_depth(NvpInput *input, NvpCompression compression, NvpFault *fault)
{
	nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, false,
				  "the input is compressed more than %d times; below that it is %s again",
				  NVP_MOST_LAYERS, nvp_compression_name(compression));
	nvp_fault_hint(fault, "Compress the file once only.");
	return false;
}

/*
 * unwrap decompresses as long as what comes out begins like something
 * compressed.
 *
 * out: the first bytes of what is inside, and how many.
 */
static bool
unwrap(NvpInput *input, const NvpSniffPins *pins, char *sample, int64 *len, NvpFault *fault)
{
	NvpVerdict *verdict = &input->sniff.compression_verdict;

	for (;;)
	{
		NvpCompression found;

		*len = read_sample(input->source, sample, NVP_SNIFF_BYTES);
		if (*len < 0)
			return nvp_source_fault(input->source, fault);
		if (pins->has_compression && pins->compression == NVP_COMPRESSION_NONE)
			return true;
		found = nvp_compression_find(sample, *len);
		if (input->nlayers == 0)
		{
			if (pins->has_compression && *len > 0)
				found = pins->compression;
			input->sniff.compression = nvp_compression_name(found);
			if (found != NVP_COMPRESSION_NONE)
				nvp_verdict_set(verdict, 1.0, pins->has_compression ? "given" : "it begins like %s data",
								nvp_compression_name(found));
		}
		if (found == NVP_COMPRESSION_NONE)
			return true;
		if (found == NVP_COMPRESSION_ZIP)
			return fail_archive(fault);
		if (input->nlayers == NVP_MOST_LAYERS)
			return fail_depth(input, found, fault);
		add_layer(input, found);
	}
}

/*
 * nvp_input_open finds out what a stored object is.
 *
 * in: the stored bytes, at their beginning; options as for
 *	   nvp_format_pins, or NULL; the name of the object, or NULL.
 * out: a source at its beginning and a format that a reader can be opened with.
 * owner: nvp_input_close, also after a failure.
 */
bool
nvp_input_open(NvpInput *input, NvpSource *stored, Jsonb *options,
			   const char *file_name, NvpFault *fault)
{
	NvpSniffPins pins;
	char	   *sample = palloc(NVP_SNIFF_BYTES);
	int64		len;
	const char *compression;
	NvpVerdict	verdict;
	bool		ok;

	memset(input, 0, sizeof(*input));
	input->source = stored;
	input->sniff.compression = nvp_compression_name(NVP_COMPRESSION_NONE);
	nvp_format_pins(options, &pins);
	ok = unwrap(input, &pins, sample, &len, fault);
	compression = input->sniff.compression;
	verdict = input->sniff.compression_verdict;
	for (int i = 0; i < input->nlayers; i++)
		file_name = without_suffix(file_name);
	if (ok)
		nvp_sniff(sample, len, len < NVP_SNIFF_BYTES, file_name, &pins, &input->sniff);
	else
		nvp_verdict_set(&input->sniff.kind, 1.0, "%s", fault->message);
	input->sniff.compression = compression;
	input->sniff.compression_verdict = verdict;
	input->format = input->sniff.format;
	pfree(sample);
	if (!ok)
		return false;
	if (len == 0)
	{
		nvp_fault_set(fault, NVP_SOURCE_DATA_EMPTY, ERRCODE_NO_DATA, false,
					  input->nlayers > 0 ? "the input holds nothing (0 bytes after decompression)" : "the input is empty (0 bytes)");
		nvp_fault_hint(fault, "Ask the sender for the file again; nothing was loaded.");
		return false;
	}
	if (input->format.kind != NVP_FORMAT_UNKNOWN)
		return true;
	nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_BAD_COPY_FILE_FORMAT, false,
				  "the format of the data is not known%s%s",
				  input->sniff.kind.reason[0] ? ": " : "", input->sniff.kind.reason);
	nvp_fault_hint(fault, "Accepted are CSV, TSV, JSON and JSON Lines; pin one with the option format.");
	return false;
}

/*
 * nvp_input_note returns what has to be told of an input that no issue would
 * show, when all of it was read; NULL if there is nothing.
 */
char *
nvp_input_note(const NvpInput *input)
{
	char	   *note = nvp_sniff_note(&input->sniff, &input->format);

	for (int i = 0; i < input->nlayers; i++)
	{
		int64		rest = nvp_decompress_rest(input->layers[i]);

		if (rest > 0)
			note = psprintf("%s%s" INT64_FORMAT " bytes behind the compressed data are none of it and were not read",
							note ? note : "", note ? "; " : "", rest);
	}
	return note;
}

/* nvp_input_close releases what open made; the stored source stays open. */
void
nvp_input_close(NvpInput *input)
{
	while (input->nlayers > 0)
		nvp_decompress_release(input->layers[--input->nlayers]);
	input->source = NULL;
}
