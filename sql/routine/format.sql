
CREATE OR REPLACE FUNCTION nuvopipe.parse(data bytea, options jsonb DEFAULT '{}')
RETURNS TABLE (row_no bigint, cells text[])
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1000
AS 'MODULE_PATHNAME', 'nuvopipe_parse';
COMMENT ON FUNCTION nuvopipe.parse(bytea, jsonb) IS
	'Splits delimited text, JSON, JSON Lines or a workbook (XLSX, ODS, XLS) into cells, as a run would, without any typing. What options do not settle is sniffed: format (csv, tsv, json, jsonl, xlsx, ods, xls), compression (none, gzip, zstd, bzip2, xz), encoding (utf-8, utf-16le, utf-32be, windows-1250 to -1258, iso-8859-1 to -16, macintosh, ibm850, koi8-r, shift_jis, euc-jp, gb18030, big5, euc-kr and others), delimiter, quote and escape (null = none), header (boolean), skip_rows, max_record_bytes; of workbooks sheet (a name, a number from 0, "*" for all, with the name as last column) and hidden_sheets. Returns rows in input order, row_no from 1; row 0 holds the column names if the data has any. A missing cell is NULL; surplus or unreadable text of a row is its last element; bytes that are no character of the encoding, and NUL, show as \xHH. A notice tells of bytes behind compressed data that were not read. Errors: 22023 for wrong options, 22P04 where the data cannot be read, 54000 where it becomes too large when it is decompressed. Since 0.1.';

CREATE OR REPLACE FUNCTION nuvopipe.sniff(data bytea)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'nuvopipe_sniff';
COMMENT ON FUNCTION nuvopipe.sniff(bytea) IS
	'Guesses the format of data from its first 256 kB, decompressed if need be: format, encoding, compression and, for delimited text, delimiter, quote, escape, header, skip_rows and columns, for workbooks header, skip_rows, columns, sheet and the list of sheets, in the form the options of nuvopipe.parse take. Under verdicts each guess has its confidence (0 to 1), a reason, the runner-up, and "ambiguous" where two are as likely. Never fails on any bytes. Since 0.1.';
