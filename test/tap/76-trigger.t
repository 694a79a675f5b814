#!/bin/bash
# 76-trigger.t - what starts pipelines beside schedules, with everything alive: bursts, kills, drops, dumps
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

# of TRIGGER EXPRESSION : over the view of triggers
of() { q "SELECT $2 FROM nuvopipe.triggers WHERE name = '$1'"; }
# holds TRIGGER CONDITION [SECONDS]
holds() { wait_until "SELECT $2 FROM nuvopipe.triggers WHERE name = '$1'" "${3:-60}"; }
# quiet : no signal waits, nothing runs
quiet() {
	wait_until "SELECT NOT EXISTS (SELECT FROM _nuvopipe.signal) AND NOT EXISTS (SELECT FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING'))" 120
}
trigger() { qx "SELECT nuvopipe.create_trigger('$1', '$2', \$j\${$3}\$j\$, '$4')"; }
starts() { q "SELECT count(*) FROM nuvopipe.executions WHERE pipeline_name = '$1'"; }

start_cluster
qx "
CREATE TABLE src (a int);
CREATE TABLE dst (LIKE src);
CREATE TABLE far (LIKE src);
CREATE TABLE wish (a int);
SELECT nuvopipe.create_tdm('t', '[{\"key\": \"a\", \"columnType\": \"int\"}]')"
table_connector src INPUT '"relation": "public.src"'
table_connector dst OUTPUT '"relation": "public.dst", "mode": "replace"'
table_connector dst-in INPUT '"relation": "public.dst"'
table_connector far OUTPUT '"relation": "public.far", "mode": "replace"'
pipeline first src t dst
pipeline second dst-in t far

# --- a table that changes, and the pipeline after it

trigger first TABLE '"relation": "public.src"' rows
trigger second SUCCESS '"pipeline": "first", "rows": true' after
burst=$SECONDS
for i in $(seq 1000); do echo "INSERT INTO src VALUES ($i);"; done | "$PGBIN/psql" -Xq || diag "the burst failed"
burst=$((SECONDS - burst))
wait_until "SELECT count(*) = 1000 FROM far" 90
quiet
is "$(q "SELECT count(DISTINCT a) FROM far")" 1000 "a thousand transactions: every row has come through both pipelines"
is "$(of rows signals)" 1000 "each has signalled once"
ok "and all together started few executions: $(starts first) in $burst s" [ "$(starts first)" -le $((burst + 3)) ]
ok "the second follows the first: $(starts second)" [ "$(starts second)" -le "$(starts first)" ]
is "$(q "SELECT DISTINCT concat_ws(' ', e.trigger_type, t.name, t.last_run IS NOT NULL) FROM nuvopipe.executions e JOIN nuvopipe.triggers t ON t.id = e.trigger ORDER BY 1")" \
	"EVENT after t
EVENT rows t" "executions tell what has started them"
is "$(q "SELECT sum((cause ->> 'signals')::int) FROM nuvopipe.executions WHERE pipeline_name = 'first'")" 1000 "and for how much"

# without a delay, from several sessions, with the keeper killed in mid-burst: the server starts all its processes again
qx "SELECT nuvopipe.update_trigger('rows', '{\"relation\": \"public.src\", \"delay\": 0}')"
load() { for i in $(seq 400); do echo "INSERT INTO src VALUES ($(($1 * 1000 + i)));"; done | "$PGBIN/psql" -Xq >/dev/null 2>&1; }
for s in 2 3 4; do load $s & done
wait_until "SELECT count(*) > 1100 FROM src" 90
kill -9 "$(q "SELECT pid FROM nuvopipe.workers WHERE kind = 'keeper'")"
wait
wait_until "SELECT count(*) = 1 FROM nuvopipe.workers WHERE kind = 'keeper'" 120
load 5
committed=$(q "SELECT count(*) FROM src")
ok "the keeper was killed in mid-burst: $committed rows" [ "$committed" -ge 1400 ]
wait_until "SELECT count(*) = $committed FROM far" 120
is "$(q "SELECT count(*) FROM (TABLE src EXCEPT TABLE far) x")" 0 "every row that was committed has come through"
quiet

# --- NOTIFY

