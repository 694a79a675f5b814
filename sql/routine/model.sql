
CREATE OR REPLACE FUNCTION nuvopipe.cast_cell("column" jsonb, value jsonb,
	OUT ok boolean, OUT output jsonb, OUT code text, OUT message text)
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'nuvopipe_cast_cell';
COMMENT ON FUNCTION nuvopipe.cast_cell(jsonb, jsonb) IS
	'Converts and checks one cell (JSON null, string, number, boolean) by one column definition of a target data model, "key" optional. Returns ok, the output (null for an empty cell), or code and message of the first failing rule. Votes, unique and rules on other columns are left out. Errors: 22023 for a wrong definition. Since 0.1.';

CREATE OR REPLACE FUNCTION nuvopipe.cast_column("column" jsonb, "values" jsonb)
RETURNS TABLE ("position" int, ok boolean, output jsonb, code text, message text)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100
AS 'MODULE_PATHNAME', 'nuvopipe_cast_column';
COMMENT ON FUNCTION nuvopipe.cast_column(jsonb, jsonb) IS
	'Converts and checks an array of cells as one whole column: votes on number format and day/month order, and unique, included. Returns one row a cell in order, position from 1, with ok, output, or code and message of the first failing rule. Errors: 22023 for a wrong definition. Since 0.1.';

CREATE OR REPLACE FUNCTION _nuvopipe.check_columns(columns jsonb)
RETURNS void
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'nuvopipe_check_columns';
COMMENT ON FUNCTION _nuvopipe.check_columns(jsonb) IS
	'Throws 22023, with the JSON path, for columns that are no target data model.';

CREATE OR REPLACE FUNCTION _nuvopipe.check_records(columns jsonb, records jsonb)
RETURNS SETOF nuvopipe.issue
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'nuvopipe_check_records';
COMMENT ON FUNCTION _nuvopipe.check_records(jsonb, jsonb) IS
	'Checks an array of records (keys to values) against the columns of a model as one whole input and returns its issues by row.';
