#!/bin/bash
# 50-badinput.t - what arrives at two in the morning: every bad input has an answer, and memory stays bounded
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

# shared memory would count as the worker's own
start_cluster -c shared_buffers=16MB -c nuvopipe.run_memory=32MB
start_server http
in=$NVP_TMP/in
install -d -m 755 "$in"
qx 'CREATE TABLE t (id int, name text)'
qx "SELECT nuvopipe.create_tdm('pair', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"}]')"
table_connector t OUTPUT '"relation": "public.t"'
file_connector in INPUT "\"directory_path\": \"$in\""

PEAK=0
# arrives NAME [OPTIONS] : standard input is what the directory holds; sets PEAK, the worker's memory in MB
arrives() {
	local name=$1 pid=''
	rm -f "$in"/*
	qx 'TRUNCATE t'
	cat >"$in/$name" && chmod 644 "$in/$name"
	pipeline "$name" in pair t "options => '${2:-{\}}'"
	EXEC=$(q "SELECT id FROM nuvopipe.execute('$name')")
	PEAK=0
	while [ "$(of_exec "status IN ('QUEUED', 'RUNNING')")" = t ]; do
		pid=$(q "SELECT pid FROM nuvopipe.workers WHERE execution = '$EXEC'")
		sleep 0.1
	done
	pid=${pid:-$(q "SELECT worker_pid FROM _nuvopipe.execution_attempt WHERE execution_id = '$EXEC' ORDER BY attempt DESC LIMIT 1")}
	[ -r "/proc/${pid:-0}/status" ] && PEAK=$(awk '/^VmHWM/ { print int($2 / 1024) }' "/proc/$pid/status")
}
# failed TYPE SQLSTATE MESSAGE NAME
failed() {
	like "$(outcome) $(said)" "^FAILED.$1.$2 .*$3" "$4"
	is "$(q 'SELECT count(*) FROM t')" 0 "$4: nothing is written"
}
bounded() { ok "$1: the worker keeps to 150 MB ($PEAK MB)" [ "$PEAK" -gt 0 -a "$PEAK" -lt 150 ]; }
# came COUNTS ISSUES NAME : it succeeded, with these counts and issues
came() { is "$(outcome) $(counts)${2:+ }$(issues)" "SUCCEEDED $1${2:+ }$2" "$3" || diag "$(said)"; }

# ---- nearly nothing

arrives zero.csv </dev/null
failed SOURCE_DATA_EMPTY 02000 '0 bytes' "an empty file"
arrives header.csv <<<'id,name'
failed SOURCE_DATA_EMPTY 02000 'no data rows' "a header only"
arrives bom.csv < <(printf '\xef\xbb\xbf')
failed SOURCE_DATA_EMPTY 02000 '.' "a byte order mark only"
arrives null.json <<<'null'
failed '(PARSING_FAILURE|SOURCE_DATA_EMPTY)' '(22P04|02000|42703)' '.' "JSON null"
arrives number.json <<<'42'
failed PARSING_FAILURE '(22P04|42703)' '.' "JSON that is no list of objects"

# ---- too much

arrives quote.csv < <(printf 'id,name\n1,"one"\n2,"two\n'; yes '3,three and some more text to fill the line' | head -c 209715200)
failed PARSING_FAILURE 22P04 'quote opened in line 3' "an unclosed quote before 200 MB"
bounded "an unclosed quote before 200 MB"
arrives cell.csv < <(printf 'id,name\n1,"'; head -c 209715200 /dev/zero | tr '\0' x; printf '"\n2,two\n')
failed PARSING_FAILURE 22P04 'line 2' "a cell of 200 MB"
bounded "a cell of 200 MB"
arrives line.csv < <(printf 'id,name\n1,'; head -c 209715200 /dev/zero | tr '\0' x; printf '\n2,two\n')
failed PARSING_FAILURE 22P04 'line 2' "a line of 200 MB"
arrives cell.json < <(printf '[{"id": 1, "name": "'; head -c 209715200 /dev/zero | tr '\0' x; printf '"}]\n')
failed PARSING_FAILURE 22P04 '.' "a JSON text of 200 MB"
bounded "a JSON text of 200 MB"
arrives deep.json < <(printf '[{"id": 1, "name": '; head -c 10000000 /dev/zero | tr '\0' '['; printf '}]\n')
failed PARSING_FAILURE 22P04 '.' "JSON of ten million levels"
arrives wide.csv < <(seq -s, 1 10000 | sed 's/,/,c/g; s/^1,c2,/id,name,/'; for i in 1 2 3; do echo "$i,n$(printf ',%.0s' $(seq 1 9998))"; done)
came "3 3 0 0 0" "" "ten thousand columns"
bounded "ten thousand columns"
arrives wide.json < <(printf '[{"id": 1, "name": "a"'; seq 1 100000 | sed 's/.*/, "c&": 1/' | tr -d '\n'; printf '}]\n')
like "$(outcome) $(said)" '^(SUCCEEDED|FAILED.PARSING_FAILURE.22P04 .*different keys)' "a hundred thousand members"
bounded "a hundred thousand members"
arrives rows.csv < <(echo id,name; seq 1 2000000 | sed 's/.*/&,/')
came "2000000 2000000 0 0 0" "" "two million rows"
bounded "two million rows"
arrives wrong.csv < <(echo id,name; seq 1 500000 | sed 's/.*/x&,y/')
is "$(outcome) $(counts)" "SUCCEEDED 500000 0 500000 0 0" "half a million wrong rows"
is "$(q "SELECT count(*) FROM nuvopipe.issues WHERE execution = '$EXEC'") $(q "SELECT count(*) FROM nuvopipe.rejected_rows WHERE execution = '$EXEC'")" "500000 500000" "are all kept"
bounded "half a million wrong rows"

