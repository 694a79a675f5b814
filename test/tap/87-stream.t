#!/bin/bash
# 87-stream.t - the stream of events: none lost, none twice, whoever commits when; each sees its own
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

start_cluster
world
big_world
qx "
CREATE TABLE stream (name text PRIMARY KEY, state jsonb);
CREATE TABLE heard (name text, n serial, frame text);
CREATE FUNCTION listen_as(who text, topics text DEFAULT 'execution,pipeline', last_id text DEFAULT NULL) RETURNS void LANGUAGE sql AS
	\$\$ INSERT INTO stream VALUES (who, nuvopipe_api.event_stream(jsonb_build_object('topics', topics, 'headers', jsonb_build_object('last-event-id', last_id)))) \$\$;
-- one look at the stream; its frames with data
CREATE PROCEDURE look(who text) LANGUAGE plpgsql AS \$\$
DECLARE
	e record;
BEGIN
	SELECT n.* INTO e FROM stream s, _nuvopipe.events_next(s.state) n WHERE s.name = who;
	UPDATE stream SET state = e.state WHERE name = who;
	INSERT INTO heard (name, frame) SELECT who, f FROM regexp_split_to_table(e.chunk, E'\n\n') WITH ORDINALITY AS t (f, n)
		WHERE f ~ 'data: ' ORDER BY t.n;
END \$\$;
CREATE VIEW frames AS SELECT name, n, substring(frame FROM 'event: ([a-z.]+)') AS event, substring(frame FROM 'id: ([^\n]*)') AS id,
	(substring(frame FROM 'data: (.*)'))::jsonb AS data FROM heard;"
# frames NAME [EVENT] : how many it has heard
frames() { q "SELECT count(*) FROM frames WHERE name = '$1' AND event ~ '${2-}'"; }

# --- order of commits

qx "SELECT listen_as('a')"
qx "CALL look('a')"
is "$(frames a)" 0 "at first there is nothing"
line file target
hold "SELECT _nuvopipe.tell_pipeline(_nuvopipe.tenant(), id, owner_id, 'early') FROM _nuvopipe.pipeline LIMIT 1"
qx "SELECT _nuvopipe.tell_pipeline(_nuvopipe.tenant(), id, owner_id, 'late') FROM _nuvopipe.pipeline LIMIT 1"
qx "CALL look('a')"
is "$(q "SELECT string_agg(data ->> 'change', ' ' ORDER BY n) FROM frames WHERE name = 'a'")" "created late" "what is committed is told, though an earlier transaction is open"
qx "CALL look('a')"
let_go COMMIT
qx "CALL look('a'); CALL look('a')"
is "$(q "SELECT string_agg(data ->> 'change', ' ' ORDER BY n) FROM frames WHERE name = 'a'")" "created late early" "what is committed late is told then, once"

# --- a client that comes again

first=$(q "SELECT id FROM frames WHERE name = 'a' ORDER BY n LIMIT 1")
qx "SELECT listen_as('b', last_id => '$first')"
qx "CALL look('b'); CALL look('b')"
is "$(q "SELECT string_agg(data ->> 'change', ' ' ORDER BY n) FROM frames WHERE name = 'b'")" "late early" "Last-Event-ID goes on behind that frame"
for cursor in nonsense 1:1 '/' '1:1:/x/y' '999999999999:999999999999:' "1:1:/1:1:/$first"; do
	qx "DELETE FROM stream WHERE name = 'c'; SELECT listen_as('c', last_id => '$cursor')"
	qx "CALL look('c')"
done
is "$(frames c)" 0 "what is no cursor of ours means: from now on"
like "$(qe "SELECT listen_as('d', 'execution,pipelines')")" '22023.*unknown value "pipelines".*Perhaps you meant "pipeline"' "topics have names"

qx "SELECT _nuvopipe.tell_pipeline(_nuvopipe.tenant(), p.id, p.owner_id, 'n' || i) FROM (SELECT * FROM _nuvopipe.pipeline LIMIT 1) p, generate_series(1, 450) i"
qx "CALL look('a')"
is "$(frames a)" 203 "a crowd comes in portions"
middle=$(q "SELECT id FROM frames WHERE name = 'a' ORDER BY n DESC OFFSET 50 LIMIT 1")
qx "CALL look('a'); CALL look('a'); CALL look('a')"
is "$(frames a)|$(q "SELECT count(DISTINCT data ->> 'change') FROM frames WHERE name = 'a'")" "453|453" "whole, and once"
qx "SELECT listen_as('e', last_id => '$middle'); CALL look('e'); CALL look('e'); CALL look('e')"
is "$(q "SELECT count(*), count(DISTINCT data ->> 'change'), min(split_part(data ->> 'change', 'n', 2)::int) FROM frames WHERE name = 'e'")" "300|300|151" "from the midst of it, too"

