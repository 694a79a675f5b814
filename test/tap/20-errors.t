#!/bin/bash
# 20-errors.t - the seven reasons for which an execution fails, each provoked at a real server
#
# Every failure must have its type and SQLSTATE, a message that names the place,
# a hint that names the cure where there is one, and must have written nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster
start_server ftp
start_server http
start_server fault "$FTP_PORT"
FTP_FAULT_PORT=$FAULT_PORT FTP_FAULT_DIR=$FAULT_DIR
home=$FTP_DIR/root/pipe
nobody=$("$NVP_TOP/test/lib/freeport")

# what comes to the other side of the open notification channel
NOTES=$NVP_TMP/notes
mkfifo "$NVP_TMP/ask"
"$PGBIN/psql" -XAtq <"$NVP_TMP/ask" >"$NOTES" 2>&1 &
exec 7>"$NVP_TMP/ask"
echo "LISTEN nuvopipe; LISTEN nuvopipe_marker;" >&7
MARKS=0
# notes of EXEC, in order: all have come when what was said after them has
notes() {
	MARKS=$((MARKS + 1))
	echo "NOTIFY nuvopipe_marker, 'mark $MARKS';" >&7
	wait_for grep -q "mark $MARKS\"" "$NOTES"
	grep -o "{.*$EXEC.*}" "$NOTES" | grep -oE 'QUEUED|RUNNING|SUCCEEDED|FAILED|CANCELED' | tr '\n' ' '
}
# servers that say nothing are waited for this long, all others as long as they may need
impatient() { configure "nuvopipe.connect_timeout = '2s'"; }
patient() { configure nuvopipe.connect_timeout; }

qx 'CREATE TABLE t (id int, name text)'
qx "SELECT nuvopipe.create_tdm('pair', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"}]')"
table_connector t OUTPUT '"relation": "public.t"'
push_connector push
pipeline pushed push pair t

# fails TYPE SQLSTATE MESSAGE HINT NAME : what EXEC must have come to; nothing in t
fails() {
	local got
	got=$(outcome)
	[ "$got" = "FAILED|$1|$2" ] && [[ $(of_exec error_message) =~ $3 ]] && [[ $(of_exec error_hint) =~ $4 ]] &&
		[ "$(q 'SELECT count(*) FROM t')" = 0 ]
	verdict $? "$5" || diag "expected: FAILED|$1|$2 $3 $4
     got: $got
          $(said)
rows in t: $(q 'SELECT count(*) FROM t')"
	qx 'TRUNCATE t'
}
# source NAME INPUT-CONNECTOR : runs it into t, once
source_case() {
	pipeline "$1" "$2" pair t "options => '{\"max_attempts\": 1}'"
	execute "$1"
}
# sink_case NAME OUTPUT-CONNECTOR [BYTES] : pushes a good file into it, once
sink_case() {
	pipeline "$1" push pair "$2" "options => '{\"max_attempts\": 1}'"
	printf 'id,name\n1,one\n' >"$NVP_TMP/good.csv"
	ingest "$1" "${3:-$NVP_TMP/good.csv}"
}

# ---- SOURCE_UNRESPONSIVE

