#!/bin/bash
# 60-cancel.t - an execution is cancelled in every phase, at once, and leaves nothing
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster
configure "nuvopipe.worker_idle_timeout = '1h'"
start_server http
start_server ftp
qx 'CREATE TABLE t (id int, name text)'
qx "SELECT nuvopipe.create_tdm('pair', '[{\"key\": \"id\", \"columnType\": \"int\", \"validations\": [{\"validate\": \"unique\"}]}, {\"key\": \"name\", \"columnType\": \"string\"}]')"
table_connector t OUTPUT '"relation": "public.t"'
push_connector push

running() { wait_until "SELECT status = 'RUNNING' FROM nuvopipe.executions WHERE id = '$EXEC'"; }
in_phase() { wait_until "SELECT count(*) > 0 FROM nuvopipe.execution_progress WHERE execution = '$EXEC' AND phase IN ($1)"; }
worker() { q "SELECT pid FROM nuvopipe.workers WHERE execution = '$EXEC'"; }
now_ms() { date +%s%3N; }

# what would go on for a minute or more, all that is run here, has ended long before
at_once() { [ "$1" -lt 20000 ]; }

# cancelled NAME : cancels EXEC, which must be CANCELED at once, and its worker must live on
cancelled() {
	local pid begun took
	pid=$(worker)
	begun=$(now_ms)
	is "$(q "SELECT nuvopipe.cancel('$EXEC')")" t "$1: cancel takes it"
	wait_done "$EXEC" >/dev/null
	took=$(($(now_ms) - begun))
	is "$(outcome)" "CANCELED|57014" "$1: it is cancelled" || diag "$(said)"
	ok "$1: at once ($took ms)" at_once $took
	is "$(q 'SELECT count(*) FROM t')" 0 "$1: nothing is written"
	[ -z "$pid" ] || ok "$1: the worker lives" test -d "/proc/$pid"
	is "$(q "SELECT nuvopipe.cancel('$EXEC')")" f "$1: a second cancel is too late"
}

# ---- fetch

http_connector hang INPUT "\"url\": \"http://127.0.0.1:$HTTP_PORT/hang\""
pipeline hang hang pair t
EXEC=$(q "SELECT id FROM nuvopipe.execute('hang')")
in_phase "'fetch'"
sleep 0.2
cancelled "fetch of a source that hangs"

http_connector drip INPUT "\"url\": \"http://127.0.0.1:$HTTP_PORT/drip?n=1000&ms=100\""
pipeline drip drip pair t
EXEC=$(q "SELECT id FROM nuvopipe.execute('drip')")
in_phase "'fetch'"
sleep 0.2
cancelled "fetch of a source that drips"

# ---- process

{ echo id,name; seq 1 3000000 | sed 's/$/,some name of a person/'; } >"$NVP_TMP/big.csv"
chmod 644 "$NVP_TMP/big.csv"
file_connector big INPUT "\"directory_path\": \"$NVP_TMP\", \"file_name\": \"big.csv\""
pipeline big big pair t
EXEC=$(q "SELECT id FROM nuvopipe.execute('big')")
in_phase "'survey', 'process'"
cancelled "process of a big file"
is "$(q "SELECT count(*) FROM _nuvopipe.input_ledger WHERE execution_id = '$EXEC'")" 0 "nothing of it is in the ledger"

qx "CREATE FUNCTION sleepy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN new; END';
	CREATE TABLE sleepy (LIKE t); CREATE TRIGGER sleepy BEFORE INSERT ON sleepy FOR EACH ROW EXECUTE FUNCTION sleepy()"
