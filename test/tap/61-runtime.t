#!/bin/bash
# 61-runtime.t - a run that takes longer than it may is ended, in every phase, by workers and in sessions
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

# a file that rests, when it is needed, is read where it lies: its time is over in mid-process, not in mid-fetch
{ echo id,name; seq 1 3000000 | sed 's/$/,some name of a person/'; } >"$NVP_TMP/big.csv"
chmod 644 "$NVP_TMP/big.csv"
touch -d '-1 day' "$NVP_TMP/big.csv"
start_cluster
# one worker runs them all, one after the other
configure "nuvopipe.max_workers = 1"
start_server http
start_server ftp
qx 'CREATE TABLE t (id int, name text)'
qx "SELECT nuvopipe.create_tdm('pair', '[{\"key\": \"id\", \"columnType\": \"int\", \"validations\": [{\"validate\": \"unique\"}]}, {\"key\": \"name\", \"columnType\": \"string\"}]')"
table_connector t OUTPUT '"relation": "public.t"'
push_connector push

now_ms() { date +%s%3N; }
attempts() { q "SELECT string_agg(status || ' ' || coalesce(error_sqlstate, '-'), ', ' ORDER BY attempt) FROM nuvopipe.execution_runs WHERE execution = '$EXEC'"; }

# overran NAME ERROR-TYPE SECONDS : EXEC was ended by its time, once, and nothing is written; it would go on for a minute and more
overran() {
	local ms
	wait_done "$EXEC" >/dev/null
	is "$(outcome)" "FAILED${2:+|$2}|57014" "$1: it is failed" || diag "$(said)"
	like "$(said)" "^ran longer than $3 seconds / HINT: .*max_run_time" "$1: and says so"
	is "$(attempts)" "FAILED 57014" "$1: it is not tried again"
	is "$(q 'SELECT count(*) FROM t')" 0 "$1: nothing is written"
	ms=$(q "SELECT duration FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")
	ok "$1: not before its time, and soon after ($ms ms)" [ "$ms" -ge $(($3 * 1000)) -a "$ms" -lt $((($3 + 20) * 1000)) ]
	is "$(q "SELECT count(*) FROM _nuvopipe.input_ledger WHERE execution_id = '$EXEC'")" 0 "$1: nothing is in the ledger"
}
push() { install -m 644 "$2" "$NVP_TMP/pushed"; EXEC=$(q "SELECT nuvopipe.ingest('$1', pg_read_binary_file('$NVP_TMP/pushed'), '${3:-$(basename "$2")}')"); }

# ---- in every phase

LIMIT="options => '{\"max_run_time\": 1}'"
http_connector hang INPUT "\"url\": \"http://127.0.0.1:$HTTP_PORT/hang\""
pipeline hang hang pair t "$LIMIT"
EXEC=$(q "SELECT id FROM nuvopipe.execute('hang')")
overran "fetch of a source that hangs" SOURCE_UNRESPONSIVE 1
worker=$(q "SELECT pid FROM nuvopipe.workers WHERE kind = 'runner'")

http_connector drip INPUT "\"url\": \"http://127.0.0.1:$HTTP_PORT/drip?n=1000&ms=100\""
pipeline drip drip pair t "$LIMIT"
EXEC=$(q "SELECT id FROM nuvopipe.execute('drip')")
overran "fetch of a source that drips" SOURCE_UNRESPONSIVE 1

file_connector big INPUT "\"directory_path\": \"$NVP_TMP\", \"file_name\": \"big.csv\""
pipeline big big pair t "options => '{\"max_run_time\": 1, \"keep_input\": \"never\"}'"
EXEC=$(q "SELECT id FROM nuvopipe.execute('big')")
overran "process of a big file" '' 1

printf 'id,name\n1,a\n2,b\n' >"$NVP_TMP/two.csv"
qx "CREATE FUNCTION sleepy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN new; END';
	CREATE TABLE sleepy (LIKE t); CREATE TRIGGER sleepy BEFORE INSERT ON sleepy FOR EACH ROW EXECUTE FUNCTION sleepy()"
table_connector sleepy OUTPUT '"relation": "public.sleepy"'
pipeline sleepy push pair sleepy "$LIMIT"
push sleepy "$NVP_TMP/two.csv"
overran "a trigger that sleeps" '' 1

# a trigger that will not be interrupted: it is asked again, and its own error does not hide why the run ended
qx "CREATE FUNCTION stubborn() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN
	PERFORM pg_sleep(60);
	RETURN new;
EXCEPTION WHEN query_canceled THEN
	PERFORM pg_sleep(60);
	RETURN new;
END \$\$;
CREATE FUNCTION excuse() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN
	PERFORM pg_sleep(60);
	RETURN new;
EXCEPTION WHEN query_canceled THEN
	RAISE EXCEPTION 'an excuse';
