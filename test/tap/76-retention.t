#!/bin/bash
# 76-retention.t - partitions come and go beside real runs and long transactions, and travel with a dump
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster
# often TIME : how often keepers maintain, from now on; 0: never
often() {
	configure "nuvopipe.maintenance_interval = '$1'"
}
often 300ms

qx "CREATE TABLE target (id int NOT NULL, name text);
SELECT nuvopipe.create_tdm('thing', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\"}]')"
push_connector hook
table_connector target OUTPUT '"relation": "public.target"'
pipeline p hook thing target
pipeline strict hook thing target "error_threshold => 10"

# bad N : a file whose every second row is refused
bad() { echo id,name; seq 1 "$1" | awk '{ print ($1 % 2 ? $1 : "x") ",name" }'; }
where_is() { q "SELECT string_agg(DISTINCT tableoid::regclass::text, ' ') FROM _nuvopipe.$1 WHERE execution_id = '$EXEC'"; }
range_of_now() { q "SELECT name FROM _nuvopipe.partitions('$1') WHERE from_time <= clock_timestamp() AND to_time > clock_timestamp()"; }
# past PARENT NAME FROM TO : a range that has passed already, by ages
past() {
	qx "SELECT _nuvopipe.make_partition('$1', '$2');
DO \$\$ BEGIN EXECUTE format('ALTER TABLE _nuvopipe.$1 ATTACH PARTITION _nuvopipe.$2 FOR VALUES FROM (%L) TO (%L)', _nuvopipe.uuid_floor(now() - interval '$3'), _nuvopipe.uuid_floor(now() - interval '$4')); END \$\$"
}
exists() { q "SELECT to_regclass('_nuvopipe.$1') IS NOT NULL"; }
gone() { wait_until "SELECT to_regclass('_nuvopipe.$1') IS NULL"; }
# hold SQL : a session that does this in a transaction, until let_go
hold() {
	mkfifo "$NVP_TMP/hold"
	"$PGBIN/psql" -XAtq <"$NVP_TMP/hold" >/dev/null 2>&1 &
	HOLDER=$!
	exec 7>"$NVP_TMP/hold"
	echo "BEGIN; $1; SELECT pg_advisory_lock(41);" >&7
	wait_until "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 41)"
}
let_go() { printf 'ROLLBACK;\n\\q\n' >&7; exec 7>&-; wait "$HOLDER"; rm "$NVP_TMP/hold"; }
# timed SECONDS DESCRIPTION SQL
timed() {
	local from
	from=$(date +%s%N)
	qx "$3"
	ok "$2 within $1 s" [ $((($(date +%s%N) - from) / 1000000)) -lt $(($1 * 1000)) ]
}

# --- rows find their partitions

bad 10 >"$NVP_TMP/bad.csv"
ingest p "$NVP_TMP/bad.csv" first
is "$(where_is issue) $(where_is event)" "_nuvopipe.issue_default _nuvopipe.event_default" "before there are partitions the default one has what comes"
wait_until "SELECT min(from_time) < clock_timestamp() FROM _nuvopipe.partitions('issue')"
wait_until "SELECT min(from_time) < clock_timestamp() FROM _nuvopipe.partitions('event')"
bad 20000 >"$NVP_TMP/bad.csv"
ingest p "$NVP_TMP/bad.csv" second
is "$(where_is issue) $(where_is event)" "_nuvopipe.$(range_of_now issue) _nuvopipe.$(range_of_now event)" "the keeper makes them, and they have what comes then"
is "$(q "SELECT count(*) FROM nuvopipe.issues WHERE execution = '$EXEC'") $(q "SELECT count(*) FROM nuvopipe.rejected_rows WHERE execution = '$EXEC'")" "10000 10000" "issues and rejected rows are found there"
is "$(q "SELECT count(*) FROM nuvopipe.issue_page('$EXEC', 9950)")" 50 "page by page"
ingest strict "$NVP_TMP/bad.csv" third
is "$(of_exec status) $(q "SELECT count(*) FROM nuvopipe.issues WHERE execution = '$EXEC'") $(where_is issue)" "FAILED 10000 _nuvopipe.$(range_of_now issue)" "those of a run that failed, too"
is "$(q "SELECT string_agg(has_issues::text, ' ' ORDER BY created_at) FROM _nuvopipe.execution")" "true true true" "who has issues is known"
# --- nobody is waited for

past issue issue_old "120 days" "110 days"
past event event_old "120 days" "110 days"
gone issue_old
gone event_old
pass "what nobody needs is dropped"
often 0
past issue issue_old "120 days" "110 days"
past event event_old "120 days" "110 days"
hold "SELECT count(*) FROM nuvopipe.issues; SELECT count(*) FROM nuvopipe.events"
timed 30 "maintenance beside a long reader ends" "CALL nuvopipe.maintain()"
is "$(exists issue_old) $(exists event_old)" "t t" "and leaves what is read"
# it goes on trying while others work
often 50ms
from=$(date +%s%N)
for i in 1 2 3 4 5; do ingest p "$NVP_TMP/bad.csv" "beside $i"; done
ok "runs beside it do not queue up" [ $((($(date +%s%N) - from) / 1000000)) -lt 50000 ]
is "$(q "SELECT string_agg(DISTINCT status, ' ') FROM nuvopipe.executions WHERE input_name LIKE 'beside%'")" SUCCEEDED "and succeed"
let_go
gone issue_old
gone event_old
pass "once the reader has left, it is dropped"
unlike "$(server_log)" "(PANIC|TRAP|WARNING|ERROR)" "all that without an error"

# --- with a dump into another database

often 0
past issue issue_old "30 days" "20 days"
past event event_old "30 days" "20 days"
qx "INSERT INTO _nuvopipe.event (tenant_id, id, at, kind) SELECT _nuvopipe.tenant(), _nuvopipe.uuid_floor(now() - interval '25 days'), now(), 'old'"
contents() {
	q "SELECT string_agg(c.relname || ' ' || (xpath('/row/n/text()', query_to_xml(
			format('SELECT count(*) || '':'' || coalesce(sum(hashtext(t::text)), 0) AS n FROM %s t', c.oid::regclass), false, true, '')))[1]::text, E'\n' ORDER BY c.relname)
		FROM pg_class c WHERE c.relnamespace = '_nuvopipe'::regnamespace AND c.relkind = 'r' AND c.relname <> 'installation'"
}
shape() {
	q "SELECT string_agg(concat_ws(' ', c.relname, pg_get_expr(c.relpartbound, c.oid), c.relrowsecurity, c.reloptions, c.relacl, i.defs), E'\n' ORDER BY c.relname)
		FROM pg_class c CROSS JOIN LATERAL (SELECT string_agg(pg_get_indexdef(x.indexrelid), ',' ORDER BY x.indexrelid::regclass::text) AS defs FROM pg_index x WHERE x.indrelid = c.oid AND x.indisvalid) i
		WHERE c.relispartition AND c.relkind = 'r'"
}
contents=$(contents)
shape=$(shape)
like "$contents" "event_old 1:" "there is something in a partition"
"$PGBIN/pg_dump" -Fc -f "$NVP_TMP/dump" postgres 2>"$NVP_TMP/dump.log"
"$PGBIN/pg_dump" -f "$NVP_TMP/dump.sql" postgres 2>>"$NVP_TMP/dump.log"
is "$(cat "$NVP_TMP/dump.log")" "" "pg_dump has nothing to say"
# keepers are wide awake while it is restored
often 50ms
for how in "pg_restore --exit-on-error -d" "psql -Xq -v ON_ERROR_STOP=1 -f"; do
	name=restored_${how%% *}
	qx "CREATE DATABASE $name"
	# shellcheck disable=SC2086
	case $how in
	psql*) "$PGBIN"/$how "$NVP_TMP/dump.sql" -d "$name" >/dev/null 2>"$NVP_TMP/restore.log" ;;
	*) "$PGBIN"/$how "$name" "$NVP_TMP/dump" 2>"$NVP_TMP/restore.log" ;;
	esac
	is "$(cat "$NVP_TMP/restore.log")" "" "${how%% *}: has nothing to say"
	PGDATABASE=$name
	is "$(contents)" "$contents" "${how%% *}: everything is there"
	is "$(shape)" "$shape" "${how%% *}: in the same partitions, with their indexes, for nobody else"
	PGDATABASE=postgres
