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

#include <limits.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "base/guc.h"
#include "format/workbook.h"
#include "pipeline/input.h"
#include "pipeline/workbook.h"

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

/* read_sample reads up to size bytes; -1 on errors */
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
	return len;
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

/* ---- archives -------------------------------------------------------------- */

static bool
zip_fault(const NvpZip *zip, NvpFault *fault)
{
	bool		is_io = (zip->status == NVP_ZIP_IO);
	int			sqlstate = is_io ? ERRCODE_IO_ERROR :
		zip->status == NVP_ZIP_LIMIT ? ERRCODE_PROGRAM_LIMIT_EXCEEDED :
		zip->status == NVP_ZIP_UNSUPPORTED ? ERRCODE_FEATURE_NOT_SUPPORTED : ERRCODE_BAD_COPY_FILE_FORMAT;

	nvp_fault_set(fault, is_io ? NVP_FAULT_INTERNAL : NVP_PARSING_FAILURE, sqlstate, is_io, "%s", zip->message);
	if (zip->hint[0])
		nvp_fault_hint(fault, "%s", zip->hint);
	return false;
}

/* what systems put beside the files that somebody packed */
static bool
may_be_data(const NvpZipMember *member)
{
	const char *slash = strrchr(member->name, '/');
	const char *base = slash ? slash + 1 : member->name;

	return !member->is_folder && base[0] != '.' && strncmp(member->name, "__MACOSX/", 9) != 0 &&
		pg_strcasecmp(base, "Thumbs.db") != 0 && pg_strcasecmp(base, "desktop.ini") != 0;
}

/* open_archive reads the directory of the archive that the source is; false sets the fault */
static bool
open_archive(NvpInput *input, NvpFault *fault)
{
	NvpZipLimits limits = {
		.max_bytes = (int64) nvp_guc_max_object_size * 1024,
		.max_ratio = nvp_guc_max_expansion > 0 ? nvp_guc_max_expansion : INT_MAX
	};

	if (input->source->read_at == NULL || input->zip)
	{
		nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_FEATURE_NOT_SUPPORTED, false,
					  "a zip archive within %s cannot be read", input->zip ? "another" : "compressed data");
		nvp_fault_hint(fault, "Send the inner archive itself.");
		return false;
	}
	input->zip = nvp_zip_open(input->source, &limits);
	if (input->zip->status != NVP_ZIP_FINE)
		return zip_fault(input->zip, fault);
	input->members = palloc(sizeof(char *) * Max(input->zip->nmembers, 1));
	for (int i = 0; i < input->zip->nmembers; i++)
		if (may_be_data(&input->zip->members[i]))
			input->members[input->nmembers++] = input->zip->members[i].name;
	input->sniff.members = input->members;
	input->sniff.nmembers = input->nmembers;
	return true;
}

/* name_members writes the first names of an archive's files into a hint */
static void
name_members(const NvpInput *input, const char *advice, NvpFault *fault)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < Min(input->nmembers, 10); i++)
		appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "", input->members[i]);
	if (input->nmembers > 10)
		appendStringInfo(&names, " and %d more", input->nmembers - 10);
	nvp_fault_hint(fault, "%s: %s.", advice, names.data);
}

/* choose_member finds the one that is to be read, NULL with the fault if that is not settled */
static const NvpZipMember *
choose_member(NvpInput *input, const char *wanted, NvpFault *fault)
{
	const NvpZipMember *member;

	if (wanted == NULL && input->nmembers == 1)
		wanted = input->members[0];
	if (wanted)
	{
		member = nvp_zip_find(input->zip, wanted);
		if (member && !member->is_folder)
			return member;
		nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_UNDEFINED_FILE, false,
					  "the zip archive has no file \"%s\"", wanted);
		name_members(input, "It has", fault);
		return NULL;
	}
	if (input->nmembers == 0)
	{
		nvp_fault_set(fault, NVP_SOURCE_DATA_EMPTY, ERRCODE_NO_DATA, false, "the zip archive holds no file");
		nvp_fault_hint(fault, "Ask the sender for the file again; nothing was loaded.");
		return NULL;
	}
	nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_BAD_COPY_FILE_FORMAT, false,
				  "the zip archive holds %d files, and it is not said which to read", input->nmembers);
	name_members(input, "Set the option member to one of them", fault);
	return NULL;
}

