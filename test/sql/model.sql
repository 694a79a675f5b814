-- Definitions: what a model may say, and how a mistake is told.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nuvopipe;
\set VERBOSITY terse
\set SHOW_CONTEXT never

-- the model of nuvo's own guide compiles unchanged
SELECT _nuvopipe.check_columns('[
	{"key": "company_id", "label": "Company ID", "columnType": "string", "validations": [{"validate": "unique"}, {"validate": "required"}]},
	{"key": "company_name", "label": "Company name", "columnType": "string",
	 "validations": [{"validate": "required_with", "columns": ["company_id"], "errorMessage": "Custom error message"}]},
	{"key": "full_name", "label": "Full name", "columnType": "string", "validations": [{"validate": "required"}]},
	{"key": "email_address", "label": "Email address", "columnType": "email", "validations": [{"validate": "required"}]},
	{"key": "street", "label": "Street", "columnType": "string"},
	{"key": "city", "label": "City", "columnType": "string", "validations": [{"validate": "required"}]},
	{"key": "country", "label": "Country", "columnType": "string", "validations": [{"validate": "required"}]},
	{"key": "total_costs", "label": "Total costs", "columnType": "float"},
	{"key": "close_date", "label": "Close date", "columnType": "date", "outputFormat": "DD.MM.YYYY"}]');

-- so do the importer's properties and both forms of options
SELECT _nuvopipe.check_columns('[
	{"key": "a", "type": "int", "description": "x", "example": 5, "columnSize": 2, "hidden": false, "alternativeMatches": ["A", "alpha"],
	 "validations": [{"validate": "required", "regex": null, "columns": [], "columnValues": null}]},
	{"key": "b", "columnType": "single-select", "isMultiSelect": true, "optionMappingMode": "smart",
	 "dropdownOptions": [{"label": "One", "value": "1", "type": "int", "alternativeMatches": ["uno"], "validations": []}]},
	{"key": "c", "columnType": "category", "optionConfiguration": {"optionSource": "STATIC",
	 "options": [{"label": "One", "value": 1, "type": "NUMBER", "description": "first"}],
	 "mappingConfiguration": {"layers": ["EXACT", "FUZZY"], "threshold": 0.7}}}]');

