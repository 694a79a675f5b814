#!/bin/bash
# 52-workbook.t - XLSX, ODS and XLS of other programs: the same values, places of issues, errors with a cure
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

books=$NVP_TMP/books
install -d -m 755 "$books"
/usr/bin/python3 "$NVP_TOP/test/lib/make_workbooks.py" "$books" || exit 1
/usr/bin/python3 "$NVP_TOP/test/lib/peer_workbooks.py" "$books" || exit 1
perl "$NVP_TOP/test/lib/peer_workbooks.pl" "$books" || exit 1
chmod 644 "$books"/*
start_cluster -c nuvopipe.max_object_size=20MB

qx "CREATE TABLE orders (id int, name text, born date, at timestamp, amount numeric, active boolean, share numeric, sheet text);
	SELECT nuvopipe.create_tdm('orders', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"},
		{\"key\": \"born\", \"columnType\": \"date\"}, {\"key\": \"at\", \"columnType\": \"datetime\"}, {\"key\": \"amount\", \"columnType\": \"decimal\"},
		{\"key\": \"active\", \"columnType\": \"boolean\"}, {\"key\": \"share\", \"columnType\": \"percentage\"}]');
	CREATE TABLE pair (id int, name text, sheet text);
	SELECT nuvopipe.create_tdm('pair', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"}]');
	SELECT nuvopipe.create_tdm('sheets', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"}, {\"key\": \"sheet\", \"columnType\": \"string\"}]')"
table_connector orders OUTPUT '"relation": "public.orders"'
table_connector pair OUTPUT '"relation": "public.pair"'
push_connector push

# loads FILE TDM TABLE [OPTIONS] : pushed into a pipeline of its own
n=0
loads() {
	n=$((n + 1))
	qx 'TRUNCATE orders; TRUNCATE pair'
	pipeline "p$n" push "$2" "$3" "options => '${4:-{\}}'"
	ingest "p$n" "$books/$1"
}
came() { is "$(outcome) $(counts)" "SUCCEEDED $1" "$2" || diag "$(said)"; }
failed() { like "$(outcome) $(said)" "^FAILED.$1.$2 .*$3" "$4"; }
sniffed() { q "SELECT $1 FROM nuvopipe.execution_runs WHERE execution = '$EXEC'"; }
values() { q "SELECT string_agg(concat_ws('|', id, '<' || name || '>', born, at, amount, active, share), E'\n' ORDER BY id) FROM orders"; }

# ---- the same values, whoever wrote them

expected='1|<Müller & Söhne <GmbH>>|1980-02-29|2024-01-02 03:04:05|12.5|t|12.5
2|<=1+1>|1900-03-01|1999-12-31 23:59:59|-0.1|f|50
3|<  two  blanks>|2024-12-31|2000-01-01 00:00:00|1000000000000000|t|100
4|<日本語 😀>|1999-12-31|2038-01-19 03:14:07|0.3|f|7.25'
for file in orders.xlsx orders.xls orders.ods; do
	loads $file orders orders
	came "4 4 0 0 0" "$file"
	is "$(values)" "$expected" "$file: every value"
	is "$(sniffed "sniff ->> 'format' || ' ' || (sniff ->> 'sheet')")" "${file#*.} Orders" "$file: format and sheet are told"
done
loads orders.xlsx orders orders
is "$(sniffed "sniff ->> 'skip_rows' || ' ' || (sniff -> 'sheets')::text")" \
	'2 [{"name": "Orders", "read": true, "hidden": false}, {"name": "Lists", "read": false, "hidden": true}]' \
	"a title is passed over, and all sheets are told"
loads early.xlsx orders orders
came "3 3 0 0 0" "dates counted from 1904"
is "$(values)" "$(grep -v ^2 <<<"$expected")" "are the same dates"
if command -v soffice >/dev/null; then
	for to in ods; do
		soffice -env:UserInstallation="file://$NVP_TMP/office" --headless --convert-to $to --outdir "$NVP_TMP/office.$to" "$books/orders.xlsx" >/dev/null 2>&1
		cp "$NVP_TMP/office.$to/orders.$to" "$books/office.$to"
		loads office.$to orders orders '{"header_config": {"mode": "FIXED", "row_index": 2}}'
		is "$(outcome)" SUCCEEDED "LibreOffice, $to" || diag "$(said)"
		is "$(values)" "$expected" "LibreOffice, $to: every value"
	done
fi

# parsed FILE [OPTIONS] : the rows, names first; or the error with its SQLSTATE and hint
parsed() {
	"$PGBIN/psql" -XAtq -v VERBOSITY=verbose 2>&1 <<<"SET client_min_messages = warning;
		SELECT cells FROM nuvopipe.parse(pg_read_binary_file('$books/$1'), '${2:-{\}}')"
}
# differing ROWS FILE... : which of the files do not have these rows, and what they have
differing() {
	local rows=$1
	shift
	q "SET client_min_messages = warning; SELECT file, rows FROM unnest(string_to_array('$*', ' ')) AS file,
		LATERAL (SELECT string_agg(cells::text, E'\n' ORDER BY row_no) AS rows FROM nuvopipe.parse(pg_read_binary_file('$books/' || file))) AS x
		WHERE rows IS DISTINCT FROM '$rows'"
}
is "$(differing '{id,name,rich,born,at,clock,amount,active,total,label,share,note}
{1,"Müller & Söhne <GmbH>","bold and plain",1980-02-29,2024-01-02T03:04:05,06:30:00,12.5,true,25,done!,0.125,both}
{2,=1+1,"日本語 😀",1999-12-31,2038-01-19T03:14:07,23:59:59,-0.1,false,-0.2,"  x ",0.5,NULL}' \
	xlsxwriter.xlsx xlsxwriter_inline.xlsx xlsxwriter_1904.xlsx perl.xlsx perl_1904.xlsx perl.xls perl_1904.xls)" "" \
	"libraries of Python and Perl: rich text, dates of both systems, formulas, merged cells, a protected sheet"
like "$(parsed disorder.xls)" '22P04.*row 2 comes after row 4.*HINT.*save it again' "cells in disorder are no rows"

# ---- where the table begins

is "$(differing '{Region,"2023 Q1","2023 Q2","2024 Q1","2024 Q2"}
{North,1.5,2.5,3.5,4.5}
{South,10,20,30,40}' sales.xlsx sales.xls sales.ods)" "" "a title, and years above quarters in merged cells"
is "$(parsed sales.xlsx '{"header_rows": 1, "skip_rows": 3}')" '{column_1,Q1,Q2,Q1_2,Q2_2}
{North,1.5,2.5,3.5,4.5}
{South,10,20,30,40}' "what is given is obeyed"
is "$(q "SELECT s ->> 'header_rows', s ->> 'skip_rows', s #>> '{fields,3,name}', s #>> '{fields,3,type}', s #>> '{verdicts,header,runner_up}'
	FROM nuvopipe.sniff(pg_read_binary_file('$books/sales.xls')) s")" "2|2|2024 Q1|decimal|row 3" "sniff tells it, and what else it may be"
is "$(q "SELECT s #>> '{verdicts,transposed,reason}' FROM nuvopipe.sniff(pg_read_binary_file('$books/transposed.xlsx')) s")" \
	"3 of 4 rows are of one type each, and no column is: rows and columns have changed places" "rows and columns that have changed places are told"
qx "CREATE TABLE sales (region text, q1 numeric); SELECT nuvopipe.create_tdm('sales', '[{\"key\": \"region\", \"columnType\": \"string\"},
	{\"key\": \"q1\", \"label\": \"2024 Q1\", \"columnType\": \"decimal\"}]')"
table_connector sales OUTPUT '"relation": "public.sales"'
loads sales.ods sales sales
came "3 2 0 0 1" "a header of two rows, in a pipeline"
is "$(q "SELECT string_agg(region || ' ' || q1, ', ' ORDER BY region) FROM sales")" "North 3.5, South 30" "its columns are mapped"
like "$(q "SELECT note FROM nuvopipe.executions WHERE id = '$EXEC'")" '2 rows before the header were passed over' "and what was passed over is told"
loads sales.xlsx sales sales '{"header_config": {"mode": "FIXED", "row_index": 2, "header_rows": 2}}'
came "3 2 0 0 1" "two rows that are given"

# ---- from an upload, in a pipeline

UP=$(q "SELECT nuvopipe.create_upload('large.xlsx', $(stat -c %s "$books/large.xlsx"))")
qx "SELECT nuvopipe.append_upload('$UP', 0, pg_read_binary_file('$books/large.xlsx'))"
pipeline up push pair pair
EXEC=$(q "SELECT id FROM nuvopipe.execute('up', upload => '$UP')")
wait_done "$EXEC" 60 >/dev/null
came "50000 50000 0 0 0" "an upload"
is "$(q "SELECT count(*) || ' ' || sum(id) || ' ' || count(DISTINCT name) FROM pair")" "50000 1249975000 1000" "every row"
gzip -c "$books/orders.xlsx" >"$books/orders.xlsx.gz"
loads orders.xlsx.gz orders orders
came "4 4 0 0 0" "compressed once more"
is "$(values)" "$expected" "every value"
loads many.zip orders orders '{"format": {"member": "orders.xlsx"}}'
came "4 4 0 0 0" "a workbook in an archive"
loads orders.xlsx orders orders '{"format": "xlsx", "header_config": {"mode": "FIXED", "row_index": 2}}'
came "4 4 0 0 0" "format and header are pinned"

# ---- sheets

loads months.xlsx sheets pair '{"format": {"sheet": "*"}}'
came "9 8 1 0 0" "all sheets"
is "$(q "SELECT string_agg(sheet || ':' || id, ' ' ORDER BY id) FROM pair")" "January:0 January:1 January:2 February:10 February:12 March:20 March:21 March:22" "each row tells its sheet"
is "$(q "SELECT row_no || ' ' || place || ' ' || code FROM nuvopipe.issues WHERE execution = '$EXEC'")" "5 February!A3 invalid_int" "an issue tells its cell"
is "$(q "SELECT place || ' ' || line_no FROM nuvopipe.rejected_rows WHERE execution = '$EXEC'")" "February!3:3 3" "a rejected row its row"
loads months.xlsx pair pair '{"format": {"sheet": "march"}}'
came "3 3 0 0 0" "a sheet by its name"
loads months.xlsx pair pair '{"format": {"sheet": 0}}'
is "$(counts) $(q 'SELECT min(id) FROM pair')" "3 3 0 0 0 0" "by its number"
loads months.xlsx pair pair '{"format": {"sheet": "April"}}'
failed PARSING_FAILURE 22P04 'no sheet "April".*HINT: Its sheets are "January"' "a sheet that is not there"
loads orders.xlsx pair pair '{"format": {"sheet": "Lists"}}'
like "$(said)" 'code' "a hidden sheet is read when it is named"
is "$(sniffed "jsonb_path_query_array(sniff, '\$.sheets[*].read')")" '[false, true]' "and nothing else"

# ---- issues

loads errors.xlsx pair pair
came "5 1 4 0 0" "a workbook with errors"
is "$(q "SELECT string_agg(concat_ws(' ', place, code, value), '; ' ORDER BY seq) FROM nuvopipe.issues WHERE execution = '$EXEC'")" \
	"'It''s 3rd'!A3 cell_error #N/A; 'It''s 3rd'!B4 cell_error #DIV/0!; 'It''s 3rd'!A5 invalid_int x; 'It''s 3rd'!6:6 row.too_many_cells far right" \
	"each has its place"

# ---- what is no workbook

loads nosheet.xlsx orders orders
failed PARSING_FAILURE 22P04 'sheet1.xml.*HINT' "a part is missing"
loads broken.xlsx orders orders
failed PARSING_FAILURE 22P04 'sheet1.xml" in the workbook cannot be read.*HINT' "a part that ends early"
loads laughs.xlsx orders orders
failed PARSING_FAILURE 22P04 'sheet1.xml.*HINT' "entities of its own"
loads bomb.xlsx orders orders
failed PARSING_FAILURE 54000 'HINT.*nuvopipe.max_object_size' "a part that grows too large"
for file in locked.xlsx locked.xls locked.ods; do
	like "$("$PGBIN/psql" -XAtq -v VERBOSITY=verbose 2>&1 <<<"SELECT nuvopipe.parse(pg_read_binary_file('$books/$file'));
		SELECT nuvopipe.parse(pg_read_binary_file('$books/$file'), '{\"format\": \"${file#*.}\"}');
		SELECT nuvopipe.sniff(pg_read_binary_file('$books/$file')) -> 'verdicts'")" \
		'22P04: the workbook is encrypted: it cannot be read without its password.*HINT: .*save it without a password.* .*22P04: the workbook is encrypted.*reason": "the workbook is encrypted' \
		"$file: encrypted, which sniff says, too"
done
loads locked.xlsx orders orders
failed PARSING_FAILURE 22P04 'the workbook is encrypted.*HINT.*without a password' "an encrypted workbook in a pipeline"
echo '<office:document xmlns:office="o" office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:a><s n="1"/><s n="2"/></office:a></office:document>' >"$books/flat.fods"
like "$(parsed flat.fods)" '22P04.*it is a flat OpenDocument spreadsheet .* saved as .ods.*HINT' "a flat OpenDocument"
head -c 3000 "$books/orders.xlsx" >"$books/cut.xlsx"
loads cut.xlsx orders orders
failed PARSING_FAILURE 22P04 'zip archive.*HINT' "cut off"
loads word.docx orders orders
failed PARSING_FAILURE 22P04 'no workbook.*HINT' "a text document"
loads binary.xlsb orders orders
failed PARSING_FAILURE 22P04 'xlsb.*not supported.*HINT.*xlsx' "a binary workbook"
printf '\320\317\021\340\241\261\032\341%2000s' x >"$books/bad.xls"
loads bad.xls orders orders
failed PARSING_FAILURE 22P04 'HINT' "a damaged compound file"
echo 'id;name' >"$books/text.xls"
loads text.xls orders orders '{"format": "xls"}'
failed PARSING_FAILURE 22P04 'is no workbook.*HINT.*text' "text under the name of a workbook"
loads orders.xls orders orders '{"format": "xlsx"}'
failed PARSING_FAILURE 22P04 'is a workbook .xls.*HINT.*"xls"' "another kind than was said"

# ---- without a pipeline

is "$(q "SELECT cells FROM nuvopipe.parse(pg_read_binary_file('$books/orders.xlsx')) WHERE row_no IN (0, 2)")" \
	"{id,name,born,at,amount,active,share}
{2,=1+1,1900-03-01,1999-12-31T23:59:59,-0.1,false,0.5}" "parse"
is "$(q "SELECT s ->> 'format', s ->> 'skip_rows', s -> 'columns' FROM nuvopipe.sniff(pg_read_binary_file('$books/orders.xlsx')) s")" "xlsx|2|7" "sniff"
UP=$(q "SELECT nuvopipe.create_upload('months.xlsx', $(stat -c %s "$books/months.xlsx"))")
qx "SELECT nuvopipe.append_upload('$UP', 0, pg_read_binary_file('$books/months.xlsx'))"
is "$(q "SELECT p ->> 'state', p ->> 'sheet', jsonb_array_length(p -> 'sheets'), p #>> '{rows,1,cells,0}', p #> '{header,row_index}'
	FROM (SELECT nuvopipe_api.preview_create(jsonb_build_object('source', jsonb_build_object('upload', '$UP'), 'options', '{\"sheet\": \"February\"}'::jsonb)) -> 'data' AS p) x")" \
	"READY|February|4|eleven|0" "preview"
UP=$(q "SELECT nuvopipe.create_upload('sales.xlsx', $(stat -c %s "$books/sales.xlsx"))")
qx "SELECT nuvopipe.append_upload('$UP', 0, pg_read_binary_file('$books/sales.xlsx'))"
is "$(q "SELECT p #> '{header,row_index}', p #> '{header,header_rows}', p #> '{header,candidates,1,row_index}', p #>> '{columns,4,name}', p #>> '{rows,0,cells,4}'
	FROM (SELECT nuvopipe_api.preview_create(jsonb_build_object('source', jsonb_build_object('upload', '$UP'))) -> 'data' AS p) x")" \
	"2|2|3|2024 Q2|4.5" "preview of a header of two rows, and of what else it may be"
is "$(q "SELECT p #>> '{columns,4,name}', p #>> '{rows,0,cells,4}' FROM (SELECT nuvopipe_api.preview_create(jsonb_build_object('source', jsonb_build_object('upload', '$UP'),
	'options', '{\"header_row\": 3, \"header_rows\": 1}'::jsonb)) -> 'data' AS p) x")" "Q2_2|4.5" "or of the one that was chosen"
UP=$(q "SELECT nuvopipe.create_upload('transposed.xlsx', $(stat -c %s "$books/transposed.xlsx"))")
qx "SELECT nuvopipe.append_upload('$UP', 0, pg_read_binary_file('$books/transposed.xlsx'))"
is "$(q "SELECT nuvopipe_api.preview_create(jsonb_build_object('source', jsonb_build_object('upload', '$UP'))) #>> '{data,warnings,0,code}'")" transposed "a preview warns of rows and columns that have changed places"
like "$(qe "SELECT nuvopipe.parse('', '{\"sheet\": -1}')")" '22023.*options.sheet' "a sheet that is no number of one"

done_testing
