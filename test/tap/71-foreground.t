#!/bin/bash
# 71-foreground.t - nothing preloaded: sessions that run pipelines die, are canceled, or time out
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

start_cluster --no-preload
world
newest() { EXEC=$(q "SELECT id FROM nuvopipe.executions WHERE pipeline_name = '$LINE' ORDER BY created_at DESC LIMIT 1"); }
# call [SQL before it] : in the background; CALLER is its psql
call() { q "${1-}
CALL nuvopipe.run('$LINE')" >"$NVP_TMP/call.log" 2>&1 7>&- & CALLER=$!; }

# --- kill -9 of the session

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
call
at_the_lock
newest
kill_runner
wait "$CALLER"
let_go
is "$(of_exec status)" RUNNING "nobody settles it yet, for nobody is there"
qx "CALL nuvopipe.work()"
settled SUCCEEDED 2 "the next nuvopipe.work runs it again"
loaded slow $ROWS "the next nuvopipe.work runs it again"

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
call
at_the_lock
newest
kill_runner
wait "$CALLER"
let_go
first=$EXEC
qx "CALL nuvopipe.run('$LINE')"
is "$(of_exec status)" QUEUED "the next nuvopipe.run puts it back into the queue"
newest
settled SUCCEEDED 1 "and runs its own execution"
EXEC=$first
qx "CALL nuvopipe.work(60)"
settled SUCCEEDED 2 "then the first finds its input known"
is "$(q "SELECT count(*) || ' ' || count(DISTINCT id) FROM slow")" "$ROWS $ROWS" "every row once"

# --- a living session is left alone

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
call
at_the_lock
newest
qx "CALL nuvopipe.work()"
is "$(of_exec "status || ' ' || attempts")" "RUNNING 1" "a living session is not swept away"
let_go
wait "$CALLER"
settled SUCCEEDED 1 "it ends undisturbed"
loaded slow $ROWS "it ends undisturbed"

# --- cancel, timeouts

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
call
at_the_lock
newest
is "$(q "SELECT nuvopipe.cancel('$EXEC')")" t "cancel says that it will be"
wait "$CALLER"
let_go
settled CANCELED 1 "canceled from another session"
empty slow "canceled from another session"
like "$(cat "$NVP_TMP/call.log")" "canceling statement due to user request" "the session is told"
is "$(q "SELECT nuvopipe.cancel('$EXEC')")" f "cancel of what has ended says no"

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
call "SET statement_timeout = '4s';"
at_the_lock
newest
wait "$CALLER"
let_go
settled CANCELED 1 "statement_timeout"
like "$(said)" "57014 .*statement timeout" "statement_timeout: it says why"
empty slow "statement_timeout"

line file target '{"max_attempts": 1}'
hold "LOCK TABLE target"
qx "SET lock_timeout = '500ms'; CALL nuvopipe.run('$LINE')"
let_go
newest
settled FAILED 1 "lock_timeout"
like "$(said)" "55P03 .*lock timeout" "lock_timeout: it says why"
empty target "lock_timeout"

line file target
hold "LOCK TABLE target"
call "SET lock_timeout = '4s';"			# the second attempt finds the table free
wait_until "SELECT EXISTS (SELECT FROM nuvopipe.executions WHERE pipeline_name = '$LINE' AND status = 'QUEUED' AND error_sqlstate = '55P03')"
let_go
wait "$CALLER"
newest
settled SUCCEEDED 2 "lock_timeout with attempts left: tried again in the same call"
loaded target $ROWS "lock_timeout with attempts left"

line file target
qx "SET default_transaction_isolation = 'serializable'; CALL nuvopipe.run('$LINE')"
newest
settled SUCCEEDED 1 "whatever the default isolation is"

# --- nothing preloaded is no reason to be odd

is "$(q "SELECT count(*) FROM nuvopipe.workers")" 0 "no workers"
is "$(qe "BEGIN; CALL nuvopipe.run('$LINE')" | sed -n 's/.*ERROR:  \([0-9A-Z]*\): .*/\1/p')" 25001 "not inside a transaction"
line file target
EXEC=$(q "SELECT id FROM nuvopipe.execute('$LINE')")
is "$(of_exec status)" QUEUED "execute queues, and nobody runs it"
qx "CALL nuvopipe.work()"
settled SUCCEEDED 1 "until somebody works"

# --- a script wants to know

line file target
qx "DROP TABLE target"
like "$(qe "CALL nuvopipe.run('$LINE', strict => true)")" 'ERROR:  42P01: .*target' "strict: a failed run is an error of the call"
newest
is "$(of_exec status)" FAILED "strict: and is written down all the same"
qx "CALL nuvopipe.run('$LINE')"
newest
is "$(of_exec status)" FAILED "else the call succeeds, and the execution says what failed"

unlike "$(server_log)" "(PANIC|TRAP|signal 11|signal 6|WARNING)" "no crash but those made here, no warning"
done_testing
