-- What the comparisons of test/bench/run need.  Variables: sample (the model), tmp (a folder).
CREATE EXTENSION nuvopipe;
CREATE TABLE raw (company_id text, company_name text, full_name text, email_address text, street text, city text, country text, total_costs text, close_date text);
CREATE UNLOGGED TABLE raw0 (LIKE raw);
CREATE TABLE raw_json (doc json);
CREATE TABLE typed (company_id text, company_name text, full_name text, email_address text, street text, city text, country text, total_costs float8, close_date date);
CREATE TABLE typed_key (LIKE typed, UNIQUE (company_id));

-- the same rules by hand, as a careful person writes them: what plain SQL has to pay
CREATE VIEW wrong AS
	SELECT r.ctid AS place, e.col
	FROM (SELECT raw.*, raw.ctid, count(*) OVER (PARTITION BY company_id) AS same FROM raw) r,
		LATERAL (VALUES
			('company_id', company_id IS NULL OR same > 1),
			('company_name', company_name IS NULL AND company_id IS NOT NULL),
			('full_name', full_name IS NULL),
			('email_address', email_address IS NULL
				OR email_address !~ '^[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}$'),
			('city', city IS NULL),
			('country', country IS NULL),
			('total_costs', total_costs !~ '^-?[0-9]+(\.[0-9]+)?$'),
			('close_date', CASE WHEN close_date !~ '^(0[1-9]|[12][0-9]|3[01])\.(0[1-9]|1[0-2])\.[0-9]{4}$' THEN true
				ELSE substr(close_date, 1, 2)::int > extract(day FROM make_date(substr(close_date, 7, 4)::int, substr(close_date, 4, 2)::int, 1) + interval '1 month -1 day') END)
		) e(col, bad)
	WHERE e.bad;
CREATE TABLE wrong_cell (place tid, col text);

-- clean rows and the sum of their costs, by that reading: one row for each file
CREATE TABLE clean_costs (n bigint, total numeric);

SELECT nuvopipe.create_tdm('sample', :'sample');
-- one regex rule more: its price is the difference
SELECT nuvopipe.create_tdm('sample with regex', jsonb_set(:'sample', '{3,validations}',
	'[{"validate": "required"}, {"validate": "regex", "regex": "^[a-zA-Z0-9.@_-]+$"}]'));

-- no rule that has to remember rows
SELECT nuvopipe.create_tdm('sample without unique', jsonb_set(:'sample', '{0,validations}', '[{"validate": "required"}]'));

SELECT nuvopipe.create_connector('typed', 'OUTPUT', 'TABLE', '{"relation": "public.typed"}');
SELECT nuvopipe.create_connector('typed key', 'OUTPUT', 'TABLE', '{"relation": "public.typed_key"}');
CREATE PROCEDURE define_file(name text, folder text, file_name text, target text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM nuvopipe.create_connector(name, 'INPUT', 'FILE', jsonb_build_object('directory_path', folder, 'file_name', file_name));
	PERFORM nuvopipe.create_connector(name || ' out', 'OUTPUT', 'FILE', jsonb_build_object('directory_path', target, 'file_name', name || '.csv'));
	PERFORM nuvopipe.create_pipeline(name || ' to table', name, 'sample', 'typed', options => '{"on_error": "skip_rows"}');
	PERFORM nuvopipe.create_pipeline(name || ' to key', name, 'sample', 'typed key', options => '{"on_error": "skip_rows"}');
	PERFORM nuvopipe.create_pipeline(name || ' to file', name, 'sample', name || ' out', options => '{"on_error": "skip_rows"}');
END
$$;
