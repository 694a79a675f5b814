#!/bin/bash
# 78-storm.t - processes and the server are killed at random, again and again, while work comes and is done
#
# A round: work of several kinds comes, what works on it is killed, work ends, and
# the account is drawn up.  Whatever dies, in whichever phase: everything succeeds,
# every row is there once, and nothing is left of those that died.
# NVP_STORM_ROUNDS says how many rounds (none: nothing is done), NVP_STORM_SEED which dice.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"
. "$(dirname "$0")/load.sh"

[ -n "${NVP_STORM_ROUNDS-}" ] || skip_all "NVP_STORM_ROUNDS is not set; make test-all sets it"
ROUNDS=$NVP_STORM_ROUNDS KILLS=5 RUNNERS=4
SEED=${NVP_STORM_SEED:-$(($(date +%s) % 32768))}
RANDOM=$SEED
note "$ROUNDS rounds, NVP_STORM_SEED=$SEED"

start_cluster
configure "nuvopipe.max_workers = $RUNNERS" "nuvopipe.max_retries = 50" "nuvopipe.lease_timeout = '5s'"
parcels 4
world
web_world
BIG=100000
big_world
# a table that takes its three seconds, a file, a place that is reached over the network and fails at times, and a schedule
install -d -m 777 "$NVP_TMP/out"
qx "CREATE TABLE fetched (LIKE target); CREATE TABLE bulk (LIKE target);
	CREATE FUNCTION takes_time() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.03); RETURN NEW; END';
	CREATE TRIGGER takes_time BEFORE INSERT ON bulk FOR EACH ROW WHEN (NEW.id % 1000 = 0) EXECUTE FUNCTION takes_time();
	SELECT nuvopipe.create_connector(t, 'OUTPUT', 'TABLE', jsonb_build_object('relation', 'public.' || t)) FROM unnest('{fetched,bulk}'::text[]) t;
	SELECT nuvopipe.create_connector('out', 'OUTPUT', 'FILE', jsonb_build_object('directory_path', '$NVP_TMP/out', 'file_name', 'out.csv'));
	SELECT nuvopipe.create_pipeline('a table', 'big', 'thing', 'bulk');
	SELECT nuvopipe.create_pipeline('a file', 'big', 'thing', 'out');
	SELECT nuvopipe.create_pipeline('fetches', 'web', 'thing', 'fetched');
	SELECT nuvopipe.create_pipeline('planned', 'file', 'thing', 'target', schedule => '{\"frequency\": \"SECONDLY\", \"overlap\": \"QUEUE_ALL\", \"missed\": \"ALL\"}')"
primary main

declare -A kills=()
answers() { q "SELECT 1" >/dev/null 2>&1; }
# pid_of KIND : of a living process, as the system shows it: a server that has just come back does not know all of them
pid_of() {
	local pids
	mapfile -t pids < <(pgrep -P "$(postmaster_pid)" -f "nuvopipe $1")
	[ ${#pids[@]} = 0 ] || echo "${pids[RANDOM % ${#pids[@]}]}"
}
# victim KIND : what is killed, once it works on something
victim() {
	wait_until "SELECT EXISTS (SELECT FROM _nuvopipe.execution WHERE status = 'RUNNING') OR NOT EXISTS (SELECT FROM _nuvopipe.execution WHERE status = 'QUEUED')" 10 2>/dev/null
	case $1 in
	busy) q "SELECT worker_pid FROM _nuvopipe.execution WHERE status = 'RUNNING' ORDER BY random() LIMIT 1" ;;
	client) q "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1" ;;
	*) pid_of "$1" ;;
	esac 2>/dev/null
}
# strike : false where there was nobody of the kind that the dice have chosen
strike() {
	local dice=(busy busy busy busy runner keeper launcher client postmaster postmaster) what pid
	what=${dice[RANDOM % 10]}
	if [ $what = postmaster ]; then
		victim any >/dev/null
		power_cut
		start_cluster
	else
		pid=$(victim $what)
		[ -n "$pid" ] && kill -9 "$pid" 2>/dev/null || return 1
		wait_for test ! -d "/proc/$pid"
	fi
	kills[$what]=$((${kills[$what]-0} + 1))
	wait_for answers || bail "the server does not come back"
}
whole() { is "$(q "SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || coalesce(max(id), 0) FROM $1")" "$2 $2 $2" "$3: table $1 has every row once"; }