trigger second NOTIFY '"channel": "Doorbell"' bell
holds bell "last_check IS NOT NULL"
qx "NOTIFY \"Doorbell\", 'who is there'"
holds bell "starts = 1"
is "$(of bell last_payload)" "who is there" "NOTIFY starts, with its payload"
quiet
qx "NOTIFY doorbell, 'another'; NOTIFY other"
qx "BEGIN; NOTIFY \"Doorbell\", 'never'; ROLLBACK"
qx "DO \$\$ BEGIN FOR i IN 1 .. 500 LOOP PERFORM pg_notify('Doorbell', 'ring ' || i); END LOOP; END \$\$"
holds bell "signals = 501"
quiet
is "$(of bell "concat_ws(' ', signals, last_payload)")" "501 ring 500" "pg_notify does, and nothing is heard of other channels, nor of what is rolled back"
ok "many of them start few executions: $(of bell starts)" [ "$(of bell starts)" -le 30 ]
# what a database tells its clients to speak is none of the keeper's business
qx "ALTER DATABASE postgres SET client_encoding = 'SQL_ASCII'; ALTER DATABASE postgres SET client_encoding = 'LATIN1'"
before=$(of bell last_check)
kill -9 "$(q "SELECT pid FROM nuvopipe.workers WHERE kind = 'keeper'")"
wait_until "SELECT true" 90
holds bell "last_check > '$before'" 120
pass "a keeper that was killed is followed by one that listens"
q "SET client_encoding = 'UTF8'; SELECT pg_notify('Doorbell', 'zwölf € 日本')" >/dev/null
holds bell "signals = 502"
is "$(q "SET client_encoding = 'UTF8'; SELECT last_payload FROM nuvopipe.triggers WHERE name = 'bell'")" "zwölf € 日本" "payloads come as they were sent"
qx "ALTER DATABASE postgres RESET client_encoding"
is "$(q "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nuvopipe keeper' AND state = 'idle' AND wait_event_type = 'Extension'")" 1 "a keeper that listens sleeps"
qx "SELECT nuvopipe.delete_trigger('bell')"
quiet

# --- a query that returns rows

qx "CREATE ROLE asker IN ROLE nuvopipe_user; GRANT ALL ON src, dst, far, wish TO asker"
as() { q "SET ROLE asker; $1" "${@:2}"; }
as "SELECT nuvopipe.create_tdm('t', '[{\"key\": \"a\", \"columnType\": \"int\"}]');
	SELECT nuvopipe.create_connector('w', 'INPUT', 'TABLE', '{\"relation\": \"public.wish\"}');
	SELECT nuvopipe.create_connector('f', 'OUTPUT', 'TABLE', '{\"relation\": \"public.dst\", \"mode\": \"replace\"}');
	SELECT nuvopipe.create_pipeline('asked', 'w', 't', 'f');
	CREATE SCHEMA AUTHORIZATION asker" >/dev/null 2>&1 || q "CREATE SCHEMA AUTHORIZATION asker"
# what it does as whom: rows of wish are granted if the query runs as it must
qx "CREATE FUNCTION asker.asks() RETURNS bool LANGUAGE plpgsql AS \$\$
BEGIN
	IF current_user <> 'asker' OR session_user = current_user OR NOT current_setting('transaction_read_only')::bool THEN
		RAISE EXCEPTION 'asked as %, read only: %', current_user, current_setting('transaction_read_only');
	END IF;
	RETURN EXISTS (SELECT FROM public.wish);
END \$\$; ALTER FUNCTION asker.asks OWNER TO asker"
as "SELECT nuvopipe.create_trigger('asked', 'QUERY', '{\"query\": \"SELECT WHERE asker.asks()\", \"every\": 1}', 'wish')" >/dev/null
holds wish "last_check > now() - interval '3 s'"
is "$(of wish "concat_ws(' ', signals, starts, last_error)")" "0 0" "a query without rows starts nothing, as its owner, read-only"
qx "INSERT INTO wish VALUES (7)"
wait_until "SELECT count(*) = 1 FROM dst WHERE a = 7"
qx "TRUNCATE wish"
quiet
pass "rows start the pipeline"
after=$(of wish starts)
sleep 2.5
is "$(of wish starts)" "$after" "when they are gone nothing more is started"

