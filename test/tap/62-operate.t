#!/bin/bash
# 62-operate.t - what an operator sees and sets: log lines, pg_stat_activity, settings that are reloaded
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

start_cluster
world
web_world

# --- pg_stat_activity, phase by phase

activity() { q "SELECT application_name || ' | ' || query FROM pg_stat_activity WHERE backend_type = 'nuvopipe runner' AND state = 'active'"; }
relay "hang first=1"
line web target '{"max_attempts": 1}'
queue
in_phase fetch
is "$(activity)" "nuvopipe: $LINE | nuvopipe: $LINE: fetch (execution $EXEC, attempt 1)" "activity: fetch"
becomes "SELECT string_agg(DISTINCT wait_event_type, ' ') FROM pg_stat_activity WHERE backend_type = 'nuvopipe runner'" Extension "activity: it waits for the network"
qx "SELECT nuvopipe.cancel('$EXEC')"
settled CANCELED 1 "activity: cancelled"
becomes "SELECT state || ' | ' || application_name FROM pg_stat_activity WHERE backend_type = 'nuvopipe runner'" "idle | nuvopipe" "activity: idle"

# a trigger sees for whom it is called
qx "CREATE TABLE seen (name text); CREATE FUNCTION note_name() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN INSERT INTO seen VALUES (current_setting(''application_name'')); RETURN NULL; END';
	CREATE TRIGGER seen AFTER INSERT ON slow EXECUTE FUNCTION note_name()"
line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
is "$(activity)" "nuvopipe: $LINE | nuvopipe: $LINE: process (execution $EXEC, attempt 1)" "activity: process"
is "$(q "SELECT wait_event_type || ' ' || wait_event FROM pg_stat_activity WHERE backend_type = 'nuvopipe runner' AND state = 'active'")" "Lock advisory" "activity: it waits for a lock"
let_go
settled SUCCEEDED 1 "activity: processed"
is "$(q "SELECT DISTINCT name FROM seen")" "nuvopipe: $LINE" "a trigger sees whose run it is"

line file post
relay "hang first=1"
queue
in_phase deliver
is "$(activity)" "nuvopipe: $LINE | nuvopipe: $LINE: deliver (execution $EXEC, attempt 1)" "activity: deliver"
qx "SELECT nuvopipe.cancel('$EXEC')"
settled CANCELED 1 "activity: cancelled in deliver"

# --- every line that workers write about an execution says which one

line file target
ok_run=$EXEC
queue
settled SUCCEEDED 1 "a run"
ok_run=$EXEC
qx "CREATE TABLE noisy (LIKE target); CREATE FUNCTION noise() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN RAISE WARNING ''a noise''; RAISE LOG ''a whisper''; RETURN NULL; END';
	CREATE TRIGGER noisy AFTER INSERT ON noisy EXECUTE FUNCTION noise();
	SELECT nuvopipe.create_connector('noisy', 'OUTPUT', 'TABLE', '{\"relation\": \"public.noisy\"}')"
line file noisy
queue
settled SUCCEEDED 1 "a run whose trigger speaks"
noisy_run=$EXEC
# what a deferred constraint says is told with its place, which is not our own line
qx "CREATE TABLE late (id int NOT NULL, name text, UNIQUE (name) DEFERRABLE INITIALLY DEFERRED);
	CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''veto''; END';
	CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION veto();
	SELECT nuvopipe.create_connector('late', 'OUTPUT', 'TABLE', '{\"relation\": \"public.late\"}')"
line file late
queue
settled FAILED 1 "a deferred trigger fails"
like "$(of_exec error_detail)" '^In PL/pgSQL function veto\(\) line 1 at RAISE\.$' "a deferred trigger: where it says so"
qx "DROP TRIGGER late ON late; CREATE FUNCTION twin() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF new.id = 3000 THEN new.name = ''name 1''; END IF; RETURN new; END';
	CREATE TRIGGER twin BEFORE INSERT ON late FOR EACH ROW EXECUTE FUNCTION twin()"
