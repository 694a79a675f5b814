-- Target data models proposed from files.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nuvopipe;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE ROLE regress_np_sam IN ROLE nuvopipe_user;
CREATE SCHEMA regress_np_sample AUTHORIZATION regress_np_sam;
SET ROLE regress_np_sam;
SET search_path = regress_np_sample;

-- a German file of customers: leading zeros, namesakes, decimal commas, few words, nothing at all
CREATE FUNCTION customers(n int) RETURNS bytea LANGUAGE sql AS $$
	SELECT convert_to('Kunden-Nr.;Vorname;E-Mail;E-Mail;Straße & Nr.;PLZ;Telefon;Umsatz;Rabatt;Preis;Status;Eintritt;US Date;Unklar;geändertAm;Aktiv;Land;Währung;Leer;IBAN;Menge;Notiz' || chr(10) ||
		string_agg(format('%s;Name%s;k%s@example.com;alt%s@Example.org;Weg %s;%s;+49 30 12345%s;%s;%s %%;%s €;%s;%s;%s;%s;%s;%s;%s;%s;;DE89370400440532013000;%s;%s',
			lpad(i::text, 6, '0'), i % 40, i, i, i, lpad((1067 + i * 100)::text, 5, '0'), lpad(i::text, 3, '0'),
			replace((i * 1.25)::text, '.', ','), i % 20, replace((i * 10.5)::text, '.', ','), (ARRAY['aktiv', 'gesperrt', 'neu'])[i % 3 + 1],
			to_char(date '2024-01-20' + i, 'DD.MM.YYYY'), to_char(date '2024-01-20' + i, 'MM/DD/YYYY'), to_char(date '2024-01-01' + i % 12, 'DD/MM/YYYY'),
			to_char(timestamp '2024-01-20 08:00' + i * interval '67 minutes', 'YYYY-MM-DD HH24:MI:SS'),
			CASE WHEN i % 2 = 0 THEN 'ja' ELSE 'nein' END, (ARRAY['DE', 'AT', 'CH', 'FR'])[i % 4 + 1], (ARRAY['EUR', 'USD'])[i % 2 + 1],
			CASE WHEN i = 7 THEN 'n/a' ELSE i::text END, 'freier Text ' || i), chr(10) ORDER BY i), 'UTF8')
	FROM generate_series(1, n) i
$$;
CREATE TABLE proposal AS SELECT nuvopipe.tdm_from_sample(customers(60)) AS p;
SELECT jsonb_array_elements(p -> 'columns') FROM proposal;
SELECT e ->> 'key' AS key, e ->> 'type' AS type, e -> 'filled' AS filled, e -> 'distinct' AS "distinct", e -> 'share' AS share,
	e -> 'runner_up' AS runner_up, e -> 'examples' AS examples FROM proposal, jsonb_array_elements(p -> 'evidence') e;
SELECT e ->> 'key' AS key, e -> 'header' AS header, e -> 'ambiguities' AS ambiguities FROM proposal, jsonb_array_elements(p -> 'evidence') e
	WHERE e -> 'ambiguities' <> '[]' OR e ? 'header';
SELECT p -> 'rows' AS rows, p -> 'whole' AS whole, p -> 'notes' AS notes, p -> 'source' ->> 'delimiter' AS delimiter, p -> 'source' -> 'header' AS header FROM proposal;

-- there and back: clean data has no issues, other data has
SELECT nuvopipe.create_tdm('sampled', p -> 'columns') IS NOT NULL AS created FROM proposal;
SET client_min_messages = warning;
SELECT count(*) AS issues FROM nuvopipe.validate_file('sampled', customers(60));
SELECT column_key, code, value FROM nuvopipe.validate_file('sampled', convert_to(replace(replace(convert_from(customers(60), 'UTF8'), ';neu;', ';alt;'), 'k9@', '@'), 'UTF8'))
	ORDER BY row_no LIMIT 4;
RESET client_min_messages;

