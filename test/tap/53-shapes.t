#!/bin/bash
# 53-shapes.t - XML, JSON with rows within, columns of fixed width: the same rows, clear errors; XML written
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster
in=$NVP_TMP/in out=$NVP_TMP/out
install -d -m 755 "$in"
install -d -m 777 "$out"
qx 'CREATE TABLE t (id int, name text)'
qx "SELECT nuvopipe.create_tdm('pair', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"}]')"
table_connector t OUTPUT '"relation": "public.t"'
file_connector in INPUT "\"directory_path\": \"$in\""

# arrives NAME [OPTIONS] : standard input is what the directory holds
arrives() {
	rm -f "$in"/*
	qx 'TRUNCATE t'
	cat >"$in/$1" && chmod 644 "$in/$1"
	pipeline "$1" in pair t "options => '${2:-{\}}'"
	execute "$1"
}
came() { is "$(outcome) $(counts)" "SUCCEEDED $1" "$2" || diag "$(said)"; }
failed() { like "$(outcome) $(said)" "^FAILED.$1.$2 .*$3" "$4"; }
sum() { q "SELECT concat_ws(' ', count(*), sum(id), max(name)) FROM t"; }
# parse DATA [OPTIONS] : rows as text; error DATA [OPTIONS] : what is wrong
parse() { q "SELECT string_agg(cells::text, ' ' ORDER BY row_no) FROM nuvopipe.parse(\$d\$$1\$d\$::text::bytea, '${2:-{\}}')"; }
error() { qe "SELECT FROM nuvopipe.parse(convert_to(\$d\$$1\$d\$, 'UTF8'), '${2:-{\}}')"; }

# ---- XML: real files

for file in iso_3166-1:iso_3166_entry iso_639-3:iso_639_3_entry iso_4217:historic_iso_4217_entry; do
	path=/usr/share/xml/iso-codes/${file%:*}.xml
	install -m 644 "$path" "$NVP_TMP/real.xml"
	real="pg_read_binary_file('$NVP_TMP/real.xml')"
	like "$(q "SELECT nuvopipe.sniff($real) #>> '{format}' || ' ' || (nuvopipe.sniff($real) ->> 'path')")" "^xml /.*/${file#*:}$" "$path: recognised"
	is "$(q "SELECT count(*) FROM nuvopipe.parse($real) WHERE row_no > 0")" "$(grep -c "<${file#*:}" "$path")" "$path: every row"
done
install -m 644 /usr/share/xml/iso-codes/iso_3166-1.xml "$NVP_TMP/real.xml"
is "$(q "WITH p AS (SELECT * FROM nuvopipe.parse(pg_read_binary_file('$NVP_TMP/real.xml')))
	SELECT r.cells[array_position(h.cells, '@name')] FROM p h, p r WHERE h.row_no = 0 AND r.cells[array_position(h.cells, '@alpha_2_code')] = 'CI'")" \
	"Côte d'Ivoire" "a cell by its attribute"

# ---- XML: runs

rows_xml() { printf '<?xml version="1.0"?>\n<rows>\n'; seq 1 "$1" | sed 's/.*/<row id="&"><name>name \&amp; &<\/name><\/row>/'; echo '</rows>'; }
arrives rows.xml < <(rows_xml 30000)
came "30000 30000 0 0 0" "XML: attributes and elements"
is "$(sum)" "30000 450015000 name & 9999" "XML: every row"
arrives two.xml < <(echo '<all><other><x>1</x></other><other><x>2</x></other>'; rows_xml 10 | tail -n +2; echo '</all>')
came "10 10 0 0 0" "XML: the table with the most columns"
arrives alike.xml < <(echo '<all><a>'; rows_xml 3 | grep '<row '; echo '</a><b>'; rows_xml 5 | grep '<row ' | sed 's/<row /<line /; s:</row>:</line>:'; echo '</b></all>')
like "$(outcome) $(of_exec note)" "^SUCCEEDED the rows were taken from /all/a/row, but other elements are as likely: .*/all/b/line" "XML: a table that could be the rows as well is told"
is "$(q "SELECT concat_ws('|', row_no, code, severity) FROM nuvopipe.issues WHERE execution = '$EXEC'")" "file.ambiguous_rows|warning" "and an issue of the document"
arrives path.xml '{"format": {"path": "/all/b/row"}}' < <(echo '<all><a>'; rows_xml 20 | grep '<row '; echo '</a><b>'; rows_xml 10 | grep '<row '; echo '</b></all>')
came "10 10 0 0 0" "XML: a path"
arrives nopath.xml '{"format": {"path": "/all/b"}}' < <(rows_xml 10)
failed PARSING_FAILURE 22P04 'no element at the path "/all/b" / HINT: The rows seem to be /rows/row' "XML: a path that leads nowhere"
arrives late.xml < <(echo '<rows>'; seq 1 5000 | sed 's/.*/<row><id>&<\/id><\/row>/'; echo '<row><id>5001</id><name>late</name></row></rows>')
came "5001 5001 0 0 0" "XML: a column that comes with the last row"
is "$(sum)" "5001 12507501 late" "XML: it is there"
arrives latin.xml < <(echo '<?xml version="1.0" encoding="ISO-8859-1"?><r><x id="1"><name>Jörg</name></x><x id="2"><name>Anna</name></x></r>' | iconv -t LATIN1)
is "$(outcome) $(sum)" "SUCCEEDED 2 3 Jörg" "XML: the encoding that is declared"
arrives wide.xml < <(echo '<?xml version="1.0" encoding="UTF-16"?><r><x id="1"><name>Jörg</name></x><x id="2"><name>Anna</name></x></r>' | iconv -t UTF-16)
is "$(outcome) $(sum)" "SUCCEEDED 2 3 Jörg" "XML: UTF-16"
arrives badbytes.xml < <(printf '<?xml version="1.0" encoding="UTF-8"?><r><x id="1"><name>a\xE4b</name></x><x id="2"><name>c</name></x></r>')
came "2 1 1 0 0" "XML: a byte that is no UTF-8 is an issue of its row"
like "$(issues)" '^1\|name\|invalid_text\|a\\xe4b$' "XML: and names the cell"
arrives broken.xml < <(rows_xml 2000 | sed '1500s/<\/name>/<\/nam>/')
failed PARSING_FAILURE 22P04 'invalid XML in line 1500, column [0-9]+: mismatched tag / HINT' "XML: damaged"
is "$(sum)" "0" "XML: nothing of it is written"
arrives cut.xml < <(rows_xml 2000 | head -c 60000)
failed PARSING_FAILURE 22P04 'the document is not complete / HINT: The file seems to be cut off' "XML: cut off"
arrives many.xml < <(echo '<r>'; for i in 1 2; do echo "<x><id>$i</id><name>n</name>"; seq 1 101 | sed 's/.*/<tag>&<\/tag>/'; echo '</x>'; done; echo '</r>')
like "$(outcome) $(issues)" '1\|row.too_many_cells\|tag: 101' "XML: more children of a name than columns are told"

# ---- XML: attacks

bomb='<!DOCTYPE r [<!ENTITY a0 "lollollol">'
for i in 1 2 3 4 5 6 7 8 9; do bomb+="<!ENTITY a$i \"$(printf "&a$((i - 1));%.0s" 1 2 3 4 5 6 7 8 9 10)\">"; done
arrives laughs.xml <<<"$bomb]><r><x id=\"1\"><name>&a9;</name></x><x id=\"2\"/></r>"
failed PARSING_FAILURE 54000 'entities expand to more than 100 times' "XML: a billion laughs"
echo secret >"$NVP_TMP/secret" && chmod 644 "$NVP_TMP/secret"
arrives outside.xml <<<"<!DOCTYPE r [<!ENTITY f SYSTEM \"file://$NVP_TMP/secret\">]><r><x id=\"1\"><name>&f;</name></x><x id=\"2\"/></r>"
failed PARSING_FAILURE 22P04 'does not declare itself: &f;' "XML: nothing outside is fetched"
unlike "$(said)" 'secret' "XML: nor told"
arrives deep.xml < <(printf '<x>%.0s' $(seq 1000))
failed PARSING_FAILURE 54000 'more than 200 elements within one another' "XML: depth"
arrives page.html <<<'<!DOCTYPE html><html><body>Please log in</body></html>'
failed PARSING_FAILURE 22P04 'it is a page of HTML' "a page where a file was expected"

# ---- JSON

arrives object.json < <(echo '{"total": 3, "meta": {"tags": [1, 2], "rows": ['; seq 1 2000 | sed 's/.*/{"id": &, "name": "n&"},/'; echo '{"id": 2001, "name": "z"}]}, "next": null}')
is "$(outcome) $(sum)" "SUCCEEDED 2001 2003001 z" "JSON: an object that holds the rows"
arrives two.json <<<'{"a": [{"id": 1}], "b": [{"id": 2}]}'
failed PARSING_FAILURE 22P04 'holds 2 arrays of objects.*HINT: Set the option path to one of them: /a, /b' "JSON: two arrays"
arrives slashes.json <<<'{"a/b": [{"id": 1}], "a~b": [{"id": 2}]}'
failed PARSING_FAILURE 22P04 'HINT: Set the option path to one of them: /a~1b, /a~0b' "JSON: names with slashes and tildes are told as a path has them"
arrives slash.json '{"format": {"path": "/a~1b"}}' <<<'{"a/b": [{"id": 1, "name": "x"}], "a~b": [{"id": 2}]}'
is "$(outcome) $(sum)" "SUCCEEDED 1 1 x" "and taken like that"
arrives path.json '{"format": {"path": "b"}}' <<<'{"a": [{"id": 1}], "b": [{"id": 2, "name": "x"}]}'
is "$(outcome) $(sum)" "SUCCEEDED 1 2 x" "JSON: a path"
qx "SELECT nuvopipe.create_tdm('nested', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"who.name\", \"columnType\": \"string\"}]')"
is "$(parse '[{"id":1,"who":{"name":"x","at":{"city":"B"}},"l":[1,2]},{"who":{}}]' | head -1)" \
	'{id,who.name,who.at.city,l,who} {1,x,B,"[1,2]",NULL} {NULL,NULL,NULL,NULL,"{}"}' "JSON: objects within rows are columns"
is "$(parse '[{"who":{"name":"x"}}]' '{"flatten": false}')" '{who} {"{\"name\":\"x\"}"}' "JSON: unless they are to stay"
arrives late.jsonl < <(seq 1 5000 | sed 's/.*/{"id": &}/'; echo; echo '{"id": 5001, "name": "late"}')
is "$(outcome) $(sum)" "SUCCEEDED 5001 12507501 late" "JSON Lines: a column that comes with the last row, blank lines"
arrives one.json <<<'{"id": 7, "name": "only"}'
is "$(outcome) $(sum)" "SUCCEEDED 1 7 only" "JSON: an object alone is a row"

# ---- columns of fixed width

arrives fixed.txt '{"format": {"columns": [{"name": "id", "width": 4}, {"name": "name", "start": 6, "width": 5}]}}' < <(printf '   1|Jörg \n   2|Anna\n  3\n   4|Nikolaus\n\n')
came "5 2 2 0 1" "fixed width: characters, not bytes"
is "$(sum)" "2 3 Jörg" "fixed width: values"
is "$(issues "code LIKE 'row.%'")" "3|row.too_few_cells
4|row.too_many_cells|aus" "fixed width: short and long lines"
is "$(parse $'id  name \n1   a b  \n' '{"widths": [4, 5], "header": true}')" '{id,name} {1,"a b"}' "fixed width: a header line"

# ---- options

like "$(error x '{"format": "xlm"}')" '22023: options.format: format "xlm" is not known' "a format misspelt"
like "$(error x '{"path": "a..b"}')" '22023: options.path: "a..b" is no path' "a path that is none"
like "$(error x '{"format": "csv", "path": "/a"}')" '22023: options.path: a path leads to the rows of json and xml' "a path of CSV"
like "$(error x '{"widths": [3, 0]}')" '22023: options.widths\[1\]: a number of characters' "a width of nothing"
like "$(error x '{"columns": [{"width": 3}, {"start": 2, "width": 3}]}')" '22023: options.columns\[1\]: the column begins at 2' "columns that overlap"
like "$(error x '{"format": "fixed"}')" '22023: options.format: it is not said how wide' "no widths"
like "$(qe "SELECT nuvopipe.create_pipeline('bad', 'in', 'pair', 't', options => '{\"format\": {\"widths\": [0]}}')")" \
	'22023: options.format.widths\[0\]' "options of a pipeline are checked when it is made"

# ---- written

qx 'CREATE TABLE s (id int, "First name" text, note text)'
qx "INSERT INTO s VALUES (1, 'a & <b>', ' x '), (2, NULL, E'tab\there'), (3, E'bad\x01', 'y')"
qx "SELECT nuvopipe.create_tdm('three', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"First name\", \"columnType\": \"string\"}, {\"key\": \"note\", \"columnType\": \"string\"}]')"
table_connector s INPUT '"relation": "public.s"'
file_connector out OUTPUT "\"directory_path\": \"$out\", \"file_name\": \"s.xml\""
pipeline write s three out "options => '{\"output_xml\": {\"root\": \"people\", \"row\": \"one person\"}}'"
execute write
like "$(outcome) $(counts)" "^SUCCEEDED 3 2 1 " "a row whose characters XML does not have is kept out" || diag "$(said)"
like "$(issues)" '^3\|First name\|invalid_text\|bad' "and told"
like "$(tr -d '\n' <"$out/s.xml")" '^<\?xml version="1.0" encoding="UTF-8"\?><people xmlns:xsi=.*"><one_x0020_person><id>1</id><First_x0020_name>a &amp; &lt;b&gt;</First_x0020_name>.*</people>$' "XML as written"
install -m 644 "$out/s.xml" "$NVP_TMP/written.xml"
is "$(q "SELECT string_agg(cells::text, ' ' ORDER BY row_no) FROM nuvopipe.parse(pg_read_binary_file('$NVP_TMP/written.xml'))")" \
	'{id,"First name",note} {1,"a & <b>"," x "} {2,NULL,"tab	here"}' "and read again"

done_testing