line file late
queue
settled FAILED 1 "a deferred constraint fails"
unlike "$(of_exec "coalesce(error_detail, '')")" "nuvopipe execution" "a deferred constraint: our own line is not its place"
relay "reset"
line web target '{"max_attempts": 2}'
queue
settled FAILED 2 "a run that is tried again and fails"
failed_run=$EXEC
relay ''
configure "log_lock_waits = on" "deadlock_timeout = '100ms'"
line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
wait_for grep -q 'still waiting for' "$NVP_TMP/main/log"
waiting_run=$EXEC
qx "SELECT pg_terminate_backend($(runner_pid))"
wait_until "SELECT attempts = 2 FROM nuvopipe.executions WHERE id = '$EXEC'"
at_the_lock
kill_runner
let_go
settled SUCCEEDED 3 "a run that was given back, and killed"
# the line is written after the commit
wait_for grep -q "execution $EXEC .* attempt 3) SUCCEEDED" "$NVP_TMP/main/log"

# records LEVELS : the log's records of runners and keepers, one a line
records() {
	awk -v levels="$1" '
		/^[0-9]{4}-[0-9]{2}-[0-9]{2} / || /^[0-9][0-9][0-9][0-9]-/ {
			if (match($0, /(LOG|WARNING|ERROR|FATAL|NOTICE|INFO):  /)) { if (keep) print line; line = $0
				keep = ($0 ~ /nuvopipe (runner|keeper)/) && !/postmaster / && index(levels, substr($0, RSTART, RLENGTH - 3)); next } }
		{ line = line " / " $0 }
		END { if (keep) print line }' "$NVP_TMP/main/log"
}
label='(nuvopipe: |nuvopipe )execution [0-9a-f-]{36} \(pipeline "[a-z]+-[a-z]+-[0-9]+", attempt [0-9]+\)'
all=$(records "LOG WARNING ERROR FATAL" | grep -v 'slot for')
ok "the log has $(wc -l <<<"$all") records of them" [ "$(wc -l <<<"$all")" -gt 12 ]
is "$(grep -vE "$label" <<<"$all")" "" "each names pipeline, execution and attempt"
lines_of() { grep -E "$label" <<<"$all" | grep -F "$1"; }
like "$(lines_of "$ok_run")" "LOG:  nuvopipe: execution $ok_run \(pipeline \"file-target-[0-9]+\", attempt 1\) SUCCEEDED: 5000 rows read, 5000 written, 0 rejected, 0 error cells, [0-9]+ ms$" \
	"a run that succeeds has one line"
for what in 'WARNING:  a noise' 'LOG:  a whisper'; do
	ok "what a trigger says has the execution in its context: $what" grep -qE "$what .*CONTEXT:.*[[:space:]]nuvopipe execution " <<<"$(lines_of "$noisy_run")"
done
like "$(lines_of "$failed_run")" "attempt 1\) QUEUED: .*attempt 2\) FAILED: " "each attempt has its line"
like "$(lines_of "$waiting_run")" "still waiting for" "what the server says of a process has it too"
like "$(lines_of "$waiting_run")" "nuvopipe: execution $waiting_run .* attempt 1\) QUEUED: the process that ran this execution was asked to leave" "a process that leaves says so"
like "$(lines_of "$waiting_run")" "nuvopipe keeper LOG:  nuvopipe: execution $waiting_run .* attempt 2\) QUEUED: the process that ran this execution ended unexpectedly \(process [0-9]+\)" "the keeper tells whom it has found dead"
is "$(grep -cE 'PL/pgSQL function _nuvopipe' <<<"$all")" 0 "and nobody tells of our own code"

# --- settings: a reload is enough

set_to() { configure "nuvopipe.$1 = '$2'"; }
runner_idle() { wait_until "SELECT count(*) > 0 AND bool_and(idle) FROM nuvopipe.workers WHERE kind = 'runner'"; }
set_to worker_idle_timeout 1h
line file target
queue
settled SUCCEEDED 1 "one more"
runner_idle
keeper=$(q "SELECT pid FROM nuvopipe.workers WHERE kind = 'keeper'")
runner=$(q "SELECT pid FROM nuvopipe.workers WHERE kind = 'runner' LIMIT 1")
set_to worker_idle_timeout 1s
ok "worker_idle_timeout: an idle worker obeys" wait_until "SELECT count(*) = 0 FROM nuvopipe.workers WHERE kind = 'runner'"
set_to worker_idle_timeout 1h

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
set_to lease_timeout 1h
queue
at_the_lock
is "$(q "SELECT lease_until > now() + interval '50 min' FROM _nuvopipe.execution WHERE id = '$EXEC'")" t "lease_timeout: the next run has it"
runner=$(runner_pid)
let_go
settled SUCCEEDED 1 "lease_timeout"

