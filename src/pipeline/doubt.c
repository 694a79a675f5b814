/*-------------------------------------------------------------------------
 *
 * doubt.c
 *		What was guessed about an input and may be wrong.
 *
 * See doubt.h for memory and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "pipeline/doubt.h"

#define ENCODING_SURE	0.95	/* from this confidence on the note of an execution suffices */

/* ---- what a run does not guess ------------------------------------------------ */

/* a delimiter as the option would name it, in quotes */
static char *
quoted_sign(char sign)
{
	return sign == '\t' ? pstrdup("tab") : psprintf("\"%c\"", sign);
}

static bool
refuse_tie(const NvpInput *input, NvpFault *fault)
{
	const char *rival = input->sniff.delimiter.rivals[0].value;
	char	   *other = quoted_sign(strcmp(rival, "tab") == 0 ? '\t' : rival[0]);

	nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_BAD_COPY_FILE_FORMAT, false,
				  "the delimiter cannot be told: %s and %s divide the lines equally well",
				  quoted_sign(input->format.delimiter), other);
	nvp_fault_hint(fault, "Set options.format.delimiter to the one that is meant, for example {\"format\": {\"delimiter\": \"%s\"}}. "
				   "Nothing was loaded.", strcmp(rival, "tab") == 0 ? "tab" : rival);
	return false;
}

static bool
refuse_widths(const NvpInput *input, NvpFault *fault)
{
	nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_BAD_COPY_FILE_FORMAT, false,
				  "the input seems to be in %d columns of fixed width, but that is not certain (%.2f)",
				  input->format.nfixed, input->sniff.kind.confidence);
	nvp_fault_hint(fault, "Set options.format to %s if that is right, or to other widths; to {\"format\": \"csv\"} if it is delimited text. "
				   "Nothing was loaded.", nvp_widths_text(&input->format));
	return false;
}

/*
 * nvp_doubt_refuse looks whether what was found out about an input is good
 * enough to load it.
 *
 * out: true if it is; else false, and the fault says what to settle.
 */
bool
nvp_doubt_refuse(const NvpInput *input, NvpFault *fault)
{
	if (nvp_sniff_is_tied(&input->sniff, &input->format))
		return refuse_tie(input, fault);
	if (input->format.fixed_is_guess && input->sniff.kind.confidence < NVP_FIXED_SURE)
		return refuse_widths(input, fault);
	return true;
}

/* ---- what it tells ------------------------------------------------------------ */

/* a phrase as a sentence */
static char *
sentence(const char *phrase)
{
	char	   *text = psprintf("%s.", phrase);

	text[0] = pg_toupper((unsigned char) text[0]);
	return text;
}

/* a warning about a column of the model, or -1 for the whole input */
static void
warn(NvpIssueLog *log, int column, NvpCode code, const char *phrase)
{
	NvpIssue	issue = {0};

	issue.column = column;
	issue.code = code;
	issue.severity = NVP_SEVERITY_WARNING;
	issue.message = sentence(phrase);
	nvp_issuelog_issue(log, &issue);
}

/* warn_of_input warns of what was guessed about the whole input */
static void
warn_of_input(NvpIssueLog *log, const NvpInput *input)
{
	const NvpSniff *sniff = &input->sniff;
	const NvpFormat *format = &input->format;
	char	   *phrase;

	if (sniff->encoding.confidence < ENCODING_SURE && (phrase = nvp_encoding_note(sniff, format)))
		warn(log, -1, NVP_CODE_FILE_GUESSED_ENCODING, phrase);
	if ((phrase = nvp_preamble_note(sniff, format)))
		warn(log, -1, NVP_CODE_FILE_SKIPPED_LINES, phrase);
	if ((phrase = nvp_transposed_note(sniff)))
		warn(log, -1, NVP_CODE_FILE_TRANSPOSED, phrase);
	if ((phrase = nvp_rows_note(sniff, format)))
		warn(log, -1, NVP_CODE_FILE_AMBIGUOUS_ROWS, phrase);
	if ((phrase = nvp_widths_note(format)))
		warn(log, -1, NVP_CODE_FILE_GUESSED_WIDTHS, phrase);
}

/*
 * nvp_doubt_issues adds to the log of a job what is doubtful about the whole
 * input or a whole column; once, however often it is called.
 *
 * in: how the header differs from that of the pipeline, or NULL.
 */
void
nvp_doubt_issues(const NvpJob *job, const char *header_note)
{
	NvpIssueLog *log = job->log;
	char	   *phrase;

	if (log->has_doubts)
		return;
	log->has_doubts = true;
	if (header_note)
		warn(log, -1, NVP_CODE_FILE_HEADER_CHANGED, header_note);
	if (!job->is_rows)
		warn_of_input(log, &job->input);
	for (int i = 0; job->validator && i < job->model->ncolumns; i++)
	{
		NvpCode		code = nvp_validator_doubt(job->validator, i, &phrase);

		if (code != NVP_CODE_NONE)
			warn(log, i, code, phrase);
	}
}
