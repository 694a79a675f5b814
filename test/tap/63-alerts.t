#!/bin/bash
# 63-alerts.t - each alert is told when there is reason to, and no longer; and the views beside them
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

start_cluster -c nuvopipe.lease_timeout=2s -c nuvopipe.max_retries=0
world
web_world
PORT=$("$NVP_TOP/test/lib/freeport")

# alerts [ARGUMENTS] [COLUMNS] : one line each; disks are whatever this machine has
alerts() { q "SELECT ${2:-severity || ' ' || code || ' ' || coalesce(object, '-')} FROM nuvopipe.alerts(min_free_disk => 0${1:+, $1}) ORDER BY 1"; }
of() { q "SELECT $1 FROM nuvopipe.alerts(min_free_disk => 0${3:+, $3}) WHERE code = '$2' LIMIT 1"; }
# come_to EXPECTED DESCRIPTION [ARGUMENTS] : there are these alerts, now or soon, and no others
come_to() { becomes "SELECT string_agg(a, E'\n' ORDER BY a) FROM (SELECT severity || ' ' || code || ' ' || coalesce(object, '-') FROM nuvopipe.alerts(min_free_disk => 0${3:+, $3})) x(a)" "$1" "$2"; }
fires() { wait_until "SELECT EXISTS (SELECT FROM nuvopipe.alerts(min_free_disk => 0${2:+, $2}) WHERE code = '$1')" 60; }
clears() { wait_until "SELECT NOT EXISTS (SELECT FROM nuvopipe.alerts(min_free_disk => 0${2:+, $2}) WHERE code = '$1')" 60; }
workers() { configure "nuvopipe.max_workers = $1"; }
no_runner() { wait_until "SELECT count(*) = 0 FROM nuvopipe.workers WHERE kind = 'runner'" 60; }
pid_of() { q "SELECT pid FROM nuvopipe.workers WHERE kind = '$1' LIMIT 1"; }
ready() { wait_until "SELECT count(*) > 0 FROM nuvopipe.workers WHERE kind = 'keeper'"; }

ready
# a server that has just started is given time
is "$(alerts)" "" "all is well"

# --- processes

wait_until "SELECT now() - pg_postmaster_start_time() > '15 s'"
launcher=$(pid_of launcher)
kill -STOP "$launcher"
qx "SELECT pg_terminate_backend($(pid_of keeper))"
fires KEEPER_DOWN
is "$(alerts)" "CRITICAL KEEPER_DOWN nuvopipe keeper" "a database without its keeper"
like "$(of "message || ' / ' || hint" KEEPER_DOWN)" 'database "postgres" has no keeper.* / .*launcher' "it says what and what to do"
kill -CONT "$launcher"
ok "it comes back" clears KEEPER_DOWN
qx "SELECT pg_terminate_backend($launcher)"
come_to "CRITICAL LAUNCHER_DOWN nuvopipe launcher" "no launcher"
ok "it comes back" clears LAUNCHER_DOWN

configure "nuvopipe.listen = '127.0.0.1:$PORT'"
wait_until "SELECT sum(addresses) > 0 FROM _nuvopipe.processes()"
is "$(alerts)" "" "listeners listen"
launcher=$(pid_of launcher)
kill -STOP "$launcher"
qx "SELECT pg_terminate_backend(pid) FROM nuvopipe.workers WHERE kind = 'listener'"
fires LISTENER_DOWN
is "$(alerts)" "CRITICAL LISTENER_DOWN 127.0.0.1:$PORT" "no listener"
kill -CONT "$launcher"
ok "it comes back" clears LISTENER_DOWN
configure "nuvopipe.listen = '127.0.0.1:$HTTP_PORT'"
ok "a port that another has" fires LISTENER_DOWN
configure nuvopipe.listen
ok "nobody wants one" clears LISTENER_DOWN

