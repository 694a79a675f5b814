#!/bin/bash
# 76-schedule.t - schedules by the real clock: workers, crashes, dumps; pg_cron here, elsewhere, alone
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

[ -e "$(pg_config --pkglibdir)/pg_cron.so" ] && CRON=1 || CRON=''

# pipeline NAME SCHEDULE [OUTPUT] : from file to target
pipeline() { qx "SELECT nuvopipe.create_pipeline('$1', 'file', 'thing', '${3:-target}', schedule => '$2')"; }
id_of() { q "SELECT id FROM nuvopipe.pipelines WHERE name = '$1'"; }
# jobs NAME... of pg_cron that fire schedules, with their ticks
jobs() { q "SELECT string_agg(format('%s: %s', regexp_replace(jobname, ' \[.*\$', ''), schedule), ', ' ORDER BY jobname) FROM cron.job WHERE command LIKE 'SELECT nuvopipe.fire_due(%'${1:+ AND database = '$1'}" -d postgres; }

# --- pg_cron needs a minute: it gets it while the rest is tested

if [ -n "$CRON" ]; then
	# with workers, and created after the pipelines
	CLUSTER=cron
	start_cluster -c shared_preload_libraries=nuvopipe,pg_cron -c cron.use_background_workers=on
	world
	pipeline minutely '{"cron": "* * * * *"}'
	qx "CREATE EXTENSION pg_cron"
	# without ours: nobody but pg_cron looks at schedules
	CLUSTER=alone
	start_cluster --no-preload -c shared_preload_libraries=pg_cron -c cron.use_background_workers=on
	world
	qx "CREATE EXTENSION pg_cron"
	pipeline minutely '{"cron": "* * * * *"}'
	is "$(jobs)" "minutely: * * * * *" "a pipeline owns a job"
fi

# --- workers alone

CLUSTER=main
start_cluster -c nuvopipe.max_workers=2
world
pipeline every-second '{"cron": "* * * * * *", "overlap": "QUEUE_ALL"}'
wait_until "SELECT count(*) >= 3 FROM nuvopipe.planned_runs WHERE outcome = 'RAN'"
is "$(q "SELECT count(*) FROM nuvopipe.planned_runs WHERE decided_at < due_at OR decided_at - due_at > '20 s'")" 0 "each second is looked at when it is due, not when a minute is over"
q "SELECT 'due to queued, median: ' || percentile_disc(0.5) WITHIN GROUP (ORDER BY decided_at - due_at) || ', due to begun: ' || percentile_disc(0.5) WITHIN GROUP (ORDER BY lag) FROM nuvopipe.planned_runs" | sed 's/^/# /'
qx "SELECT nuvopipe.delete_pipeline('every-second')"

for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	echo "SELECT nuvopipe.create_pipeline('together $i', 'file', 'thing', 'target', schedule => jsonb_build_object('frequency', 'YEARLY', 'starts_on', :'t'));"
done >"$NVP_TMP/together.sql"
qx "$(echo "SELECT date_trunc('second', now()) + interval '3 s' AS t \\gset"; echo BEGIN\;; cat "$NVP_TMP/together.sql"; echo COMMIT\;)"
wait_until "SELECT count(*) = 20 FROM nuvopipe.planned_runs WHERE pipeline_name LIKE 'together%' AND outcome = 'RAN'"
is "$(q "SELECT count(DISTINCT decided_at) || ' ' || count(DISTINCT run) FROM nuvopipe.planned_runs WHERE pipeline_name LIKE 'together%'")" "3 20" "twenty that are due at once are queued in three portions, each once"
q "SELECT 'due to begun, the last of 20: ' || max(lag) FROM nuvopipe.planned_runs WHERE pipeline_name LIKE 'together%'" | sed 's/^/# /'
q "SELECT nuvopipe.delete_pipeline(name) FROM nuvopipe.pipelines" >/dev/null

# a schedule that was set wakes whoever sleeps for a minute
pipeline soon '{"frequency": "SECONDLY", "interval": 2, "overlap": "ALLOW"}'
wait_until "SELECT count(*) > 0 FROM nuvopipe.planned_runs WHERE pipeline_name = 'soon' AND outcome = 'RAN'"
qx "SELECT nuvopipe.pause_schedule('soon', 'enough')"
wait_until "SELECT count(*) > 0 FROM nuvopipe.planned_runs WHERE pipeline_name = 'soon' AND outcome = 'SKIPPED_PAUSED'"
last=$(q "SELECT max(planned_at) FROM nuvopipe.planned_runs WHERE pipeline_name = 'soon'")
qx "SELECT nuvopipe.resume_schedule('soon')"
wait_until "SELECT outcome = 'RAN' FROM nuvopipe.planned_runs WHERE pipeline_name = 'soon' AND planned_at > '$last' ORDER BY planned_at LIMIT 1"
becomes "SELECT string_agg(DISTINCT outcome, ' ' ORDER BY outcome) FROM nuvopipe.planned_runs WHERE pipeline_name = 'soon' AND planned_at <= '$last'" \
	"RAN SKIPPED_PAUSED" "paused and resumed"
