#!/bin/bash
# 76-slots.t - how many run at a time: by pipeline, organization and host; in which order; and that nothing is loaded twice
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster
start_server http

# an organization is a database role here
for who in acme bolt; do
	qx "CREATE ROLE $who LOGIN; GRANT nuvopipe_user TO $who; GRANT ALL ON SCHEMA public TO $who"
	q "SELECT nuvopipe.create_organization('$who', '$who')" >/dev/null || bail "no organization"
done
as() { PGUSER=$1 qx "$2"; }

# rows take a moment, so that runs meet
qx "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END'"
# world ROLE PIPELINE OPTIONS : a pipeline of pushed data into a table of its own
world() {
	as "$1" "CREATE TABLE IF NOT EXISTS $2 (id int, name text);
	CREATE OR REPLACE TRIGGER dawdle BEFORE INSERT ON $2 FOR EACH ROW EXECUTE FUNCTION dawdle();
	SELECT nuvopipe.create_tdm('$2', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\"}]');
	SELECT nuvopipe.create_connector('$2 in', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE');
	SELECT nuvopipe.create_connector('$2 out', 'OUTPUT', 'TABLE', '{\"relation\": \"public.$2\"}');
	SELECT nuvopipe.create_pipeline('$2', '$2 in', '$2', '$2 out', options => '${3-{\}}')"
}
# push ROLE PIPELINE FROM TO [REPEAT] : a file for each number, each so often
push() {
	as "$1" "SELECT nuvopipe.ingest('$2', convert_to('id,name' || chr(10) || i || ',n', 'UTF8'), 'f' || i || '.csv')
		FROM generate_series($3, $4) i, generate_series(1, ${5:-1}) ORDER BY i"
}
# workers N [SQL] : with other settings before
workers() {
	[ -z "${2-}" ] || qx "$2"
	configure "nuvopipe.max_workers = $1"
	[ "$1" != 0 ] || wait_until "SELECT count(*) = 0 FROM nuvopipe.workers WHERE kind = 'runner'"
}
all_done() { wait_until "SELECT NOT EXISTS (SELECT FROM _nuvopipe.execution WHERE status IN ('QUEUED', 'RUNNING'))" 200 || bail "they do not end"; }
# most_at_once CONDITION : over e (execution), p (pipeline), g (organization); by the clock of each claim and end
most_at_once() {
	q "SELECT max(n) FROM (SELECT sum(d) OVER (ORDER BY at, d) AS n
		FROM _nuvopipe.execution e JOIN _nuvopipe.pipeline p ON p.id = e.pipeline_id JOIN _nuvopipe.organization g ON g.id = e.tenant_id,
			LATERAL (VALUES (e.started_at, 1), (e.finished_at, -1)) v(at, d) WHERE $1) x"
}
# ended CONDITION : over e and p
ended() {
	q "SELECT string_agg(n || ' ' || status, ', ' ORDER BY status) FROM (SELECT e.status, count(*) AS n
		FROM _nuvopipe.execution e JOIN _nuvopipe.pipeline p ON p.id = e.pipeline_id WHERE $1 GROUP BY 1) x"
}

# ---- slots of a pipeline, under four workers

workers 0
world postgres one
world postgres three '{"slots": 3}'
push postgres one 1 60
push postgres three 1 120
workers 4
all_done
is "$(ended "p.name IN ('one', 'three')")" "180 SUCCEEDED" "all were run"
is "$(most_at_once "p.name = 'one'")" 1 "a pipeline with one slot: one at a time"
is "$(most_at_once "p.name = 'three'")" 3 "a pipeline with three slots: three at a time, and no more"
is "$(q "SELECT count(*) || ' ' || count(DISTINCT id) FROM three")" "120 120" "each was loaded once"

qx "SELECT nuvopipe.update_pipeline('three', options => '{\"slots\": 2}')"
workers 0
push postgres three 201 260
workers 4
all_done
is "$(most_at_once "p.name = 'three' AND e.object_name ~ '^f2\d\d'")" 2 "slots can be changed"
like "$(qe "SELECT nuvopipe.update_pipeline('three', options => '{\"slots\": 65}')")" "22023.*options.slots: 65 is out of range 1 to 64" "within bounds"

# ---- the same version at the same time is loaded once

world postgres many '{"slots": 4}'
workers 0
push postgres many 1 40 4
workers 4
all_done
is "$(ended "p.name = 'many'")" "160 SUCCEEDED" "40 files, each pushed four times"
is "$(q "SELECT count(*) || ' ' || count(DISTINCT id) FROM many")" "40 40" "each was loaded once"
is "$(q "SELECT count(*) FROM _nuvopipe.execution e JOIN _nuvopipe.pipeline p ON p.id = e.pipeline_id WHERE p.name = 'many' AND e.note LIKE 'unchanged since%'")" 120 "the others were unchanged"
ok "several ran at a time" [ "$(most_at_once "p.name = 'many'")" -gt 1 ]

# a source that is listed when the run has begun: all claim before any knows of what
install -d -m 755 "$NVP_TMP/files"
printf 'id,name\n1,a\n' >"$NVP_TMP/files/same.csv"
file_connector same INPUT "\"directory_path\": \"$NVP_TMP/files\", \"file_name\": \"same.csv\""
qx "SELECT nuvopipe.create_pipeline('same', 'same', 'many', 'many out', options => '{\"slots\": 4}'); TRUNCATE many"
workers 0
qx "SELECT nuvopipe.execute('same') FROM generate_series(1, 24)"
workers 4
all_done
is "$(ended "p.name = 'same'") $(q "SELECT count(*) FROM many")" "24 SUCCEEDED 1" "a file that several found was loaded once"
ok "several ran at a time" [ "$(most_at_once "p.name = 'same'")" -gt 1 ]