# --- many writers, some of whom take it back

qx "SELECT listen_as('s', 'pipeline'); CALL look('s')"
q "CREATE PROCEDURE keep_looking() LANGUAGE plpgsql AS \$\$
BEGIN
	WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'enough') LOOP
		CALL look('s');
		COMMIT;
	END LOOP;
END \$\$"
q "CALL keep_looking()" &
looker=$!
for i in 1 2 3 4 5 6; do
	for j in $(seq 1 40); do
		[ $((j % 4)) = 0 ] && end=ROLLBACK || end=COMMIT
		echo "BEGIN; SELECT _nuvopipe.tell_pipeline(_nuvopipe.tenant(), id, owner_id, 'w$i-$j') FROM _nuvopipe.pipeline LIMIT 1; SELECT pg_sleep(random() / 40); $end;"
	done >"$NVP_TMP/write$i.sql"
	"$PGBIN/psql" -XAtq -f "$NVP_TMP/write$i.sql" >/dev/null &
	writers[i]=$!
done
wait "${writers[@]}"
qx "CREATE TABLE enough ()"
wait $looker
qx "CALL look('s'); CALL look('s')"
is "$(q "SELECT count(*), count(DISTINCT data ->> 'change') FROM frames WHERE name = 's' AND data ->> 'change' LIKE 'w%'")" "180|180" "six writers at once: each event once"
is "$(q "SELECT count(*) FROM _nuvopipe.event WHERE kind LIKE 'pipeline.w%'")" 180 "and all that were kept"

# --- executions

line big slow
hold "SELECT pg_advisory_xact_lock(42)"
qx "SELECT listen_as('x', 'execution'); CALL look('x')"
queue
at_the_lock
qx "CALL look('x')"
is "$(q "SELECT string_agg(event || ' ' || (data ->> 'state') || ' ' || (data ->> 'status'), ', ' ORDER BY n) FROM frames WHERE name = 'x' AND event = 'execution.status'")" \
	"execution.status QUEUED PROCESSING, execution.status RUNNING PROCESSING" "states are told, in nuvo's words and ours"
sleep 1.1
qx "CALL look('x')"
is "$(q "SELECT data #>> '{progress,phase}', data ->> 'id' = '$EXEC', (data #>> '{progress,rows_done}')::int > 0 FROM frames WHERE name = 'x' AND event = 'execution.progress' ORDER BY n DESC LIMIT 1")" \
	"process|t|t" "progress is told"
before=$(frames x progress)
sleep 1.1
qx "CALL look('x')"
is "$(frames x progress)" "$before" "but only where there is some"
qx "SELECT nuvopipe.cancel('$EXEC')"
wait_done "$EXEC" >/dev/null
let_go
qx "CALL look('x')"
is "$(q "SELECT data ->> 'state', data ->> 'status' FROM frames WHERE name = 'x' AND event = 'execution.status' ORDER BY n DESC LIMIT 1")" "CANCELED|FAILED" "the end is told"

# --- who sees what

qx "CREATE ROLE joe LOGIN IN ROLE nuvopipe_user; GRANT ALL ON ALL TABLES IN SCHEMA public TO joe; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO joe"
qx "SET SESSION AUTHORIZATION joe; SELECT nuvopipe.create_tdm('t', '[{\"key\": \"id\"}]');
SELECT nuvopipe.create_connector('i', 'INPUT', 'MANUAL', '{}');
SELECT nuvopipe.create_connector('o', 'OUTPUT', 'HTTP', '{\"url\": \"http://h/\"}');"
state=$(q "SET SESSION AUTHORIZATION joe; SELECT nuvopipe_api.event_stream('{}')")
qx "SET SESSION AUTHORIZATION joe; SELECT nuvopipe.create_pipeline('p', 'i', 't', 'o')"
line file target
# _nuvopipe is not joe's: the listener calls it for him, with his identity and the owner's rights
qx "CREATE FUNCTION next_as(state jsonb) RETURNS text LANGUAGE sql SECURITY DEFINER AS \$\$ SELECT chunk FROM _nuvopipe.events_next(state) \$\$"
chunk=$(q "SET SESSION AUTHORIZATION joe; SELECT next_as('$state')")
is "$(grep -c '^data: ' <<<"$chunk")" 1 "a role hears of its own"
like "$chunk" 'retry: [0-9]+' "and how soon to come again"
like "$(q "SELECT chunk FROM _nuvopipe.events_next('$state'::jsonb)")" 'data.*data' "a superuser of all"

like "$(q "SELECT chunk FROM _nuvopipe.events_next(nuvopipe_api.event_stream('{}') || '{\"spoke_at\": 1}')")" '^:' "who has heard nothing for long hears that there is nothing"

done_testing
