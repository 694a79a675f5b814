#!/bin/bash
# 74-workers.t - too few workers, no workers, idle workers, shutdown, a standby, a restored dump
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# --- an idle cluster is idle

start_cluster "-c track_io_timing=off"
world
web_world
line file target
queue
settled SUCCEEDED 1 "a run"
wait_until "SELECT count(*) = 1 FROM nuvopipe.workers WHERE kind = 'runner' AND idle"
ok "no polling" no_polling 5
is "$(q "SELECT string_agg(backend_type || ' ' || state, ', ' ORDER BY backend_type)
	FROM pg_stat_activity WHERE backend_type IN ('nuvopipe keeper', 'nuvopipe runner') AND backend_xid IS NULL AND backend_xmin IS NULL AND xact_start IS NULL")" \
	"nuvopipe keeper idle, nuvopipe runner idle" "idle workers have no transaction open"

# --- shutdown in mid-fetch

relay "hang first=1"
line web target '{"max_attempts": 1}'
queue
in_phase fetch
from=$(now_ms)
stop_cluster fast
took=$(($(now_ms) - from))
ok "fast shutdown in mid-fetch waits for nothing ($took ms)" [ $took -lt 20000 ]
start_cluster
# a shutdown is no failure: it costs none of the attempts
settled SUCCEEDED 2 "shut down in mid-fetch"
is "$(q "SELECT status || ' ' || error_sqlstate || ' ' || error_message FROM nuvopipe.execution_runs WHERE execution = '$EXEC' AND attempt = 1")" \
	"FAILED 57P01 the process that ran this execution was asked to leave" "the attempt that was cut off says why"
unlike "$(server_log)" "ERROR" "and without an error"
loaded target $ROWS "shut down in mid-fetch"

# --- nuvopipe.max_workers

configure "nuvopipe.max_workers = 0" "nuvopipe.worker_idle_timeout = '100ms'"
wait_until "SELECT count(*) = 0 FROM nuvopipe.workers WHERE kind = 'runner'"
line file target
queue
sleep 1.5
is "$(of_exec "status || ' ' || attempts")" "QUEUED 0" "max_workers 0: it waits"
configure "nuvopipe.max_workers = 1"
settled SUCCEEDED 1 "max_workers reloaded: it runs"

line file slow
first=$LINE
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
one=$EXEC
qx "SELECT nuvopipe.create_pipeline('second', 'file', 'thing', 'target')"
LINE=second
queue
sleep 1
is "$(of_exec status)" QUEUED "max_workers 1: the second pipeline waits"
is "$(q "SELECT count(*) FROM nuvopipe.workers WHERE kind = 'runner'")" 1 "max_workers 1: one runner"
configure "nuvopipe.max_workers = 2"
is "$(wait_done "$EXEC")" SUCCEEDED "max_workers 2: the second runs beside the first"
is "$(q "SELECT status FROM nuvopipe.executions WHERE id = '$one'")" RUNNING "max_workers 2: the first still runs"
let_go
EXEC=$one
settled SUCCEEDED 1 "the first ends"

# --- no free slot for background workers

stop_cluster
start_cluster "-c max_worker_processes=3"		# launcher, logical replication launcher, keeper
line file target
queue
wait_for grep -q 'slot for a runner' "$NVP_TMP/main/log"
sleep 3
is "$(grep -c 'slot for a runner' "$NVP_TMP/main/log")" 1 "no slot: told once"
is "$(of_exec status)" QUEUED "no slot: it waits"
stop_cluster
start_cluster
settled SUCCEEDED 1 "no slot: it runs when there is one"
loaded target $ROWS "no slot"
qx "ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()"

# --- a standby

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
qx "ALTER SYSTEM SET hot_standby = on"
install -d -m 700 -o "$NVP_OSUSER" "$NVP_TMP/standby"
as_server "$PGBIN/pg_basebackup" -h "$PGHOST" -p "$PGPORT" -U postgres -D "$NVP_TMP/standby/data" -R -c fast --no-sync -X stream >"$NVP_TMP/basebackup.log" 2>&1 ||
	bail "$(cat "$NVP_TMP/basebackup.log")"