END \$\$;
CREATE TABLE stubborn (LIKE t); CREATE TRIGGER stubborn BEFORE INSERT ON stubborn FOR EACH ROW EXECUTE FUNCTION stubborn();
CREATE TABLE excuse (LIKE t); CREATE TRIGGER excuse BEFORE INSERT ON excuse FOR EACH ROW EXECUTE FUNCTION excuse()"
table_connector stubborn OUTPUT '"relation": "public.stubborn"'
pipeline stubborn push pair stubborn "$LIMIT"
push stubborn "$NVP_TMP/two.csv"
overran "a trigger that catches the interruption" '' 1
table_connector excuse OUTPUT '"relation": "public.excuse"'
pipeline excuse push pair excuse "$LIMIT"
push excuse "$NVP_TMP/two.csv"
overran "a trigger with an excuse" '' 1
is "$(q "SELECT count(*) FROM nuvopipe.issues WHERE execution = '$EXEC'")" 0 "a trigger with an excuse: no row is blamed"

qx "CREATE TABLE locked (LIKE t)"
table_connector locked OUTPUT '"relation": "public.locked"'
pipeline locked push pair locked "$LIMIT"
"$PGBIN/psql" -XAtq -c 'BEGIN; LOCK locked; SELECT pg_sleep(300)' >/dev/null 2>&1 &
locker=$!
wait_until "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'locked'::regclass AND granted AND mode = 'AccessExclusiveLock'"
push locked "$NVP_TMP/two.csv"
overran "a target that is locked" '' 1

{ echo id,name; seq 1 20000 | sed 's/$/,some name of a person/'; } >"$NVP_TMP/some.csv"
ftp_connector slow OUTPUT '"username": "slow", "directory_path": "/out", "file_name": "slow.csv"'
pipeline slow push pair slow "options => '{\"max_run_time\": 2}'"
push slow "$NVP_TMP/some.csv"
overran "deliver to a slow server" DESTINATION_UNRESPONSIVE 2
is "$(find "$FTP_DIR/root/pipe/out" -name 'slow.csv*')" "" "deliver to a slow server: neither the file nor a part of it is there"
ok "the worker has outlived them all" test -d "/proc/$worker"

# ---- in time: nothing changes, and nothing is left behind

pipeline quick push pair t "options => '{\"max_run_time\": 6}'"
begun=$(now_ms)
push quick "$NVP_TMP/two.csv"
wait_done "$EXEC" >/dev/null
is "$(outcome) $(q 'SELECT count(*) FROM t')" "SUCCEEDED 2" "a run that is in time"
qx 'TRUNCATE t'
pipeline free push pair sleepy
push free "$NVP_TMP/two.csv"
second=$EXEC
wait_until "SELECT phase = 'process' FROM nuvopipe.execution_progress WHERE execution = '$EXEC'"
# its time is over while this one, of no limit, is run by the same worker
while [ $(($(now_ms) - begun)) -lt 6500 ]; do sleep 0.1; done
is "$(outcome)" RUNNING "a run without a limit runs on"
qx "SELECT nuvopipe.cancel('$second')"
wait_done "$EXEC" >/dev/null
is "$(outcome)" "CANCELED|57014" "a cancel is a cancel"

# a cancel of a run that has a limit
pipeline cancelme hang pair t "options => '{\"max_run_time\": 30}'"
EXEC=$(q "SELECT id FROM nuvopipe.execute('cancelme')")
wait_until "SELECT phase = 'fetch' FROM nuvopipe.execution_progress WHERE execution = '$EXEC'"
sleep 0.2
qx "SELECT nuvopipe.cancel('$EXEC')"
wait_done "$EXEC" >/dev/null
is "$(outcome)" "CANCELED|57014" "a run with a limit can be cancelled"

# what was delivered in time is not taken back, however long it takes to write that down
file_connector out OUTPUT "\"directory_path\": \"$NVP_TMP/out\", \"file_name\": \"out.csv\""
install -d -m 777 "$NVP_TMP/out"
pipeline late push pair out "options => '{\"max_run_time\": 6}'"
"$PGBIN/psql" -XAtq -c 'BEGIN; LOCK _nuvopipe.input_ledger IN SHARE MODE; SELECT pg_advisory_lock(1); SELECT pg_sleep(300)' >/dev/null 2>&1 &
ledger=$!
wait_until "SELECT count(*) > 0 FROM pg_locks WHERE relation = '_nuvopipe.input_ledger'::regclass AND granted AND mode = 'ShareLock'"
push late "$NVP_TMP/two.csv"
wait_until "SELECT now() - started_at > '6.5 s' FROM nuvopipe.executions WHERE id = '$EXEC'"
is "$(outcome)" RUNNING "what was delivered waits to be written down, for longer than it may run"
qx "SELECT pg_cancel_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1"
wait_done "$EXEC" >/dev/null
is "$(outcome)" "SUCCEEDED" "delivered in time, closed late: it has succeeded"
wait "$ledger"

