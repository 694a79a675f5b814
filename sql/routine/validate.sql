/*
 * Validation with no pipeline at all.
 */
CREATE OR REPLACE FUNCTION nuvopipe.validate(tdm text, query text) RETURNS SETOF nuvopipe.issue
	AS 'MODULE_PATHNAME', 'nuvopipe_validate' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION nuvopipe.validate(text, text) IS
'Validates the rows of a query against a target data model.
tdm: name or id. query: one SELECT, run with the caller''s rights; columns are matched by key, then label.
Returns one row for each issue, in row order; row_no counts the rows of the query from 1. Nothing is capped.
Errors: 42704 unknown model, those of the query. Bad data never is an error.';

CREATE OR REPLACE FUNCTION nuvopipe.validate_table(tdm text, relation regclass) RETURNS SETOF nuvopipe.issue
	AS 'MODULE_PATHNAME', 'nuvopipe_validate_table' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION nuvopipe.validate_table(text, regclass) IS
'Validates the rows of a table, view or foreign table against a target data model.
tdm: name or id. relation: read with the caller''s rights.
Returns one row for each issue; row_no counts in the order the table is read.
Errors: 42704 unknown model, 42501 without SELECT on the relation.';

CREATE OR REPLACE FUNCTION nuvopipe.validate_file(tdm text, data bytea, options jsonb DEFAULT '{}') RETURNS SETOF nuvopipe.issue
	AS 'MODULE_PATHNAME', 'nuvopipe_validate_file' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION nuvopipe.validate_file(text, bytea, jsonb) IS
'Validates the bytes of a file against a target data model.
tdm: name or id. data: CSV, TSV, JSON or JSON Lines. options: as for nuvopipe.parse; what they do not pin is recognised.
Returns one row for each issue; row_no counts data rows from 1.
Errors: 42704 unknown model, 22P04 if the file cannot be read, 02000 if it is empty.';

CREATE OR REPLACE FUNCTION nuvopipe.validate_server_file(tdm text, path text, options jsonb DEFAULT '{}') RETURNS SETOF nuvopipe.issue
	AS 'MODULE_PATHNAME', 'nuvopipe_validate_server_file' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION nuvopipe.validate_server_file(text, text, jsonb) IS
'Validates a file that lies on the server, of any size, against a target data model.
tdm: name or id. path: absolute, or relative to the data directory. options: as for nuvopipe.parse.
Returns one row for each issue; row_no counts data rows from 1.
Errors: 42501 without pg_read_server_files, 58P01 for a missing file, those of nuvopipe.validate_file.';

CREATE OR REPLACE FUNCTION nuvopipe.validate_summary(tdm text, query text)
	RETURNS TABLE (column_key text, code text, cells bigint, examples text[])
	AS 'MODULE_PATHNAME', 'nuvopipe_validate_summary' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION nuvopipe.validate_summary(text, text) IS
'Counts what nuvopipe.validate would report.
tdm: name or id. query: one SELECT, run with the caller''s rights.
Returns one row for each column and code: how many cells, and up to three different values (cut at 100 bytes); column_key is null for whole rows.
Errors: as nuvopipe.validate.';

CREATE OR REPLACE FUNCTION nuvopipe.validate_server_file_summary(tdm text, path text, options jsonb DEFAULT '{}')
	RETURNS TABLE (column_key text, code text, cells bigint, examples text[])
	AS 'MODULE_PATHNAME', 'nuvopipe_validate_server_file_summary' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION nuvopipe.validate_server_file_summary(text, text, jsonb) IS
'Counts what nuvopipe.validate_server_file would report, in memory that does not depend on how much that is.
tdm: name or id. path: absolute, or relative to the data directory. options: as for nuvopipe.parse.
Returns one row for each column and code: how many cells, and up to three different values (cut at 100 bytes); column_key is null for whole rows.
Errors: as nuvopipe.validate_server_file.';

CREATE OR REPLACE FUNCTION nuvopipe.check_row(tdm text, "row" jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'nuvopipe_check_row' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION nuvopipe.check_row(text, jsonb) IS
'Checks one row against a target data model; for triggers, WHERE and CHECK. Uniqueness cannot be seen in one row and is left out.
tdm: name or id. row: an object of values by column key or label, e.g. to_jsonb(NEW).
Returns an array of {"column", "code", "message", "value", "severity"}; empty if all is well.
Errors: 42704 unknown model, 22023 if row is no object.';