stop_cluster
start_cluster -c nuvopipe.lease_timeout=2s -c nuvopipe.max_retries=0 -c max_worker_processes=3
ready
line file target
queue
fires NO_WORKER_SLOT
is "$(alerts)" "CRITICAL NO_WORKER_SLOT max_worker_processes" "no free slot for a worker"
is "$(of "detail::text || ' ' || (since > now() - interval '1 min')" NO_WORKER_SLOT)" '{"max_worker_processes": 3} true' "its numbers"
stop_cluster
start_cluster -c nuvopipe.lease_timeout=2s -c nuvopipe.max_retries=0
settled SUCCEEDED 1 "no slot: it runs when there is one"
is "$(alerts)" "" "all is well again"

# --- keys

qx "SELECT nuvopipe.create_connector('secret', 'INPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:1/\", \"username\": \"u\", \"password\": \"p\"}')"
KEY=$NVP_TMP/main/data/nuvopipe.key
is "$(alerts)" "" "a secret that can be read"
mv "$KEY" "$KEY.away"
is "$(alerts)" "CRITICAL KEY_UNUSABLE nuvopipe.key" "a key file that has gone"
like "$(of "message || ' / ' || hint || ' / ' || detail" KEY_UNUSABLE)" 'does not exist.* / .*Restore the key file.*"secrets": 1' "it says what and what to do"
install -m 600 -o "$NVP_OSUSER" <(printf '%064d\n' 7) "$KEY"
like "$(of message KEY_UNUSABLE)" "another key" "the wrong key"
mv "$KEY.away" "$KEY"
chmod 644 "$KEY"
like "$(of message KEY_UNUSABLE)" "can be read by group or others" "a key that others can read"
chmod 600 "$KEY"
is "$(alerts)" "" "the key is back"

# --- what is told by numbers

is "$(alerts "max_xid_age => 1")" "CRITICAL XID_AGE postgres" "old transaction ids"
is "$(alerts "max_stored => 1000")" "WARNING STORAGE_LARGE _nuvopipe" "much is stored"
is "$(of "(detail ->> 'bytes')::bigint > 100000 AND detail -> 'tables' ? '_nuvopipe.execution'" STORAGE_LARGE "max_stored => 1000")" t "how much, and where"
is "$(q "SELECT severity || ' ' || code || ' ' || object FROM nuvopipe.alerts(min_free_disk => 101) WHERE code = 'DISK_LOW' AND object = '$NVP_TMP/main/data'")" "WARNING DISK_LOW $NVP_TMP/main/data" "a full disk"
is "$(q "SELECT severity FROM nuvopipe.alerts(min_free_disk => 1000) WHERE code = 'DISK_LOW' LIMIT 1")" CRITICAL "a very full disk"
is "$(q "SELECT free BETWEEN 1 AND total FROM _nuvopipe.disk_space('.')")" t "what is free is part of the whole"
is "$(q "SELECT free IS NULL AND total IS NULL FROM _nuvopipe.disk_space('/does/not/exist')")" t "of no directory nothing is known"

# --- what should have gone

configure "nuvopipe.maintenance_interval = 0"
qx "UPDATE _nuvopipe.execution SET finished_at = finished_at - interval '30 days 23 h'"
is "$(alerts)" "" "history whose time has just passed"
qx "UPDATE _nuvopipe.execution SET finished_at = finished_at - interval '2 h'"
is "$(alerts)" "WARNING RETENTION_LATE default" "history that nobody removes"
like "$(of message RETENTION_LATE)" 'organization "default" that should have gone 1 day 01:0' "it says since when"
qx "CALL nuvopipe.maintain()"
is "$(alerts)" "" "it is removed"
configure nuvopipe.maintenance_interval

# --- what runs

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
is "$(alerts)" "" "a run that has just begun"
fires RUN_STUCK "max_standstill => '2 s'"
is "$(alerts "max_standstill => '2 s'")" "WARNING RUN_STUCK $LINE" "a run that does not move"
like "$(of "message" RUN_STUCK "max_standstill => '2 s'")" "^execution $EXEC of pipeline \"$LINE\" has not moved in phase process for 00:[0-9]{2}:[0-9]{2}" "it says which, where and for how long"
fires LONG_TRANSACTION "max_transaction => '1 s'"
is "$(alerts "max_transaction => '1 s'")" "WARNING LONG_TRANSACTION process $(runner_pid)" "a transaction that is open for long"
is "$(of "detail ->> 'execution'" LONG_TRANSACTION "max_transaction => '1 s'")" "$EXEC" "of which execution"
let_go
settled SUCCEEDED 1 "a run that hung"
is "$(alerts "max_standstill => '2 s', max_transaction => '1 s'")" "" "it has moved"

