#!/bin/bash
# 72-change.t - the world changes under a running execution: cancel, delete, update, locks, sources that die
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

start_cluster
world
web_world

# --- the source dies in mid-transfer

line web target
relay "cut=2000 rst first=1"
queue
settled SUCCEEDED 2 "source resets the connection in mid-transfer, once"
is "$(q "SELECT extract(epoch FROM b.started_at - a.finished_at) BETWEEN 1 AND 20
	FROM nuvopipe.execution_runs a JOIN nuvopipe.execution_runs b ON b.execution = a.execution AND b.attempt = 2
	WHERE a.execution = '$EXEC' AND a.attempt = 1")" t "the second attempt comes after its second of waiting, not when somebody happens to look"
loaded target $ROWS "source resets the connection in mid-transfer, once"
like "$(q "SELECT error_type || ' ' || error_message FROM nuvopipe.execution_runs WHERE execution = '$EXEC' AND attempt = 1")" \
	"SOURCE_UNRESPONSIVE .*" "the first attempt says what it saw"

line web target '{"max_attempts": 2}'
relay "cut=2000"
queue
settled FAILED 2 "source dies every time"
like "$(said)" "^SOURCE_UNRESPONSIVE " "source dies every time: it says so"
empty target "source dies every time"
relay ""

# what had come is not taken for the whole
big_world
put_http "$NVP_TMP/big.csv"
qx "SELECT nuvopipe.create_connector('web big', 'INPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:$FAULT_PORT/files/big.csv\"}')"
line "web big" target
relay "cut=3000000 first=1"
queue
settled SUCCEEDED 2 "source cuts a large transfer, once"
loaded target $BIG "source cuts a large transfer, once"
relay ""

# --- cancel

line web target
relay "hang"
queue
in_phase fetch
started=$(date +%s%N)
is "$(q "SELECT nuvopipe.cancel('$EXEC')")" t "cancel in fetch"
settled CANCELED 1 "canceled in fetch"
took=$((($(date +%s%N) - started) / 1000000))
ok "at once ($took ms), not when the connection times out" [ $took -lt 20000 ]
empty target "canceled in fetch"

line file post
relay "hang"
queue
in_phase deliver
qx "SELECT nuvopipe.cancel('$EXEC'), nuvopipe.cancel('$EXEC')"
settled CANCELED 1 "canceled twice in deliver"
relay ""

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
qx "SELECT nuvopipe.cancel('$EXEC')"
settled CANCELED 1 "canceled between two rows"
empty slow "canceled between two rows"
let_go

# the cancel is not yet committed when the run wants to write down its end
line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
mkfifo "$NVP_TMP/cancel"
"$PGBIN/psql" -XAtq <"$NVP_TMP/cancel" >/dev/null 2>&1 7>&- &
exec 8>"$NVP_TMP/cancel"
echo "BEGIN; SELECT nuvopipe.cancel('$EXEC'); SELECT pg_advisory_lock(40);" >&8
wait_until "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 40)"
let_go
wait_until "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'nuvopipe runner' AND wait_event_type = 'Lock')"
echo "ROLLBACK;" >&8
exec 8>&-
settled CANCELED 1 "a cancel that was taken back has stopped the run all the same"
empty slow "a cancel that was taken back"

# --- the pipeline is deleted

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
running=$EXEC
queue
waiting=$EXEC
isnt "$waiting" "" "a second execution waits"
qx "SELECT nuvopipe.delete_pipeline('$LINE')"
is "$(q "SELECT status || ' ' || error_message FROM nuvopipe.executions WHERE id = '$waiting'")" "CANCELED the pipeline was deleted" \
	"deleted pipeline: what waits is canceled"
let_go
EXEC=$running
settled SUCCEEDED 1 "deleted pipeline: what runs goes on"
loaded slow $ROWS "deleted pipeline"