-- one column at a time: what is taken for what
CREATE FUNCTION guess(header text, variadic cells text[]) RETURNS TABLE (type text, share numeric, runner_up text, misfits jsonb, ambiguities jsonb, more jsonb) LANGUAGE sql AS $$
	SELECT e ->> 'type', (e -> 'share')::numeric, e -> 'runner_up' ->> 'type', e -> 'misfits', e -> 'ambiguities', c - ARRAY['key', 'label', 'columnType']
		FROM nuvopipe.tdm_from_sample(convert_to(header || E'\tother\n' || array_to_string(ARRAY(SELECT cell || E'\tx' FROM unnest(cells) cell), E'\n'), 'UTF8'),
			'{"format": "tsv", "header": true}') AS p, LATERAL (SELECT p -> 'evidence' -> 0, p -> 'columns' -> 0) AS first (e, c)
$$;
SELECT header, guess.* FROM (VALUES
	('id', ARRAY['1', '2', '3', '4']),
	('id', ARRAY['01', '2', '3', '4']),
	('few', ARRAY['1', '2', '', '']),
	('big', ARRAY['9007199254740993', '1', '2']),
	('dotted', ARRAY['1.234', '5.678', '9.012']),
	('german', ARRAY['1.234,50', '12,5', '-3']),
	('both', ARRAY['1.5', '2,5', '3']),
	('float', ARRAY['1e10', '2.5', '3']),
	('year', ARRAY['2021', '2022', '2023']),
	('day', ARRAY['20240131', '20240201', '20240315']),
	('day', ARRAY['5 March 2024', '6 March 2024', '7 March 2024']),
	('mixed', ARRAY['31.01.2024', '01/31/2024', '02.03.2024']),
	('time', ARRAY['08:30', '14:00', '23:59']),
	('time', ARRAY['08:30:15', '14:00:00', '23:59:59']),
	('time', ARRAY['8:30 am', '2:00 pm', '11:59 pm']),
	('price', ARRAY['12.30', '9.50', '10.00']),
	('flag', ARRAY['0', '1', '1', '0']),
	('count', ARRAY['0', '1', '1', '0']),
	('answer', ARRAY['yes', 'no', 'no']),
	('answer', ARRAY['no', 'no', 'no']),
	('word', ARRAY['CUSTOMER', 'BUSINESS', 'SUPPLIER']),
	('zip', ARRAY['10115', '80331', '20095']),
	('phone', ARRAY['03012345', '04012345', '08912345']),
	('number', ARRAY['3012345', '4012345', '8912345']),
	('web', ARRAY['https://example.com', 'www.example.org', 'http://example.net/a']),
	('guid', ARRAY['7d444840-9dc0-11d1-b245-5ffdce74fad2', '7d444840-9dc0-11d1-b245-5ffdce74fad3', '7d444840-9dc0-11d1-b245-5ffdce74fad4']),
	('lat', ARRAY['52.52', '48.14', '53.55']),
	('percent', ARRAY['5 %', '7,5 %', '-']),
	('brackets', ARRAY['(5)', '1 000', '3']),
	('amount', ARRAY['5 EUR', '7,5 eur', '3']),
	('zone', ARRAY['Europe/Berlin', 'Europe/Paris', 'America/New_York']),
	('json', ARRAY['{"a":1}', '[]', '{}'])) AS t (header, cells), guess(header, VARIADIC cells);

-- a type needs 98 of 100 values; those that do not fit are shown
SELECT n, g.type, g.share, g.runner_up, g.misfits FROM (VALUES (1), (2), (3)) t (n),
	guess('mail', VARIADIC ARRAY(SELECT CASE WHEN i <= n THEN 'bad ' || i ELSE 'a' || i || '@example.com' END FROM generate_series(1, 100) i)) g;
-- unique is about what comes out, not about how it is written
SELECT g.more FROM guess('mail', VARIADIC ARRAY(SELECT 'a' || i / 2 || CASE WHEN i % 2 = 0 THEN '@example.com' ELSE '@EXAMPLE.com' END FROM generate_series(2, 31) i)) g;