qx "SELECT nuvopipe.create_connector('drip', 'INPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:$HTTP_PORT/drip?n=600&ms=100\"}')"
line drip target
queue
in_phase fetch "clock_timestamp() - phase_started_at > interval '4 s'"
come_to "" "a run that is slow, but moves" "max_standstill => '3 s'"
is "$(of_exec status)" RUNNING "it still does"
qx "SELECT nuvopipe.cancel('$EXEC')"
wait_done "$EXEC" >/dev/null

line file slow
for i in 1 2 3 4 5 6 7 8 9 10; do q "SELECT id FROM nuvopipe.execute('$LINE', force => true)" >/dev/null; done
wait_until "SELECT count(*) = 10 FROM nuvopipe.executions WHERE pipeline_name = '$LINE' AND status = 'SUCCEEDED'" 60
hold "SELECT pg_advisory_xact_lock(42)"
EXEC=$(q "SELECT id FROM nuvopipe.execute('$LINE', force => true)")
at_the_lock
is "$(alerts)" "" "a run that takes what it takes"
qx "UPDATE _nuvopipe.execution_attempt SET started_at = started_at - interval '2 min' WHERE execution_id = '$EXEC'"
is "$(alerts)" "WARNING RUN_SLOW $LINE" "a run that takes much longer than those before"
like "$(of message RUN_SLOW)" "has run for 00:0[2-9]:[0-9]{2}, 99 of 100 before it took less than 00:0" "how long, and what is usual"
is "$(alerts "slow_factor => 1000000")" "" "unless that is usual"
let_go
settled SUCCEEDED 1 "a run that was slow"
is "$(alerts)" "" "it is over"

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
keeper=$(pid_of keeper)
kill -STOP "$keeper"
qx "UPDATE _nuvopipe.execution SET worker_pid = $keeper, lease_until = now() - interval '1 s' WHERE id = '$EXEC'"
is "$(alerts)" "CRITICAL RUN_LOST $LINE" "a run whose process has ended, and nobody settles it"
kill -CONT "$keeper"
let_go
ok "the keeper does" clears RUN_LOST
settled FAILED 1 "a run that was lost"

# --- what waits

