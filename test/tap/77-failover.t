#!/bin/bash
# 77-failover.t - a streaming standby: quiet while it follows, complete when it takes over under load
#
# The primary is killed with its runs under way, while data keeps arriving; the
# standby is promoted and the senders go on there.  Whatever was acknowledged is
# loaded once, nothing else is there, and schedules have decided every instant.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"
. "$(dirname "$0")/load.sh"

start_cluster
configure "nuvopipe.worker_idle_timeout = '2s'" "nuvopipe.max_retries = 9"
world
web_world
parcels 4
qx "SELECT nuvopipe.create_pipeline('clock', 'file', 'thing', 'target', schedule => '{\"frequency\": \"SECONDLY\", \"interval\": 2, \"missed\": \"ALL\", \"overlap\": \"ALLOW\"}');
CREATE ROLE newcomer LOGIN IN ROLE nuvopipe_user"
qx "SELECT nuvopipe.create_connector('secret', 'INPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:$FAULT_PORT/files/file.csv\", \"username\": \"u\", \"password\": \"p\"}')"

# --- a standby

install -d -m 700 -o "$NVP_OSUSER" "$NVP_TMP/standby"
as_server "$PGBIN/pg_basebackup" -h "$PGHOST" -p "$PGPORT" -U postgres -D "$NVP_TMP/standby/data" -R -c fast --no-sync -X stream >"$NVP_TMP/basebackup.log" 2>&1 ||
	bail "$(cat "$NVP_TMP/basebackup.log")"
"$NVP_TOP/test/lib/freeport" >"$NVP_TMP/standby/port"
cat >>"$NVP_TMP/standby/data/postgresql.conf" <<C
port = $(cat "$NVP_TMP/standby/port")
unix_socket_directories = '$NVP_TMP/standby'
nuvopipe.listen = '127.0.0.1:$("$NVP_TOP/test/lib/freeport")'
C
cluster_up standby || bail "no standby"
main() { CLUSTER=main; cluster_use main; }
standby() { CLUSTER=standby; cluster_use standby; }
wait_until "SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'"
# what is acknowledged is on both from now on
configure "synchronous_standby_names = '*'"
wait_until "SELECT sync_state = 'sync' FROM pg_stat_replication"
first=$(q "SELECT nuvopipe.ingest('line 1', convert_to(E'sender,parcel,n,pipeline\n0,0,1,line 1\nx,0,1,line 1\n', 'UTF8'))")
EXEC=$first
settled_on_primary() { wait_until "SELECT status = 'SUCCEEDED' FROM nuvopipe.executions WHERE id = '$first'"; }
settled_on_primary

standby
is "$(q "SELECT pg_is_in_recovery()")" t "it follows"
wait_until "SELECT status = 'SUCCEEDED' FROM nuvopipe.executions WHERE id = '$first'"
is "$(q "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'nuvopipe %'")" 0 "standby: no processes of ours"
is "$(q "SELECT count(*) FROM nuvopipe.workers")" 0 "standby: nor in the view"
reads() { ok "standby: can be read: ${1:0:60}" q "$1" -o /dev/null; }
for role in postgres newcomer; do
	PGUSER=$role
	for view in $(q "SELECT viewname FROM pg_views WHERE schemaname = 'nuvopipe' ORDER BY 1"); do
		q "SELECT * FROM nuvopipe.$view" >/dev/null 2>"$NVP_TMP/err" || { fail "standby: view $view, as $role"; diag "$(cat "$NVP_TMP/err")"; }
	done
	pass "standby: every view can be read, as $role"
	reads "SELECT * FROM nuvopipe.alerts()"
	reads "SELECT * FROM nuvopipe.next_runs('{\"frequency\": \"DAILY\"}')"
	reads "SELECT * FROM nuvopipe.parse('a,b')"
done
PGUSER=postgres
reads "SELECT * FROM nuvopipe.issue_summary('$first')"
reads "SELECT * FROM nuvopipe.issue_page('$first')"
reads "SELECT * FROM nuvopipe.next_runs('clock')"
reads "SELECT * FROM nuvopipe.list_connector('file')"
reads "SELECT * FROM nuvopipe.test_connector('secret')"
reads "SELECT nuvopipe_api.metrics('{}')"
is "$(q "SELECT count(*) FROM nuvopipe.issues WHERE execution = '$first'")" 1 "standby: issues are there"
is "$(q "SELECT string_agg(code, ' ') FROM nuvopipe.alerts(min_free_disk => 0)")" "" "standby: no alert for what is meant to be so"
refused() { like "$(qe "$1")" "25006: this server is a standby.*HINT:  Ask the primary" "standby: refused: ${1:0:60}"; }
refused "SELECT nuvopipe.execute('line 1')"
refused "SELECT * FROM nuvopipe.explain_pipeline('line 1')"
refused "SELECT nuvopipe.ingest('line 1', '')"
refused "SELECT nuvopipe.cancel('$first')"
refused "SELECT nuvopipe.create_tdm('x', '[{\"key\": \"a\"}]')"
refused "SELECT nuvopipe.update_pipeline('line 1', name => 'x')"
refused "SELECT nuvopipe.delete_pipeline('line 1')"
refused "SELECT nuvopipe.pause_schedule('clock')"
refused "SELECT nuvopipe.create_upload('x', 1)"
refused "CALL nuvopipe.run('line 1')"
refused "CALL nuvopipe.work()"
like "$(PGUSER=newcomer qe "SELECT nuvopipe.create_tdm('x', '[{\"key\": \"a\"}]')")" "25006: this server is a standby" "standby: refused to one who has never been here"
# two of the instants that the keeper of the primary looks at have passed, and nobody here has stirred
past=$(q "SELECT now()")
main
wait_until "SELECT count(*) >= 2 FROM nuvopipe.planned_runs WHERE pipeline_name = 'clock' AND decided_at > '$past'"
standby
is "$(server_log | grep -E '^[0-9]{4}-.* (LOG|WARNING|ERROR|FATAL|PANIC): ' | grep -vE 'ERROR:  this server is a standby|listening on|^[^ ]+ [^ ]+ UTC \[[0-9]+\] (startup|checkpointer|walreceiver|postmaster) LOG: ')" "" "standby: its log has nothing of ours"

