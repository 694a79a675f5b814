
CREATE TYPE nuvopipe.issue AS (
	row_no bigint,
	column_key text,
	source_column text,
	code text,
	message text,
	value text,
	severity text
);
COMMENT ON TYPE nuvopipe.issue IS
	'One finding about the data: row_no (data rows count from 1 in input order), column_key (null: the whole row), source_column (header the column was mapped from), code (stable, such as required or invalid_date), message, value (the original text), severity (error, warning).';