/* add_member makes a member of the archive the next layer; *name becomes its name */
static bool
add_member(NvpInput *input, const char *wanted, const char **name, NvpFault *fault)
{
	const NvpZipMember *member;
	NvpSource  *source;

	if (!open_archive(input, fault))
		return false;
	member = choose_member(input, wanted, fault);
	if (member == NULL)
		return false;
	source = nvp_zip_source(input->zip, member);
	if (source == NULL)
		return zip_fault(input->zip, fault);
	*name = member->name;
	input->is_member[input->nlayers] = true;
	input->source = input->layers[input->nlayers++] = source;
	return true;
}

/* ---- layers ---------------------------------------------------------------- */

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
fail_depth(NvpInput *input, NvpCompression compression, NvpFault *fault)
{
	nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, false,
				  "the input is compressed more than %d times; below that it is %s again",
				  NVP_MOST_LAYERS, nvp_compression_name(compression));
	nvp_fault_hint(fault, "Compress the file once only.");
	return false;
}

/* note_compression writes down what the outermost layer is */
static NvpCompression
note_compression(NvpInput *input, const NvpSniffPins *pins, const char *sample, int64 len)
{
	NvpCompression found = nvp_compression_find(sample, len);

	if (input->nlayers > 0)
		return found;
	if (pins->has_compression && len > 0)
		found = pins->compression;
	input->sniff.compression = nvp_compression_name(found);
	if (found != NVP_COMPRESSION_NONE)
		nvp_verdict_set(&input->sniff.compression_verdict, 1.0,
						pins->has_compression ? "given" : "it begins like %s data", nvp_compression_name(found));
	return found;
}

/*
 * unwrap decompresses as long as what comes out begins like something
 * compressed.
 *
 * in: the name of the object, and the wanted member of an archive, or NULL.
 * out: the first bytes of what is inside, and how many; its name, if it has one.
 */
static bool
unwrap(NvpInput *input, const NvpSniffPins *pins, const char *member,
	   char *sample, int64 *len, const char **name, NvpFault *fault)
{
	for (;;)
	{
		NvpCompression found;

		*len = read_sample(input->source, sample, NVP_SNIFF_BYTES);
		if (*len < 0 || !input->source->rewind(input->source))
			return nvp_source_fault(input->source, fault);
		if (!nvp_workbook_find(input, sample, *len, fault))
			return false;
		if (input->workbook != NVP_FORMAT_UNKNOWN)
			return true;
		if (pins->has_compression && pins->compression == NVP_COMPRESSION_NONE)
			return true;
		found = note_compression(input, pins, sample, *len);
		if (found == NVP_COMPRESSION_NONE)
			return true;
		if (input->nlayers == NVP_MOST_LAYERS)
			return fail_depth(input, found, fault);
		if (found == NVP_COMPRESSION_ZIP)
		{
			if (!add_member(input, member, name, fault))
				return false;
			continue;
		}
		add_layer(input, found);
		*name = without_suffix(*name);
	}
}

/*
 * detect_encoding looks at the sample and, where that does not settle it, at all
 * the rest: text in an old encoding may show only late what it is.
 */
static bool
detect_encoding(NvpInput *input, const char *sample, int64 len, NvpDetection *detection, NvpFault *fault)
{
	NvpSource  *source = input->source;
	NvpDetector *detector = nvp_detector_create();
	char	   *buf = NULL;
	int64		n = len;

	nvp_detector_feed(detector, sample, len);
	nvp_detector_finish(detector, len < NVP_SNIFF_BYTES, detection);
	if (len == NVP_SNIFF_BYTES && !detection->is_sure && !detection->is_ascii)
	{
		buf = palloc(NVP_SNIFF_BYTES);
		/* the sample is passed over */
		n = read_sample(source, buf, len);
		while (n > 0 && (n = source->read(source, buf, NVP_SNIFF_BYTES)) > 0)
		{
			CHECK_FOR_INTERRUPTS();
			nvp_detector_feed(detector, buf, n);
		}
		nvp_detector_finish(detector, true, detection);
		if (n >= 0 && !source->rewind(source))
			n = -1;
		pfree(buf);
	}
	nvp_detector_free(detector);
	return n >= 0 || nvp_source_fault(source, fault);
}