ftp_connector nobody INPUT "\"port\": $nobody, \"file_name\": \"a.csv\""
source_case nobody nobody
fails SOURCE_UNRESPONSIVE 08001 "127\.0\.0\.1:$nobody.*could not connect" 'host and port' "nobody listens"
is "$(notes)" "QUEUED RUNNING FAILED " "and listeners hear of each state"
ftp_connector wrongpw INPUT '"password": "guess", "directory_path": "/in", "file_name": "a.csv"'
source_case wrongpw wrongpw
fails SOURCE_UNRESPONSIVE 28P01 "$FTP_PORT.*refused user name or password" 'username.*password' "a wrong password"
unlike "$(said)" guess "which is not repeated"
ftp_connector nodir INPUT '"directory_path": "/nope"'
source_case nodir nodir
fails SOURCE_UNRESPONSIVE 58P01 '/nope.*(folder|file).*does not exist' '' "a missing directory"
ftp_connector nofile INPUT '"directory_path": "/in", "file_name": "nope.csv"'
source_case nofile nofile
fails SOURCE_UNRESPONSIVE 58P01 'nope\.csv.*does not exist' '.' "a missing file"
ftp_connector mute INPUT "\"port\": $((FTP_FAULT_PORT + 1)), \"file_name\": \"a.csv\""
impatient
source_case mute mute
patient
fails SOURCE_UNRESPONSIVE 08006 'did not answer in time' '' "a server that says nothing"
for status in 401:28P01 403:42501 404:58P01 500:08006; do
	http_connector "h${status%:*}" INPUT "\"url\": \"http://127.0.0.1:$HTTP_PORT/status/${status%:*}\""
	source_case "h${status%:*}" "h${status%:*}"
	fails SOURCE_UNRESPONSIVE "${status#*:}" "/status/${status%:*}.*status ${status%:*}" "$([ "$status" = 500:08006 ] || echo .)" "HTTP status ${status%:*}"
done
http_connector cut INPUT "\"url\": \"http://127.0.0.1:$HTTP_PORT/cut?n=5000\""
source_case cut cut
fails SOURCE_UNRESPONSIVE 08006 'ended before everything|broke|closed' '' "a body that is shorter than promised"

# a server that dies in the middle, and is back later
mkdir -p "$NVP_TMP/relay"
relay=$("$NVP_TOP/test/lib/freeport" 4)
"$NVP_SERVERS/fault" start "$NVP_TMP/relay" "$relay" "$HTTP_PORT" >/dev/null || bail "no relay"
{ echo id,name; seq 1 20000 | sed 's/$/,some text to fill the line/'; } >"$NVP_TMP/many.csv"
put_http "$NVP_TMP/many.csv"
"$NVP_SERVERS/fault" set "$NVP_TMP/relay" "cut=100000 rst first=1" >/dev/null
http_connector dying INPUT "\"url\": \"http://127.0.0.1:$relay/files/many.csv\""
pipeline dying dying pair t "options => '{\"max_attempts\": 3}'"
execute dying
is "$(outcome) $(of_exec attempts)" "SUCCEEDED 2" "a server that dies in mid-transfer is tried again" || diag "$(said)"
is "$(q 'SELECT count(*), count(DISTINCT id) FROM t')" "20000|20000" "all rows are there once"
is "$(q "SELECT string_agg(concat_ws(' ', attempt, type, status, error_type), ', ' ORDER BY attempt) FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")" \
	"1 CREATE FAILED SOURCE_UNRESPONSIVE, 2 RETRY SUCCEEDED" "both attempts are told"
is "$(of_exec error_message)" "" "success leaves no error behind"
is "$(notes)" "QUEUED RUNNING QUEUED RUNNING SUCCEEDED " "and listeners hear of the second try"
qx 'TRUNCATE t'
"$NVP_SERVERS/fault" set "$NVP_TMP/relay" "cut=100000 rst" >/dev/null
http_connector dead INPUT "\"url\": \"http://127.0.0.1:$relay/files/many.csv?2\""
pipeline dead dead pair t "options => '{\"max_attempts\": 2}'"
execute dead
fails SOURCE_UNRESPONSIVE 08006 "127\.0\.0\.1:$relay" '' "a server that always dies is given up"
is "$(of_exec attempts)" 2 "when its attempts are used up"

# ---- SOURCE_DATA_EMPTY