# ---- runs of an organization

for who in acme bolt; do
	world $who ${who}_a '{"slots": 4}'
	world $who ${who}_b '{"slots": 4}'
done
workers 0 "ALTER SYSTEM SET nuvopipe.max_runs_per_tenant = 2;"
for who in acme bolt; do push $who ${who}_a 1 40; push $who ${who}_b 1 40; done
workers 4
all_done
is "$(most_at_once "g.name = 'acme'") $(most_at_once "g.name = 'bolt'")" "2 2" "max_runs_per_tenant 2: two of each organization at a time"
ok "of both at the same time" [ "$(most_at_once "g.name IN ('acme', 'bolt')")" -gt 2 ]
qx "SELECT nuvopipe.update_organization('acme', max_runs => 1), nuvopipe.update_organization('bolt', max_runs => 3)"
workers 0
for who in acme bolt; do push $who ${who}_a 101 140; push $who ${who}_b 101 140; done
workers 4
all_done
is "$(most_at_once "g.name = 'acme' AND e.object_name ~ '^f1\d\d'") $(most_at_once "g.name = 'bolt' AND e.object_name ~ '^f1\d\d'")" "1 3" "an organization may have a limit of its own"
qx "SELECT nuvopipe.update_organization('acme', max_runs => -1), nuvopipe.update_organization('bolt', max_runs => -1)"
is "$(ended "p.name ~ 'acme|bolt'")" "320 SUCCEEDED" "all were run"

# ---- a host

workers 0 "ALTER SYSTEM RESET nuvopipe.max_runs_per_tenant; ALTER SYSTEM SET nuvopipe.max_runs_per_host = 2;"
for n in 1 2 3 4; do
	printf 'id,name\n%s,a\n' $n >"$NVP_TMP/file$n.csv" && put_http "$NVP_TMP/file$n.csv"
	http_connector web$n INPUT "\"url\": \"http://127.0.0.1:$HTTP_PORT/files/file$n.csv\""
	pipeline web$n web$n many 'many out' "options => '{\"slots\": 4, \"force\": true}'"
	qx "SELECT nuvopipe.execute('web$n') FROM generate_series(1, 15)"
done
is "$(q "SELECT DISTINCT hosts FROM _nuvopipe.execution WHERE status = 'QUEUED'")" "{127.0.0.1}" "an execution knows the hosts of its connectors"
push postgres many 301 330
workers 4
all_done
is "$(ended "p.name ~ '^web'")" "60 SUCCEEDED" "all were run"
is "$(most_at_once "p.name ~ '^web'")" 2 "max_runs_per_host 2: two at a time, whichever the pipeline"
ok "others are not held up" [ "$(most_at_once "p.name ~ '^web|many'")" -gt 2 ]
workers 0 "ALTER SYSTEM RESET nuvopipe.max_runs_per_host;"

# ---- the order, with one worker

world postgres low '{"priority": -5}'
world postgres high '{"priority": 7}'
world postgres plain
push postgres low 1 10
push postgres plain 1 10
push postgres high 1 10
workers 1
all_done
is "$(q "SELECT string_agg(name, ' ' ORDER BY first) FROM (SELECT p.name, min(n) AS first, max(n) - min(n) AS spread FROM (SELECT pipeline_id, row_number() OVER (ORDER BY started_at) AS n
	FROM _nuvopipe.execution WHERE object_name ~ '^f\d\.|^f10\.' AND pipeline_id IN (SELECT id FROM nuvopipe.pipelines WHERE name IN ('low', 'high', 'plain'))) e
	JOIN _nuvopipe.pipeline p ON p.id = e.pipeline_id GROUP BY 1 HAVING max(n) - min(n) = 9) x")" "high plain low" "the higher priority first, all of it"

# one organization's many files do not starve another's one, nor a pipeline another
workers 0
push acme acme_a 1001 1300
push acme acme_b 1001 1001
push bolt bolt_a 1001 1001
workers 1
wait_until "SELECT count(*) > 20 FROM _nuvopipe.execution WHERE object_name ~ '^f1[0-3]\d\d' AND status = 'SUCCEEDED'"
push bolt bolt_b 1001 1001
all_done
# how many began before, since it was queued
before() {
	q "SELECT (SELECT count(*) FROM _nuvopipe.execution x WHERE x.started_at < e.started_at AND x.started_at > e.queued_at)
		FROM _nuvopipe.execution e JOIN _nuvopipe.pipeline p ON p.id = e.pipeline_id WHERE p.name = '$1' AND e.object_name = 'f1001.csv'"
}
ok "another organization's one file is among the first" [ "$(before bolt_a)" -le 3 ]
ok "another pipeline's as well" [ "$(before acme_b)" -le 4 ]
# a list is good for twenty times what making it took: the faster executions are, the more of them
ok "and one that comes later has not to wait for long" [ "$(before bolt_b)" -le 120 ]
diag "begun before: $(before bolt_a) $(before acme_b) $(before bolt_b)"

done_testing