static bool
refuse_header_rows(int n, NvpFault *fault)
{
	nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_FEATURE_NOT_SUPPORTED, false,
				  "a header of %d rows is known in delimited text and workbooks only", n);
	nvp_fault_hint(fault, "Set header_rows to 1, and skip_rows to the rows above the last of them.");
	return false;
}

/* sniff_inside decides on the format of what is inside; false: no reader is for it, or it is empty */
static bool
sniff_inside(NvpInput *input, const char *sample, int64 len, const char *name,
			 NvpSniffPins *pins, NvpFault *fault)
{
	NvpSniff	outside = input->sniff;
	NvpDetection detection;

	if (input->workbook != NVP_FORMAT_UNKNOWN)
		return nvp_workbook_settle(input, pins, fault);
	if (len > 0 && pins->has_kind && nvp_format_is_workbook(pins->format.kind))
		return nvp_workbook_missing(pins->format.kind, fault);
	if (!pins->has_encoding)
	{
		if (!detect_encoding(input, sample, len, &detection, fault))
			return false;
		pins->detection = &detection;
	}
	nvp_sniff(sample, len, len < NVP_SNIFF_BYTES, name, pins, &input->sniff);
	input->sniff.compression = outside.compression;
	input->sniff.compression_verdict = outside.compression_verdict;
	input->sniff.members = outside.members;
	input->sniff.nmembers = outside.nmembers;
	input->format = input->sniff.format;
	if (len == 0)
	{
		nvp_fault_set(fault, NVP_SOURCE_DATA_EMPTY, ERRCODE_NO_DATA, false,
					  input->nlayers > 0 ? "the input holds nothing (0 bytes after decompression)" : "the input is empty (0 bytes)");
		nvp_fault_hint(fault, "Ask the sender for the file again; nothing was loaded.");
		return false;
	}
	if (pins->format.header_rows > 1 && input->format.kind != NVP_FORMAT_CSV)
		return refuse_header_rows(pins->format.header_rows, fault);
	if (input->format.kind != NVP_FORMAT_UNKNOWN)
		return true;
	nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_BAD_COPY_FILE_FORMAT, false,
				  "the format of the data is not known%s%s",
				  input->sniff.kind.reason[0] ? ": " : "", input->sniff.kind.reason);
	nvp_fault_hint(fault, "Accepted are CSV, TSV, JSON, JSON Lines, XML, columns of fixed width, XLSX, XLS and ODS; pin one with the option format.");
	return false;
}

static void
begin(NvpInput *input, NvpSource *stored)
{
	memset(input, 0, sizeof(*input));
	input->source = stored;
	input->sniff.compression = nvp_compression_name(NVP_COMPRESSION_NONE);
}

/*
 * nvp_input_open_known finds out what a stored object is.
 *
 * in: the stored bytes, at their beginning; options as for nvp_format_pins, or
 *	   NULL; the name of the object, or NULL; the member that is to be read of
 *	   an archive, or NULL for that of the options, else the only one; names that
 *	   the columns had before, which decide between equal delimiters, or NULL.
 * out: a source at its beginning and a format that a reader can be opened with.
 * owner: nvp_input_close, also after a failure.
 */
bool
nvp_input_open_known(NvpInput *input, NvpSource *stored, Jsonb *options, const char *file_name,
					 const char *member, const NvpKnownHeader *known, NvpFault *fault)
{
	NvpSniffPins pins;
	char	   *sample;
	int64		len;
	bool		ok;

	begin(input, stored);
	nvp_format_pins(options, &pins);
	if (known)
	{
		pins.nknown = known->n;
		pins.known = known->names;
	}
	sample = palloc(NVP_SNIFF_BYTES);
	ok = unwrap(input, &pins, member ? member : pins.member, sample, &len, &file_name, fault);
	if (ok)
		ok = sniff_inside(input, sample, len, file_name, &pins, fault);
	else
		nvp_verdict_set(&input->sniff.kind, 1.0, "%s", fault->message);
	pfree(sample);
	return ok;
}

