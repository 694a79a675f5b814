#!/bin/bash
# 73-drop.t - the extension or the database goes away with workers alive
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

start_cluster
world
web_world

# timed SECONDS DESCRIPTION SQL [psql option...] : succeeds within that time
timed() {
	local from out
	from=$(date +%s%N)
	if out=$(q "${@:3}" 2>&1); then
		ok "$2 within $1 s" [ $((($(date +%s%N) - from) / 1000000)) -lt $(($1 * 1000)) ]
	else
		fail "$2: $out"
	fi
}
ours() { q "SELECT count(*) FROM pg_stat_activity WHERE backend_type IN ('nuvopipe keeper', 'nuvopipe runner') AND datname = '$1'"; }
log_lines() { server_log | grep -cE "$1"; }
# a database with the extension and a pipeline that hangs in fetch
busy_database() {
	qx "CREATE DATABASE $1"
	PGDATABASE=$1
	qx "CREATE EXTENSION nuvopipe"
	qx "CREATE TABLE target (id int, name text);
SELECT nuvopipe.create_tdm('thing', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\"}]');
SELECT nuvopipe.create_connector('target', 'OUTPUT', 'TABLE', '{\"relation\": \"public.target\"}');
SELECT nuvopipe.create_connector('web', 'INPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:$FAULT_PORT/files/file.csv\"}');
SELECT nuvopipe.create_pipeline('hangs', 'web', 'thing', 'target')"
	LINE=hangs
}

# --- DROP EXTENSION

line file target
queue
settled SUCCEEDED 1 "a run"
wait_until "SELECT count(*) = 1 FROM nuvopipe.workers WHERE kind = 'runner' AND idle"
timed 20 "DROP EXTENSION with idle workers" "DROP EXTENSION nuvopipe"
wait_until "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type IN ('nuvopipe keeper', 'nuvopipe runner')"
is "$(ours postgres)" 0 "the workers have left"
qx "DROP TABLE target, slow; DROP FUNCTION wait_for_42; CREATE EXTENSION nuvopipe"
world
line file target
queue
settled SUCCEEDED 1 "CREATE EXTENSION again"
is "$(of_exec "finished_at - queued_at < interval '8 s'")" t "CREATE EXTENSION again: workers come without a restart, soon"

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
timed 20 "DROP EXTENSION in mid-run" "DROP EXTENSION nuvopipe"
let_go
is "$(q "SELECT count(*) FROM slow")" 0 "DROP EXTENSION in mid-run: nothing was written"
qx "DROP TABLE target, slow; DROP FUNCTION wait_for_42; CREATE EXTENSION nuvopipe"
world
qx "SELECT nuvopipe.create_connector('web', 'INPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:$FAULT_PORT/files/file.csv\"}')"

line web target
relay "hang first=1"
queue
in_phase fetch
qx "BEGIN; DROP EXTENSION nuvopipe; SELECT pg_sleep(0.5); ROLLBACK"
settled SUCCEEDED 2 "DROP EXTENSION taken back: the run is run again"
loaded target $ROWS "DROP EXTENSION taken back"

relay "hang"
line web target
queue
in_phase fetch
timed 20 "DROP EXTENSION in fetch" "DROP EXTENSION nuvopipe"
wait_until "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type IN ('nuvopipe keeper', 'nuvopipe runner')"
is "$(log_lines ' (ERROR|PANIC):.*')" 0 "no error in the log"

# --- databases

relay "hang first=1"	# the second attempt may come before anything else is said here
busy_database one
queue
in_phase fetch
is "$(of_exec "started_at - queued_at < interval '8 s'")" t "a new database: the first execution begins at once, not when the launcher looks around"
timed 20 "CREATE DATABASE from a busy one" "CREATE DATABASE two TEMPLATE one" -d postgres
settled SUCCEEDED 2 "the busy one goes on"
PGDATABASE=two
wait_done "$EXEC" >/dev/null
is "$(of_exec status)" SUCCEEDED "the copy settles what it copied"
PGDATABASE=one
relay "hang"
qx "SELECT nuvopipe.create_pipeline('hangs too', 'web', 'thing', 'target')"
LINE="hangs too"
queue
in_phase fetch
timed 20 "ALTER DATABASE RENAME of a busy one" "ALTER DATABASE one RENAME TO uno" -d postgres
PGDATABASE=uno
in_phase fetch
is "$(of_exec attempts)" 2 "renamed: it is run again there"
timed 20 "DROP DATABASE of a busy one" "DROP DATABASE uno" -d postgres
timed 20 "DROP DATABASE of an idle one" "DROP DATABASE two" -d postgres
PGDATABASE=postgres
busy_database three
queue
in_phase fetch
timed 20 "DROP DATABASE WITH (FORCE)" "DROP DATABASE three WITH (FORCE)" -d postgres
PGDATABASE=postgres
# whoever may not drop it does not send our processes away
busy_database four
queue
in_phase fetch
pid=$(runner_pid)
qx "CREATE ROLE joe LOGIN"
like "$(qe "DROP DATABASE four" -d postgres -U joe)" "42501" "who may not drop it"
is "$(runner_pid)" "$pid" "who may not drop it does not disturb"
timed 20 "DROP DATABASE four" "DROP DATABASE four" -d postgres
PGDATABASE=postgres
is "$(q "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'nuvopipe %' AND datname <> 'postgres'")" 0 "nobody is left"
is "$(log_lines ' (ERROR|PANIC): ')" "$(log_lines 'ERROR: .*must be owner')" "no error in the log but joe's"
is "$(log_lines 'does not exist')" 0 "nobody came back to a dropped database"
ok "the log is short: $(log_lines 'nuvopipe (keeper|runner)') lines" [ "$(log_lines 'nuvopipe (keeper|runner)')" -lt 60 ]
unlike "$(server_log)" "(PANIC|TRAP|signal|WARNING)" "no crash, no warning"
done_testing