table_connector sleepy OUTPUT '"relation": "public.sleepy"'
pipeline sleepy push pair sleepy
EXEC=$(q "SELECT nuvopipe.ingest('sleepy', 'id,name
1,a')")
in_phase "'process'"
sleep 0.2
cancelled "a trigger that sleeps"

qx "CREATE TABLE locked (LIKE t)"
table_connector locked OUTPUT '"relation": "public.locked"'
pipeline locked push pair locked
"$PGBIN/psql" -XAtq -c 'BEGIN; LOCK locked; SELECT pg_sleep(300)' >/dev/null 2>&1 &
locker=$!
wait_until "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'locked'::regclass AND granted AND mode = 'AccessExclusiveLock'"
EXEC=$(q "SELECT nuvopipe.ingest('locked', 'id,name
1,a')")
running
sleep 0.2
cancelled "a target that is locked"

# ---- queued

EXEC=$(q "SELECT nuvopipe.ingest('locked', 'id,name
2,b')")
first=$EXEC
running
EXEC=$(q "SELECT nuvopipe.ingest('locked', 'id,name
3,c')")
is "$(of_exec status)" QUEUED "another waits behind"
cancelled "one that waits"
EXEC=$first
cancelled "and the one before it"
kill "$locker" 2>/dev/null
wait "$locker" 2>/dev/null

# ---- deliver

{ echo id,name; seq 1 20000 | sed 's/$/,some name of a person/'; } >"$NVP_TMP/some.csv"
ftp_connector slow OUTPUT '"username": "slow", "directory_path": "/out", "file_name": "slow.csv"'
pipeline slow push pair slow
install -m 644 "$NVP_TMP/some.csv" "$NVP_TMP/pushed"
EXEC=$(q "SELECT nuvopipe.ingest('slow', pg_read_binary_file('$NVP_TMP/pushed'), 'some.csv')")
in_phase "'deliver'"
sleep 0.2
cancelled "deliver to a slow server"
is "$(find "$FTP_DIR/root/pipe/out" -name 'slow.csv*')" "" "neither the file nor a part of it is left at the destination"

# ---- the session's own

# ctrl_c NAME PIPELINE WAIT : CALL nuvopipe.run, cancelled as psql's Ctrl-C does
ctrl_c() {
	local begun took pid
	PGAPPNAME=caller "$PGBIN/psql" -XAtq -c "CALL nuvopipe.run('$2')" >"$NVP_TMP/call.out" 2>&1 &
	pid=$!
	wait_until "SELECT count(*) > 0 FROM nuvopipe.execution_progress p JOIN pg_stat_activity a ON a.pid = p.pid WHERE a.application_name = 'caller' AND p.phase IN ($3)"
	newest "$2"
	sleep 0.2
	begun=$(now_ms)
	qx "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'caller'"
	wait "$pid"
	took=$(($(now_ms) - begun))
	like "$(cat "$NVP_TMP/call.out")" 'canceling statement due to user request' "$1: CALL is cancelled"
	ok "$1: at once ($took ms)" at_once $took
	is "$(outcome) $(q 'SELECT count(*) FROM t')" "CANCELED|57014 0" "$1: the execution too, and nothing is written"
}
# no workers, so the session must run it itself
configure "nuvopipe.max_workers = 0" "nuvopipe.worker_idle_timeout = '100ms'"
wait_until "SELECT count(*) = 0 FROM nuvopipe.workers WHERE kind = 'runner'"
ctrl_c "Ctrl-C in fetch" hang "'fetch'"
ctrl_c "Ctrl-C in process" big "'survey', 'process'"
is "$(q "SELECT count(*) FROM _nuvopipe.processes() WHERE kind = 'session'")" 0 "no slot stays behind"

# ---- all of it works again

configure nuvopipe.max_workers
printf 'id,name\n1,a\n' >"$NVP_TMP/good.csv"
pipeline good push pair t
ingest good "$NVP_TMP/good.csv"
is "$(outcome) $(q 'SELECT count(*) FROM t')" "SUCCEEDED 1" "the next execution runs"
is "$(q "SELECT count(*) FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')")" 0 "no execution is left open"
is "$(find "$NVP_TMP/main/data/base/pgsql_tmp" -type f 2>/dev/null | wc -l)" 0 "no temporary file is left"
is "$(grep -cE 'TRAP:|terminated by signal|PANIC' "$NVP_TMP/main/log")" 0 "no process crashed"
done_testing