/* nvp_input_open does so without knowing anything. */
bool
nvp_input_open(NvpInput *input, NvpSource *stored, Jsonb *options,
			   const char *file_name, const char *member, NvpFault *fault)
{
	return nvp_input_open_known(input, stored, options, file_name, member, NULL, fault);
}

/*
 * nvp_input_members lists what is in an archive.
 *
 * in: as for nvp_input_open.
 * out: input->members and nmembers; none if the object is no archive, or if the
 *	   options settle what is to be read.
 * owner: nvp_input_close.
 */
bool
nvp_input_members(NvpInput *input, NvpSource *stored, Jsonb *options, NvpFault *fault)
{
	NvpSniffPins pins;
	char		first[NVP_COMPRESSION_MARK_BYTES];
	int64		len;

	begin(input, stored);
	nvp_format_pins(options, &pins);
	if (pins.member || (pins.has_compression && pins.compression != NVP_COMPRESSION_ZIP))
		return true;
	len = read_sample(stored, first, sizeof(first));
	if (len < 0 || !stored->rewind(stored))
		return nvp_source_fault(stored, fault);
	if (nvp_compression_find(first, len) != NVP_COMPRESSION_ZIP)
		return true;
	if (!open_archive(input, fault))
		return false;
	if (nvp_workbook_in_zip(input->zip) != NVP_FORMAT_UNKNOWN)
		input->nmembers = 0;
	return true;
}

/* settle_encoding writes down what became of text that had seemed to be nothing but ASCII */
static void
settle_encoding(NvpInput *input, const NvpReader *reader)
{
	NvpLateText late;
	NvpVerdict *verdict = &input->sniff.encoding;

	input->format.encoding = nvp_reader_encoding(reader, &late);
	if (late.reason[0] == '\0')
		return;
	nvp_verdict_set(verdict, late.encoding == NVP_ENCODING_UTF8 ? 1.0 : 0.8,
					"only ASCII before byte " UINT64_FORMAT "; from there on %s", late.offset, late.reason);
	verdict->is_ambiguous = late.is_ambiguous;
}

static void
add_note(char **note, const char *more)
{
	*note = *note ? psprintf("%s; %s", *note, more) : pstrdup(more);
}

/* note_renamed tells of columns that had to get other names than the file gives them */
static void
note_renamed(const NvpReader *reader, char **note)
{
	for (int col = 0; reader->renamed > 0 && col < reader->ncols; col++)
	{
		if (!nvp_header_was_renamed(reader, col))
			continue;
		add_note(note, psprintf("%d column%s a name that another one has, too: the %s of them is called \"%s\" here",
								reader->renamed, reader->renamed == 1 ? " has" : "s have",
								reader->renamed == 1 ? "last" : "first", reader->header[col]));
		return;
	}
}

/*
 * nvp_input_note returns what has to be told of an input that no issue would
 * show, when all of it was read by the reader (NULL if there was none); NULL if
 * there is nothing.
 */
char *
nvp_input_note(NvpInput *input, const NvpReader *reader)
{
	char	   *note;

	if (reader && input->format.is_ascii_so_far)
		settle_encoding(input, reader);
	note = nvp_sniff_note(&input->sniff, &input->format);
	if (reader)
		note_renamed(reader, &note);
	for (int i = 0; i < input->nlayers; i++)
	{
		int64		rest = input->is_member[i] ? 0 : nvp_decompress_rest(input->layers[i]);

		if (rest > 0)
			add_note(&note, psprintf(INT64_FORMAT " bytes behind the compressed data are none of it and were not read", rest));
	}
	return note;
}

/* nvp_input_close releases what open made; the stored source stays open. */
void
nvp_input_close(NvpInput *input)
{
	for (int i = input->nlayers - 1; i >= 0; i--)
	{
		if (input->is_member[i])
			input->layers[i]->close(input->layers[i]);
		else
			nvp_decompress_release(input->layers[i]);
	}
	if (input->zip)
		nvp_zip_close(input->zip);
	nvp_sniff_free(&input->sniff);
	input->sniff.nmembers = 0;
	if (input->spool)
		nvp_spool_free(input->spool);
	input->spool = NULL;
	input->nlayers = input->nmembers = 0;
	input->zip = NULL;
	input->source = NULL;
}
