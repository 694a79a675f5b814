/*-------------------------------------------------------------------------
 *
 * reader.c
 *		Opening readers by format, and what all of them have in common.
 *
 * Calls:  nvp_reader_open, { nvp_reader_next* , nvp_reader_rewind }*,
 *		   nvp_reader_close.  After a failed open only close is of use; next
 *		   repeats NVP_READ_BAD.
 * Memory: a reader and all it holds live in the context current at open, which
 *		   must also be current when it reads.
 * Errors: returned in reader->error.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/mend.h"
#include "format/encode.h"
#include "format/reader_impl.h"

static const NvpReaderEntry *const entries[] = {
	&nvp_csv_entry, &nvp_json_entry, &nvp_jsonl_entry, &nvp_rows_entry, &nvp_xml_entry, &nvp_fixed_entry,
	&nvp_xlsx_entry, &nvp_ods_entry, &nvp_xls_entry
};

/* nvp_format_defaults describes the usual CSV file: UTF-8, comma, double quote, header. */
void
nvp_format_defaults(NvpFormat *format)
{
	memset(format, 0, sizeof(NvpFormat));
	format->kind = NVP_FORMAT_CSV;
	format->encoding = NVP_ENCODING_UTF8;
	format->delimiter = ',';
	format->quote = '"';
	format->escape = '"';
	format->has_header = true;
	format->max_record_bytes = NVP_DEFAULT_RECORD_BYTES;
	format->sheet_index = -1;
}

/* nvp_reader_fail notes why and where reading ended; always false. */
bool
nvp_reader_fail(NvpReader *reader, uint64 line_no, uint64 byte_offset,
				const char *hint, const char *fmt,...)
{
	NvpReadError *error = &reader->error;
	va_list		args;

	va_start(args, fmt);
	vsnprintf(error->message, sizeof(error->message), fmt, args);
	va_end(args);
	nvp_mend_utf8(error->message);
	strlcpy(error->hint, hint ? hint : "", sizeof(error->hint));
	nvp_mend_utf8(error->hint);
	error->line_no = line_no;
	error->byte_offset = byte_offset;
	return false;
}

/* nvp_reader_fail_io notes that the source gave up; always false. */
bool
nvp_reader_fail_io(NvpReader *reader)
{
	const NvpSource *source = reader->source;
	const char *why = source->error;

	reader->error.is_io = (source->fault == NVP_SOURCE_IO);
	reader->error.is_limit = (source->fault == NVP_SOURCE_LIMIT);
	if (source->fault != NVP_SOURCE_IO)
		return nvp_reader_fail(reader, 0, (uint64) source->read_bytes, source->hint, "%s", why);
	return nvp_reader_fail(reader, 0, (uint64) source->read_bytes, NULL,
						   "could not read the source: %s", why ? why : "unknown reason");
}

/* nvp_reader_fail_locked says that a workbook cannot be read without its password; always false. */
bool
nvp_reader_fail_locked(NvpReader *reader)
{
	return nvp_reader_fail(reader, 0, 0,
						   "Open it in a spreadsheet program, save it without a password (Excel: File, Info, Protect Workbook, "
						   "Encrypt with Password), and send it again.",
						   "the workbook is encrypted: it cannot be read without its password");
}

/* nvp_header_was_renamed tells whether a column could not have the name it has in the file. */
bool
nvp_header_was_renamed(const NvpReader *reader, int col)
{
	const char *raw = reader->raw_header[col];

	return raw && raw[strspn(raw, " \t\r\n\v\f")] != '\0' && strcmp(raw, reader->header[col]) != 0;
}

/*
 * nvp_reader_add_column appends a column.
 *
 * in: its name as written, NULL if the source has none for it.
 */
void
nvp_reader_add_column(NvpReader *reader, const char *text, uint32 len)
{
	NvpReaderBase *base = (NvpReaderBase *) reader;
	int			col = reader->ncols;

	if (col == base->header_size)
	{
		base->header_size = Max(16, base->header_size * 2);
		if (reader->header == NULL)
		{
			reader->header = palloc(sizeof(char *) * base->header_size);
			reader->raw_header = palloc(sizeof(char *) * base->header_size);
		}
		else
		{
			reader->header = repalloc(reader->header, sizeof(char *) * base->header_size);
			reader->raw_header = repalloc(reader->raw_header, sizeof(char *) * base->header_size);
		}
	}
	reader->raw_header[col] = text ? nvp_text_escape_invalid(text, len) : NULL;
	reader->header[col] = nvp_names_add_header(&base->names, text ? text : "", text ? len : 0, col + 1);
	reader->renamed += nvp_header_was_renamed(reader, col);
	reader->ncols++;
}

static const NvpReaderEntry *
find_entry(NvpFormatKind kind)
{
	for (int i = 0; i < lengthof(entries); i++)
		if (entries[i]->kind == kind)
			return entries[i];
	return NULL;
}