older() { qx "UPDATE _nuvopipe.execution SET available_at = now() - interval '10 min' WHERE id = '$EXEC'"; }
late() { of "severity || ' ' || coalesce(object, '-') || ' ' || (detail ->> 'waits_for') || ' ' || (since < now() - interval '9 min')" QUEUE_LATE; }
depth() { q "SELECT concat_ws(' ', waiting, due, retrying, running, waits_for, oldest_wait > interval '9 min') FROM nuvopipe.queue_depth WHERE pipeline_name = '$LINE'"; }
workers 0
no_runner
line file target
queue
is "$(alerts)" "" "what has just been queued"
is "$(depth)" "1 1 0 0 NOBODY f" "depth: nobody"
older
is "$(late)" "CRITICAL $LINE NOBODY true" "it waits, and there are no workers"
like "$(of "message" QUEUE_LATE)" "^pipeline \"$LINE\" has an execution that has been due for 00:1[0-9]:" "it says for how long"
is "$(depth)" "1 1 0 0 NOBODY t" "depth: nobody, for long"
is "$(alerts "max_wait => '20 min'")" "" "unless that is not long"
workers 1
settled SUCCEEDED 1 "what waited"
is "$(alerts)" "" "it has begun"

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
first=$EXEC
at_the_lock
EXEC=$(q "SELECT id FROM nuvopipe.execute('$LINE', force => true)")
older
is "$(late)" "WARNING $LINE PIPELINE true" "it waits for one of its own pipeline"
is "$(depth)" "1 1 0 1 PIPELINE t" "depth: pipeline"
LINE=waits-for-worker
qx "SELECT nuvopipe.create_pipeline('$LINE', 'file', 'thing', 'target')"
queue
older
is "$(q "SELECT string_agg(detail ->> 'waits_for', ' ' ORDER BY detail ->> 'waits_for') FROM nuvopipe.alerts(min_free_disk => 0) WHERE code = 'QUEUE_LATE'")" "PIPELINE WORKER" "it waits for a worker"
is "$(depth)" "1 1 0 0 WORKER t" "depth: worker"
configure "nuvopipe.max_runs_per_tenant = 1"
is "$(depth)" "1 1 0 0 ORGANIZATION t" "depth: organization"
is "$(q "SELECT string_agg(detail ->> 'waits_for', ' ' ORDER BY detail ->> 'waits_for') FROM nuvopipe.alerts(min_free_disk => 0) WHERE code = 'QUEUE_LATE'")" "ORGANIZATION PIPELINE" "it waits for its organization"
configure nuvopipe.max_runs_per_tenant
keeper=$(pid_of keeper)
kill -STOP "$keeper"
workers 2
is "$(q "SELECT string_agg(severity || ' ' || (detail ->> 'waits_for'), ', ' ORDER BY 1) FROM (SELECT * FROM nuvopipe.alerts(min_free_disk => 0) WHERE code = 'QUEUE_LATE' ORDER BY detail ->> 'waits_for') a")" \
	"WARNING PIPELINE, CRITICAL START" "there is room, and nobody starts it"
is "$(depth)" "1 1 0 0 START t" "depth: about to begin"
kill -CONT "$keeper"
is "$(wait_done "$EXEC")" SUCCEEDED "what waited is run"
let_go
ok "all have begun" clears QUEUE_LATE
wait_until "SELECT count(*) = 0 FROM nuvopipe.queue_depth" || q "SELECT * FROM nuvopipe.queue_depth"
pass "the queue is empty"
relay reset
line web target '{"max_attempts": 9}'
queue
becomes "SELECT concat_ws(' ', waiting, due, retrying, running, waits_for) FROM nuvopipe.queue_depth WHERE pipeline_name = '$LINE'" "1 0 1 0 RETRY" "depth: its next attempt"
relay ''
is "$(wait_done "$EXEC")" SUCCEEDED "an attempt after the first"
configure nuvopipe.max_workers

# --- what fails

once() { EXEC=$(q "SELECT id FROM nuvopipe.execute('$LINE', force => true)"); wait_done "$EXEC" >/dev/null; }
line web target
relay reset
once
once
is "$(alerts)" "" "two failures"
once
is "$(alerts)" "CRITICAL PIPELINE_FAILING $LINE" "three failures, one after the other"
like "$(q "SELECT nuvopipe_api.metrics('{}') #>> '{}'")" $'\nnuvopipe_alerts\{code="PIPELINE_FAILING",severity="CRITICAL"\} 1$' "and in the metrics"
like "$(of "message || ' ' || detail" PIPELINE_FAILING)" "the last 3 executions of pipeline \"$LINE\" have failed: .+ \{\"failures\": 3\}" "it says why"
is "$(of "since = (SELECT min(finished_at) FROM nuvopipe.executions WHERE pipeline_name = '$LINE')" PIPELINE_FAILING)" t "since the first of them"
is "$(alerts "max_failures_in_a_row => 4")" "WARNING FAILURE_RATE $LINE" "unless that is not many: but all of the last hour"
is "$(alerts "max_failures_in_a_row => 4, max_failure_rate => NULL")" "" "null leaves a check out"
# a queue before it does not hide it
qx "BEGIN; SELECT nuvopipe.execute('$LINE', force => true); UPDATE _nuvopipe.execution SET available_at = now() + '1 h' WHERE status = 'QUEUED'; COMMIT"
is "$(alerts)" "CRITICAL PIPELINE_FAILING $LINE" "what waits is no success"
qx "SELECT nuvopipe.cancel(id) FROM nuvopipe.executions WHERE status = 'QUEUED'"
is "$(alerts)" "CRITICAL PIPELINE_FAILING $LINE" "nor is what was canceled"
relay ''
once
is "$(alerts)" "WARNING FAILURE_RATE $LINE" "a success: but three of four have failed within the hour"
is "$(of "detail" FAILURE_RATE)" '{"failed": 3, "percent": 75.0, "executions": 4}' "how many"
is "$(alerts "max_failure_rate => 75")" "" "unless that is not much"
is "$(q "SELECT string_agg(concat_ws(' ', period, executions, failed, rate, reasons), ', ' ORDER BY period) FROM nuvopipe.failure_rate WHERE pipeline_name = '$LINE'")" \
	'day 4 3 75.0 {"SOURCE_UNRESPONSIVE": 3}, hour 4 3 75.0 {"SOURCE_UNRESPONSIVE": 3}, week 4 3 75.0 {"SOURCE_UNRESPONSIVE": 3}' "failure_rate"