# ---- whose limit it is

is "$(q "SELECT max_run_time FROM nuvopipe.executions WHERE pipeline_name = 'hang'")" 1 "an execution shows its limit"
EXEC=$(q "SELECT _nuvopipe.queue((SELECT id FROM nuvopipe.pipelines WHERE name = 'cancelme'), _nuvopipe.uuid_v7(), 'SCHEDULED', false, false, NULL, NULL, NULL, NULL, max_run_time => 1)")
overran "a schedule's limit" SOURCE_UNRESPONSIVE 1
like "$(said)" "schedule" "a schedule's limit: the hint"
pipeline nolimit hang pair t
configure "nuvopipe.max_run_time = '1s'"
EXEC=$(q "SELECT id FROM nuvopipe.execute('nolimit')")
overran "the setting is the limit of all" SOURCE_UNRESPONSIVE 1
like "$(said)" "setting nuvopipe.max_run_time" "the setting: the hint"
EXEC=$(q "SELECT id FROM nuvopipe.execute('cancelme')")
overran "and of those that ask for more" SOURCE_UNRESPONSIVE 1
like "$(qe "SET nuvopipe.max_run_time = 0" -U postgres -c "CREATE ROLE una LOGIN" -c 'SET SESSION AUTHORIZATION una' -c 'SET nuvopipe.max_run_time = 0')" 42501 "a user cannot change it" ||
	:
configure nuvopipe.max_run_time
like "$(qe "SELECT nuvopipe.update_pipeline('hang', options => '{\"max_run_time\": 0}')")" '22023.*options.max_run_time: 0 is out of range' "a limit that is none"
like "$(qe "SELECT nuvopipe.update_pipeline('hang', options => '{\"max_run_time\": \"1h\"}')")" '22023.*options.max_run_time: a number is expected' "a limit that is no number"

# ---- executions of one directory have it all

install -d -m 755 "$NVP_TMP/many"
for i in 1 2 3; do cp "$NVP_TMP/two.csv" "$NVP_TMP/many/$i.csv"; done
file_connector many INPUT "\"directory_path\": \"$NVP_TMP/many\""
pipeline many many pair sleepy "options => '{\"max_run_time\": 1}'"
configure "nuvopipe.max_workers = 0"
wait_until "SELECT count(*) = 0 FROM nuvopipe.workers WHERE kind = 'runner'"

# ---- sessions

call many
is "$(q "SELECT count(*) || ' ' || min(status) || ' ' || max(status) || ' ' || min(max_run_time) || ' ' || max(max_run_time) FROM nuvopipe.executions WHERE pipeline_name = 'many'")" \
	"3 FAILED FAILED 1 1" "CALL run: each file has the limit"
is "$(grep -c 'ran longer than 1 seconds' <<<"$SAID")" 3 "CALL run: and the session is told" || diag "$SAID"
unlike "$SAID" 'ERROR' "CALL run: without an error"
like "$(qe "CALL nuvopipe.run('hang', strict => true)")" 'ERROR:  57014: ran longer than 1 seconds' "CALL run, strict: an error"
like "$(qe "SET statement_timeout = '500ms'; CALL nuvopipe.run('hang')")" 'ERROR:  57014: canceling statement due to statement timeout' "the session's statement_timeout comes first: it is obeyed"
newest hang
is "$(outcome)" "CANCELED|57014" "and cancels the execution"
pipeline longer hang pair t "options => '{\"max_run_time\": 3}'"
is "$(q "SET statement_timeout = '5500ms'; CALL nuvopipe.run('longer'); SELECT pg_sleep(3); SELECT 'alive'" 2>/dev/null)" "
alive" "the session's statement_timeout comes later: each statement has its own"
like "$(qe "SET statement_timeout = '2s'; CALL nuvopipe.run('hang'); SELECT pg_sleep(60)")" 'statement timeout' "and it is still obeyed"
qx "SELECT nuvopipe.execute('hang'); SELECT nuvopipe.execute('drip'); SELECT nuvopipe.ingest('quick', convert_to(E'id,name\n7,seven\n', 'UTF8'))"
said=$("$PGBIN/psql" -XAtq -c 'CALL nuvopipe.work()' 2>&1)
is "$(grep -c 'ran longer than 1 seconds' <<<"$said")" 2 "CALL work: the next are run"
is "$(q 'SELECT count(*) FROM t')" 1 "CALL work: to the end"
kill "$locker" 2>/dev/null

unlike "$(server_log)" "(PANIC|TRAP|signal 11|signal 6|WARNING|FATAL)" "no crash, no warning"
done_testing