# wrong QUERY PATTERN DESCRIPTION : the query fails like this
wrong() {
	as "SELECT nuvopipe.update_trigger('wish', jsonb_build_object('query', \$j\$$1\$j\$, 'every', 1))" >/dev/null
	holds wish "failures > 0" || return
	like "$(of wish last_error)" "$2" "$3"
}
configure "nuvopipe.probe_timeout = '300ms'"
qx "CREATE FUNCTION asker.slow() RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN true; END';
CREATE FUNCTION asker.writes() RETURNS bool LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.wish VALUES (1); RETURN true; END';
CREATE FUNCTION asker.wants_to() RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''transaction_read_only'', ''off'', false); INSERT INTO public.wish VALUES (1); RETURN true; END';
CREATE FUNCTION asker.becomes() RETURNS bool LANGUAGE plpgsql AS 'BEGIN SET ROLE postgres; RETURN true; END';
CREATE FUNCTION asker.holds() RETURNS bool LANGUAGE plpgsql AS 'BEGIN EXECUTE ''DECLARE c CURSOR WITH HOLD FOR SELECT 1''; RETURN true; END';
ALTER FUNCTION asker.slow OWNER TO asker; ALTER FUNCTION asker.writes OWNER TO asker; ALTER FUNCTION asker.becomes OWNER TO asker;
ALTER FUNCTION asker.wants_to OWNER TO asker; ALTER FUNCTION asker.holds OWNER TO asker"
runner=$(q "SELECT min(pid) FROM nuvopipe.workers WHERE kind = 'runner'")
wrong "SELECT WHERE asker.slow()" "^the query took longer than 300 ms" "a query that takes too long is ended"
configure nuvopipe.probe_timeout
wrong "SELECT WHERE asker.writes()" "^cannot execute INSERT in a read-only transaction \(25006\)$" "one that writes is refused"
wrong "SELECT WHERE asker.wants_to()" "read-write|read-only" "it cannot make itself writing"
wrong "SELECT WHERE asker.becomes()" "permission denied to set role|cannot set parameter" "nor become somebody else"
wrong "SELECT WHERE asker.holds()" "WITH HOLD|cannot" "nor leave a cursor for the commit"
wrong "SELECT WHERE 1 / (random() * 0)::int > 0" "^division by zero \(22012\)$" "an error of the query is told"
is "$(q "SELECT count(*) FROM wish")" 0 "nothing was written"
wait_until "SELECT failures >= 3 FROM nuvopipe.triggers WHERE name = 'wish'"
is "$(q "SELECT count(*) FROM nuvopipe.events WHERE kind = 'pipeline.trigger_failed' AND payload ->> 'message' LIKE 'division%'")" 1 "by one event"
is "$(server_log | grep -c 'trigger "wish".*division by zero')" 1 "and one line of the log, however often it fails"
is "$(q "SELECT count(*) FROM nuvopipe.workers WHERE pid = $runner")" 1 "no runner has ended for it"
as "SELECT nuvopipe.update_trigger('wish', '{\"query\": \"SELECT FROM public.wish\", \"every\": 1}')" >/dev/null
qx "INSERT INTO wish VALUES (8)"
wait_until "SELECT count(*) = 1 FROM dst WHERE a = 8"
is "$(of wish "concat_ws(' ', failures, last_error)")" "0" "it works again, and nobody speaks of the past"
qx "TRUNCATE wish; SELECT nuvopipe.delete_trigger('wish')"
quiet

# --- a pipeline writes into a table that has a trigger

pipeline third dst-in t far
trigger third TABLE '"relation": "public.dst", "events": ["INSERT", "DELETE"], "delay": 0' chain
before=$(starts third)
qx "INSERT INTO src VALUES (4711)"
holds chain "starts > 0"
quiet
is "$(of chain "concat_ws(' ', signals, starts)")" "1 1" "a load is a change as any other: it starts the next pipeline, once"
is "$(q "SELECT count(*) FROM far WHERE a = 4711")" 1 "which sees what was loaded"
q "SELECT nuvopipe.create_trigger('first', 'TABLE', '{\"relation\": \"public.far\"}')" >"$NVP_TMP/circle" 2>&1
like "$(cat "$NVP_TMP/circle")" 'pipeline "first" would start itself: it starts "second" already|it starts "third" already' "a circle through tables is refused"
qx "SELECT nuvopipe.delete_pipeline('third')"