qx "SELECT nuvopipe.delete_pipeline('soon')"

# --- overlap with a run that is under way

hold "SELECT pg_advisory_xact_lock(42)"
pipeline stuck '{"cron": "*/2 * * * * *", "overlap": "CANCEL_OLD"}' slow
wait_until "SELECT count(*) >= 2 FROM nuvopipe.executions WHERE pipeline_name = 'stuck' AND status = 'CANCELED' AND started_at IS NOT NULL" 60
qx "SELECT nuvopipe.update_pipeline('stuck', status => 'INACTIVE')"
let_go
wait_until "SELECT count(*) = 0 FROM nuvopipe.executions WHERE pipeline_name = 'stuck' AND status IN ('QUEUED', 'RUNNING')"
is "$(q "SELECT status FROM nuvopipe.executions WHERE pipeline_name = 'stuck' ORDER BY queued_at DESC LIMIT 1")" SUCCEEDED "CANCEL_OLD: the newest is left, and runs"
is "$(q "SELECT count(*) FROM nuvopipe.planned_runs WHERE pipeline_name = 'stuck' AND outcome NOT IN ('RAN', 'CANCELED')")" 0 "what began has run, what did not was canceled"
qx "SELECT nuvopipe.delete_pipeline('stuck')"

# --- kill -9 of everything, and an outage

pipeline lasting '{"cron": "* * * * * *", "overlap": "QUEUE_ALL", "missed": "NONE", "grace": 1}'
wait_until "SELECT count(*) >= 2 FROM nuvopipe.planned_runs WHERE pipeline_name = 'lasting' AND outcome = 'RAN'"
crash_cluster
sleep 4		# the outage
start_cluster -c nuvopipe.max_workers=2
back=$(q "SELECT now()")
wait_until "SELECT count(*) >= 2 FROM nuvopipe.planned_runs WHERE pipeline_name = 'lasting' AND outcome = 'RAN' AND planned_at > '$back'"
qx "SELECT nuvopipe.update_pipeline('lasting', status => 'INACTIVE')"
is "$(q "SELECT count(*) FROM (SELECT planned_at - lag(planned_at) OVER (ORDER BY planned_at) AS gap FROM nuvopipe.planned_runs WHERE pipeline_name = 'lasting') g
	WHERE gap <> '1 second'")" 0 "after a crash and an outage every second has its row, once"
like "$(q "SELECT string_agg(o, ' ') FROM (SELECT outcome AS o FROM nuvopipe.planned_runs WHERE pipeline_name = 'lasting' GROUP BY outcome, planned_at > '$back' ORDER BY min(planned_at)) x")" \
	"^RAN( WAITING)? SKIPPED_DOWN( RAN| WAITING| SKIPPED_DOWN)* RAN" "those of the outage are skipped"
is "$(q "SELECT count(*) FROM (SELECT run FROM nuvopipe.executions WHERE pipeline_name = 'lasting' GROUP BY run HAVING count(*) > 1) x")" 0 "nothing ran twice"

# --- a dump: the copy goes on where it ended

qx "SELECT nuvopipe.create_calendar('closed', '{2030-12-24}')"
pipeline dumped '{"cron": "*/2 * * * * *", "calendars": ["closed"], "missed": "ALL"}'
wait_until "SELECT count(*) >= 2 FROM nuvopipe.planned_runs WHERE pipeline_name = 'dumped' AND outcome = 'RAN'"
"$PGBIN/pg_dump" -d postgres >"$NVP_TMP/dump.sql" || fail "pg_dump"
qx "CREATE DATABASE copy"
qx "\\i $NVP_TMP/dump.sql" -d copy
restored=$(q "SELECT clock_timestamp()")
in_copy() { q "$1" -d copy; }
PGDATABASE=copy wait_until "SELECT count(*) > 0 FROM nuvopipe.planned_runs WHERE pipeline_name = 'dumped' AND outcome = 'RAN' AND decided_at > '$restored'" 60
configure "nuvopipe.schedules = off"
wait_until "SELECT overdue > '3 s' FROM nuvopipe.schedule_lag WHERE pipeline_name = 'dumped'"
before=$(q "SELECT count(*) FROM nuvopipe.planned_runs")
q "SELECT nuvopipe.fire_due()" >/dev/null
is "$(q "SELECT count(*) FROM nuvopipe.planned_runs")" "$before" "switched off: nobody fires"
in_copy "SELECT nuvopipe.update_pipeline('dumped', status => 'INACTIVE')" >/dev/null
is "$(in_copy "SELECT count(*) FROM (SELECT planned_at - lag(planned_at) OVER (ORDER BY planned_at) AS gap FROM nuvopipe.planned_runs WHERE pipeline_name = 'dumped') g
	WHERE gap <> '2 seconds'")" 0 "a restored schedule leaves nothing out and does nothing twice"
