#!/bin/bash
# 70-company.t - quick executions of one pipeline share a transaction; whatever is no plain success concerns itself alone
. "$(dirname "$0")/lib.sh"

start_cluster
configure "nuvopipe.max_workers = 0"
qx "
CREATE EXTENSION dblink;
CREATE TABLE kept (nr serial, id int, what text);
-- what a row does when it is written
CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN
	CASE NEW.what
		WHEN 'fails' THEN RAISE EXCEPTION 'this row fails';
		WHEN 'waits' THEN PERFORM pg_sleep(0.3);
		WHEN 'stops' THEN PERFORM pg_cancel_backend(pg_backend_pid());
		WHEN 'leaves' THEN CREATE TEMP TABLE IF NOT EXISTS rest (id int); INSERT INTO rest VALUES (NEW.id); NEW.what = 'left ' || (SELECT count(*) FROM rest);
		WHEN 'cancels' THEN PERFORM FROM dblink(format('host=%s port=%s dbname=%s', split_part(current_setting('unix_socket_directories'), ',', 1),
			current_setting('port'), current_database()), format('SELECT nuvopipe.cancel(%L)',
			(SELECT id FROM nuvopipe.executions WHERE input_name = 'f' || NEW.id + 1))) AS t (done boolean);
		WHEN 'crashes' THEN
			IF pg_stat_file('crashed', true) IS NULL THEN
				COPY (SELECT) TO PROGRAM 'touch crashed; kill -9 \$PPID';
				PERFORM pg_sleep(60);
			END IF;
		ELSE NULL;
	END CASE;
	RETURN NEW;
