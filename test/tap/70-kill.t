#!/bin/bash
# 70-kill.t - kill -9 of a runner and of the postmaster, in every phase of a run
#
# Whatever dies, the execution is run again and its rows arrive once; or, out
# of attempts, it fails with a reason.  Nothing is left "running".
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"
BIG=2000000	# long enough to be stopped in

start_cluster
world
web_world
big_world

# --- a runner dies

relay "hang first=1"
line web target
queue
in_phase fetch
like "$(q "SELECT query FROM pg_stat_activity WHERE backend_type = 'nuvopipe runner' AND query <> ''")" "^nuvopipe: $LINE: fetch .*$EXEC, attempt 1" \
	"pg_stat_activity shows pipeline, phase and execution"
kill_runner
settled SUCCEEDED 2 "killed in fetch"
loaded target $ROWS "killed in fetch"
is "$(q "SELECT string_agg(type || ' ' || status || ' ' || coalesce(error_sqlstate, '-'), ', ' ORDER BY attempt)
	FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")" "CREATE FAILED 57P02, RETRY SUCCEEDED -" "both attempts are told apart"

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
kill_runner
let_go
settled SUCCEEDED 2 "killed between two rows"
loaded slow $ROWS "killed between two rows"

line big target
stop_in_process 'rows_done > 50000'
kill_runner "$RUNNER"
settled SUCCEEDED 2 "killed in a bulk load"
loaded target $BIG "killed in a bulk load"

line file post
relay "hang first=1"
queue
in_phase deliver
kill_runner
settled SUCCEEDED 2 "killed in deliver"
is "$(find "$HTTP_DIR/posts" -name '*.body' | wc -l)" 1 "killed in deliver: the receiver has it once"
is "$(cat "$HTTP_DIR"/posts/*.body | wc -l)" $((ROWS + 1)) "killed in deliver: whole"

line file slow '{"max_attempts": 1}'
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
kill_runner
let_go
settled FAILED 1 "killed in the only attempt"
like "$(said)" "57P02 .*ended unexpectedly.*server log" "killed in the only attempt: it says why"
empty slow "killed in the only attempt"

# --- the postmaster dies

line big target
stop_in_process 'rows_done > 50000'
power_cut
start_cluster
settled SUCCEEDED 2 "all processes killed in a bulk load"
loaded target $BIG "all processes killed in a bulk load"

relay "hang first=1"
line web target
queue
in_phase fetch
first=$EXEC
line file slow		# this one waits in the queue behind nobody
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
second=$EXEC
qx "SELECT nuvopipe.create_pipeline('third', 'file', 'thing', 'slow'); TRUNCATE target"
third=$(q "BEGIN; SELECT id FROM nuvopipe.execute('third'); UPDATE _nuvopipe.execution SET available_at = now() + '1 h' WHERE status = 'QUEUED'; COMMIT")
crash_cluster
let_go
start_cluster
EXEC=$first
settled SUCCEEDED 2 "postmaster killed in fetch"
loaded target $ROWS "postmaster killed in fetch"
EXEC=$second
settled SUCCEEDED 2 "postmaster killed between two rows"
loaded slow $ROWS "postmaster killed between two rows"
is "$(q "SELECT status FROM nuvopipe.executions WHERE id = '$third'")" QUEUED "what waited, waits"
like "$(q "SELECT nuvopipe.cancel('$third')")" t "and can be canceled"

unlike "$(server_log)" "(PANIC|TRAP|signal 11|signal 6|still running)" "no crash but those made here"
done_testing