-- what is refused, each with its path
CREATE FUNCTION pg_temp.refusal(columns jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	PERFORM _nuvopipe.check_columns(columns);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' ', sqlstate, sqlerrm, nullif('(' || hint || ')', '()'));
END
$$;
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.refusal(columns::jsonb) FROM (VALUES
	(1, '{}'), (2, '[]'), (3, '[1]'), (4, '[{}]'), (5, '[{"key": ""}]'), (6, '[{"key": 1}]'),
	(7, '[{"key": "a"}, {"key": "b"}, {"key": "a"}]'),
	(8, '[{"key": "a", "columnType": "emial"}]'),
	(9, '[{"key": "a", "columnType": "int", "type": "float"}]'),
	(10, '[{"key": "a", "lable": "A"}]'),
	(11, '[{"key": "a", "columnType": "int", "outputFormat": "DD"}]'),
	(12, '[{"key": "a", "columnType": "int", "numberFormat": "de"}]'),
	(13, '[{"key": "a", "minLength": 5, "maxLength": 2}]'),
	(14, '[{"key": "a", "minLength": "many"}]'),
	(15, '[{"key": "a", "columnType": "decimal", "precision": 2, "scale": 3}]'),
	(16, '[{"key": "a", "columnType": "date", "outputFormat": "["}]'),
	(17, '[{"key": "a", "columnType": "datetime", "timeZone": "Mars/Olympus"}]'),
	(18, '[{"key": "a", "columnType": "phone", "country": "Germany"}]'),
	(19, '[{"key": "a", "columnType": "category"}]'),
	(20, '[{"key": "a", "columnType": "category", "options": [{"label": "x"}]}]'),
	(21, '[{"key": "a", "columnType": "category", "options": ["x"], "dropdownOptions": []}]'),
	(22, '[{"key": "a", "columnType": "category", "dropdownOptions": [{"value": "x", "type": "int"}]}]'),
	(23, '[{"key": "a", "columnType": "category", "optionConfiguration": {"optionSource": "DYNAMIC", "options": []}}]'),
	(24, '[{"key": "a", "validations": [{"validate": "requried"}]}]'),
	(25, '[{"key": "a", "validations": [{}]}]'),
	(26, '[{"key": "a", "validations": [{"validate": "required", "regex": "x"}]}]'),
	(27, '[{"key": "a", "validations": [{"validate": "regex"}]}]'),
	(28, '[{"key": "a", "validations": [{"validate": "unique"}, {"validate": "regex", "regex": "a(b"}]}]'),
	(29, '[{"key": "a", "validations": [{"validate": "regex", "regex": "a{2,1}"}]}]'),
	(30, '[{"key": "a"}, {"key": "b", "validations": [{"validate": "required_with"}]}]'),
	(31, '[{"key": "a"}, {"key": "b", "validations": [{"validate": "required_with", "columns": []}]}]'),
	(32, '[{"key": "company"}, {"key": "b", "validations": [{"validate": "required_with", "columns": ["compny"]}]}]'),
	(33, '[{"key": "a"}, {"key": "b", "validations": [{"validate": "required_with", "columns": ["b"]}]}]'),
	(34, '[{"key": "a"}, {"key": "b", "validations": [{"validate": "required_with_values", "columnValues": {}}]}]'),
	(35, '[{"key": "a"}, {"key": "b", "validations": [{"validate": "required_with_values", "columnValues": {"x": 1}}]}]'),
	(36, '[{"key": "a"}, {"key": "b", "validations": [{"validate": "required_with_values", "columnValues": {"a": [{}]}}]}]'),
	(37, '[{"key": "a", "mappingValidation": {"logic": "x"}}]'),
	(38, '[{"key": "a", "dataValidations": [{"logic": "x"}]}]'),
	(39, '[{"key": "a", "advancedValidations": {"url": "x"}}]'),
	(40, '[{"key": "a", "dataValidations": []}]')) AS t (n, columns) ORDER BY n;

-- issues come by row; a cell with several failing rules lists all of them
SELECT row_no, column_key, code, message, value FROM _nuvopipe.check_records('[
	{"key": "id", "columnType": "int", "validations": [{"validate": "unique", "errorMessage": "twice"}, {"validate": "regex", "regex": "^[0-9]{2}$"}]},
	{"key": "name", "validations": [{"validate": "required", "errorMessage": "who?"}, {"validate": "required_with", "columns": ["id"]}]},
	{"key": "mail", "columnType": "email", "validations": [{"validate": "required_with_values", "columnValues": {"id": 12}}]}]',
	'[{"id": 7, "name": "x"}, {"id": "12.0"}, {"id": "7", "name": " ", "mail": "no"}, {}, {"id": "x", "name": "y", "mail": "a@b.de"}]');

-- a pattern that was given up twenty times is not run again, and says so
SELECT code, count(*) FROM nuvopipe.cast_column('{"validations": [{"validate": "regex", "regex": "^(a+)+$"}]}',
	(SELECT jsonb_agg(CASE WHEN i % 2 = 0 THEN 'aaa' ELSE repeat('a', 40) || '!' END) FROM generate_series(1, 60) i)) GROUP BY code;

-- unique in a small memory spills and finds the same
SET nuvopipe.run_memory = '4MB';
SELECT count(*) FILTER (WHERE code = 'unique'), min(position) FILTER (WHERE code = 'unique'), max(position) FILTER (WHERE code = 'unique')
FROM nuvopipe.cast_column('{"columnType": "int", "validations": [{"validate": "unique"}]}',
	(SELECT jsonb_agg(CASE i WHEN 250000 THEN 17 ELSE i END) FROM generate_series(1, 500000) i));
SELECT count(*) FILTER (WHERE code = 'unique')
FROM nuvopipe.cast_column('{"columnType": "int", "validations": [{"validate": "unique"}]}',
	(SELECT jsonb_agg(1) FROM generate_series(1, 300000)));
RESET nuvopipe.run_memory;