is "$(in_copy "SELECT count(*) FROM (SELECT run FROM nuvopipe.executions WHERE pipeline_name = 'dumped' GROUP BY run HAVING count(*) > 1) x")" 0 "one execution for each run"
is "$(in_copy "SELECT schedule_config -> 'calendars' ->> 0 = (SELECT id::text FROM nuvopipe.calendars) FROM nuvopipe.schedules WHERE pipeline_name = 'dumped'")" t "with its calendar"
is "$(in_copy "SELECT count(*) FROM nuvopipe.planned_runs WHERE outcome = 'FAILED_TO_START'")" 0 "nothing was tried before all of it was there"
stop_cluster

# --- nobody but a session

CLUSTER=foreground
start_cluster --no-preload
world
qx "SELECT nuvopipe.create_pipeline('by hand', 'file', 'thing', 'target', schedule => jsonb_build_object('frequency', 'YEARLY', 'starts_on', date_trunc('second', now())))"
qx "CALL nuvopipe.work()"
is "$(q "SELECT outcome FROM nuvopipe.planned_runs")" RAN "CALL nuvopipe.work() fires what is due and runs it"
is "$(q "SELECT trigger_type || ' ' || status FROM nuvopipe.executions")" "SCHEDULED SUCCEEDED" "as scheduled"
stop_cluster

# --- pg_cron

if [ -z "$CRON" ]; then
	skip "pg_cron is not installed" 22
	done_testing
fi

CLUSTER=cron
cluster_use cron
wait_until "SELECT count(*) = 1 FROM cron.job" 70
is "$(jobs)" "minutely: * * * * *" "pg_cron that was created later gets the jobs"