# bad NAME TYPE SQLSTATE MESSAGE HINT : standard input, pushed as NAME
bad() {
	local name=$1
	cat >"$NVP_TMP/bad"
	ingest pushed "$NVP_TMP/bad" "$name"
	fails "$2" "$3" "$4" "$5" "$6"
}
bad zero.csv SOURCE_DATA_EMPTY 02000 'empty.*0 bytes' 'sender' "a file of 0 bytes" </dev/null
bad header.csv SOURCE_DATA_EMPTY 02000 'header but no data' 'sender' "a header only" <<<'id,name'
bad none.json SOURCE_DATA_EMPTY 02000 'no data rows' '.' "an empty JSON array" <<<'[]'
bad blank.csv SOURCE_DATA_EMPTY 02000 'no data|empty' '.' "blank lines only" <<<$'\n\n\n'
: >"$NVP_TMP/empty.csv"
put_ftp "$NVP_TMP/empty.csv"
ftp_connector empty INPUT '"directory_path": "/in", "file_name": "empty.csv"'
source_case empty empty
fails SOURCE_DATA_EMPTY 02000 '0 bytes' 'sender' "an empty file on a server"

# ---- PARSING_FAILURE

bad not.json PARSING_FAILURE 42703 'no column' '.' "an image called JSON" < <(printf '\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0')
like "$(said)" 'read as delimited text' "tells what it was taken for"
bad broken.json PARSING_FAILURE 22P04 'line|byte|offset' '' "JSON that ends too early" <<<'[{"id": 1, "name": "one"}, {"id": 2, "na'
bad quote.csv PARSING_FAILURE 22P04 'quote opened in line 3' 'quote' "a quote that is never closed" <<<$'id,name\n1,"one"\n2,"two\n3,three\n4,four'
bad others.csv PARSING_FAILURE 42703 '.' 'mapping|Map' "columns nobody knows" <<<$'colour,shape\nred,round'
pipeline mapped push pair t "mapping => '{\"mode\": \"EXACT\", \"mappings\": [{\"source_columns\": [\"nr\"], \"target_column\": \"id\"}]}'"
printf 'number,name\n1,one\n' >"$NVP_TMP/mapped.csv"
ingest mapped "$NVP_TMP/mapped.csv"
fails PARSING_FAILURE 42703 '"nr"' 'mapping' "a mapping to a column that the file lacks"

# ---- DESTINATION_UNRESPONSIVE

ftp_connector out-nobody OUTPUT "\"port\": $nobody, \"directory_path\": \"/out\", \"file_name\": \"o.csv\""
sink_case out-nobody out-nobody
fails DESTINATION_UNRESPONSIVE 08001 "127\.0\.0\.1:$nobody" 'host and port' "nobody listens at the destination"
ftp_connector out-mute OUTPUT "\"port\": $((relay + 1)), \"directory_path\": \"/out\", \"file_name\": \"o.csv\""
impatient
sink_case out-mute out-mute
patient
fails DESTINATION_UNRESPONSIVE 08006 'did not answer in time' '' "a destination that says nothing"
http_connector out-500 OUTPUT "\"url\": \"http://127.0.0.1:$HTTP_PORT/status/503\", \"method\": \"POST\""
sink_case out-500 out-500
fails DESTINATION_UNRESPONSIVE 08006 'status 503' '' "an endpoint out of order"
is "$(q "SELECT count(*) FROM nuvopipe.execution_runs r WHERE execution = '$EXEC' AND rows_read = 1")" 1 "its rows are counted"

# ---- DESTINATION_SIZE_LIMIT

{ echo id,name; yes "1,$(printf '%0200d' 0)" | head -8000; } >"$NVP_TMP/big.csv"
ftp_connector out-quota OUTPUT '"username": "quota", "file_name": "o.csv"'
sink_case out-quota out-quota "$NVP_TMP/big.csv"
fails DESTINATION_SIZE_LIMIT 53100 "$FTP_PORT.*quota" 'space' "a quota on the FTP server"
is "$(ls "$FTP_DIR/root/quota")" "" "nothing half-written stays"
http_connector out-413 OUTPUT "\"url\": \"http://127.0.0.1:$HTTP_PORT/status/413\", \"method\": \"POST\""
sink_case out-413 out-413
fails DESTINATION_SIZE_LIMIT 54000 'status 413' 'size' "HTTP status 413"

