/*-------------------------------------------------------------------------
 *
 * fn_validate.c
 *		SQL entry points: validation without a pipeline.
 *
 * The model is read as the extension's owner, through the lookup that obeys
 * visibility; queries and files are read with the caller's rights.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/file_source.h"
#include "connector/table.h"
#include "fn/fn_model.h"
#include "model/definition.h"
#include "pipeline/flatjson.h"
#include "pipeline/job.h"

PG_FUNCTION_INFO_V1(nuvopipe_validate);
PG_FUNCTION_INFO_V1(nuvopipe_validate_table);
PG_FUNCTION_INFO_V1(nuvopipe_validate_file);
PG_FUNCTION_INFO_V1(nuvopipe_validate_server_file);
PG_FUNCTION_INFO_V1(nuvopipe_validate_summary);
PG_FUNCTION_INFO_V1(nuvopipe_validate_server_file_summary);

static Datum
storable_text(const char *text, int len)
{
	char	   *out = palloc_extended(len * (Size) 4 + 1, MCXT_ALLOC_HUGE);
	int			n = nvp_storable_text(text, len, out);
	Datum		datum = PointerGetDatum(cstring_to_text_with_len(out, n));

	pfree(out);
	return datum;
}

/* ---- issues as rows -------------------------------------------------------- */

/* text values that repeat from issue to issue */
typedef struct TextCache
{
	const char *text;			/* address that was seen last */
	Datum		datum;
} TextCache;

typedef struct RowSink
{
	NvpIssueSink base;
	ReturnSetInfo *result;
	const NvpModel *model;
	NvpMap	   *map;			/* names of sources; set when the job is open */
	MemoryContext context;		/* per issue */
	Datum	   *keys;
	TextCache  *sources;
	Datum		codes[NVP_CODE_COUNT];
	TextCache	messages[NVP_CODE_COUNT];
	Datum		severities[2];
	MemoryContext cache_context;
} RowSink;

static Datum
cached_text(RowSink *sink, TextCache *cache, const char *text)
{
	if (cache->text != text)
	{
		MemoryContext old = MemoryContextSwitchTo(sink->cache_context);

		cache->datum = storable_text(text, strlen(text));
		cache->text = text;
		MemoryContextSwitchTo(old);
	}
	return cache->datum;
}

/* messages of rows are made one by one; those of cells are constant */
static Datum
message_datum(RowSink *sink, const NvpIssue *issue)
{
	if (issue->column < 0)
		return CStringGetTextDatum(issue->message);
	return cached_text(sink, &sink->messages[issue->code], issue->message);
}