# --- load

main
primary main
start_senders 3
wait_until "SELECT count(*) > 20 FROM nuvopipe.executions WHERE status = 'SUCCEEDED' AND pipeline_name LIKE 'line %'" 120
# one hangs in its source, one between two rows, others are wherever they are
relay "hang first=1"
line web target
queue
in_phase fetch
hung=$EXEC
line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
between=$EXEC
wait_until "SELECT count(*) >= 2 FROM nuvopipe.executions WHERE status = 'RUNNING'"
power_cut
let_go
standby

qx "SELECT pg_promote()"
wait_until "SELECT NOT pg_is_in_recovery()"
configure "synchronous_standby_names = ''"
primary standby
promoted=$(q "SELECT now()")
ok "promoted: its workers start by themselves" wait_until "SELECT count(DISTINCT kind) = 4 FROM nuvopipe.workers WHERE kind IN ('launcher', 'keeper', 'runner', 'listener')" 30
wait_until "SELECT count(*) > 10 FROM nuvopipe.executions WHERE status = 'SUCCEEDED' AND pipeline_name LIKE 'line %' AND finished_at > '$promoted'" 120
stop_senders
wait_until "SELECT count(*) = 0 FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING') AND pipeline_name LIKE 'line %'" 120

# --- the account

paused=$(q "SELECT now() - interval '3 s'; SELECT nuvopipe.pause_schedule('clock')" | head -1)
wait_until "SELECT count(*) = 0 FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')" 60
account "after the fail-over"
ok "there were many" [ "$(q "SELECT count(*) FROM acknowledged")" -gt 30 ]
is "$(q "SELECT count(*) FROM nuvopipe.executions WHERE status = 'FAILED'")" 0 "all have succeeded"
EXEC=$hung
settled SUCCEEDED 2 "what hung in its source on the old primary"
loaded target $ROWS "what hung in its source"
EXEC=$between
settled SUCCEEDED 2 "what stood between two rows on the old primary"
is "$(q "SELECT count(*) || ' ' || count(DISTINCT id) FROM slow")" "$ROWS $ROWS" "every row of it once"
is "$(q "SELECT DISTINCT error_sqlstate || ' ' || error_message FROM nuvopipe.execution_runs WHERE status = 'FAILED'")" "57P02 the process that ran this execution ended unexpectedly" "attempts that were cut off say why"

# --- schedules

ok "the schedule had decided something before, and did after" [ "$(q "SELECT count(*) FROM nuvopipe.planned_runs WHERE pipeline_name = 'clock' AND decided_at > '$promoted'")" -gt 1 ]
is "$(q "SELECT count(*) FROM (SELECT planned_at, lead(planned_at) OVER (ORDER BY planned_at) AS next FROM nuvopipe.planned_runs WHERE pipeline_name = 'clock') x WHERE next - planned_at <> interval '2 s'")" 0 \
	"no instant is missing" || diag "$(q "SELECT planned_at, outcome, reason FROM nuvopipe.planned_runs ORDER BY 1")"
is "$(q "SELECT string_agg(DISTINCT outcome, ' ') FROM nuvopipe.planned_runs WHERE pipeline_name = 'clock' AND planned_at < '$paused'")" RAN "each of them has run"
is "$(q "SELECT count(*) FROM (SELECT FROM _nuvopipe.planned_run p JOIN _nuvopipe.execution e ON e.tenant_id = p.tenant_id AND e.run_id = p.run_id GROUP BY p.planned_at HAVING count(*) <> 1) x")" 0 "once"

unlike "$(server_log)" "(PANIC|TRAP|signal 11|signal 6)" "no crash"
is "$(server_log | grep -E 'nuvopipe (launcher|keeper|runner|sender|listener) (ERROR|WARNING|FATAL)')" "" "and nothing went wrong in our processes"
done_testing