# ---- bytes that are no text

arrives nul.csv < <(printf 'id,name\n1,a\0b\n2,c\n')
came "2 1 1 0 0" "1|name|invalid_text|a\\x00b" "a NUL byte is the issue of its cell" || issues >&2
arrives utf8.csv < <(printf 'id,name\n1,Z\xc3\xbcrich Z\xc3\xbcrich Z\xc3\xbcrich Z\xc3\xbcrich\n2,\xc3\x28\n3,\xf0\x9f\x98\x80\n')
like "$(outcome) $(counts) $(issues)" '^SUCCEEDED 3 2 1 0 0 2\|name\|invalid_text' "invalid UTF-8 is the issue of its cell"
arrives latin1.csv < <(printf 'id,name\n1,Z\xfcrich\n2,Gen\xe8ve\n')
is "$(outcome) $(q "SELECT string_agg(name, ' ' ORDER BY id) FROM t")" "SUCCEEDED Zürich Genève" "Latin-1 is recognised"
like "$(q "SELECT sniff FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")" '1252|8859-1|latin' "and told"
is "$(q "SELECT note FROM nuvopipe.executions WHERE id = '$EXEC'")" \
	"the input was read as windows-1252, for 2 bytes beyond ASCII are not UTF-8 and read best as windows-1252, like Italian; set options.format.encoding if that is wrong" "and noted: a broken byte would look like this, too"
arrives given1.csv '{"format": {"encoding": "latin-1"}}' < <(printf 'id,name\n1,Z\xfcrich\n2,Gen\xe8ve\n')
is "$(outcome) $(q "SELECT note FROM nuvopipe.executions WHERE id = '$EXEC'")" "SUCCEEDED " "not where it was given"
arrives broken8.csv < <(printf 'id,name\n1,Z\xc3\xbcrich\n2,Gen\xe8ve\n')
like "$(outcome) $(counts) $(issues)" '^SUCCEEDED 2 1 1 0 0 2\|name\|invalid_text' "one bad byte does not spoil the good ones"
for e in LE BE; do
	arrives "utf16$e.csv" < <(if [ $e = LE ]; then printf '\xff\xfe'; else printf '\xfe\xff'; fi; printf 'id,name\n1,Zürich\n2,😀\n' | iconv -t "UTF-16$e")
	is "$(outcome) $(q "SELECT string_agg(name, ' ' ORDER BY id) FROM t")" "SUCCEEDED Zürich 😀" "UTF-16$e"
done
arrives half16.csv < <(printf '\xff\xfe'; printf 'id,name\n1,a\n' | iconv -t UTF-16LE | head -c 21)
like "$(outcome) $(said) $(issues)" 'SUCCEEDED|FAILED.PARSING_FAILURE' "UTF-16 cut in a character"
arrives gzip.csv < <(printf 'id,name\n1,a\n' | gzip)
like "$(outcome) $(said)" '^(SUCCEEDED|FAILED.PARSING_FAILURE.*gzip)' "gzip"

# ---- not what it claims

