# shellcheck shell=bash disable=SC2034
# survive.sh - what tests of crashes share (sourced after lib.sh)
#
#	world						tables target and slow, model thing, connectors: see below
#	line web target '{"max_attempts": 1}'		pipeline web-target-N from input web to output target; sets LINE
#	queue						execute LINE; sets EXEC
#	in_phase process ; runner_pid			wait until EXEC is there; who runs it
#	stop_in_process 'rows_done > 1000'		queue, and stop who runs it when it is there (RUNNER)
#	kill_runner [PID]				kill -9, and wait until the server is back
#	settled SUCCEEDED 2 "what it is"		status and attempts of EXEC in the end, and nothing left running
#	loaded target 5000 "what it is"			the table has every row once, and the ledger knows EXEC
#
# LINE's input: `file` (5000 rows, /tmp), `big` (many), `web` (the same 5000 through the relay, which
# obeys `relay`).  Output: `target` (a plain table), `slow` (a table whose trigger waits at row 3000 for the
# advisory lock 42), `post` (HTTP through the relay).

LINE='' EXEC='' LINES=0
ROWS=5000 BIG=600000

numbers() { echo id,name; seq 1 "$1" | sed 's/.*/&,name &/'; }

world() {
	numbers $ROWS >"$NVP_TMP/file.csv"
	chmod 644 "$NVP_TMP/file.csv"
	qx "
CREATE TABLE target (id int NOT NULL, name text);
CREATE TABLE slow (LIKE target);
CREATE FUNCTION wait_for_42() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN
	PERFORM pg_advisory_xact_lock_shared(42);
	RETURN NEW;
END \$\$;
CREATE TRIGGER slow BEFORE INSERT ON slow FOR EACH ROW WHEN (NEW.id = 3000) EXECUTE FUNCTION wait_for_42();
SELECT nuvopipe.create_tdm('thing', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\"}]');
SELECT nuvopipe.create_connector('file', 'INPUT', 'FILE', jsonb_build_object('directory_path', '$NVP_TMP', 'file_name', 'file.csv'));
SELECT nuvopipe.create_connector('target', 'OUTPUT', 'TABLE', '{\"relation\": \"public.target\"}');
SELECT nuvopipe.create_connector('slow', 'OUTPUT', 'TABLE', '{\"relation\": \"public.slow\"}');"
}
# the same rows from a web server, and a place to post to, both behind a relay that fails at will
web_world() {
	start_server http
	start_server fault "$HTTP_PORT"
	put_http "$NVP_TMP/file.csv"
	qx "
SELECT nuvopipe.create_connector('web', 'INPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:$FAULT_PORT/files/file.csv\"}');
SELECT nuvopipe.create_connector('post', 'OUTPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:$FAULT_PORT/post/x\", \"file_name\": \"out.csv\"}');"
}
big_world() {
	numbers $BIG >"$NVP_TMP/big.csv"
	chmod 644 "$NVP_TMP/big.csv"
	qx "SELECT nuvopipe.create_connector('big', 'INPUT', 'FILE', jsonb_build_object('directory_path', '$NVP_TMP', 'file_name', 'big.csv'))"
}
relay() { "$NVP_SERVERS/fault" set "$FAULT_DIR" "$1"; }

line() {
	LINES=$((LINES + 1))
	LINE=$1-$2-$LINES
	qx "SELECT nuvopipe.create_pipeline('$LINE', '$1', 'thing', '$2', options => '${3:-{\}}'); TRUNCATE target, slow"
}
queue() { EXEC=$(q "SELECT id FROM nuvopipe.execute('$LINE')"); }

of_exec() { q "SELECT $1 FROM nuvopipe.executions WHERE id = '$EXEC'"; }
said() { of_exec "concat_ws(' | ', error_type, error_sqlstate, error_message, error_detail, error_hint)"; }
runner_pid() { q "SELECT worker_pid FROM _nuvopipe.execution WHERE id = '$EXEC' AND status = 'RUNNING'"; }
# in_phase PHASE [CONDITION over execution_progress]
in_phase() { wait_until "SELECT EXISTS (SELECT FROM nuvopipe.execution_progress WHERE execution = '$EXEC' AND phase = '$1' AND ${2:-true})"; }
# the process that works on EXEC waits for the advisory lock
at_the_lock() { wait_until "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND pid <> pg_backend_pid())"; }

# hold SQL : a session that does this and stays in its transaction until let_go
hold() {
	mkfifo "$NVP_TMP/hold.$BASHPID"
	HOLD=$NVP_TMP/hold.$BASHPID
	"$PGBIN/psql" -XAtq <"$HOLD" >/dev/null 2>&1 &
	HOLDER=$!
	exec 7>"$HOLD"
	echo "BEGIN; $1; SELECT pg_advisory_lock(41);" >&7
	wait_until "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 41)"
}
# let_go [COMMIT] : false if the server went away meanwhile
let_go() {
	# each line is a write of its own, and of a server that is gone psql has read enough after the first: not our end
	(printf '%s;\n\\q\n' "${1-ROLLBACK}" >&7) 2>/dev/null
	exec 7>&-
	wait "$HOLDER"
	rm -f "$HOLD"
}

# stop_in_process CONDITION : queues LINE to table target; who runs it stands still as soon as that holds of its progress.
# It is not looked for from here: on a slow machine it would be done before we came to it.
stop_in_process() {
	hold "LOCK TABLE target"
	queue
	wait_until "SELECT status = 'RUNNING' FROM _nuvopipe.execution WHERE id = '$EXEC'"
	RUNNER=$(runner_pid)
	let_go ROLLBACK
	"$PGBIN/psql" -XAtq -v ON_ERROR_STOP=1 <<-SQL || bail "cannot stop the runner"
	DO \$\$
	BEGIN
		FOR i IN 1 .. 20000 LOOP
			EXIT WHEN EXISTS (SELECT FROM nuvopipe.execution_progress WHERE execution = '$EXEC' AND phase = 'process' AND $1);
			COMMIT;
			PERFORM pg_sleep(0.002);
		END LOOP;
		COPY (SELECT 1) TO PROGRAM 'kill -STOP $RUNNER; cat >/dev/null';
	END \$\$;
	SQL
}

# kill_runner [PID] : kill -9 of who runs EXEC; the server restarts all its processes
kill_runner() {
	local pid
	end_session
	pid=${1:-$(runner_pid)}
	kill -9 "$pid" || bail "no runner"
	wait_for test ! -d "/proc/$pid"
	wait_until "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)"
}

# power_cut : kill -9 of every process of the cluster at once
power_cut() {
	local pid children
	end_session
	pid=$(postmaster_pid)
	kill -STOP "$pid"			# or it starts another one meanwhile, which keeps the next server from starting
	children=$(pgrep -P "$pid")
	# shellcheck disable=SC2086
	kill -9 "$pid" $children
	for child in $pid $children; do wait_for test ! -d "/proc/$child"; done
}

settled() {
	wait_done "$EXEC" >/dev/null
	is "$(of_exec "status || ' ' || attempts")" "$1 $2" "$3" || diag "$(said)"
	is "$(q "SELECT count(*) FROM _nuvopipe.execution e FULL JOIN _nuvopipe.execution_attempt a ON a.execution_id = e.id
		WHERE e.status = 'RUNNING' OR a.status = 'RUNNING' OR a.attempt IS NULL AND e.attempts > 0")" 0 "$3: nothing is left running"
}
loaded() {
	is "$(q "SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || count(DISTINCT name) FROM $1")" "$2 $2 $2" "$3: every row once"
	is "$(q "SELECT count(*) FROM _nuvopipe.input_ledger WHERE execution_id = '$EXEC'")" 1 "$3: one entry in the ledger"
}
empty() {
	is "$(q "SELECT count(*) FROM $1")" 0 "$2: no row"
	is "$(q "SELECT count(*) FROM _nuvopipe.input_ledger WHERE execution_id = '$EXEC'")" 0 "$2: no entry in the ledger"
}