is "$(q "SELECT concat_ws(' ', executions, succeeded, failed, canceled, rows_read, rows_written, rows_rejected, input_bytes > 0, rows_per_second > 0, duration_p50 <= duration_p95)
	FROM nuvopipe.throughput WHERE pipeline_name = '$LINE' AND bucket = 'day'")" "5 1 3 1 5000 5000 0 t t t" "throughput"
is "$(q "SELECT count(*) || ' ' || sum(executions) FROM nuvopipe.throughput WHERE pipeline_name = '$LINE' AND bucket = 'hour' AND at > now() - interval '2 h'")" "1 5" "throughput by hour" ||
	q "SELECT * FROM nuvopipe.throughput"
qx "UPDATE _nuvopipe.execution SET finished_at = finished_at - interval '2 h' WHERE status = 'FAILED'"
is "$(alerts)" "" "an hour later"
is "$(q "SELECT string_agg(concat_ws(' ', period, executions, failed), ', ' ORDER BY period) FROM nuvopipe.failure_rate WHERE pipeline_name = '$LINE'")" "day 4 3, hour 1 0, week 4 3" "failure_rate, later"
qx "UPDATE _nuvopipe.execution SET finished_at = finished_at - interval '8 days'"
is "$(q "SELECT (SELECT count(*) FROM nuvopipe.failure_rate) || ' ' || (SELECT count(*) FROM nuvopipe.throughput)")" "0 0" "what is older is not counted"

# --- schedules and triggers

line file target
qx "SELECT nuvopipe.update_pipeline('$LINE', schedule => '{\"frequency\": \"SECONDLY\", \"interval\": 2, \"max_run_time\": 77}')"
wait_until "SELECT count(*) > 1 FROM nuvopipe.planned_runs WHERE outcome = 'RAN'"
is "$(alerts "max_lag => '30 s'")" "" "a schedule that is fired"
is "$(q "SELECT DISTINCT max_run_time FROM nuvopipe.executions WHERE pipeline_name = '$LINE'")" 77 "its runs have its limit"
keeper=$(pid_of keeper)
kill -STOP "$keeper"
fires SCHEDULE_LATE "max_lag => '3 s'"
is "$(alerts "max_lag => '3 s'")" "CRITICAL SCHEDULE_LATE $LINE" "a schedule that nobody looks at"
kill -CONT "$keeper"
ok "it is fired" clears SCHEDULE_LATE "max_lag => '3 s'"
qx "SELECT nuvopipe.update_pipeline('$LINE', schedule => '{\"frequency\": \"HOURLY\"}')"
qx "INSERT INTO _nuvopipe.planned_run (tenant_id, pipeline_id, planned_at, due_at, decided_at, outcome, reason, owner_id, owner_role)
	SELECT tenant_id, pipeline_id, planned_at + interval '1 min', due_at, decided_at, 'FAILED_TO_START', 'it would not', owner_id, owner_role FROM _nuvopipe.planned_run ORDER BY planned_at DESC LIMIT 1"
