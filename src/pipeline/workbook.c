/*-------------------------------------------------------------------------
 *
 * workbook.c
 *		Workbooks among the inputs.
 *
 * See workbook.h.
 *
 * Memory: in the current context; the spool is freed by nvp_input_close.
 * Errors: faults, as those of input.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/guc.h"
#include "format/workbook.h"
#include "pipeline/workbook.h"

#define COPY_BYTES		(256 * 1024)

/* spool_source unpacks what can only be read from front to back */
static bool
spool_source(NvpInput *input, NvpFault *fault)
{
	NvpSource  *packed = input->source;
	char	   *buf = palloc(COPY_BYTES);
	int64		n;

	input->spool = nvp_spool_create();
	while ((n = packed->read(packed, buf, COPY_BYTES)) > 0)
		if (!nvp_spool_append(input->spool, buf, n))
			return nvp_spool_fault(input->spool, fault, "the unpacked workbook");
	pfree(buf);
	if (n < 0 || !packed->rewind(packed))
		return nvp_source_fault(packed, fault);
	if (!nvp_spool_flush(input->spool))
		return nvp_spool_fault(input->spool, fault, "the unpacked workbook");
	input->source = nvp_spool_source(input->spool);
	return true;
}

/*
 * nvp_workbook_find tells whether the input is a workbook: input->workbook, and
 * input->source can be read anywhere then.
 *
 * in: its first bytes.
 * out: false: the fault is set.
 */
bool
nvp_workbook_find(NvpInput *input, const char *sample, int64 len, NvpFault *fault)
{
	NvpZipLimits limits = {.max_ratio = INT_MAX};
	bool		is_compound = nvp_workbook_is_compound(sample, len);
	NvpZip	   *zip;

	if (!is_compound && nvp_compression_find(sample, len) != NVP_COMPRESSION_ZIP)
		return true;
	if (input->source->read_at == NULL && !spool_source(input, fault))
		return false;
	if (is_compound)
	{
		input->workbook = nvp_workbook_is_locked(input->source) ? NVP_FORMAT_XLSX : NVP_FORMAT_XLS;
		return true;
	}
	zip = nvp_zip_open(input->source, &limits);
	if (zip->status == NVP_ZIP_FINE)
		input->workbook = nvp_workbook_in_zip(zip);
	nvp_zip_close(zip);
	return true;
}

/* nvp_workbook_settle decides how the workbook is read; false: it is not what options say. */
bool
nvp_workbook_settle(NvpInput *input, const NvpSniffPins *pins, NvpFault *fault)
{
	NvpSniff   *sniff = &input->sniff;
	NvpFormat  *format = &sniff->format;
	NvpReader	reader;
	bool		ok;

	if (pins->has_kind && pins->format.kind != input->workbook)
	{
		nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_BAD_COPY_FILE_FORMAT, false,
					  "the input is a workbook (%s), not what the option format says", nvp_workbook_name(input->workbook));
		nvp_fault_hint(fault, "Set the option format to \"%s\", or leave it out.", nvp_workbook_name(input->workbook));
		return false;
	}
	*format = pins->format;
	format->kind = input->workbook;
	format->encoding = NVP_ENCODING_UTF8;
	format->max_unpacked_bytes = (int64) nvp_guc_max_object_size * 1024;
	nvp_verdict_set(&sniff->kind, 1.0, pins->has_kind ? "given" :
					format->kind == NVP_FORMAT_XLSX ? "a zip archive with the parts of an Office document" :
					format->kind == NVP_FORMAT_ODS ? "a zip archive with the parts of an OpenDocument" :
					"it begins like the files of Excel 97 to 2003");
	ok = nvp_workbook_sniff(input->source, pins, sniff, &reader.error);
	input->format = *format;
	if (ok)
		return true;
	nvp_verdict_set(&sniff->kind, 1.0, "%s", reader.error.message);
	return nvp_reader_fault(&reader, fault);
}

/* nvp_workbook_missing says that the input is not the workbook it was said to be; always false. */
bool
nvp_workbook_missing(NvpFormatKind kind, NvpFault *fault)
{
	nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_BAD_COPY_FILE_FORMAT, false,
				  "the input is no workbook (%s): it does not begin like one", nvp_workbook_name(kind));
	nvp_fault_hint(fault, "Leave the option format out, to have it found out; text is often sent under the name of a workbook.");
	return false;
}

/* ---- what was found, as jsonb --------------------------------------------- */

static void
push_value(JsonbParseState **state, JsonbIteratorToken token, JsonbValue value)
{
	pushJsonbValue(state, token, &value);
}

static void
push_text(JsonbParseState **state, JsonbIteratorToken token, const char *text)
{
	JsonbValue	value = {.type = jbvString};

	value.val.string.val = pstrdup(text);
	value.val.string.len = strlen(text);
	push_value(state, token, value);
}

static void
push_bool(JsonbParseState **state, const char *key, bool boolean)
{
	JsonbValue	value = {.type = jbvBool};

	value.val.boolean = boolean;
	push_text(state, WJB_KEY, key);
	push_value(state, WJB_VALUE, value);
}

static void
push_int(JsonbParseState **state, const char *key, int number)
{
	JsonbValue	value = {.type = jbvNumeric};

	value.val.numeric = int64_to_numeric(number);
	push_text(state, WJB_KEY, key);
	push_value(state, WJB_VALUE, value);
}

/*
 * nvp_workbook_push writes what is only known of workbooks into an open object:
 * header, header_rows (of several), skip_rows, columns; sheet (the option that pins what is read) and
 * sheets with name, hidden, read.
 */
void
nvp_workbook_push(JsonbParseState **state, const NvpSniff *sniff, const NvpFormat *format)
{
	push_bool(state, "header", format->has_header);
	if (format->has_header && format->header_rows > 1)
		push_int(state, "header_rows", format->header_rows);
	push_int(state, "skip_rows", format->skip_rows);
	push_int(state, "columns", sniff->ncols);
	if (format->sheet && strcmp(format->sheet, "*") == 0)
	{
		push_text(state, WJB_KEY, "sheet");
		push_text(state, WJB_VALUE, "*");
	}
	for (int i = 0; i < sniff->nsheets && !(format->sheet && strcmp(format->sheet, "*") == 0); i++)
	{
		if (!sniff->sheets[i].is_read)
			continue;
		push_text(state, WJB_KEY, "sheet");
		push_text(state, WJB_VALUE, sniff->sheets[i].name);
		break;
	}
	push_text(state, WJB_KEY, "sheets");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < sniff->nsheets; i++)
	{
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		push_text(state, WJB_KEY, "name");
		push_text(state, WJB_VALUE, sniff->sheets[i].name);
		push_bool(state, "hidden", sniff->sheets[i].is_hidden);
		push_bool(state, "read", sniff->sheets[i].is_read);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}