# ---- WRITE_FILE_FAILURE

ftp_connector out-ro OUTPUT '"directory_path": "/readonly", "file_name": "o.csv"'
sink_case out-ro out-ro
fails WRITE_FILE_FAILURE 42501 "/readonly" '.' "a read-only FTP directory"
is "$(ls "$home/readonly")" "keep.txt" "is as it was"
http_connector out-403 OUTPUT "\"url\": \"http://127.0.0.1:$HTTP_PORT/status/403\", \"method\": \"POST\""
sink_case out-403 out-403
fails WRITE_FILE_FAILURE 42501 'status 403' 'denies' "HTTP status 403"
qx 'CREATE TABLE gone (id int, name text)'
table_connector gone OUTPUT '"relation": "public.gone"'
pipeline gone push pair gone
qx 'DROP TABLE gone'
ingest gone "$NVP_TMP/good.csv"
fails WRITE_FILE_FAILURE 42P01 'gone' '' "a table that is gone"
qx 'CREATE ROLE jo LOGIN IN ROLE nuvopipe_user'
qx 'CREATE TABLE guarded (id int, name text); GRANT INSERT, SELECT ON guarded TO jo'
jo() { PGUSER=jo "$@"; }
jo push_connector jo-push
jo qx "SELECT nuvopipe.create_tdm('jo pair', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"}]')"
jo table_connector guarded OUTPUT '"relation": "public.guarded"'
jo pipeline guarded jo-push 'jo pair' guarded
qx 'REVOKE INSERT ON guarded FROM jo'
ingest guarded "$NVP_TMP/good.csv"
fails WRITE_FILE_FAILURE 42501 'guarded' '' "no INSERT privilege any more"
is "$(q 'SELECT count(*) FROM guarded')" 0 "writes nothing"

# ---- ERROR_THRESHOLD_EXCEEDED

# 10 rows of 2 columns with 2 wrong cells: 10 %
{ echo id,name; seq 1 8 | sed 's/$/,n/'; printf 'x,n\ny,n\n'; } >"$NVP_TMP/ten.csv"
pipeline just-above push pair t "error_threshold => 9.99"
ingest just-above "$NVP_TMP/ten.csv"
fails ERROR_THRESHOLD_EXCEEDED 22000 '10 %.*\(2 of 20\).*9\.99 %' 'issues' "10 % of the cells where 9.99 % are allowed"
is "$(issues)" "9|id|invalid_int|x
10|id|invalid_int|y" "its issues are kept"
is "$(of_exec "concat_ws(' ', total_rows, total_cells, total_error_cells, total_error_rows, rows_written)")" "10 20 2 2 0" "its cells are counted"
is "$(notes)" "QUEUED RUNNING FAILED " "listeners are told"
is "$(q "SELECT count(*) FROM _nuvopipe.execution e JOIN _nuvopipe.blob_chunk c ON c.tenant_id = e.tenant_id AND c.blob_id = e.input_id WHERE e.id = '$EXEC'")" 1 "its input is kept"
pipeline just-at push pair t "error_threshold => 10"
ingest just-at "$NVP_TMP/ten.csv"
is "$(outcome) $(q 'SELECT count(*) FROM t')" "SUCCEEDED 8" "10 % where 10 % are allowed"
qx 'TRUNCATE t'
pipeline zero push pair t "error_threshold => 0"
ingest zero "$NVP_TMP/ten.csv"
fails ERROR_THRESHOLD_EXCEEDED 22000 '0 %' '.' "any wrong cell where none is allowed"

# ---- and the server itself

is "$(grep -cE 'TRAP:|terminated by signal|PANIC' "$NVP_TMP/main/log")" 0 "no process crashed"
is "$(q "SELECT count(*) FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')")" 0 "no execution is left open"

exec 7>&-
"$NVP_SERVERS/fault" stop "$NVP_TMP/relay" >/dev/null
done_testing
