#!/bin/bash
# 70-next.t - the end of one execution claims the next: cancels, errors and crashes meet the right one
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

start_cluster -c nuvopipe.max_workers=1
world
qx "
CREATE TABLE one AS SELECT 1 AS id, 'first' AS name;
CREATE TABLE stops AS SELECT 3000 AS id, 'waits for the lock' AS name;
SELECT nuvopipe.create_connector('one', 'INPUT', 'TABLE', '{\"relation\": \"public.one\"}');
SELECT nuvopipe.create_connector('stops', 'INPUT', 'TABLE', '{\"relation\": \"public.stops\"}');
SELECT nuvopipe.create_pipeline('one', 'one', 'thing', 'target'), nuvopipe.create_pipeline('stops', 'stops', 'thing', 'slow');"

# pair : one of each is queued at once, in this order; FIRST has ended, and EXEC, claimed by its commit, waits for the lock
pair() {
	hold "SELECT pg_advisory_xact_lock(42)"
	# the pipeline that was made first has its turn first
	FIRST=$(q "BEGIN; SELECT id FROM nuvopipe.execute('one'); SELECT FROM nuvopipe.execute('stops'); COMMIT" | head -1)
	EXEC=$(q "SELECT id FROM nuvopipe.executions WHERE pipeline_name = 'stops' ORDER BY created_at DESC LIMIT 1")
	at_the_lock
	is "$(q "SELECT string_agg(status || ' ' || attempts, ', ' ORDER BY status) FROM nuvopipe.executions WHERE id IN ('$FIRST', '$EXEC')")" \
		"RUNNING 1, SUCCEEDED 1" "$1: one has ended, the next runs"
	is "$(q "SELECT count(*) || ' ' || count(DISTINCT xact) FROM _nuvopipe.event
			WHERE execution_id = '$FIRST' AND kind = 'execution.succeeded' OR execution_id = '$EXEC' AND kind = 'execution.running'")" \
		"2 1" "$1: by the same commit"
}

pair "kept"
let_go
settled SUCCEEDED 1 "what was claimed so is run"

pair "killed"
kill_runner
let_go
settled SUCCEEDED 2 "killed: the next is tried again"
is "$(q "SELECT status || ' ' || attempts FROM nuvopipe.executions WHERE id = '$FIRST'")" "SUCCEEDED 1" "killed: the one before it is not"

pair "canceled"
is "$(q "SELECT nuvopipe.cancel('$EXEC')")" t "canceled: the next, not the one before it"
settled CANCELED 1 "canceled"
let_go
is "$(q "SELECT status FROM nuvopipe.executions WHERE id = '$FIRST'")" SUCCEEDED "canceled: the one before it stays"

pair "shut down"
"$PGBIN/psql" -XAtqc "SELECT pg_terminate_backend('$(runner_pid)')" >/dev/null
let_go
settled SUCCEEDED 2 "a runner that is asked to leave"

is "$(q "SELECT count(*) || ' ' || (SELECT count(*) FROM slow) FROM target")" "4 3" "every row once"
done_testing