# --- a dump has triggers, those on tables too

"$PGBIN/pg_dump" -Fc -f "$NVP_TMP/dump" postgres 2>"$NVP_TMP/dump.log" || diag "$(cat "$NVP_TMP/dump.log")"
is "$(cat "$NVP_TMP/dump.log")" "" "pg_dump has nothing to say"
qx "CREATE DATABASE copy"
"$PGBIN/pg_restore" -d copy "$NVP_TMP/dump" 2>"$NVP_TMP/restore.log" || diag "$(cat "$NVP_TMP/restore.log")"
is "$(cat "$NVP_TMP/restore.log")" "" "nor pg_restore"
is "$(q "SELECT string_agg(concat_ws(' ', name, relation, last_error), ', ' ORDER BY name) FROM nuvopipe.triggers" -d copy)" "after, rows public.src" "the copy has them"
q "INSERT INTO src VALUES (-1)" -d copy
PGDATABASE=copy wait_until "SELECT count(*) = 1 FROM far WHERE a = -1"
pass "and they work there"
is "$(q "SELECT count(*) FROM far WHERE a = -1")" 0 "there alone"
is "$(q "SELECT count(*) FROM pg_depend WHERE classid = 'pg_trigger'::regclass AND deptype = 'x'" -d copy)" 1 "the trigger goes with the extension in the copy, too"
qx "DROP DATABASE copy"

# --- a table that goes, an extension that goes

qx "DROP TABLE src"
like "$(of rows last_error)" '^table "public.src" has no trigger ' "a table that was dropped is told"
qx "CREATE TABLE src (a int); SELECT nuvopipe.update_trigger('rows', status => 'ACTIVE')"
qx "INSERT INTO src VALUES (99)"
wait_until "SELECT count(*) = 1 FROM far WHERE a = 99"
pass "a new one takes its place"
quiet
# the signal's table is broken: the user's transaction is not, and the keeper finds out
qx "ALTER TABLE _nuvopipe.signal ADD CONSTRAINT never CHECK (false) NOT VALID"
qx "INSERT INTO src VALUES (100)"
qx "ALTER TABLE _nuvopipe.signal DROP CONSTRAINT never"
wait_until "SELECT count(*) = 1 FROM far WHERE a = 100" 60
pass "a signal that could not be written is made up for"
quiet
qx "DROP EXTENSION nuvopipe"
is "$(q "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal")" 0 "DROP EXTENSION needs no CASCADE, and takes its triggers along"
qx "INSERT INTO src VALUES (101)"
pass "tables stay as they were"

# --- without preloading: a session that works takes signals and asks queries

stop_cluster
CLUSTER=plain
start_cluster --no-preload
qx "
CREATE TABLE src (a int);
CREATE TABLE dst (LIKE src);
CREATE TABLE far (LIKE src);
SELECT nuvopipe.create_tdm('t', '[{\"key\": \"a\", \"columnType\": \"int\"}]')"
table_connector src INPUT '"relation": "public.src"'
table_connector dst OUTPUT '"relation": "public.dst", "mode": "replace"'
table_connector dst-in INPUT '"relation": "public.dst"'
table_connector far OUTPUT '"relation": "public.far", "mode": "replace"'
pipeline first src t dst
pipeline second dst-in t far
trigger first TABLE '"relation": "public.src", "delay": 0' rows
trigger second SUCCESS '"pipeline": "first"' after
trigger second QUERY '"query": "SELECT FROM public.src WHERE a < 0", "every": 1' below
qx "INSERT INTO src VALUES (1)"
qx "CALL nuvopipe.work()"
is "$(q "SELECT count(*) FROM far")" 1 "nuvopipe.work() carries both pipelines to the end"
qx "INSERT INTO src VALUES (-1); SELECT pg_sleep(1.1)"
qx "CALL nuvopipe.work()"
is "$(of below "concat_ws(' ', signals, starts, last_error)")" "1 1" "and asks queries"
qx "CALL nuvopipe.run('first')"
is "$(q "SELECT concat_ws(' ', pipeline_name, status) FROM nuvopipe.executions ORDER BY created_at DESC LIMIT 1")" "second QUEUED" "nuvopipe.run() queues what its success starts"
qe "SET statement_timeout = '500ms'; CALL nuvopipe.work()" >/dev/null
done_testing