# in another database: soon, but not at once
qx "CREATE DATABASE other"
qx "CREATE EXTENSION nuvopipe; CREATE TABLE target (id int NOT NULL, name text);
SELECT nuvopipe.create_tdm('thing', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\"}]');
SELECT nuvopipe.create_connector('file', 'INPUT', 'FILE', jsonb_build_object('directory_path', '$NVP_TMP', 'file_name', 'file.csv'));
SELECT nuvopipe.create_connector('target', 'OUTPUT', 'TABLE', '{\"relation\": \"public.target\"}')" -d other
qx "SELECT nuvopipe.create_pipeline('there', 'file', 'thing', 'target', schedule => '{\"cron\": \"5 0 1 1 *\"}')" -d other
wait_until "SELECT count(*) = 1 FROM cron.job WHERE database = 'other'"
is "$(jobs other)" "there: 5 0 1 1 *" "pg_cron in another database"
qx "SELECT nuvopipe.update_pipeline('there', 'where', schedule => '{\"cron\": \"6 0 1 1 *\"}')" -d other
wait_until "SELECT count(*) = 1 FROM cron.job WHERE database = 'other' AND jobname LIKE 'where%'"
is "$(jobs other)" "where: 6 0 1 1 *" "changed there"
qx "CREATE DATABASE twin TEMPLATE other"
wait_until "SELECT count(*) = 1 FROM cron.job WHERE database = 'twin'" 60
is "$(jobs)" "minutely: * * * * *, where: 6 0 1 1 *, where: 6 0 1 1 *" "a copy of a database has jobs of its own"
qx "DROP EXTENSION nuvopipe" -d other
wait_until "SELECT count(*) = 0 FROM cron.job WHERE database = 'other'" 60
pass "DROP EXTENSION takes them away there"
qx "DROP DATABASE twin"
wait_until "SELECT count(*) = 0 FROM cron.job WHERE database = 'twin'" 60
pass "so does DROP DATABASE"

# by now the minute is over
CLUSTER=alone
cluster_use alone
wait_until "SELECT count(*) > 0 FROM cron.job_run_details WHERE status = 'succeeded'" 90
wait_until "SELECT count(*) > 0 FROM nuvopipe.planned_runs" 70
is "$(q "SELECT outcome || ' ' || (decided_at - due_at < '30 s') FROM nuvopipe.planned_runs ORDER BY planned_at LIMIT 1")" "WAITING true" "on its minute pg_cron fires what is due"
is "$(q "SELECT count(*) FROM cron.job_run_details WHERE status = 'failed'")" 0 "no job has failed"
qx "CALL nuvopipe.work()"
is "$(q "SELECT count(*) > 0 FROM nuvopipe.planned_runs WHERE outcome = 'RAN'")" t "a session runs it"
qx "SELECT _nuvopipe.remove_jobs()"
is "$(jobs)" "" "where nothing is preloaded, jobs are removed by hand"
stop_cluster

CLUSTER=cron
cluster_use cron
wait_until "SELECT count(*) > 0 FROM cron.job_run_details WHERE status = 'succeeded'" 90
minute=$(q "SELECT max(date_trunc('minute', start_time)) FROM cron.job_run_details WHERE status = 'succeeded'")
wait_until "SELECT count(*) > 0 FROM nuvopipe.planned_runs WHERE planned_at = '$minute'"
is "$(q "SELECT count(*) || ' ' || (SELECT count(*) FROM nuvopipe.executions e WHERE e.run IN (SELECT run FROM nuvopipe.planned_runs WHERE planned_at = '$minute')) FROM nuvopipe.planned_runs
	WHERE planned_at = '$minute'")" "1 1" "both workers and pg_cron have looked: one start"
is "$(q "SELECT count(*) FROM (SELECT planned_at - lag(planned_at) OVER (ORDER BY planned_at) AS gap FROM nuvopipe.planned_runs) g WHERE gap <> '1 minute'")" 0 "no minute without its row"

pipeline berlin '{"cron": "30 6 * * MON-FRI", "time_zone": "Europe/Berlin"}'
is "$(jobs)" "berlin: 30 4,5 * * 1-5, minutely: * * * * *" "a zone with summer time: both hours, by pg_cron's clock"
qx "BEGIN; SELECT nuvopipe.update_pipeline('berlin', schedule => '{\"cron\": \"0 0 1 1 *\"}'); SELECT nuvopipe.delete_pipeline('minutely'); ROLLBACK"
is "$(jobs)" "berlin: 30 4,5 * * 1-5, minutely: * * * * *" "a change that is taken back changes no job"
qx "SELECT nuvopipe.update_pipeline('berlin', schedule => '{\"cron\": \"0 0 1 1 *\"}')"
is "$(jobs)" "berlin: 0 0 1 1 *, minutely: * * * * *" "one that is kept does"
qx "SELECT nuvopipe.update_pipeline('berlin', 'tokyo')"
is "$(jobs)" "minutely: * * * * *, tokyo: 0 0 1 1 *" "a new name"
qx "SELECT nuvopipe.pause_schedule('minutely')"
is "$(jobs)" "tokyo: 0 0 1 1 *" "paused: no job"
qx "SELECT nuvopipe.resume_schedule('minutely'), nuvopipe.update_pipeline('tokyo', status => 'INACTIVE')"
is "$(jobs)" "minutely: * * * * *" "resumed; INACTIVE: none"
qx "SELECT nuvopipe.update_pipeline('tokyo', status => 'ACTIVE', schedule => '{\"frequency\": \"SECONDLY\", \"interval\": 7}')"
is "$(jobs)" "minutely: * * * * *, tokyo: * * * * *" "seconds: each minute"
q "SELECT nuvopipe.update_pipeline('tokyo', schedule => jsonb_build_object('frequency', 'SECONDLY', 'ends_on', now() + interval '3 s'))" >/dev/null
wait_until "SELECT count(*) = 1 FROM cron.job"
is "$(q "SELECT state FROM nuvopipe.schedules WHERE pipeline_name = 'tokyo'")" ENDED "ended: none"
# what pg_cron has against it is no reason against a schedule
qx "ALTER TABLE cron.job ADD CONSTRAINT no_more CHECK (jobname NOT LIKE 'unwanted%')"
like "$(q "SELECT nuvopipe.create_pipeline('unwanted', 'file', 'thing', 'target', schedule => '{\"cron\": \"0 0 1 1 *\"}')" 2>&1)" "WARNING: .*job of pg_cron could not be changed: .*no_more" "without its job a pipeline is created with a warning"
is "$(q "SELECT state FROM nuvopipe.schedules WHERE pipeline_name = 'unwanted'")" ACTIVE "its schedule lives"
qx "ALTER TABLE cron.job DROP CONSTRAINT no_more; SELECT nuvopipe.delete_pipeline('unwanted')"

qx "BEGIN; DROP EXTENSION nuvopipe; ROLLBACK"
is "$(jobs)" "minutely: * * * * *" "DROP EXTENSION that is taken back takes no job"
qx "DROP EXTENSION nuvopipe"
is "$(jobs)" "" "DROP EXTENSION takes its jobs along"
is "$(q "SELECT count(*) FROM cron.job_run_details WHERE status = 'failed'")" 0 "no job has failed"
done_testing
