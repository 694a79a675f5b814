#!/bin/bash
# 53-xlsx-output.t - workbooks that are written: read by another program and by ourselves, the same values
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster
install -d -m 777 "$NVP_TMP/out"
qx "SELECT nuvopipe.create_tdm('all', '[{\"key\": \"id\", \"columnType\": \"bigint\"}, {\"key\": \"name\", \"columnType\": \"string\"},
		{\"key\": \"born\", \"columnType\": \"date\"}, {\"key\": \"at\", \"columnType\": \"datetime\"}, {\"key\": \"noon\", \"columnType\": \"time_hms_24\"},
		{\"key\": \"amount\", \"columnType\": \"decimal\"}, {\"key\": \"active\", \"columnType\": \"boolean\"}]');
	SELECT nuvopipe.create_tdm('pair', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"}]');
	CREATE TABLE t (id bigint, name text, born date, at timestamp, noon time, amount numeric, active boolean)"
push_connector push
table_connector t OUTPUT '"relation": "public.t"'
file_connector book OUTPUT "\"directory_path\": \"$NVP_TMP/out\", \"file_name\": \"book.xlsx\""
file_connector csv OUTPUT "\"directory_path\": \"$NVP_TMP/out\", \"file_name\": \"back.csv\""
pipeline write push all book
pipeline back push all csv "options => '{\"force\": true}'"
pipeline load push all t

cat >"$NVP_TMP/in.csv" <<'EOF'
id,name,born,at,noon,amount,active
1,"Müller & <Söhne> ""x""",1980-02-29,2024-01-02T03:04:05,03:04:05,12.50,true
123456789012345678,=1+1,1900-01-01,1999-12-31T23:59:59.123,00:00:00,0.1234567890123456789,false
3,"  two
lines	",1900-03-01,2024-12-31T00:00:00,23:59:59,-7,
4,_x0041_ 日本語 😀,9999-12-31,,,1e3,true
5,@SUM(A1),1899-12-31,1850-01-01T12:00:00,,,
EOF
ingest write "$NVP_TMP/in.csv"
is "$(outcome) $(counts)" "SUCCEEDED 5 5 0 0 0" "a workbook is written" || diag "$(said)"

# ---- by another program (which leaves _x005F_ as it stands)

read_book() {
	/usr/bin/python3 - "$NVP_TMP/out/$1" <<'EOF'
import sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
sheet = book.active
print(book.sheetnames, sheet.freeze_panes, sheet['A1'].font.b, sheet.max_row)
for row in sheet.iter_rows(min_row=2, max_row=6):
    print([(c.data_type, c.value if c.data_type == 's' or c.value is None else str(c.value), c.quotePrefix or '') for c in row])
EOF
}
is "$(read_book book.xlsx)" "['Data'] A2 True 6
[('n', '1', ''), ('s', 'Müller & <Söhne> \"x\"', ''), ('d', '1980-02-29 00:00:00', ''), ('d', '2024-01-02 03:04:05', ''), ('d', '03:04:05', ''), ('n', '12.5', ''), ('b', 'True', '')]
[('s', '123456789012345678', ''), ('s', '=1+1', True), ('d', '1900-01-01 00:00:00', ''), ('d', '1999-12-31 23:59:59.123000', ''), ('d', '00:00:00', ''), ('s', '0.1234567890123456789', ''), ('b', 'False', '')]
[('n', '3', ''), ('s', '  two\nlines\t', ''), ('d', '1900-03-01 00:00:00', ''), ('d', '2024-12-31 00:00:00', ''), ('d', '23:59:59', ''), ('n', '-7', ''), ('n', None, '')]
[('n', '4', ''), ('s', '_x005F_x0041_ 日本語 😀', ''), ('d', '9999-12-31 00:00:00', ''), ('n', None, ''), ('n', None, ''), ('n', '1000', ''), ('b', 'True', '')]
[('n', '5', ''), ('s', '@SUM(A1)', True), ('s', '1899-12-31', ''), ('s', '1850-01-01T12:00:00.000Z', ''), ('n', None, ''), ('n', None, ''), ('n', None, '')]" \
	"another program reads typed values, dates as dates, text that begins like a formula as text"

# ---- by ourselves

cp "$NVP_TMP/out/book.xlsx" "$NVP_TMP/first.xlsx"
ingest back "$NVP_TMP/first.xlsx"
is "$(outcome) $(counts)" "SUCCEEDED 5 5 0 0 0" "the workbook is an input again" || diag "$(said)"
cp "$NVP_TMP/out/back.csv" "$NVP_TMP/once.csv"
ingest back "$NVP_TMP/in.csv"
ok "and has the values that it was made of" cmp "$NVP_TMP/once.csv" "$NVP_TMP/out/back.csv"
ingest load "$NVP_TMP/first.xlsx"
is "$(outcome) $(q "SELECT count(*) || ' ' || sum(id) || ' ' || min(born) || ' ' || max(noon) FROM t")" "SUCCEEDED 5 123456789012345691 1899-12-31 23:59:59" "a table takes it, too" || diag "$(said)"

# ---- limits

(echo id,name; printf '1,'; head -c 32767 /dev/zero | tr '\0' x; echo) >"$NVP_TMP/long.csv"
pipeline small push pair book
ingest small "$NVP_TMP/long.csv"
is "$(outcome)" SUCCEEDED "the longest text that a cell can hold" || diag "$(said)"
(echo id,name; printf '1,'; head -c 32768 /dev/zero | tr '\0' x; echo) >"$NVP_TMP/long.csv"
ingest small "$NVP_TMP/long.csv"
like "$(outcome) $(said)" 'FAILED.WRITE_FILE_FAILURE.54000 row 1, column 2: a text of 32768 characters does not fit.*HINT' "a longer one is not cut"
(echo id,name; seq 1 1048576 | sed 's/.*/&,n&/') >"$NVP_TMP/many.csv"
ingest small "$NVP_TMP/many.csv" many.csv 300
is "$(outcome) $(counts)" "SUCCEEDED 1048576 1048576 0 0 0" "more rows than a sheet has" || diag "$(said)"
is "$(unzip -p "$NVP_TMP/out/book.xlsx" xl/workbook.xml | grep -o 'sheet name="[^"]*"' | tr '\n' ' ')" 'sheet name="Data" sheet name="Data 2" ' "go on in a second sheet"
qx "SELECT nuvopipe.create_pipeline('again', 'push', 'pair', 'csv', options => '{\"format\": {\"sheet\": \"*\"}}')"
ingest again "$NVP_TMP/out/book.xlsx" book.xlsx 300
is "$(outcome) $(counts)" "SUCCEEDED 1048576 1048576 0 0 0" "and are read back from both" || diag "$(said)"
is "$(sort -n "$NVP_TMP/out/back.csv" | tail -1)" "1048576,n1048576" "to the last one"

done_testing