static void
put_issue(NvpIssueSink *base, const NvpIssue *issue)
{
	RowSink    *sink = (RowSink *) base;
	MemoryContext old = MemoryContextSwitchTo(sink->context);
	Datum		values[7];
	bool		nulls[7] = {false};
	const char *source = issue->column < 0 ? NULL : sink->map->source_names[issue->column];

	values[0] = Int64GetDatum(issue->row_no);
	nulls[1] = issue->column < 0;
	values[1] = nulls[1] ? (Datum) 0 : sink->keys[issue->column];
	nulls[2] = source == NULL;
	values[2] = nulls[2] ? (Datum) 0 : cached_text(sink, &sink->sources[issue->column], source);
	values[3] = sink->codes[issue->code];
	values[4] = message_datum(sink, issue);
	nulls[5] = issue->value == NULL;
	values[5] = nulls[5] ? (Datum) 0 : storable_text(issue->value, issue->value_len);
	values[6] = sink->severities[issue->severity];
	tuplestore_putvalues(sink->result->setResult, sink->result->setDesc, values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextReset(sink->context);
}

static void
open_row_sink(RowSink *sink, FunctionCallInfo fcinfo, const NvpModel *model)
{
	memset(sink, 0, sizeof(*sink));
	InitMaterializedSRF(fcinfo, 0);
	sink->base.emit = put_issue;
	sink->result = (ReturnSetInfo *) fcinfo->resultinfo;
	sink->model = model;
	sink->cache_context = CurrentMemoryContext;
	sink->context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe issue", ALLOCSET_SMALL_SIZES);
	sink->keys = palloc(sizeof(Datum) * Max(model->ncolumns, 1));
	sink->sources = palloc0(sizeof(TextCache) * Max(model->ncolumns, 1));
	for (int i = 0; i < model->ncolumns; i++)
		sink->keys[i] = CStringGetTextDatum(model->columns[i].key);
	for (int i = 0; i < NVP_CODE_COUNT; i++)
		sink->codes[i] = CStringGetTextDatum(nvp_code_name(i));
	sink->severities[NVP_SEVERITY_ERROR] = CStringGetTextDatum("error");
	sink->severities[NVP_SEVERITY_WARNING] = CStringGetTextDatum("warning");
}

/* ---- running --------------------------------------------------------------- */

static void
tell(const char *note)
{
	if (note)
		ereport(NOTICE,
				errmsg("%s", note));
}

/* an input without rows has no issues; every other fault is the caller's to see */
static void
run_job(NvpJob *job, NvpMap **map)
{
	NvpFault	fault = {0};
	bool		ok;

	job->max_output_rows = -1;
	job->on_error = NVP_SKIP_ROWS;
	nvp_job_open(job);
	if (map)
		*map = job->map;
	ok = nvp_job_run(job, &fault);
	if (!ok && !(fault.type == NVP_SOURCE_DATA_EMPTY && job->reader && job->reader->ncols > 0))
		nvp_fault_throw(&fault);
	if (!job->is_rows)
		tell(nvp_input_note(&job->input, job->reader));
	if (job->validator)
		tell(nvp_validator_vote_note(job->validator));
	nvp_job_close(job);
}

/* the rows of a query as a job's source */
static NvpSpool *
query_source(NvpJob *job, const char *query)
{
	NvpSpool   *spool = nvp_spool_create();

	PG_TRY();
	{
		nvp_table_spool(query, false, spool);
		if (!nvp_spool_flush(spool))
			ereport(ERROR,
					errcode(spool->sqlstate),
					errmsg("could not keep the rows of the query: %s", spool->error));
	}
	PG_CATCH();
	{
		nvp_spool_free(spool);
		PG_RE_THROW();
	}
	PG_END_TRY();
	job->source = nvp_spool_source(spool);
	job->is_rows = true;
	return spool;
}

static void
run_on_query(NvpJob *job, const char *query, NvpMap **map)
{
	NvpSpool   *spool = query_source(job, query);

	PG_TRY();
	{
		run_job(job, map);
	}
	PG_FINALLY();
	{
		nvp_spool_free(spool);
	}
	PG_END_TRY();
}

static void
validate_query(FunctionCallInfo fcinfo, const char *query)
{
	NvpJob		job = {0};
	RowSink		sink;

	job.model = nvp_model_compile(nvp_tdm_columns(text_to_cstring(PG_GETARG_TEXT_PP(0))));
	open_row_sink(&sink, fcinfo, job.model);
	job.sink = &sink.base;
	run_on_query(&job, query, &sink.map);
}

/* nuvopipe.validate(tdm text, query text) */
Datum
nuvopipe_validate(PG_FUNCTION_ARGS)
{
	validate_query(fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	return (Datum) 0;
}

/* nuvopipe.validate_table(tdm text, relation regclass) */
Datum
nuvopipe_validate_table(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(1);
	char	   *name = get_rel_name(relid);

	if (name == NULL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("relation with OID %u does not exist", relid));
	validate_query(fcinfo, psprintf("SELECT * FROM %s",
									quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), name)));
	return (Datum) 0;
}

static void
validate_source(FunctionCallInfo fcinfo, NvpSource *source, const char *file_name)
{
	NvpJob		job = {0};
	RowSink		sink;

	job.model = nvp_model_compile(nvp_tdm_columns(text_to_cstring(PG_GETARG_TEXT_PP(0))));
	job.source = source;
	job.format_options = PG_GETARG_JSONB_P(2);
	job.file_name = file_name;
	open_row_sink(&sink, fcinfo, job.model);
	job.sink = &sink.base;
	run_job(&job, &sink.map);
	source->close(source);
}

/* nuvopipe.validate_file(tdm text, data bytea, options jsonb) */
Datum
nuvopipe_validate_file(PG_FUNCTION_ARGS)
{
	bytea	   *data = PG_GETARG_BYTEA_PP(1);

	validate_source(fcinfo, nvp_source_memory(VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data)), NULL);
	return (Datum) 0;
}

static NvpSource *
server_file(const char *path)
{
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied to read files of the server"),
				errhint("Only roles with privileges of pg_read_server_files may do so; others can use nuvopipe.validate_file."));
	return nvp_source_file(path);
}

/* nuvopipe.validate_server_file(tdm text, path text, options jsonb) */
Datum
nuvopipe_validate_server_file(PG_FUNCTION_ARGS)
{
	char	   *path = text_to_cstring(PG_GETARG_TEXT_PP(1));

	validate_source(fcinfo, server_file(path), path);
	return (Datum) 0;
}