END \$\$;
CREATE TRIGGER act BEFORE INSERT ON kept FOR EACH ROW EXECUTE FUNCTION act();
SELECT nuvopipe.create_tdm('thing', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"what\"}]'),
	nuvopipe.create_connector('pushed', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE'),
	nuvopipe.create_connector('kept', 'OUTPUT', 'TABLE', '{\"relation\": \"public.kept\"}');
SELECT nuvopipe.create_pipeline('quick', 'pushed', 'thing', 'kept', options => '{\"keep_input\": \"never\"}');"

# push FROM TO [{NUMBER WHAT}...] : a file for each number, with a row that does something or nothing
push() {
	local from=$1 to=$2 acts=''
	shift 2
	while [ $# -gt 0 ]; do acts+="WHEN $1 THEN '$2' "; shift 2; done
	qx "SELECT nuvopipe.ingest('quick', convert_to(E'id,what\n' || i || ',' || CASE i $acts WHEN 0 THEN '' ELSE 'rests' END, 'UTF8'), 'f' || i)
		FROM generate_series($from, $to) i ORDER BY i"
}
run_all() {
	configure "nuvopipe.max_workers = 1"
	wait_until "SELECT NOT EXISTS (SELECT FROM _nuvopipe.execution WHERE status IN ('QUEUED', 'RUNNING'))" 200 || bail "they do not end"
	configure "nuvopipe.max_workers = 0"
	wait_until "SELECT count(*) = 0 FROM nuvopipe.workers WHERE kind = 'runner'"
}
# ended FROM TO : what became of them
ended() {
	q "SELECT string_agg(n || ' ' || word, ', ' ORDER BY word) FROM (SELECT status || ' ' || attempts AS word, count(*) AS n
		FROM nuvopipe.executions WHERE substr(input_name, 2)::int BETWEEN $1 AND $2 GROUP BY 1) x"
}
one() { ended "$1" "$1"; }
shared() {
	q "SELECT count(*) - count(DISTINCT e.xact) > 10 FROM _nuvopipe.event e JOIN nuvopipe.executions x ON x.id = e.execution_id
		WHERE e.kind = 'execution.succeeded' AND substr(x.input_name, 2)::int BETWEEN $1 AND $2"
}
whole() {
	is "$(q "SELECT count(*) || ' ' || count(DISTINCT id) FROM kept WHERE id BETWEEN $1 AND $2")" "$3 $3" "$4: each row once"
	is "$(q "SELECT count(*) FROM _nuvopipe.broken_executions()")" 0 "$4: the books are whole"
	is "$(q "SELECT count(*) FROM _nuvopipe.execution_attempt a JOIN nuvopipe.executions x ON x.id = a.execution_id
		WHERE a.attempt > x.attempts OR a.status = 'RUNNING'")" 0 "$4: no attempt is left that was not made"
}

push 1 200
run_all
is "$(ended 1 200)" "200 SUCCEEDED 1" "all were run"
is "$(shared 1 200)" t "many ends were one commit"
is "$(q "SELECT count(*) FROM kept a JOIN kept b ON b.nr = a.nr + 1 WHERE b.id <> a.id + 1")" 0 "in their order"
is "$(q "SELECT count(*) FROM nuvopipe.executions a JOIN nuvopipe.executions b ON b.started_at < a.finished_at AND b.started_at > a.started_at")" 0 \
	"one after the other, by their times"
whole 1 200 200 "plain"

push 201 400 230 fails 260 waits 290 leaves 291 leaves 292 leaves 320 stops 385 cancels
run_all
is "$(ended 201 385), $(ended 387 400)" "1 CANCELED 1, 184 SUCCEEDED 1, 14 SUCCEEDED 1" "fault, delay, traces and cancels among others: each was tried once"
is "$(q "SELECT a.rows_rejected || ' ' || (SELECT message FROM nuvopipe.issues i WHERE i.execution = a.execution_id)
	FROM _nuvopipe.execution_attempt a JOIN nuvopipe.executions x ON x.id = a.execution_id WHERE x.input_name = 'f230'")" \
	"1 this row fails" "the row that the server refused is an issue of its own run"
is "$(one 320)" "1 CANCELED 1" "a cancel without a name means the one under way"
# on a slow machine it waits in the queue, and has no attempt
note "named: $(one 386)"
like "$(one 386), $(one 385)" "^1 CANCELED [01], 1 SUCCEEDED 1$" "a cancel with a name means that one, which had not begun"
is "$(q "SELECT string_agg(what, ', ' ORDER BY id) FROM kept WHERE id BETWEEN 290 AND 292")" "left 1, left 1, left 1" "a temporary table does not meet the next run"
is "$(q "SELECT count(*) FROM kept a JOIN kept b ON b.nr > a.nr AND b.id < a.id")" 0 "still in their order"
is "$(q "SELECT count(*) FROM _nuvopipe.blob WHERE dropped_at IS NULL")" 0 "no input is kept, also not of what was cancelled"
whole 201 400 197 "mixed"

push 401 600 500 crashes
run_all
is "$(q "SELECT count(*) FROM nuvopipe.executions WHERE status <> 'SUCCEEDED' AND substr(input_name, 2)::int > 400")" 0 "a crash of the server: all were run"
is "$(one 500)" "1 SUCCEEDED 2" "what crashed it was tried twice"
is "$(q "SELECT count(*) > 100 FROM nuvopipe.executions WHERE attempts = 1 AND substr(input_name, 2)::int > 400")" t "so were few others"
is "$(q "SELECT count(*) FROM _nuvopipe.execution_attempt a JOIN nuvopipe.executions x ON x.id = a.execution_id
	WHERE substr(x.input_name, 2)::int > 400 AND a.attempt = 1 AND x.attempts = 2 AND a.error_sqlstate IS DISTINCT FROM '57P02'")" 0 "and the first attempt says why"
whole 401 600 200 "crashed"

# a runner that is asked to leave gives back all that it has claimed
push 601 800 640 waits
configure "nuvopipe.max_workers = 1"
wait_until "SELECT count(*) > 0 FROM nuvopipe.executions WHERE input_name IN ('f610') AND status = 'SUCCEEDED'"
qx "SELECT pg_terminate_backend(pid) FROM nuvopipe.workers WHERE kind = 'runner'"
run_all
is "$(q "SELECT count(*) FROM nuvopipe.executions WHERE status <> 'SUCCEEDED' AND substr(input_name, 2)::int > 600")" 0 "a runner was asked to leave: all were run"
whole 601 800 200 "asked to leave"
done_testing