for ((round = 1; round <= ROUNDS; round++)); do
	faults=('' 'reset first=1' 'cut=20000 first=2')
	relay "${faults[RANDOM % 3]}"
	rm -f "$NVP_TMP/out/out.csv"
	qx "TRUNCATE fetched, bulk; SELECT nuvopipe.resume_schedule('planned')"
	start_senders 3 $((round * 100 + 1)) $((round * 100 + 8))
	for line in 'a table' 'a file' fetches; do qx "SELECT nuvopipe.execute('$line', force => true)"; done
	for ((tries = 3 * KILLS, left = KILLS; tries > 0 && left > 0; tries--)); do strike && left=$((left - 1)); done
	finish_senders
	qx "SELECT nuvopipe.pause_schedule('planned')"
	what="round $round"
	ok "$what: all comes to an end" wait_until "SELECT count(*) = 0 FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')" 120 ||
		diag "$(q "SELECT pipeline_name, status, attempts, available_at, error_message FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')")"
	account "$what"
	is "$(q "SELECT count(*) FROM nuvopipe.executions WHERE status = 'FAILED'")" 0 "$what: nothing has failed for good"
	whole bulk $BIG "$what"
	whole fetched $ROWS "$what"
	whole target $ROWS "$what, by the schedule, once"
	is "$(wc -l <"$NVP_TMP/out/out.csv") $(tail -1 "$NVP_TMP/out/out.csv")" "$((BIG + 1)) $BIG,name $BIG" "$what: the file is whole"
	is "$(find "$NVP_TMP/out" -type f | wc -l)" 1 "$what: no part of it is left"
	is "$(q "SELECT count(*) FROM nuvopipe.planned_runs WHERE outcome NOT IN ('RAN', 'SKIPPED_PAUSED')")" 0 "$what: the schedule has decided every instant"
	is "$(q "SELECT count(*) FROM (SELECT FROM _nuvopipe.planned_run p JOIN _nuvopipe.execution e ON e.tenant_id = p.tenant_id AND e.run_id = p.run_id GROUP BY p.planned_at HAVING count(*) <> 1) x")" 0 \
		"$what: and started none twice"
	is "$(q "SELECT count(*) FROM pg_ls_tmpdir()")" 0 "$what: no temporary file is left"
	is "$(q "SELECT count(*) FROM nuvopipe.workers w LEFT JOIN pg_stat_activity a USING (pid) WHERE a.pid IS NULL OR w.execution IS NOT NULL")" 0 "$what: nobody who is dead is listed, nobody works"
	is "$(q "SELECT string_agg(code, ' ') FROM nuvopipe.alerts(min_free_disk => 0, max_failure_rate => NULL)")" "" "$what: and there is nothing to worry about"
done
summary=$(for what in "${!kills[@]}"; do echo "${kills[$what]} $what"; done | sort -k2 | paste -sd,)
note "killed: $summary"
ok "enough was killed" [ "$(awk '{ n += $1 } END { print n + 0 }' <<<"${summary//,/$'\n'}")" -ge $((ROUNDS * 3)) ]
ok "and had to be done again: $(q "SELECT sum(attempts - 1) FROM nuvopipe.executions") attempts" [ "$(q "SELECT count(*) FROM nuvopipe.executions WHERE attempts > 1")" -gt 0 ]

# --- the places of all runners are free again

qx "SELECT nuvopipe.create_pipeline('slot ' || i, 'file', 'thing', 'slow') FROM generate_series(1, $RUNNERS) i"
hold "SELECT pg_advisory_xact_lock(42)"
qx "SELECT nuvopipe.execute('slot ' || i) FROM generate_series(1, $RUNNERS) i"
ok "as many run at a time as may" wait_until "SELECT count(*) = $RUNNERS FROM nuvopipe.executions WHERE status = 'RUNNING'"
let_go
wait_until "SELECT count(*) = $RUNNERS FROM nuvopipe.executions WHERE status = 'SUCCEEDED' AND pipeline_name LIKE 'slot %'"

stop_cluster
is "$(find "$NVP_TMP/main/data" -path '*pgsql_tmp*' -type f | wc -l)" 0 "no temporary file is left"
unlike "$(server_log)" "(PANIC|TRAP|signal 11|signal 6|still running)" "no crash but those made here"
done_testing