/* ---- summary ----------------------------------------------------------------- */

#define EXAMPLES		3
#define EXAMPLE_BYTES	100

typedef struct SummaryCell
{
	int64		n;
	int			nexamples;
	char	   *examples[EXAMPLES];
} SummaryCell;

typedef struct SummarySink
{
	NvpIssueSink base;
	int			ncolumns;
	SummaryCell *cells;			/* [(column + 1) * NVP_CODE_COUNT + code] */
} SummarySink;

static void
add_example(SummaryCell *cell, const NvpIssue *issue)
{
	int			len = Min(issue->value_len, EXAMPLE_BYTES);
	char	   *text;

	while (len > 0 && len < issue->value_len && ((unsigned char) issue->value[len] & 0xC0) == 0x80)
		len--;
	text = palloc(len * 4 + 1);
	text[nvp_storable_text(issue->value, len, text)] = '\0';
	for (int i = 0; i < cell->nexamples; i++)
	{
		if (strcmp(cell->examples[i], text) == 0)
		{
			pfree(text);
			return;
		}
	}
	cell->examples[cell->nexamples++] = text;
}

static void
count_issue(NvpIssueSink *base, const NvpIssue *issue)
{
	SummarySink *sink = (SummarySink *) base;
	SummaryCell *cell = &sink->cells[(issue->column + 1) * NVP_CODE_COUNT + issue->code];

	cell->n++;
	if (cell->nexamples < EXAMPLES && issue->value && issue->value_len > 0)
		add_example(cell, issue);
}

static void
put_summary(FunctionCallInfo fcinfo, const SummarySink *sink, const NvpModel *model)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	for (int c = -1; c < model->ncolumns; c++)
	{
		for (int code = 0; code < NVP_CODE_COUNT; code++)
		{
			const SummaryCell *cell = &sink->cells[(c + 1) * NVP_CODE_COUNT + code];
			Datum		examples[EXAMPLES];
			Datum		values[4];
			bool		nulls[4] = {false};

			if (cell->n == 0)
				continue;
			for (int i = 0; i < cell->nexamples; i++)
				examples[i] = CStringGetTextDatum(cell->examples[i]);
			nulls[0] = c < 0;
			values[0] = c < 0 ? (Datum) 0 : CStringGetTextDatum(model->columns[c].key);
			values[1] = CStringGetTextDatum(nvp_code_name(code));
			values[2] = Int64GetDatum(cell->n);
			values[3] = PointerGetDatum(construct_array(examples, cell->nexamples, TEXTOID, -1, false, TYPALIGN_INT));
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
}

static void
open_summary_sink(SummarySink *sink, FunctionCallInfo fcinfo, NvpJob *job)
{
	memset(sink, 0, sizeof(*sink));
	job->model = nvp_model_compile(nvp_tdm_columns(text_to_cstring(PG_GETARG_TEXT_PP(0))));
	InitMaterializedSRF(fcinfo, 0);
	sink->base.emit = count_issue;
	sink->ncolumns = job->model->ncolumns;
	sink->cells = palloc_extended(sizeof(SummaryCell) * (Size) (job->model->ncolumns + 1) * NVP_CODE_COUNT,
								  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	job->sink = &sink->base;
}

/* nuvopipe.validate_summary(tdm text, query text) */
Datum
nuvopipe_validate_summary(PG_FUNCTION_ARGS)
{
	NvpJob		job = {0};
	SummarySink sink;

	open_summary_sink(&sink, fcinfo, &job);
	run_on_query(&job, text_to_cstring(PG_GETARG_TEXT_PP(1)), NULL);
	put_summary(fcinfo, &sink, job.model);
	return (Datum) 0;
}

/* nuvopipe.validate_server_file_summary(tdm text, path text, options jsonb) */
Datum
nuvopipe_validate_server_file_summary(PG_FUNCTION_ARGS)
{
	char	   *path = text_to_cstring(PG_GETARG_TEXT_PP(1));
	NvpSource  *source = server_file(path);
	NvpJob		job = {0};
	SummarySink sink;

	open_summary_sink(&sink, fcinfo, &job);
	job.source = source;
	job.format_options = PG_GETARG_JSONB_P(2);
	job.file_name = path;
	run_job(&job, NULL);
	source->close(source);
	put_summary(fcinfo, &sink, job.model);
	return (Datum) 0;
}