# --- a runner is told to leave while somebody has the pipelines to themselves, as DROP EXTENSION does: it waits for nobody

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
runner=$(runner_pid)
echo "LOCK TABLE _nuvopipe.pipeline;" >&7
wait_until "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = '_nuvopipe.pipeline'::regclass AND mode = 'AccessExclusiveLock' AND granted)"
qx "SELECT pg_terminate_backend($runner)"
ok "a runner that shall leave waits for no lock" wait_for test ! -d "/proc/$runner"
let_go
settled SUCCEEDED 2 "what it ran"
loaded slow $ROWS "what it ran"

# --- the pipeline is changed

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
before=$(q "SELECT configuration_id FROM _nuvopipe.pipeline WHERE name = '$LINE'")
qx "SELECT nuvopipe.update_pipeline('$LINE', output => 'target', developer_mode => true)"
let_go
settled SUCCEEDED 1 "changed pipeline"
loaded slow $ROWS "changed pipeline: the run keeps its configuration"
is "$(q "SELECT configuration FROM nuvopipe.executions WHERE id = '$EXEC'")" "$before" "changed pipeline: the execution names its configuration"
is "$(q "SELECT count(*) FROM target")" 0 "changed pipeline: the new output is for the next run"
EXEC=$(q "SELECT id FROM nuvopipe.execute('$LINE', force => true)")
settled SUCCEEDED 1 "changed pipeline: the next run"
is "$(q "SELECT count(*) FROM target")" 100 "changed pipeline: the next run obeys the new one"

# --- the target table goes, or is locked

line file slow '{"max_attempts": 1}'
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
configure "lock_timeout = '4s'"			# the second attempt finds the table free
let_go
settled SUCCEEDED 1 "a lock that is not on the table"
hold "LOCK TABLE target"
qx "SELECT nuvopipe.create_pipeline('locked', 'file', 'thing', 'target')"
LINE=locked
queue
wait_until "SELECT EXISTS (SELECT FROM nuvopipe.executions WHERE id = '$EXEC' AND status = 'QUEUED' AND error_sqlstate = '55P03')"
let_go
settled SUCCEEDED 2 "lock_timeout of the workers: tried again"
loaded target $ROWS "lock_timeout of the workers"
configure lock_timeout

line file target '{"max_attempts": 1}'
qx "ALTER TABLE target RENAME TO away"
queue
settled FAILED 1 "target table gone"
like "$(said)" "target" "target table gone: it says which"
qx "ALTER TABLE away RENAME TO target"

# --- nothing was broken on the way

wait_until "SELECT count(*) > 0 FROM nuvopipe.workers WHERE kind = 'runner'" 1 || true
line file target
queue
settled SUCCEEDED 1 "after all this"
# --- whoever deletes or changes a trigger and takes its time keeps the keeper from nothing

line file target
qx "SELECT nuvopipe.create_trigger('$LINE', 'NOTIFY', '{\"channel\": \"slow\"}', name => 'slow')"
wait_until "SELECT last_check IS NOT NULL FROM nuvopipe.triggers WHERE name = 'slow'"
hold "SELECT nuvopipe.delete_trigger('slow')"
keeper=$(q "SELECT pid FROM nuvopipe.workers WHERE kind = 'keeper'")
qx "SELECT pg_terminate_backend($keeper)"
wait_until "SELECT pid <> $keeper FROM nuvopipe.workers WHERE kind = 'keeper'"		# it listens to all channels anew
queue
settled SUCCEEDED 1 "a trigger is being deleted"
is "$(q "SELECT count(*) FROM nuvopipe.triggers WHERE name = 'slow'")" 1 "still"
let_go COMMIT
is "$(q "SELECT count(*) FROM nuvopipe.triggers WHERE name = 'slow'")" 0 "now it is gone"

unlike "$(server_log)" "(PANIC|TRAP|signal|WARNING|no longer run)" "no crash, no warning"
done_testing