-- other columns tell what a column does not: 1.234 and 1,234
SELECT c - 'label' AS c, e -> 'ambiguities' AS ambiguities FROM nuvopipe.tdm_from_sample(E'price;pieces;weight\n1,5;1.234;1,234\n2,25;2.345;0,500\n3,75;3.456;2,125\n', '{"delimiter": ";", "header": true}') p,
	ROWS FROM (jsonb_array_elements(p -> 'columns'), jsonb_array_elements(p -> 'evidence')) AS x (c, e);
SELECT c - 'label' AS c, e -> 'ambiguities' AS ambiguities FROM nuvopipe.tdm_from_sample(E'price;pieces;weight\n1,5;1.234;1,234\n2,25;2.345;4,500\n3,75;3.456;2,125\n', '{"delimiter": ";", "header": true}') p,
	ROWS FROM (jsonb_array_elements(p -> 'columns'), jsonb_array_elements(p -> 'evidence')) AS x (c, e);
-- keys
SELECT c ->> 'key' AS key, c ->> 'label' AS label FROM nuvopipe.tdm_from_sample(convert_to('Name|name|NAME|First Name|firstName|2024|Größe (cm)|crème|имя|***||Preis €' || E'\n' || '1|2|3|4|5|6|7|8|9|10|11|12', 'UTF8'),
	'{"delimiter": "|", "header": true}') p, jsonb_array_elements(p -> 'columns') c;
-- no header
SELECT p -> 'columns' FROM nuvopipe.tdm_from_sample(E'1,a@example.com\n2,b@example.com\n3,c@example.com\n', '{"header": false}') p;
-- JSON: typed cells are what they are; keys that come late, too
SELECT c FROM nuvopipe.tdm_from_sample('[{"n": 45322, "f": 1.5, "b": true, "o": {"x": 1}}, {"n": 45323, "f": 2, "b": true, "o": [1]}, {"n": 45324, "f": 3, "b": true, "o": {}, "late": "2024-01-31"}]') p,
	jsonb_array_elements(p -> 'columns') c;
-- more rows than are looked at
SELECT p -> 'rows' AS rows, p -> 'whole' AS whole, p -> 'notes' AS notes, p -> 'evidence' -> 0 -> 'distinct' AS "distinct", p #> '{columns,0,validations}' AS validations
	FROM nuvopipe.tdm_from_sample(convert_to('id,x' || E'\n' || (SELECT string_agg(i || ',y', E'\n') FROM generate_series(1, 10001) i), 'UTF8')) p;
SELECT p -> 'rows' AS rows, p -> 'whole' AS whole FROM nuvopipe.tdm_from_sample(convert_to('id,x' || E'\n' || (SELECT string_agg(i || ',y', E'\n') FROM generate_series(1, 10000) i), 'UTF8')) p;
-- rows that are odd, bytes that are no text
SELECT p -> 'notes' AS notes, p #> '{evidence,1}' AS evidence FROM nuvopipe.tdm_from_sample('a,b' || E'\n1,x\\377y\n2\n3,4,5\n'::bytea, '{"encoding": "utf-8", "delimiter": ",", "header": true}') p;
-- nothing, and a header alone
SELECT p - 'source' FROM nuvopipe.tdm_from_sample('') p;
SELECT p -> 'columns' AS columns, p -> 'rows' AS rows FROM nuvopipe.tdm_from_sample('a;b', '{"header": true}') p;
-- what cannot be read
SELECT nuvopipe.tdm_from_sample('a,b', '{"delimeter": ","}');
SELECT nuvopipe.tdm_from_sample('[{"a": 1}, ', '{"format": "json"}');
SELECT nuvopipe.tdm_from_sample('a,b', '{"format": "xlsx"}');

SELECT nuvopipe.delete_tdm('sampled');
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA regress_np_sample CASCADE;
DROP ROLE regress_np_sam;