done
PGDATABASE=restored_pg_restore
ingest p "$NVP_TMP/bad.csv" "restored"
is "$(of_exec status) $(where_is issue)" "SUCCEEDED _nuvopipe.$(range_of_now issue)" "a run in the restored database"
qx "UPDATE _nuvopipe.installation SET installed_at = now(); UPDATE _nuvopipe.organization SET created_at = now() - interval '1 year'"
past issue issue_older "140 days" "130 days"
sleep 1
is "$(exists issue_older)" t "for a day nothing goes by itself"
qx "CALL nuvopipe.maintain()"
is "$(exists issue_older) $(exists issue_old) $(exists event_old)" "f f t" "by hand a partition is dropped there, others stay"
qx "DROP EXTENSION nuvopipe"
is "$(q "SELECT count(*) FROM pg_class WHERE relname ~ '^(issue|event)_'")" 0 "DROP EXTENSION takes the partitions along"
PGDATABASE=postgres

# --- without the library preloaded

stop_cluster
CLUSTER=bare
start_cluster --no-preload
qx "CREATE TABLE target (id int NOT NULL, name text);
SELECT nuvopipe.create_tdm('thing', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\"}]')"
push_connector hook
install -m 644 "$NVP_TMP/bad.csv" "$NVP_TMP/in.csv"
file_connector file INPUT "\"directory_path\": \"$NVP_TMP\", \"file_name\": \"in.csv\""
table_connector target OUTPUT '"relation": "public.target"'
pipeline p file thing target
call p
is "$(of_exec status) $(where_is issue)" "SUCCEEDED _nuvopipe.issue_default" "a run in a session"
ok "makes partitions for the next" [ "$(q "SELECT count(*) FROM _nuvopipe.partitions('issue')")" -ge 2 ]
past event event_old "140 days" "130 days"
q "CALL nuvopipe.work()" >/dev/null 2>&1
is "$(exists event_old)" f "nuvopipe.work drops what nobody needs"
like "$(qe "BEGIN; CALL nuvopipe.maintain();")" "25001" "maintenance needs transactions of its own"
qx "CREATE ROLE user1 LOGIN; GRANT nuvopipe_user TO user1; CREATE ROLE admin1 LOGIN; GRANT nuvopipe_admin TO admin1"
like "$(qe "CALL nuvopipe.maintain()" -U user1)" "42501" "and a member of nuvopipe_admin"
qx "UPDATE _nuvopipe.execution SET finished_at = now() - interval '91 days'"
ok "like this one" q "CALL nuvopipe.maintain(60)" -U admin1
is "$(q "SELECT count(*) FROM nuvopipe.executions") $(q "SELECT count(*) FROM _nuvopipe.issue") $(q "SELECT count(*) FROM _nuvopipe.input_ledger") $(q "SELECT sum(succeeded) FROM nuvopipe.execution_days")" "0 0 1 1" "who does all there is to do"
call p
like "$SAID" "no new object" "a file is loaded once, however long ago that was"
done_testing
