-- parse and sniff: what a user sees of the readers.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nuvopipe;

-- the usual file, and the same in other clothes
SELECT * FROM nuvopipe.parse('id,name
1,"Meier, Hans"
2,"say ""hi"""
'::bytea);
SELECT * FROM nuvopipe.parse(convert_to(E'id;price\r\n1;2,5\r\n2;3,5', 'LATIN1'));
SELECT * FROM nuvopipe.parse(E'id\tname\n1\tx\n'::bytea, '{"format": "tsv"}');
SELECT * FROM nuvopipe.parse(convert_to('[{"a": 1, "b": {"x": [1, 2]}}, {"c": "t\u00e4st", "a": null}]', 'UTF8'));
SELECT * FROM nuvopipe.parse(E'{"a": 1}\noops\n{"b": true}\n'::bytea, '{"format": "jsonl"}');

-- encodings
SELECT * FROM nuvopipe.parse('\xfffe6100 0a00 e400 0a00'::bytea);
SELECT * FROM nuvopipe.parse('\x610a80e40a'::bytea, '{"encoding": "windows-1252"}');
-- bytes that no text can hold are shown, not dropped
SELECT * FROM nuvopipe.parse('\x612c620a00782cff0a'::bytea, '{"encoding": "utf-8", "delimiter": ","}');

-- odd rows: too few, too many, stray quote, blank
SELECT * FROM nuvopipe.parse(E'a,b\n1\n1,2,3,4\n"x"y,2\n\n5,6\n'::bytea, '{"delimiter": ","}');

-- header: none, named badly, below a preamble
SELECT * FROM nuvopipe.parse(E'1,2\n3,4\n'::bytea);
SELECT * FROM nuvopipe.parse(E'x,y\nz,w\n'::bytea, '{"header": false}');
SELECT * FROM nuvopipe.parse(E'a,,a\n1,2,3\n'::bytea);
SELECT * FROM nuvopipe.parse(E'Report\n\na,b\n1,2\n'::bytea);
SELECT * FROM nuvopipe.parse(E'k,b\nl,2\n'::bytea, '{"skip_rows": 1}');

-- quotes settled by hand
SELECT * FROM nuvopipe.parse(E'a,b\n"x,y\n'::bytea, '{"quote": null, "delimiter": ","}');
SELECT * FROM nuvopipe.parse(convert_to(E'a,b\n"x\\"y",2\n', 'UTF8'), '{"quote": "\"", "escape": "\\"}');

-- nothing at all
SELECT count(*) FROM nuvopipe.parse(''::bytea);
SELECT count(*) FROM nuvopipe.parse(NULL);

-- broken data is an error that names the place
SELECT * FROM nuvopipe.parse(E'a,b\n1,2\n3,"x\n'::bytea, '{"quote": "\""}');
SELECT * FROM nuvopipe.parse('[{"a": 1},'::bytea);
SELECT * FROM nuvopipe.parse('"a"'::bytea, '{"format": "json"}');
SELECT * FROM nuvopipe.parse(('a' || chr(10) || repeat('x', 2000))::bytea, '{"max_record_bytes": 1024}');
SELECT * FROM nuvopipe.parse('\x1f8b080000'::bytea);

-- wrong options
SELECT * FROM nuvopipe.parse('a'::bytea, '{"delimeter": ";"}');
SELECT * FROM nuvopipe.parse('a'::bytea, '{"format": "jsnol"}');
SELECT * FROM nuvopipe.parse('a'::bytea, '{"encoding": "utf-9"}');
SELECT * FROM nuvopipe.parse('a'::bytea, '{"delimiter": ";;"}');
SELECT * FROM nuvopipe.parse('a'::bytea, '{"delimiter": ";", "quote": ";"}');
SELECT * FROM nuvopipe.parse('a'::bytea, '{"skip_rows": -1}');
SELECT * FROM nuvopipe.parse('a'::bytea, '{"header": "yes"}');
SELECT * FROM nuvopipe.parse('a'::bytea, '[]');

-- sniff tells what it guessed and why
-- options settle a part of it
SELECT s ->> 'delimiter' AS delimiter, s #>> '{verdicts,delimiter,reason}' AS reason, s ->> 'header' AS header, s #>> '{verdicts,header,reason}' AS why
  FROM nuvopipe.sniff(E'a,b;c\n1,2;3\n'::bytea, '{"delimiter": ";", "header": false}') AS s;
SELECT nuvopipe.sniff(''::bytea, '{"delimiter": ""}');
SELECT nuvopipe.sniff(NULL), nuvopipe.sniff(''::bytea, file_name => 'x.jsonl') ->> 'format' AS format;
SELECT jsonb_pretty(nuvopipe.sniff(E'price;tax\n1,5;2,7\n3,1;4,2\n'::bytea));
SELECT s ->> 'delimiter' AS delimiter, s #> '{verdicts,delimiter,ambiguous}' AS ambiguous,
	   s #>> '{verdicts,delimiter,runner_up}' AS runner_up
  FROM nuvopipe.sniff(E'a,b;c\nd,e;f\n'::bytea) AS s;
SELECT s ->> 'format' AS format, s ->> 'encoding' AS encoding, s ->> 'compression' AS compression
  FROM (VALUES ('[{"a": 1}]'::bytea), (E'{"a": 1}\n{"a": 2}'), ('\x1f8b0800'), ('\x504b0304'), (''),
			   ('\xfeff0061002c0062000a'), ('\x73747261df653b620a313b320a'), (E'a\tb\n1\t2\n')) AS v (data),
	   nuvopipe.sniff(v.data) AS s;

-- 20,000 rows go through unchanged
WITH source AS (
	SELECT 'n,text' || chr(10) ||
		   string_agg(i || ',"row ' || i || ' says ""x"", and' || chr(10) || 'more"', chr(10) ORDER BY i) AS data
	  FROM generate_series(1, 20000) AS i)
SELECT count(*), sum(cells[1]::bigint), count(DISTINCT length(cells[2])),
	   bool_and(cells[2] = 'row ' || row_no || ' says "x", and' || chr(10) || 'more') AS unchanged
  FROM source, nuvopipe.parse(convert_to(source.data, 'UTF8'))
 WHERE row_no > 0;
