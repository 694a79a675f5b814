#!/bin/bash
# 35-owner.t - what an owner wrote runs with the owner's rights only, and meets nobody else's run
#
# The story: mallory may use nuvopipe and nothing more.  Her triggers try to
# run with the rights of the worker (a superuser), at the commit; then to leave
# something in the worker for the next run, which is bob's; at last an admin
# prepares her own session for a run of bob's.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster
configure "nuvopipe.max_workers = 1"
qx "CREATE ROLE mallory LOGIN IN ROLE nuvopipe_user; CREATE ROLE bob LOGIN IN ROLE nuvopipe_user; CREATE ROLE ada LOGIN IN ROLE nuvopipe_admin;
	CREATE SCHEMA mallory AUTHORIZATION mallory; CREATE SCHEMA bob AUTHORIZATION bob; CREATE SCHEMA ada AUTHORIZATION ada;
	CREATE TABLE seen (who text, what text); GRANT INSERT ON seen TO mallory, bob"
pair='[{"key": "id", "columnType": "int"}, {"key": "name", "columnType": "string"}]'

# as ROLE SQL ; target ROLE BODY : the table ROLE.t, its pipeline ROLE, its trigger function
as() { q "SET ROLE $1; $2" 2>&1; }
target() {
	as "$1" "CREATE TABLE $1.t (id int, name text);
		CREATE FUNCTION $1.note() RETURNS void LANGUAGE plpgsql VOLATILE AS \$\$ BEGIN INSERT INTO public.seen VALUES (current_user, 'held'); END \$\$;
		CREATE FUNCTION $1.f() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN $2 RETURN NULL; END \$\$;
		CREATE CONSTRAINT TRIGGER f AFTER INSERT ON $1.t ${3-} FOR EACH ROW EXECUTE FUNCTION $1.f();
		SELECT nuvopipe.create_tdm('$1', '$pair');
		SELECT nuvopipe.create_connector('$1-in', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE');
		SELECT nuvopipe.create_connector('$1-out', 'OUTPUT', 'TABLE', '{\"relation\": \"$1.t\"}');
		SELECT nuvopipe.create_pipeline('$1', '$1-in', '$1', '$1-out')" >/dev/null
}
# body ROLE BODY ; push ROLE : one row, carried to its end by the worker
body() { as "$1" "CREATE OR REPLACE FUNCTION $1.f() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN $2 RETURN NULL; END \$\$" >/dev/null; }
n=0
push() {
	n=$((n + 1))
	EXEC=$(as "$1" "SELECT nuvopipe.ingest('$1', convert_to(E'id,name\n$n,x\n', 'UTF8'))")
	[ ${#EXEC} = 36 ] || bail "$EXEC"
	wait_done "$EXEC" >/dev/null
}
seen() { q "SELECT string_agg(DISTINCT concat_ws(' ', who, what), ', ') FROM seen"; q 'DELETE FROM seen'; }

# ---- rights at the commit

target mallory "INSERT INTO public.seen VALUES (current_user, 'deferred');" "DEFERRABLE INITIALLY DEFERRED"
push mallory
is "$(outcome) $(seen)" "SUCCEEDED mallory deferred" "a deferred trigger runs as the owner"

body mallory "SET CONSTRAINTS ALL DEFERRED; IF NEW.name = 'x' THEN INSERT INTO mallory.t VALUES (0, 'y'); END IF; INSERT INTO public.seen VALUES (current_user, 'again');"
push mallory
is "$(outcome) $(seen)" "SUCCEEDED mallory again" "also when it defers again what it does"

body mallory "EXECUTE 'DECLARE c CURSOR WITH HOLD FOR SELECT mallory.note()';"
push mallory
is "$(outcome) $(seen)" "FAILED|WRITE_FILE_FAILURE|0A000 " "a cursor WITH HOLD is not left to the commit" || diag "$(said)"

qx "SET ROLE mallory; CREATE FUNCTION mallory.q() RETURNS int LANGUAGE plpgsql AS \$\$ BEGIN EXECUTE 'DECLARE c CURSOR WITH HOLD FOR SELECT mallory.note()'; RETURN 1; END \$\$;
	SELECT nuvopipe.create_connector('query', 'INPUT', 'TABLE', '{\"query\": \"SELECT mallory.q() AS id, 1 AS name\"}');
	SELECT nuvopipe.create_pipeline('query', 'query', 'mallory', 'mallory-out')"
execute query
is "$(outcome) $(seen)" "FAILED|SOURCE_UNRESPONSIVE|0A000 " "nor one that the input's query opened" || diag "$(said)"

# ---- what is left in the worker

body mallory "PERFORM set_config('search_path', 'mallory', false); PERFORM set_config('datestyle', 'German', false); PERFORM pg_advisory_lock(4711);
	CREATE TEMP TABLE planted (who text); GRANT ALL ON planted TO PUBLIC; EXECUTE 'PREPARE left_behind AS SELECT 1';"
push mallory
is "$(outcome)" SUCCEEDED "a trigger that changes the process it runs in" || diag "$(said)"
target bob "INSERT INTO public.seen VALUES (current_user, concat_ws(' ', current_setting('search_path'), current_setting('datestyle'),
	to_regclass('planted'), (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')));"
before=$(q "SELECT pid FROM nuvopipe.workers WHERE kind = 'runner'")
push bob
is "$(q "SELECT pid FROM nuvopipe.workers WHERE kind = 'runner'")" "$before" "the next run, in the same process,"
is "$(outcome) $(seen)" 'SUCCEEDED bob "$user", public ISO, MDY 0 0' "sees none of it" || diag "$(said)"

# ---- an admin's session

body bob "PERFORM helper();"
qx "CREATE FUNCTION public.helper() RETURNS void LANGUAGE sql AS \$\$ INSERT INTO public.seen VALUES (current_user, 'right') \$\$;
	SET ROLE ada; CREATE FUNCTION ada.helper() RETURNS void LANGUAGE sql AS \$\$ INSERT INTO public.seen VALUES (current_user, 'wrong') \$\$;
	GRANT USAGE ON SCHEMA ada TO PUBLIC"
configure "nuvopipe.max_workers = 0"
wait_until "SELECT NOT EXISTS (SELECT FROM nuvopipe.workers WHERE kind = 'runner')"
EXEC=$(as bob "SELECT nuvopipe.ingest('bob', convert_to(E'id,name\n99,x\n', 'UTF8'))")
"$PGBIN/psql" -XAtq -U ada -c "SET search_path = ada, public" -c "CALL nuvopipe.work()" -c "SHOW search_path" >"$NVP_TMP/work" 2>&1
like "$(cat "$NVP_TMP/work")" "1 execution was run" "an admin's session works"
is "$(outcome) $(seen)" "SUCCEEDED bob right" "an admin's search_path is not that of the runs of others" || diag "$(said) $(cat "$NVP_TMP/work")"
is "$(tail -1 "$NVP_TMP/work")" "ada, public" "and is kept for the admin"

done_testing
