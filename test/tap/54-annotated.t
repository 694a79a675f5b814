#!/bin/bash
# 54-annotated.t - rejected rows as a file with what is wrong with them, corrected by another program, sent again
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster
qx "CREATE TABLE t (id int PRIMARY KEY, name text, amount numeric);
	SELECT nuvopipe.create_tdm('three', '[{\"key\": \"id\", \"columnType\": \"int\", \"validations\": [{\"validate\": \"required\"}]},
		{\"key\": \"name\", \"label\": \"Name\", \"columnType\": \"string\", \"maxLength\": 5}, {\"key\": \"amount\", \"columnType\": \"decimal\"}]')"
push_connector push
table_connector t OUTPUT '"relation": "public.t"'
pipeline p push three t

# annotated FORMAT FILE : what the API hands out
annotated() {
	local blob
	blob=$(q "SELECT nuvopipe_api.execution_errors(jsonb_build_object('id', '$EXEC', 'kind', '${3:-annotated}', 'format', '$1')) ->> 'blob'")
	q "SELECT encode(string_agg(data, '' ORDER BY position), 'base64') FROM _nuvopipe.blob_chunk WHERE blob_id = '$blob'" | base64 -d >"$2"
}
look() {
	/usr/bin/python3 - "$1" <<'EOF'
import sys, openpyxl
sheet = openpyxl.load_workbook(sys.argv[1]).active
print(sheet.max_row)
for row in sheet.iter_rows():
    print([(c.value, c.fill.fgColor.rgb if c.fill.fill_type == 'solid' else '', c.comment.text if c.comment else '') for c in row])
EOF
}

cat >"$NVP_TMP/in.csv" <<'EOF'
amount,name,id
1,one,1
x,two too long,2
=1+1,"three, ""3""",3
4,four,
5,five,1
6,six,6
EOF
ingest p "$NVP_TMP/in.csv"
is "$(outcome) $(counts)" "SUCCEEDED 6 2 4 0 0" "four rows are rejected" || diag "$(said)"

annotated xlsx "$NVP_TMP/errors.xlsx"
W=FFFFC7CE H=FF305496
refused=$(q "SELECT message FROM nuvopipe.issues WHERE execution = '$EXEC' AND row_no = 5")
is "$(look "$NVP_TMP/errors.xlsx")" "5
[('amount', '$H', ''), ('name', '$H', ''), ('id', '$H', ''), ('errors', '$H', '')]
[('x', '$W', 'A number is expected.'), ('two too long', '$W', 'The text is too long.'), ('2', '', ''), ('name: The text is too long.; amount: A number is expected.', '', '')]
[('=1+1', '$W', 'A number is expected.'), ('three, \"3\"', '$W', 'The text is too long.'), ('3', '', ''), ('name: The text is too long.; amount: A number is expected.', '', '')]
[('4', '', ''), ('four', '', ''), (None, '$W', 'This field is required.'), ('id: This field is required.', '', '')]
[('5', '', ''), ('five', '', ''), ('1', '$W', '$refused'), ('id: $refused', '', '')]" \
	"a workbook has them with coloured and commented cells"
annotated csv "$NVP_TMP/errors.csv"
is "$(sed '1s/^\xef\xbb\xbf//' "$NVP_TMP/errors.csv" | head -3)" 'amount,name,id,errors
x,two too long,2,name: The text is too long.; amount: A number is expected.
=1+1,"three, ""3""",3,name: The text is too long.; amount: A number is expected.' "a CSV file has them with their errors"
annotated xlsx "$NVP_TMP/issues.xlsx" issues
like "$(look "$NVP_TMP/issues.xlsx")" "^7.*'row_no'.*'message'.*[(]2, '', ''[)].*'invalid_decimal'" "issues as a workbook"

# ---- corrected by another program, and sent again

/usr/bin/python3 - "$NVP_TMP/errors.xlsx" <<'EOF'
import sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
sheet = book.active
for row, (amount, name, id) in enumerate([(2.5, 'two', 2), (3, 'three', 3), (4, 'four', 4), (5, 'five', 'still no number')], 2):
    sheet.cell(row, 1).value, sheet.cell(row, 2).value, sheet.cell(row, 3).value = amount, name, id
book.save(sys.argv[1])
EOF
annotated xml "$NVP_TMP/errors.xml"
is "$(q "SELECT string_agg(cells::text, ' ' ORDER BY row_no) FROM nuvopipe.parse(pg_read_binary_file('$NVP_TMP/errors.xml')) WHERE row_no < 2")" \
	'{amount,name,id,errors} {x,"two too long",2,"name: The text is too long.; amount: A number is expected."}' "rejected rows as XML, which is read again"
annotated xml "$NVP_TMP/issues.xml" issues
like "$(head -n 3 "$NVP_TMP/issues.xml" | tr '\n' ' ')" '<issues .*<issue><row_no>2</row_no>' "and the issues"
ingest p "$NVP_TMP/errors.xlsx"
is "$(outcome) $(counts)" "SUCCEEDED 4 3 1 0 0" "what was corrected is loaded" || diag "$(said)"
is "$(q "SELECT string_agg(id || ':' || amount, ' ' ORDER BY id) FROM t")" "1:1 2:2.5 3:3 4:4 6:6" "with its values"
is "$(q "SELECT code || ' ' || coalesce(row_no::text, 'no row') FROM nuvopipe.issues WHERE execution = '$EXEC' ORDER BY seq DESC LIMIT 1")" "file.header_changed no row" "that it came otherwise than before is told"
is "$(q "SELECT place || ' ' || value FROM nuvopipe.issues WHERE execution = '$EXEC' AND row_no > 0")" "Data!C5 still no number" "what was not has its place"
annotated xlsx "$NVP_TMP/again.xlsx"
like "$(look "$NVP_TMP/again.xlsx")" "^2.*'errors'.*'[(]errors[)]'" "the column of errors that came in is one of the source"

# ---- many

(echo amount,name,id; seq 1 30000 | sed 's/.*/a,n&,x&/') >"$NVP_TMP/many.csv"
ingest p "$NVP_TMP/many.csv"
is "$(counts)" "30000 0 30000 0 0" "many rejected rows"
annotated xlsx "$NVP_TMP/many.xlsx"
is "$(/usr/bin/python3 -c "
import sys, openpyxl
sheet = openpyxl.load_workbook('$NVP_TMP/many.xlsx').active
rows = list(sheet.iter_rows(min_row=2))
print(len(rows), all(r[1].value == 'n%d' % n for n, r in enumerate(rows, 1)), sum(c.comment is not None for r in rows for c in r), all(r[3].value for r in rows), sheet['D1'].comment.text)")" \
	"30000 True 20000 True The first 20000 coloured cells of this sheet have a comment. 60001 more have none." "are all there, in order; the first 20000 cells are commented, and all rows tell their errors"
like "$(qe "SELECT nuvopipe_api.execution_errors(jsonb_build_object('id', '$EXEC', 'kind', 'annotated', 'format', 'json'))")" '0A000' "there is no such JSON"
url=$(q "SELECT nuvopipe_api.execution_download_create(jsonb_build_object('id', '$EXEC', 'kind', 'ANNOTATED', 'format', 'CSV')) #>> '{data,url}'")
is "$(q "SELECT status, convert_from(substr(body, 4, 21), 'UTF8'), headers ->> 'Content-Type' FROM nuvopipe_api.request('GET', '$url')")" \
	"200|amount,name,id,errors|text/csv; charset=utf-8" "a link for one download"

printf 'amount,name,id\nx,a\001b,7\n' >"$NVP_TMP/control.csv"
ingest p "$NVP_TMP/control.csv"
annotated xml "$NVP_TMP/control.xml"
is "$(q "SELECT cells[2] FROM nuvopipe.parse(pg_read_binary_file('$NVP_TMP/control.xml')) WHERE row_no = 1")" 'a\x01b' "a character that XML does not have is written out"

done_testing
