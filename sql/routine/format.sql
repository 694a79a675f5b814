
CREATE OR REPLACE FUNCTION nuvopipe.parse(data bytea, options jsonb DEFAULT '{}')
RETURNS TABLE (row_no bigint, cells text[])
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1000
AS 'MODULE_PATHNAME', 'nuvopipe_parse';
COMMENT ON FUNCTION nuvopipe.parse(bytea, jsonb) IS
	'Splits delimited text, columns of fixed width, JSON, JSON Lines, XML or a workbook (XLSX, ODS, XLS) into cells, as a run would, without any typing. What options do not settle is sniffed: format (csv, tsv, json, jsonl, xml, fixed, xlsx, ods, xls), compression (none, gzip, zstd, bzip2, xz), encoding (utf-8, utf-16le, utf-32be, windows-1250 to -1258, iso-8859-1 to -16, macintosh, ibm850, koi8-r, shift_jis, euc-jp, gb18030, big5, euc-kr and others), delimiter, quote and escape (null = none), header (boolean), header_rows (1 to 10, of delimited text and workbooks; names are joined), skip_rows, max_record_bytes; of workbooks sheet (a name, a number from 0, "*" for all, with the name as last column) and hidden_sheets; path (rows of json and xml: /orders/order, or orders.order), flatten (false: objects within a row of JSON stay cells), widths ([10, 8]) or columns ([{"name", "start", "width"}], from 1) and width_unit of fixed; see docs/formats.md. Returns rows in input order, row_no from 1; row 0 holds the column names if the data has any. A missing cell is NULL; surplus or unreadable text of a row is its last element; bytes that are no character of the encoding, and NUL, show as \xHH. A notice tells what was guessed and may be wrong (encoding, a tie of delimiters, lines before the header, renamed columns), and of bytes behind compressed data that were not read. Errors: 22023 for wrong options, 22P04 where the data cannot be read, 54000 where it becomes too large when it is decompressed. Since 0.1.';

CREATE OR REPLACE FUNCTION nuvopipe.sniff(data bytea, options jsonb DEFAULT '{}', file_name text DEFAULT NULL)
RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'nuvopipe_sniff';
COMMENT ON FUNCTION nuvopipe.sniff(bytea, jsonb, text) IS
'Guesses the format of data, decompressed if need be; what options settle is not guessed, and the rest is guessed under it.
file_name: a hint, where content does not tell. Null data gives null.
Returns an object: format, encoding, compression, members (of an archive) and, of delimited text, delimiter, quote, escape, header, header_rows (if more than one), skip_rows: in the form the options of nuvopipe.parse take; path (the rows of XML); widths, width_unit, header, skip_rows (columns of fixed width); columns: how many (of workbooks header, header_rows, skip_rows, columns, sheet and the list of sheets); headers: the possible places of the header, the best first; fields: of each column its name, type (empty, integer, decimal, date, boolean, text), filled and fitting values in the sample, decimal sign or date_order, null where it cannot be told.
verdicts: each guess has a confidence (0 to 1), a reason, "ambiguous" where a rival is as likely, runner_up and rivals with their scores; transposed is there only if rows and columns have changed places.
256 kB are looked at; of text that is not UTF-8 all of it, for the encoding. Never fails on any bytes.
Errors: 22023 for wrong options. Since 0.1.';

CREATE OR REPLACE FUNCTION nuvopipe.tdm_from_sample(data bytea, options jsonb DEFAULT '{}')
RETURNS jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'nuvopipe_tdm_from_sample';
COMMENT ON FUNCTION nuvopipe.tdm_from_sample(bytea, jsonb) IS
'Proposes a target data model for a file: looks at its first rows, guesses the type of each column and says on what grounds.
data: any input nuvopipe.parse reads. options: as for nuvopipe.parse; what they do not settle is sniffed.
Returns an object. columns: an array as nuvopipe.create_tdm takes it: key (made of the header), label (the header), columnType and, where the values support it, numberFormat, dateOrder, outputFormat, emptyValues, options of a category, and the validations required and unique.
evidence, for each column in order: key, position, header (if it had to be renamed), type; filled and distinct cells; share of the values that fit the type, and runner_up, the next best type with its share; examples, misfits (values that do not fit) and ambiguities (what the values cannot tell, such as the order of day and month).
rows: how many were looked at, at most 10,000, fewer of very wide data; whole: there are no more; source: what nuvopipe.sniff says, to be pinned by options; notes: what may be wrong with the whole.
A type is taken if it reads 98 percent of the values and at least three; number-like text with leading zeros stays text. A guess is no promise: look at it before you use it. Bad cells never are an error.
Errors: 22023 for wrong options, 22P04 where the data cannot be read, 54000 where it becomes too large when it is decompressed. Since 0.1.';
