#!/bin/bash
# 40-ledger.t - what was loaded is not loaded again, and no two executions of a pipeline overlap
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster -c nuvopipe.max_workers=4
start_server ftp
start_server http
home=$FTP_DIR/root/pipe
qx 'CREATE TABLE t (id int, name text)'
qx "SELECT nuvopipe.create_tdm('pair', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"}]')"
table_connector t OUTPUT '"relation": "public.t"'
install -d -o 20001 -g 20001 "$home/one" "$home/more"
# put NAME ROW... : a file of the FTP user
put() {
	local name=$1
	shift
	printf '%s\n' id,name "$@" >"$home/$name" && chown 20001:20001 "$home/$name"
}
ids() { q "SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM t"; }
# executions PIPELINE : how many ended how
executions() { q "SELECT coalesce(string_agg(n || ' ' || status, ', ' ORDER BY status), '') FROM (SELECT status, count(*) AS n FROM nuvopipe.executions WHERE pipeline_name = '$1' GROUP BY status) s"; }

# ---- one file

put one/a.csv 1,a
ftp_connector one INPUT '"directory_path": "/one", "file_name": "a.csv"'
pipeline one one pair t
call one
is "$(outcome) $(ids)" "SUCCEEDED 1" "a file is loaded"
call one
is "$(outcome) $(ids)" "SUCCEEDED 1" "and not again"
like "$SAID" 'no new object|unchanged' "which is told" || diag "$SAID"
execute one
is "$(ids)" 1 "nor by workers"
put one/a.csv 2,b
touch -d '2030-01-01' "$home/one/a.csv"
call one
is "$(outcome) $(ids)" "SUCCEEDED 1 2" "a changed file is loaded"
put one/a.csv 3,b
touch -d '2030-01-02' "$home/one/a.csv"
call one
is "$(ids)" "1 2 3" "also when only its time tells"
call one 'force => true'
is "$(outcome) $(ids)" "SUCCEEDED 1 2 3 3" "force loads it again"
execute one 'force => true'
is "$(outcome) $(ids)" "SUCCEEDED 1 2 3 3 3" "also by workers"
call one
is "$(ids)" "1 2 3 3 3" "and is not for ever"
pipeline two one pair t
call two
is "$(outcome) $(ids)" "SUCCEEDED 1 2 3 3 3 3" "another pipeline has a ledger of its own"
qx 'TRUNCATE t'

# replaced within the second it was written in, by one of the same size: the time does not tell
ftp_connector quick INPUT '"directory_path": "/one", "file_name": "q.csv"'
pipeline quick quick pair t
listings() { grep -c MLSD "$FTP_DIR/commands.log"; }
put one/q.csv 5,a
before=$(listings) second=$(($(date +%s) + 1))
touch -d "@$second" "$home/one/q.csv"
q "CALL nuvopipe.run('quick')" >/dev/null 2>&1 &
for _ in $(seq 600); do [ "$(listings)" -gt "$before" ] && break; sleep 0.05; done
put one/q.csv 6,b
touch -d "@$second" "$home/one/q.csv"
wait $!
call quick
is "$(ids)" 6 "a file that is replaced within its second is read as it is in the end"
qx 'TRUNCATE t'

# what failed was not loaded
put one/a.csv x,a y,b
touch -d '2030-01-03' "$home/one/a.csv"
pipeline strict one pair t 'error_threshold => 0'
call strict
is "$(outcome) $(ids)" "FAILED|ERROR_THRESHOLD_EXCEEDED|22000 " "what failed" || diag "$(said)"
qx "SELECT nuvopipe.update_pipeline('strict', error_threshold => 100)"
call strict
is "$(outcome) $(counts)" "SUCCEEDED 2 0 2 0 0" "is tried again"

# a source without versions is told by its content
printf 'id,name\n1,a\n' >"$NVP_TMP/web.csv"
put_http "$NVP_TMP/web.csv"
http_connector web INPUT "\"url\": \"http://127.0.0.1:$HTTP_PORT/files/web.csv\""
pipeline web web pair t
call web
call web
is "$(ids)" 1 "the same answer of an endpoint is loaded once" || diag "$SAID"
printf 'id,name\n22,a\n' >"$NVP_TMP/web.csv"
put_http "$NVP_TMP/web.csv"
call web
is "$(ids)" "1 22" "another answer is"
qx 'TRUNCATE t'