"$NVP_TOP/test/lib/freeport" >"$NVP_TMP/standby/port"
cat >>"$NVP_TMP/standby/data/postgresql.conf" <<C
port = $(cat "$NVP_TMP/standby/port")
unix_socket_directories = '$NVP_TMP/standby'
C
CLUSTER=standby
cluster_up standby || bail "no standby"
cluster_use standby
wait_until "SELECT pg_is_in_recovery()"
sleep 1
is "$(q "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'nuvopipe %'")" 0 "standby: no workers"
like "$(qe "SELECT nuvopipe.execute('$LINE')")" "25006" "standby: nothing can be queued"
CLUSTER=main
cluster_use main
stop_cluster immediate
let_go
CLUSTER=standby
cluster_use standby
qx "SELECT pg_promote()"
settled SUCCEEDED 2 "promoted: what ran on the old primary is run again"
loaded slow $ROWS "promoted"
unlike "$(server_log)" "(PANIC|TRAP|signal|WARNING)" "standby: quiet"
stop_cluster
CLUSTER=main
start_cluster
cluster_use main
settled SUCCEEDED 2 "the old primary, brought back"

# --- dump and restore

printf 'id,name\n1,a\nx,b\n' >"$NVP_TMP/bad.csv"
chmod 644 "$NVP_TMP/bad.csv"
qx "SELECT nuvopipe.create_connector('bad', 'INPUT', 'FILE', jsonb_build_object('directory_path', '$NVP_TMP', 'file_name', 'bad.csv'));
SELECT nuvopipe.create_connector('hook', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE');
SELECT nuvopipe.create_connector('secret', 'INPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:1/\", \"username\": \"u\", \"password\": \"p\"}');
SELECT nuvopipe.create_template('template', '{\"pipeline_name\": \"x\"}');
SELECT nuvopipe.create_pipeline('pushed', 'hook', 'thing', 'target')"
# what is told to nobody stays in the outbox; a request that may come again is remembered
configure "nuvopipe.max_senders = 0"
qx "SELECT nuvopipe.create_webhook('told', 'http://127.0.0.1:1/', '{EXECUTION_CREATED}', secret => 'x');
SELECT nuvopipe.create_organization('tenant'); SELECT nuvopipe.create_user('una@tenant.test', 'tenant', role => 'OWNER')"
token=$(q "SELECT nuvopipe.create_token('una@tenant.test', organization => 'tenant')")
is "$(q "SELECT status FROM nuvopipe_api.request('POST', '/dp/api/v1/webhook', '', jsonb_build_object('authorization', '$token', 'idempotency-key', 'k', 'content-type', 'application/json'),
	convert_to('{\"url\": \"http://127.0.0.1:1/\", \"events\": [\"EXECUTION_FAILED\"], \"secret\": \"x\"}', 'UTF8'))")" 201 "a request with a key"
line bad target
queue
settled SUCCEEDED 1 "a run with issues"
configure "nuvopipe.max_workers = 0" "nuvopipe.maintenance_interval = 0"
qx "SELECT nuvopipe.ingest('pushed', convert_to(E'id,name\n7,seven\n', 'UTF8'), 'seven.csv')"
# an execution that went by policy, and one that has not been counted
qx "SELECT nuvopipe.set_retention('issues', '80 days');
UPDATE _nuvopipe.execution SET finished_at = now() - interval '100 days' WHERE id = (SELECT id FROM nuvopipe.executions WHERE status = 'SUCCEEDED' LIMIT 1)"
qx "CALL nuvopipe.maintain()"
qx "SELECT nuvopipe.cancel(nuvopipe.ingest('pushed', convert_to(E'id,name\n8,eight\n', 'UTF8'), 'eight.csv'))"
# a trigger, and a signal that nobody takes
qx "SELECT nuvopipe.create_trigger('$LINE', 'NOTIFY', '{\"channel\": \"bell\"}');
INSERT INTO _nuvopipe.signal (tenant_id, trigger_id, id, at) VALUES (_nuvopipe.default_tenant(), _nuvopipe.uuid_v7(), _nuvopipe.uuid_v7(), now())"
# a schedule that rests, and an instant of it that passed meanwhile
qx "SELECT nuvopipe.create_calendar('rest', '{2099-12-25}');
SELECT nuvopipe.create_pipeline('scheduled', 'bad', 'thing', 'target', schedule => '{\"frequency\": \"YEARLY\", \"starts_on\": \"2099-01-01\", \"calendars\": [\"rest\"]}');
SELECT nuvopipe.pause_schedule('scheduled'); SELECT _nuvopipe.fire('2099-06-01', id) FROM nuvopipe.pipelines WHERE name = 'scheduled'"
# data on its way, and what is shown and fetched of it
upload=$(q "SELECT nuvopipe.create_upload('half.csv', 100)")
qx "SELECT nuvopipe.append_upload('$upload', 0, convert_to('id,name', 'UTF8')); SELECT nuvopipe.rotate_receiver('hook')"
whole=$(q "SELECT nuvopipe.create_upload('whole.csv', 8)")
qx "SELECT nuvopipe.append_upload('$whole', 0, convert_to(E'id,name\n', 'UTF8'))"
qx "SELECT nuvopipe_api.preview_create(jsonb_build_object('source', jsonb_build_object('upload', '$whole')))"
waiting=$(q "SELECT id FROM nuvopipe.executions WHERE status = 'QUEUED' LIMIT 1")
qx "SELECT nuvopipe_api.execution_download_create(jsonb_build_object('id', '$waiting', 'kind', 'INPUT'))"
# one that is running, by a process that lives
line file slow
hold "SELECT pg_advisory_xact_lock(42)"
q "CALL nuvopipe.run('$LINE')" >/dev/null 2>&1 7>&- &
at_the_lock
EXEC=$(q "SELECT id FROM nuvopipe.executions WHERE status = 'RUNNING'")
digest() {
	q "SELECT string_agg(c.relname || ' ' || (xpath('/row/n/text()', query_to_xml(
			format('SELECT count(*) || '':'' || coalesce(sum(hashtext(t::text)), 0) AS n FROM %s t', c.oid::regclass), false, true, '')))[1]::text, E'\n' ORDER BY c.relname)
		FROM pg_class c WHERE c.relnamespace = '_nuvopipe'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
}
before=$(digest)
is "$(grep -E ' 0:0$' <<<"$before")" "" "a row in every table"
"$PGBIN/pg_dump" -Fc -f "$NVP_TMP/dump" postgres 2>"$NVP_TMP/dump.log" || diag "$(cat "$NVP_TMP/dump.log")"
is "$(cat "$NVP_TMP/dump.log")" "" "pg_dump has nothing to say"
qx "CREATE DATABASE restored"
"$PGBIN/pg_restore" --exit-on-error --single-transaction -d restored "$NVP_TMP/dump" 2>"$NVP_TMP/restore.log" || diag "$(cat "$NVP_TMP/restore.log")"
is "$(cat "$NVP_TMP/restore.log")" "" "pg_restore has nothing to say"
PGDATABASE=restored
wait_until "SELECT count(*) > 0 FROM nuvopipe.workers WHERE kind = 'keeper'"
wait_until "SELECT status = 'QUEUED' FROM nuvopipe.executions WHERE id = '$EXEC'"
is "$(of_exec status)" QUEUED "restored: what runs elsewhere does not run here"
PGDATABASE=postgres
is "$(of_exec status)" RUNNING "and runs on where it ran"
let_go
wait
settled SUCCEEDED 1 "it ends undisturbed"
configure "nuvopipe.max_workers = 4"
PGDATABASE=restored
settled SUCCEEDED 2 "restored: it is run again"
wait_until "SELECT count(*) = 0 FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')"
is "$(q "SELECT status FROM nuvopipe.executions WHERE input_name = 'seven.csv'")" SUCCEEDED "restored: pushed data is processed"
is "$(q "SELECT count(*) FROM target WHERE id = 7")" 1 "restored: and has arrived"
PGDATABASE=postgres
unlike "$(server_log)" "(PANIC|TRAP|signal|WARNING)" "no crash, no warning"
done_testing