# who has not decided yet about one execution does not hold up the leases of others
set_to lease_timeout 2s
line file slow
one=$LINE
line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
other=$EXEC LINE=$one
queue
wait_until "SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted"
echo "UPDATE _nuvopipe.execution SET cancel_requested = true WHERE id = '$EXEC';" >&7
ok "leases are renewed while somebody thinks about one" \
	wait_until "SELECT lease_until > started_at + interval '5 s' FROM _nuvopipe.execution WHERE id = '$other'"
let_go
settled SUCCEEDED 1 "a cancel that was taken back"
set_to lease_timeout 1h

# by the same runner and keeper, all of them
qx "SELECT nuvopipe.create_connector('out', 'OUTPUT', 'FILE', jsonb_build_object('directory_path', '$NVP_TMP/out', 'file_name', 'out.csv'))"
install -d -m 777 "$NVP_TMP/out"
set_to keep_output_size 0
line file out
queue
settled SUCCEEDED 1 "keep_output_size"
is "$(q "SELECT output_id FROM _nuvopipe.execution WHERE id = '$EXEC'")" "" "keep_output_size: none is kept"
set_to keep_output_size 64MB
set_to keep_output_time 2d
line file out
queue
settled SUCCEEDED 1 "keep_output_time"
is "$(q "SELECT expires_at < now() + interval '49 h' FROM _nuvopipe.blob b JOIN _nuvopipe.execution e ON b.id = e.output_id WHERE e.id = '$EXEC'")" t "keep_output_time: for as long"
set_to max_retries 0
relay reset
line web target
queue
settled FAILED 1 "max_retries: once"
set_to max_retries 1
line web target
queue
settled FAILED 2 "max_retries: twice"
relay ''
set_to allowed_networks 10.0.0.0/8
line web target '{"max_attempts": 1}'
queue
settled FAILED 1 "allowed_networks: not there"
like "$(said)" "allowed_networks" "allowed_networks: it says so"
set_to allowed_networks 127.0.0.0/8
line web target '{"max_attempts": 1}'
queue
settled SUCCEEDED 1 "allowed_networks: there"
set_to max_object_size 1kB
line web target '{"max_attempts": 1}'
queue
settled FAILED 1 "max_object_size: too large"
set_to max_object_size 0
set_to idle_timeout 1s
relay hang
line web target '{"max_attempts": 1}'
queue
settled FAILED 1 "idle_timeout: given up"
ok "idle_timeout: soon" [ "$(q "SELECT duration FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")" -lt 30000 ]
relay ''
is "$(q "SELECT string_agg(kind, ' ' ORDER BY kind) FROM nuvopipe.workers WHERE pid IN ($keeper, $runner)")" "keeper runner" "the processes are those of before"
set_to max_senders 0
qx "SELECT nuvopipe.create_webhook('told', 'http://127.0.0.1:$HTTP_PORT/hook/x', '{EXECUTION_SUCCESSFUL}', secret => 'x')"
line file target
queue
settled SUCCEEDED 1 "max_senders"
sleep 1
is "$(q "SELECT DISTINCT status FROM nuvopipe.outbox")" PENDING "max_senders 0: nothing is told"
set_to max_senders 1
ok "max_senders 1: it is" wait_until "SELECT bool_and(status = 'DELIVERED') FROM nuvopipe.outbox"

# --- while pg_upgrade has the server, nothing of ours is there

line file target
workers_there() { q "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'nuvopipe %'"; }
stop_cluster
start_cluster -b
sleep 2
is "$(workers_there) $(q "SELECT count(*) FROM nuvopipe.workers")" "0 0" "in binary upgrade mode no process starts"
stop_cluster
start_cluster
queue
settled SUCCEEDED 1 "afterwards they do"

unlike "$(server_log)" "(PANIC|TRAP|signal 11|signal 6)" "no crash but those made here"
done_testing