# ---- pushed data

push_connector push
pipeline pushed push pair t
printf 'id,name\n1,a\n' >"$NVP_TMP/p.csv"
ingest pushed "$NVP_TMP/p.csv"
first=$EXEC
ingest pushed "$NVP_TMP/p.csv"
is "$(outcome) $(ids)" "SUCCEEDED 1" "the same bytes under the same name are loaded once"
like "$(q "SELECT note FROM nuvopipe.executions WHERE id = '$EXEC'" 2>&1)" "$first" "and the note names the execution that did"
ingest pushed "$NVP_TMP/p.csv" other.csv
is "$(outcome) $(ids)" "SUCCEEDED 1 1" "under another name they are other data"
printf 'id,name\n2,a\n' >"$NVP_TMP/p.csv"
ingest pushed "$NVP_TMP/p.csv"
is "$(outcome) $(ids)" "SUCCEEDED 1 1 2" "other bytes are too"
# all of one moment: ten sessions push the same
for i in 1 2 3 4 5 6 7 8 9 10; do
	q "SELECT nuvopipe.ingest('pushed', 'id,name
77,x', 'same.csv')" >/dev/null &
done
for job in $(jobs -p); do wait "$job"; done
wait_until "SELECT count(*) = 0 FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')"
is "$(q 'SELECT count(*) FROM t WHERE id = 77')" 1 "ten sessions that push the same at once load it once"
is "$(q "SELECT count(*) FROM nuvopipe.executions WHERE input = 'push:same.csv'")" 10 "by ten executions"
qx 'TRUNCATE t'

# ---- several files

put more/1.csv 1,a
put more/2.csv 2,a
ftp_connector more INPUT '"directory_path": "/more"'
pipeline more more pair t
execute more
is "$(ids) $(executions more)" "1 2 2 SUCCEEDED" "two files, two executions"
put more/3.csv 3,a
put more/1.csv 11,changed
execute more
is "$(ids) $(executions more)" "1 2 3 11 4 SUCCEEDED" "one new, one changed: two more"
execute more
is "$EXECS $(ids)" " 1 2 3 11" "nothing new: no execution"
execute more 'force => true'
wait_until "SELECT count(*) = 0 FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')"
is "$(ids)" "1 2 2 3 3 11 11" "force takes what is there"
# asked for five times at once
put more/4.csv 4,a
for i in 1 2 3 4 5; do q "SELECT FROM nuvopipe.execute('more')" >/dev/null 2>&1 & done
for job in $(jobs -p); do wait "$job"; done
wait_until "SELECT count(*) = 0 FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')"
is "$(q 'SELECT count(*) FROM t WHERE id = 4')" 1 "five sessions that ask at once load a new file once"

# ---- no overlap

qx "CREATE TABLE span (began timestamptz, ended timestamptz);
	CREATE TABLE slow (id int, name text);
	CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'DECLARE began timestamptz := clock_timestamp(); BEGIN
		PERFORM pg_sleep(0.3); INSERT INTO public.span VALUES (began, clock_timestamp()); RETURN NULL; END';
	CREATE TRIGGER slowly AFTER INSERT ON slow FOR EACH STATEMENT EXECUTE FUNCTION slowly()"
table_connector slow OUTPUT '"relation": "public.slow"'
pipeline slow push pair slow
for i in 1 2 3 4 5 6; do qx "SELECT nuvopipe.ingest('slow', 'id,name
$i,x', '$i.csv')"; done
wait_until "SELECT count(*) = 0 FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')"
is "$(executions slow) $(q 'SELECT count(*) FROM slow')" "6 SUCCEEDED 6" "six pushes, one after the other"
is "$(q 'SELECT count(*) FROM span')" 6 "each had its statement"
is "$(q 'SELECT count(*) FROM span a, span b WHERE a.ctid <> b.ctid AND a.began < b.ended AND b.began < a.ended')" 0 "and none overlapped another"

is "$(grep -cE 'TRAP:|terminated by signal|PANIC' "$NVP_TMP/main/log")" 0 "no process crashed"
done_testing