is "$(alerts)" "CRITICAL SCHEDULE_FAILING $LINE" "an instant that started nothing"
like "$(of message SCHEDULE_FAILING)" "could not start a run: it would not" "it says why"
qx "UPDATE _nuvopipe.planned_run SET outcome = 'SKIPPED_DOWN' WHERE outcome = 'FAILED_TO_START'"
is "$(alerts)" "" "a later one was decided otherwise"
qx "SELECT nuvopipe.update_pipeline('$LINE', schedule => 'null')"
wait_until "SELECT count(*) = 0 FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')"

qx "SELECT nuvopipe.create_trigger('$LINE', 'NOTIFY', '{\"channel\": \"told\"}', 'asks')"
is "$(alerts)" "" "a trigger"
qx "UPDATE _nuvopipe.trigger SET failures = 3, last_error = 'no', last_error_at = now()"
is "$(alerts)" "WARNING TRIGGER_FAILING asks" "a trigger that fails"
qx "UPDATE _nuvopipe.trigger SET failures = 0, last_error = NULL"
is "$(alerts)" "" "it works again"
keeper=$(pid_of keeper)
kill -STOP "$keeper"
qx "INSERT INTO _nuvopipe.signal (tenant_id, trigger_id, id, at) SELECT tenant_id, id, _nuvopipe.uuid_v7(), now() - interval '2 min' FROM _nuvopipe.trigger"
is "$(alerts)" "CRITICAL SIGNAL_LATE asks" "a signal that nobody takes"
kill -CONT "$keeper"
qx "SELECT _nuvopipe.wake()"
ok "it is taken" clears SIGNAL_LATE
qx "SELECT nuvopipe.delete_trigger('asks')"
wait_until "SELECT count(*) = 0 FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')"
qx "UPDATE _nuvopipe.execution SET finished_at = finished_at - interval '8 days'"

# --- webhooks

senders() { configure "nuvopipe.max_senders = $1"; }
senders 0
qx "SELECT nuvopipe.create_webhook('told', 'http://127.0.0.1:$HTTP_PORT/hook/x', '{EXECUTION_SUCCESSFUL}', secret => 'x')"
once
wait_until "SELECT count(*) = 1 FROM nuvopipe.outbox"
is "$(alerts)" "" "an event that is about to be told"
qx "UPDATE _nuvopipe.outbox SET created_at = now() - interval '1 h'"
is "$(alerts)" "WARNING OUTBOX_LATE told" "an event that nobody tells"
like "$(of "message || hint" OUTBOX_LATE)" 'webhook "told" has not been told what happened 01:0[0-9]:.*max_senders' "it says for how long, and why"
senders 2
ok "it is told" clears OUTBOX_LATE
qx "UPDATE _nuvopipe.outbox SET status = 'DEAD', delivered_at = NULL, updated_at = now() - interval '1 min'"
is "$(alerts)" "WARNING OUTBOX_DEAD told" "a delivery that was given up"
qx "SELECT nuvopipe.replay_delivery(id) FROM nuvopipe.outbox"
ok "it is sent again" clears OUTBOX_DEAD
qx "UPDATE _nuvopipe.webhook SET status = 'INACTIVE', reason = 'it failed for days'"
is "$(alerts)" "WARNING WEBHOOK_OFF told" "a webhook that was given up"
qx "SELECT nuvopipe.update_webhook('told', status => 'ACTIVE')"
is "$(alerts)" "" "it is active again"

# --- who is told what

qx "CREATE ROLE una LOGIN IN ROLE nuvopipe_user; CREATE ROLE dora LOGIN IN ROLE nuvopipe_user; CREATE ROLE admin LOGIN IN ROLE nuvopipe_admin, nuvopipe_user; CREATE ROLE nobody_special LOGIN;
	GRANT ALL ON target TO una"