arrives cut.json <<<'[{"id": 1, "name": "one"}, {"id": 2, "na'
failed PARSING_FAILURE 22P04 '(line|byte|offset|record)' "JSON that is cut off"
arrives comma.json <<<$'[{"id": 1, "name": "one"},\n{"id": 2, "name": "two",},\n{"id": 3 "name": "three"}]'
like "$(outcome) $(said) $(issues)" '^(FAILED.PARSING_FAILURE.22P04.*(line|byte|record)|SUCCEEDED.*2\|row)' "JSON with stray commas"
arrives cut.jsonl < <(printf '{"id": 1, "name": "one"}\n{"id": 2, "na\n{"id": 3, "name": "three"}\n')
like "$(outcome) $(counts) $(said) $(issues)" '^(SUCCEEDED 3 2 1 0 0.*2\|row|FAILED.PARSING_FAILURE.22P04.*line 2)' "JSON Lines with a broken line name it"
arrives csv.json <<<$'id,name\n1,one'
like "$(outcome) $(said)" '^(SUCCEEDED|FAILED.PARSING_FAILURE)' "CSV that claims to be JSON"
arrives pinned.csv '{"format": {"format": "json"}}' <<<$'id,name\n1,one'
failed PARSING_FAILURE 22P04 '(JSON|line)' "CSV where JSON is pinned"
arrives html.csv <<<'<!DOCTYPE html><html><head><title>Login</title></head><body><p>Please log in, thank you</p></body></html>'
failed PARSING_FAILURE '(42703|22P04)' '(HTML|html|column)' "a login page instead of a file"
arrives ragged.csv < <(printf 'id,name\n1,one\n2\n3,three,surplus\n4,four\n')
is "$(outcome) $(of_exec rows_read)" "SUCCEEDED 4" "ragged rows"
like "$(issues | tr '\n' ' ')" '2\|.*row\.too_few_cells.*3\|.*row\.too_many_cells' "are issues of their rows"
like "$(issues "code = 'row.too_many_cells'")$(q "SELECT value FROM nuvopipe.issues WHERE execution = '$EXEC' AND code = 'row.too_many_cells'")$(q "SELECT string_agg(source::text, '') FROM nuvopipe.rejected_rows WHERE execution = '$EXEC'")" surplus "whose surplus is kept"

# ---- endpoints

http_case() {
	http_connector "$1" INPUT "\"url\": \"http://127.0.0.1:$HTTP_PORT$2\""
	pipeline "$1" "$1" pair t "options => '{\"max_attempts\": 1}'"
	qx 'TRUNCATE t'
	execute "$1"
}
http_case loop /redir/loop
failed SOURCE_UNRESPONSIVE '.....' 'redirect' "a redirect loop"
http_case scheme /redir/file
failed SOURCE_UNRESPONSIVE '.....' 'redirect' "a redirect to a file"
http_case meta /redir/meta
failed SOURCE_UNRESPONSIVE 42501 'not allowed.*allowed_networks' "a redirect to an address that is not allowed"
configure "nuvopipe.max_object_size = '5MB'"
http_case endless '/big?mb=100000'
failed SOURCE_UNRESPONSIVE 54000 'larger than.*max_object_size' "an endless body"
arrives large.csv < <(echo id,name; seq 1 1000000 | sed 's/$/,name/')
failed '.*' 54000 'max_object_size' "a file that is larger than allowed"
configure nuvopipe.max_object_size

# ---- places of this server

push_connector push
install -d -m 755 "$NVP_TMP/ro"
file_connector ro OUTPUT "\"directory_path\": \"$NVP_TMP/ro\", \"file_name\": \"o.csv\""
pipeline ro push pair ro
printf 'id,name\n1,one\n' >"$NVP_TMP/good.csv"
ingest ro "$NVP_TMP/good.csv"
failed WRITE_FILE_FAILURE 42501 "$NVP_TMP/ro.*HINT: .*must be allowed" "a read-only directory"
file_connector nowhere OUTPUT "\"directory_path\": \"$NVP_TMP/nowhere\", \"file_name\": \"o.csv\""
pipeline nowhere push pair nowhere
ingest nowhere "$NVP_TMP/good.csv"
failed WRITE_FILE_FAILURE '.....' "nowhere.*HINT: .*folder" "a directory that is missing"

# ---- definitions

# refused COLUMNS PATTERN NAME
refused() { like "$(qe "SELECT nuvopipe.create_tdm('bad', '$1')")" "ERROR:  (22023|2201B).*$2" "$3"; }
refused '[{"key": "a", "columnType": "int"}, {"key": "a", "columnType": "int"}]' 'columns\[1\].*"a"' "a key twice"
refused '[{"key": "a", "columnType": "strng"}]' 'columns\[0\].columnType.*HINT:.*"string"' "an unknown type, with a near one"
refused '[{"key": "a", "columnType": "string", "validations": [{"validate": "regex", "regex": "("}]}]' 'columns\[0\].validations\[0\].regex' "a bad regular expression"
refused '[{"key": "a", "columnType": "string", "validations": [{"validate": "required_with", "columns": ["bb"]}]}, {"key": "b", "columnType": "int"}]' \
	'columns\[0\].validations\[0\].columns.*"bb".*HINT:.*"b"' "an unknown column, with a near one"
refused '[{"key": "a", "columnType": "string", "validations": [{"validate": "uniqe"}]}]' 'validations\[0\].validate.*HINT:.*"unique"' "an unknown rule"
refused '[]' 'columns' "no columns at all"
like "$(qe "SELECT nuvopipe.create_pipeline('bad', 'in', 'pair', 't', mapping => '{\"mappings\": [{\"source_columns\": [\"x\"], \"target_column\": \"nam\"}]}')")" \
	'22023.*mapping.mappings\[0\].target_column.*HINT:.*"name"' "a mapping to a column that the model lacks"

is "$(grep -cE 'TRAP:|terminated by signal|PANIC' "$NVP_TMP/main/log")" 0 "no process crashed"
is "$(q "SELECT count(*) FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')")" 0 "no execution is left open"
done_testing