/* an answer for formats no reader exists for: open fails, close works */
static bool
unknown_open(NvpReader *reader)
{
	return nvp_reader_fail(reader, 0, 0, "Set the format to csv, tsv, json, jsonl, xml or fixed.",
						   "the format of the data is not known");
}

static NvpReadStatus
unknown_next(NvpReader *reader, NvpBatch *batch)
{
	return NVP_READ_BAD;
}

static bool
unknown_rewind(NvpReader *reader)
{
	return false;
}

static void
unknown_close(NvpReader *reader)
{
}

static const NvpReaderRoutine unknown_routine = {
	"unknown", unknown_open, unknown_next, unknown_rewind, unknown_close
};

static const NvpReaderEntry unknown_entry = {
	NVP_FORMAT_UNKNOWN, sizeof(NvpReaderBase), &unknown_routine
};

/*
 * nvp_reader_open_with does what nvp_reader_open does, with a window and a
 * scanner of the caller's choice: results must depend on neither.
 */
NvpReader *
nvp_reader_open_with(NvpSource *source, const NvpFormat *format,
					 uint32 window_bytes, bool plain)
{
	const NvpReaderEntry *entry = find_entry(format->kind);
	NvpReaderBase *base;
	NvpReader  *reader;
	int64		max = format->max_record_bytes;

	if (entry == NULL)
		entry = &unknown_entry;
	base = palloc0(entry->size);
	reader = &base->reader;
	reader->routine = entry->routine;
	reader->format = *format;
	if (max <= 0)
		max = NVP_DEFAULT_RECORD_BYTES;
	max = Max(NVP_LEAST_RECORD_BYTES, Min(max, NVP_MOST_RECORD_BYTES));
	reader->format.max_record_bytes = max;
	base->inner = source;
	reader->source = format->is_ascii_so_far && format->encoding == NVP_ENCODING_UTF8 ?
		nvp_decoder_open_late(source) : nvp_decoder_open(source, format->encoding);
	base->force_plain = plain;
	nvp_names_init(&base->names);
	nvp_window_init(&base->window, reader->source, Max(window_bytes, 1), (uint32) max);
	reader->routine->open(reader);
	return reader;
}

/*
 * nvp_reader_open makes a reader and reads the header of the source.
 *
 * in: source, at its first byte.
 * out: a reader in any case; error.message is not empty if it cannot read.
 * owner: the caller closes the reader, and then the source, which stays its own.
 */
NvpReader *
nvp_reader_open(NvpSource *source, const NvpFormat *format)
{
	return nvp_reader_open_with(source, format, NVP_WINDOW_BYTES, false);
}

/*
 * nvp_reader_next fills the batch with the next rows.
 *
 * out: NVP_READ_OK with at least one row, NVP_READ_END, or NVP_READ_BAD after
 *		all rows before the bad place were delivered.  Cells are valid until
 *		the next call for this reader.
 */
NvpReadStatus
nvp_reader_next(NvpReader *reader, NvpBatch *batch)
{
	NvpReadStatus status;

	batch->nrows = 0;
	batch->first_row_no = reader->rows + 1;
	if (reader->error.message[0] != '\0')
		return NVP_READ_BAD;
	nvp_batch_widen(batch, reader->ncols);
	batch->ncols = reader->ncols;
	status = reader->routine->next(reader, batch);
	reader->rows += batch->nrows;
	return status;
}

/*
 * nvp_reader_encoding returns the encoding of what was read.
 *
 * out: *late (may be NULL) of text that had seemed to be nothing but ASCII; its
 *		reason is empty of all other.
 */
NvpEncoding
nvp_reader_encoding(const NvpReader *reader, NvpLateText *late)
{
	NvpLateText own;

	if (late == NULL)
		late = &own;
	memset(late, 0, sizeof(*late));
	if (reader->source != ((const NvpReaderBase *) reader)->inner && nvp_decoder_find_late(reader->source, late))
		return late->encoding;
	return reader->format.encoding;
}

/* nvp_reader_rewind goes back to the first data row; false sets error. */
bool
nvp_reader_rewind(NvpReader *reader)
{
	reader->rows = 0;
	return reader->routine->rewind(reader);
}

/* nvp_reader_close frees the reader; the source stays open. */
void
nvp_reader_close(NvpReader *reader)
{
	NvpReaderBase *base = (NvpReaderBase *) reader;

	reader->routine->close(reader);
	for (int i = 0; i < reader->ncols; i++)
		if (reader->raw_header[i])
			pfree(reader->raw_header[i]);
	if (reader->header)
	{
		pfree(reader->header);
		pfree(reader->raw_header);
	}
	nvp_names_free(&base->names);
	nvp_window_free(&base->window);
	if (reader->source != base->inner)
		nvp_decoder_release(reader->source);
	pfree(base);
}