as() { local role=$1; shift; PGUSER=$role alerts "$@"; }
qu() { PGUSER=una q "$1" >/dev/null || bail "$1"; }
qu "SELECT nuvopipe.create_tdm('of una', '[{\"key\": \"id\"}]')"
qu "SELECT nuvopipe.create_connector('una web', 'INPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:$FAULT_PORT/files/file.csv\"}')"
qu "SELECT nuvopipe.create_connector('una out', 'OUTPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:$FAULT_PORT/post/x\", \"file_name\": \"out.csv\"}')"
qu "SELECT nuvopipe.create_pipeline('of una', 'una web', 'of una', 'una out')"
relay reset
for i in 1 2 3; do EXEC=$(PGUSER=una q "SELECT id FROM nuvopipe.execute('of una')"); wait_done "$EXEC" >/dev/null; done
is "$(as una "max_stored => 1")" "CRITICAL PIPELINE_FAILING of una" "a user is told of pipelines of her own, not of the server"
is "$(as dora "max_stored => 1")" "" "nor of those of others"
is "$(as admin "max_stored => 1")" "CRITICAL PIPELINE_FAILING of una
WARNING STORAGE_LARGE _nuvopipe" "an admin of everything"
is "$(PGUSER=dora q "SELECT (SELECT count(*) FROM nuvopipe.queue_depth) + (SELECT count(*) FROM nuvopipe.throughput) + (SELECT count(*) FROM nuvopipe.failure_rate)")" 0 "views show others nothing"
is "$(PGUSER=una q "SELECT period || ' ' || failed FROM nuvopipe.failure_rate WHERE period = 'hour'")" "hour 3" "and everybody their own"
is "$(PGUSER=una q "SELECT count(memory) + count(executions) FROM nuvopipe.workers")" 0 "memory is for admins"
is "$(PGUSER="admin" q "SELECT count(*) > 0 FROM nuvopipe.workers WHERE kind = 'runner' AND idle AND idle_since < now() AND memory > 100000")" t "who sees since when a runner is idle, and its memory"
like "$(PGUSER=nobody_special qe "SELECT * FROM nuvopipe.alerts()")" "42501" "who may not use nuvopipe is told nothing"
# another organization: the admin is told, with its name
qx "SELECT nuvopipe.create_organization('tenant')"
qx "UPDATE _nuvopipe.execution SET tenant_id = tenant_id WHERE false"
qx "SET session_replication_role = replica;
	UPDATE _nuvopipe.pipeline SET tenant_id = (SELECT id FROM _nuvopipe.organization WHERE name = 'tenant') WHERE name = 'of una';
	UPDATE _nuvopipe.execution e SET tenant_id = p.tenant_id FROM _nuvopipe.pipeline p WHERE p.id = e.pipeline_id AND p.name = 'of una'"
is "$(PGUSER="admin" q "SELECT organization || ' ' || object FROM nuvopipe.alerts(min_free_disk => 0)")" "tenant of una" "an admin is told of other organizations"
is "$(as una)" "" "who is not of it is not"

# --- what runbooks do with it

check=$NVP_TMP/check_nuvopipe
sed -n '/^#!\/bin\/sh$/,/^```$/p' "$NVP_TOP/docs/operations.md" | sed '$d' >"$check"
sh "$check" "min_free_disk => 0" >"$NVP_TMP/check.out"
is "$? $(head -1 "$NVP_TMP/check.out")" "2 CRITICAL PIPELINE_FAILING tenant: the last 3 executions of pipeline \"of una\" have failed: $(q "SELECT error_message FROM _nuvopipe.execution WHERE id = '$EXEC'")" "check_nuvopipe: critical"
qx "UPDATE _nuvopipe.execution SET finished_at = finished_at - interval '40 days' WHERE status = 'FAILED'"
sh "$check" "min_free_disk => 0" >"$NVP_TMP/check.out"
is "$? $(cat "$NVP_TMP/check.out")" "0 OK" "check_nuvopipe: well"
PGPORT=1 sh "$check" >"$NVP_TMP/check.out" 2>&1
is "$?" 3 "check_nuvopipe: not to be known"

unlike "$(server_log)" "(PANIC|TRAP|signal 11|signal 6)" "no crash"
done_testing
