#!/bin/bash
# 52-sniff.t - what is not pinned is sniffed, and told: encodings, lines before the header, changed headers, doubtful votes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster
in=$NVP_TMP/in
install -d -m 755 "$in"
qx 'CREATE TABLE t (id int, name text, amount numeric, day date)'
qx "SELECT nuvopipe.create_tdm('four', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"},
	{\"key\": \"amount\", \"columnType\": \"decimal\"}, {\"key\": \"day\", \"columnType\": \"date\"}]')"
table_connector t OUTPUT '"relation": "public.t"'
file_connector in INPUT "\"directory_path\": \"$in\""

# arrives NAME [OPTIONS] : standard input is what the directory holds, for a pipeline of its own
arrives() {
	rm -f "$in"/*
	qx 'TRUNCATE t'
	cat >"$in/$1" && chmod 644 "$in/$1"
	[ -n "$(q "SELECT 1 FROM nuvopipe.pipelines WHERE name = '$1'")" ] || pipeline "$1" in four t "options => '${2:-{\}}'"
	execute "$1"
}
# what is doubtful about the whole input or a column, as rows without a row number
doubts() { q "SELECT concat_ws('|', column_key, code, severity) FROM nuvopipe.issues WHERE execution = '$EXEC' AND row_no IS NULL ORDER BY seq"; }
note() { of_exec "coalesce(note, '')"; }
skipped() { q "SELECT rows_skipped FROM nuvopipe.execution_runs WHERE execution = '$EXEC' ORDER BY attempt DESC LIMIT 1"; }
verdict_of() { q "SELECT sniff #>> '{verdicts,$1}' FROM nuvopipe.execution_runs WHERE execution = '$EXEC' ORDER BY attempt DESC LIMIT 1"; }
rows() { printf 'id;name;amount;day\n'; printf '%s\n' "$@"; }

# ---- encodings

many() { printf 'id;name\n'; seq 1 60000 | sed 's/.*/&;nothing special here/'; printf '60001;J\374rgen Gro\337 pr\374ft die Geb\374hr\n'; }
arrives late.csv < <(many)
is "$(outcome) $(counts)" "SUCCEEDED 60001 60001 0 0 0" "an umlaut behind a megabyte of ASCII"
is "$(q "SELECT name FROM t WHERE id = 60001")" "Jürgen Groß prüft die Gebühr" "is read as what it is"
like "$(note)" "read as windows-1252, for only ASCII before byte [0-9]+; from there on 4 bytes beyond ASCII are not UTF-8" "which is told, with the place"

arrives stray.csv < <(printf 'id;name\n'; for i in $(seq 1 20); do echo "$i;Müller"; done; printf '21;Gr\374n\n22;Jäger\n')
is "$(outcome) $(counts)" "SUCCEEDED 22 21 1 0 0" "a byte of another encoding among UTF-8"
is "$(issues)" '21|name|invalid_text|Gr\xfcn' "is an issue of its row"
like "$(q "SELECT message FROM nuvopipe.issues WHERE execution = '$EXEC'")" "The byte 0xFC at offset 224 of the data is not valid in utf-8" "with the place of the byte"

arrives pinned.csv '{"format": {"encoding": "iso-8859-15"}}' < <(printf 'id;name\n1;\244\n')
is "$(outcome) $(q 'SELECT name FROM t') $(note)" "SUCCEEDED € " "a pinned encoding is not questioned"
arrives pinned16.csv '{"format": {"encoding": "shift_jis"}}' < <(printf 'id;name\n1;\202\240\n2;\377\n')
is "$(outcome) $(issues)" 'SUCCEEDED 2|name|invalid_text|\xff' "and what does not fit it is an issue"

# ---- lines before the header, and headers

arrives title.csv < <(printf 'Report of May\n\n'; rows '1;x;2.5;2024-01-31' '2;y;3.5;2024-02-29')
is "$(outcome) $(counts) $(skipped)" "SUCCEEDED 3 2 0 0 1 1" "lines before the header are counted"
like "$(note)" "2 lines before the header were passed over: 2 narrow lines stand before a header of 4 columns; set options.format.skip_rows" "and told"
is "$(doubts) $(q "SELECT total_error_cells FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")" "file.skipped_lines|warning 0" "as an issue, too, of no cell"
arrives titled.csv '{"header_config": {"mode": "FIXED", "row_index": 2}}' < <(printf 'Report of May\n\n'; rows '1;x;2.5;2024-01-31')
is "$(outcome) $(counts) $(skipped) $(note)" "SUCCEEDED 2 1 0 0 1 1 " "not told where the pipeline says so"
arrives groups.csv '{"format": {"header_rows": 2}}' < <(printf ';;key;\nid;name;figures;day\n1;x;5;2024-01-31\n')
like "$(outcome) $(q "SELECT sniff ->> 'header_rows' FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")" "^SUCCEEDED 2" "a header of two lines"
arrives twice.csv < <(printf 'id;name;name\n1;a;b\n')
like "$(outcome) $(note)" 'SUCCEEDED 1 column has a name that another one has, too: the last of them is called "name_2" here' "duplicate names are made unique and told"
arrives turned.csv < <(printf 'id;1;2;3\nname;x;y;z\namount;2,5;3,5;4,5\nday;2024-01-31;2024-02-29;2024-03-31\n')
like "$(note)$(said)" "rows and columns have changed places" "a transposed table is told"
arrives form.csv < <(printf 'name;Meier\nday;2024-01-31\namount;2,5\ntown;Hamburg\nid;7\n')
is "$(doubts | grep transposed)" "file.transposed|warning" "so is a form, as an issue" || diag "$(outcome) $(said)"
arrives upright.csv '{"format": {"header": true}}' < <(printf 'name;Meier\nday;2024-01-31\namount;2,5\ntown;Hamburg\nid;7\n')
is "$(doubts)" "" "but not where the header is settled"
arrives umlaut.csv < <(printf 'id;name\n1;M\374ller\n')
is "$(outcome) $(doubts)" "SUCCEEDED file.guessed_encoding|warning" "and an encoding of which a single letter speaks"

# ---- the header of a pipeline

arrives weekly.csv < <(rows '1;x;2.5;2024-01-31')
first=$EXEC
is "$(outcome) $(note)" "SUCCEEDED " "the first header is as it is"
is "$(q "SELECT columns::text || ' ' || (execution = '$first') || ' ' || length(fingerprint) FROM nuvopipe.pipeline_headers WHERE pipeline_name = 'weekly.csv'")" \
	"{id,name,amount,day} true 64" "and remembered"
arrives weekly.csv < <(rows '2;y;3.5;2024-02-29')
is "$(outcome) $(note)" "SUCCEEDED " "the same again is nothing to tell"
arrives weekly.csv < <(printf 'name;id;day;amount;remark\nz;3;2024-03-31;4.5;new\n')
is "$(outcome) $(note)" "SUCCEEDED the header has changed since execution $first (new: \"remark\"); columns were mapped by name" "another one is told"
is "$(q 'SELECT id, name, amount, day FROM t')" "3|z|4.5|2024-03-31" "and mapped by name"
is "$(doubts) $(counts)" "file.header_changed|warning 1 1 0 0 0" "it is an issue of the whole input, which no count of rows includes"
like "$(q "SELECT message FROM nuvopipe.issues WHERE execution = '$EXEC'")" "^The header has changed since execution $first" "with the same words"
second=$EXEC
arrives weekly.csv < <(printf 'id;name;day;amount;remark\n4;z;2024-03-31;4.5;new\n')
is "$(note)" "the header has changed since execution $second (the columns are in another order); columns were mapped by name" "so is another order"
arrives weekly.csv < <(printf 'nothing;of;this\n4;z;2024-03-31\n')
like "$(outcome)" "^FAILED" "a header that does not serve fails"
like "$(note)" 'the header has changed .*new: "nothing", "of", "this", missing: "id", "name", "day", "amount", "remark"' "and what has changed is told"
isnt "$(q "SELECT columns::text FROM nuvopipe.pipeline_headers WHERE pipeline_name = 'weekly.csv'")" "{nothing,of,this}" "but it is not accepted"
qx "SELECT nuvopipe.delete_pipeline('weekly.csv')"
is "$(q 'SELECT count(*) FROM _nuvopipe.accepted_header h WHERE NOT EXISTS (SELECT FROM _nuvopipe.pipeline p WHERE p.id = h.pipeline_id)')" 0 "it goes with its pipeline"

# ---- votes

arrives unclear.csv < <(rows '1;x;1.234;01/02/2024' '2;y;2.500;03/04/2024')
is "$(outcome)" "SUCCEEDED" "numbers and dates that could be read in two ways"
like "$(note)" 'column "amount": 2 values could be read with a decimal point as well as with a decimal comma, and no other tells which; set its numberFormat in the model; column "day": 2 values could be read with day first' "are told"
like "$(q "SELECT votes FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")" 'ambiguous_number_format.*ambiguous_date_order' "and in the votes"
is "$(doubts)" "$(printf 'amount|column.ambiguous_number_format|warning\nday|column.ambiguous_date_order|warning')" "and issues of their columns"
is "$(counts) $(q "SELECT total_error_cells || ' ' || total_error_rows FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")" "2 2 0 0 0 0 0" "which are no errors of cells"
is "$(q "SELECT column_key, code, cells FROM nuvopipe.issue_summary('$EXEC') ORDER BY 1")" \
	"$(printf 'amount|column.ambiguous_number_format|0\nday|column.ambiguous_date_order|0')" "nor counted as such"
is "$(q "SELECT i ->> 'code' || coalesce(i ->> 'row_no', '') FROM jsonb_array_elements(nuvopipe_api.execution_issue_list(jsonb_build_object('id', '$EXEC')) -> 'data') i")" \
	"$(printf 'column.ambiguous_number_format\ncolumn.ambiguous_date_order')" "the API lists them"
is "$(q "SELECT concat_ws(' ', s -> 'cells', s -> 'rows', s #> '{columns,0,cells}', s #> '{columns,0,rows}', s #>> '{columns,0,codes,0,code}')
	FROM (SELECT nuvopipe_api.execution_issue_summary(jsonb_build_object('id', '$EXEC')) -> 'data' AS s) x")" "0 0 0 0 column.ambiguous_number_format" "and its summary has no cells of them"
arrives clear.csv < <(rows '1;x;1.234;01/02/2024' '2;y;2,5;31/04/2024' '3;z;7,25;31/05/2024')
is "$(q "SELECT amount || ' ' || day FROM t WHERE id = 1")" "1234 2024-02-01" "one clear value settles the column"
is "$(note)$(doubts)" "" "and nothing is told"
arrives mixed.csv < <(rows '1;x;1.5;2024-01-31' '2;y;2,5;2024-01-31' '3;z;3.5;2024-01-31')
is "$(doubts)" "amount|column.mixed_number_format|warning" "values that contradict each other"

# ---- two delimiters

arrives tie.csv < <(printf 'id,name;day\n1,a;2024-01-31\n')
is "$(outcome)" "FAILED|PARSING_FAILURE|22P04" "a tie is not decided"
like "$(said)" 'the delimiter cannot be told: "," and ";" divide the lines equally well' "but told"
like "$(said)" 'options.format.delimiter' "with what to settle"
arrives pinnedtie.csv '{"format": {"delimiter": ","}}' < <(printf 'id,name;day\n1,a;2024-01-31\n')
is "$(outcome) $(q 'SELECT id FROM t')" "SUCCEEDED 1" "settled, it is read"
arrives known.csv < <(printf 'id,name;day\n1,"a;b"\n2,"c;d"\n')
is "$(outcome) $(q "SELECT columns::text FROM nuvopipe.pipeline_headers WHERE pipeline_name = 'known.csv'")" "SUCCEEDED {id,name;day}" "where quotes and types decide"
arrives known.csv < <(printf 'id,name;day\n5,k;2024-01-31\n')
is "$(outcome) $(q 'SELECT id FROM t')" "SUCCEEDED 5" "the header that is known decides the next time"
like "$(verdict_of delimiter)" "gives the columns that are known" "and the verdict says so"

# ---- columns of fixed width

aligned() { printf '%4s %-20s%9s  %s\n' id name amount day; printf '%4s %-20s%9s  %s\n' 1 'Anna Meier' 12.50 2024-01-31 22 'Bartholomew' 1103.10 2024-02-29 333 Zoe 0.75 2024-03-31 4 'Jo van der Heide' 77.00 2024-04-30; }
arrives aligned.txt < <(aligned)
is "$(outcome) $(counts)" "SUCCEEDED 4 4 0 0 0" "aligned columns are read"
is "$(q 'SELECT name, amount, day FROM t WHERE id = 4')" "Jo van der Heide|77|2024-04-30" "as they stand"
is "$(doubts)" "file.guessed_widths|warning" "which is told"
widths=$(q "SELECT jsonb_build_object('format', 'fixed', 'widths', sniff -> 'widths', 'header', sniff -> 'header') FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")
arrives described.txt "{\"format\": $widths}" < <(aligned)
is "$(outcome) $(q 'SELECT name, amount FROM t WHERE id = 22') $(doubts)$(note)" "SUCCEEDED Bartholomew|1103.1 " "not where it was described, with what was found out"
arrives crossing.txt < <(aligned; for i in $(seq 1 600); do printf '%4s %-20s%9s  %s\n' $((1000 + i)) 'Anna Meier' 12.50 2024-01-31; done; printf '   9 A name that goes on over its column  2024-01-31\n')
is "$(outcome) $(counts)" "SUCCEEDED 605 604 1 0 0" "a line behind those looked at that does not keep to the columns is kept out"
is "$(q "SELECT row_no, code FROM nuvopipe.issues WHERE execution = '$EXEC' AND row_no > 0 ORDER BY seq LIMIT 1")" "605|row.crosses_columns" "and told"
arrives poor.txt < <(printf 'id  name\nA1  x\nB22 yy\nC3  z\n')
like "$(outcome) $(said)" 'FAILED.PARSING_FAILURE.22P04 .*seems to be in 2 columns of fixed width, but that is not certain' "a poor guess is not made"
like "$(said)" '.*Set options.format to ."format": "fixed", "widths": .4, 4., "header": true. if that is right' "but proposed"

# ---- what database clients print

arrives psql.txt < <(printf ' id |  name   | amount \n----+---------+--------\n  1 | Anna B  |   1.50\n  2 | Otto    |  12.50\n(2 rows)\n\n')
is "$(outcome) $(counts) $(skipped)" "SUCCEEDED 3 2 0 0 1 2" "a table of psql"
is "$(q "SELECT string_agg(id || '<' || name || '>' || amount, ' ' ORDER BY id) FROM t")" "1<Anna B>1.5 2<Otto>12.5" "has its rows, and no others"
arrives sqlplus.txt < <(for i in 1 2 3; do printf '\n        ID NAME            AMOUNT\n---------- ----------- ----------\n'; printf '%10s Anna        %10s\n' $i $i.5; done; printf '\n3 rows selected.\n\n')
is "$(outcome) $(counts) $(q 'SELECT sum(amount) FROM t')" "SUCCEEDED 7 3 0 0 4 7.5" "pages of SQL*Plus"
arrives screen.txt < <(printf 'id   name      amount\n1    東京タワ    1.5\n22   山          2.5\n333  Rome        3.5\n4    上海        4.5\n')
is "$(outcome) $(q "SELECT string_agg(name, ' ' ORDER BY id) FROM t")" "SUCCEEDED 東京タワ 上海 山 Rome" "columns as a screen shows them" || diag "$(said)"
like "$(note)" '"width_unit": "display"' "which is told with the widths"

# ---- options

for case in \
	'{"header_rows": 0}|options.format.header_rows: 0 is out of range 1 to 10' \
	'{"header_rows": 2, "header": false}|options.format.header_rows: header_rows is given, but header is false' \
	'{"encoding": "latin-99"}|options.format.encoding: encoding "latin-99" is not known' \
	'{"delimiter": ";;"}|options.format.delimiter: one ASCII character other than a line end is expected, not ";;"' \
	'{"header_rows": 2, "format": "json"}|options.format.header_rows: a header of several rows is known in delimited text and workbooks only' \
	'{"skip_rows": -1}|options.format.skip_rows: -1 is out of range 0 to 1000000' \
	'{"widths": [3], "width_unit": "bytes"}|options.format.width_unit: unit "bytes" is not known' \
	'{"width_unit": "display"}|options.format.width_unit: there are no widths' \
	'{"path": ["a", 1]}|options.format.path: ["a", 1] is no path: it is no JSON array of names' \
	'{"seperator": ";"}|options.format: unknown member "seperator"'; do
	like "$(q "SELECT nuvopipe.create_pipeline('bad', 'in', 'four', 't', options => '{\"format\": ${case%%|*}}')" 2>&1)" "$(sed 's/[][*.+?(){}]/\\&/g' <<<"${case#*|}")" "refused: ${case%%|*}"
done
like "$(q "SELECT nuvopipe.create_pipeline('bad', 'in', 'four', 't', options => '{\"header_config\": {\"mode\": \"FIXED\", \"header_rows\": 11}}')" 2>&1)" \
	'header_config.header_rows' "refused: eleven lines of header"
done_testing
