#!/bin/bash
# 30-policies.t - what becomes of wrong rows: policies, constraints of the target, and counts that balance
#
# The story: ten thousand generated customers whose errors are known, through
# every policy into a table and a file; then upsert and replace; then one
# target after the other that refuses rows, early and late.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster
tdm() { qx "SELECT nuvopipe.create_tdm('$1', \$j\$$2\$j\$)"; }
push_connector push

# ---- ten thousand customers

gen=$NVP_TOP/test/bench/gen_customers
XDG_CACHE_HOME=$NVP_TMP/cache "$gen" --rows 10000 --seed 7 --error-rate 0.01 --oracle "$NVP_TMP/oracle.json" --out "$NVP_TMP/customers.csv" || bail "no customers"
oracle() { q "SELECT pg_read_file('$NVP_TMP/oracle.json')::jsonb #>> '{$1}'"; }
chmod 644 "$NVP_TMP/oracle.json" "$NVP_TMP/customers.csv"
rows=$(oracle rows) cells=$(oracle cells) bad_cells=$(oracle unique_all,error_cells) bad_rows=$(oracle unique_all,error_rows) clean=$(oracle unique_all,clean_rows)
tdm customer '[
 {"key": "company_id", "columnType": "string", "validations": [{"validate": "unique"}, {"validate": "required"}]},
 {"key": "company_name", "columnType": "string", "validations": [{"validate": "required_with", "columns": ["company_id"]}]},
 {"key": "full_name", "columnType": "string", "validations": [{"validate": "required"}]},
 {"key": "email_address", "columnType": "email", "validations": [{"validate": "required"}]},
 {"key": "street", "columnType": "string"},
 {"key": "city", "columnType": "string", "validations": [{"validate": "required"}]},
 {"key": "country", "columnType": "string", "validations": [{"validate": "required"}]},
 {"key": "total_costs", "columnType": "float"},
 {"key": "close_date", "columnType": "date", "outputFormat": "DD.MM.YYYY"}]'
qx 'CREATE TABLE customer (company_id text, company_name text, full_name text, email_address text, street text, city text,
	country text, total_costs numeric, close_date date)'
table_connector customer OUTPUT '"relation": "public.customer"'
install -d -m 777 "$NVP_TMP/out"
file_connector file OUTPUT "\"directory_path\": \"$NVP_TMP/out\", \"file_name\": \"customers.csv\""
totals() { of_exec "concat_ws(' ', total_rows, total_cells, total_error_cells, total_error_rows)"; }
all="$rows $cells $bad_cells $bad_rows"

pipeline skip push customer customer
ingest skip "$NVP_TMP/customers.csv"
is "$(outcome)" SUCCEEDED "skip_rows into a table" || diag "$(said)"
is "$(totals)" "$all" "errors are those of the oracle"
is "$(counts)" "$rows $clean $bad_rows 0 0" "read = written + rejected"
is "$(q 'SELECT count(*) FROM customer')" "$clean" "the table has the clean rows"
is "$(q "SELECT count(*) FROM nuvopipe.rejected_rows WHERE execution = '$EXEC'")" "$bad_rows" "the others are kept"
is "$(q "SELECT count(DISTINCT row_no) FROM nuvopipe.issues WHERE execution = '$EXEC' AND row_no IN (SELECT row_no FROM nuvopipe.rejected_rows WHERE execution = '$EXEC')")" \
	"$bad_rows" "each with an issue"
is "$(q "SELECT count(DISTINCT (row_no, column_key)) FROM nuvopipe.issues WHERE execution = '$EXEC'")" "$bad_cells" "each wrong cell has one"
is "$(q "SELECT sum(cells) FROM nuvopipe.issue_summary('$EXEC')")" "$(q "SELECT count(*) FROM nuvopipe.issues WHERE execution = '$EXEC'")" "and is in the summary"
sum=$(q 'SELECT sum(total_costs) FROM customer')

pipeline skip-file push customer file "options => '{\"on_error\": \"skip_rows\"}'"
ingest skip-file "$NVP_TMP/customers.csv"
is "$(outcome) $(counts)" "SUCCEEDED $rows $clean $bad_rows 0 0" "skip_rows into a file"
qx 'CREATE TABLE back (LIKE customer)'
qx "SET datestyle = 'ISO, DMY'; COPY back FROM '$NVP_TMP/out/customers.csv' WITH (FORMAT csv, HEADER)"
is "$(q 'SELECT count(*) FROM (SELECT * FROM back EXCEPT ALL SELECT * FROM customer) x')" 0 "which COPY reads back"
is "$(q 'SELECT count(*), sum(total_costs) FROM back')" "$clean|$sum" "to the same rows"

qx 'TRUNCATE customer'
pipeline null push customer customer "options => '{\"on_error\": \"null_cells\"}'"
ingest null "$NVP_TMP/customers.csv"
is "$(outcome) $(counts)" "SUCCEEDED $rows $rows 0 0 0" "null_cells into a table takes every row"
is "$(totals)" "$all" "with the same errors"
is "$(q 'SELECT sum(total_costs) FROM customer')" "$(oracle valid_cost_sum)" "and every right number"
is "$(q 'SELECT count(*) FROM customer WHERE company_id IS NULL')" "$(q "SELECT count(DISTINCT row_no) FROM nuvopipe.issues WHERE execution = '$EXEC' AND column_key = 'company_id'")" \
	"cells that broke a rule are empty"

pipeline pass push customer file "options => '{\"on_error\": \"pass\"}'"
ingest pass "$NVP_TMP/customers.csv"
is "$(outcome) $(counts)" "SUCCEEDED $rows $rows 0 0 0" "pass into a file takes every row"
qx 'CREATE TABLE raw (company_id text, company_name text, full_name text, email_address text, street text, city text, country text, total_costs text, close_date text); CREATE TABLE source (LIKE raw)'
qx "COPY raw FROM '$NVP_TMP/out/customers.csv' WITH (FORMAT csv, HEADER); COPY source FROM '$NVP_TMP/customers.csv' WITH (FORMAT csv, HEADER)"
is "$(q 'SELECT count(*) FROM (SELECT company_id, company_name, full_name, email_address, street, city, country, close_date FROM raw
	EXCEPT ALL SELECT company_id, company_name, full_name, email_address, street, city, country, close_date FROM source) x')" 0 "as it was"
is "$(q "SELECT count(*) FROM (SELECT total_costs FROM raw WHERE total_costs !~ '^[0-9.]+\$' EXCEPT ALL SELECT total_costs FROM source) x")" 0 "wrong numbers too"
like "$(qe "SELECT nuvopipe.create_pipeline('p2t', 'push', 'customer', 'customer', options => '{\"on_error\": \"pass\"}');
	SELECT nuvopipe.explain_pipeline('p2t')")" 'pass' "pass into a table is refused"

qx 'TRUNCATE customer'
pipeline reject push customer customer "options => '{\"on_error\": \"reject_all\"}'"
ingest reject "$NVP_TMP/customers.csv"
is "$(outcome) $(q 'SELECT count(*) FROM customer')" "FAILED|ERROR_THRESHOLD_EXCEEDED|22000 0" "reject_all writes nothing"
is "$(totals) $(q "SELECT count(DISTINCT (row_no, column_key)) FROM nuvopipe.issues WHERE execution = '$EXEC'")" "$all $bad_cells" "and keeps every issue"
rm -f "$NVP_TMP/out/"*
pipeline reject-file push customer file "options => '{\"on_error\": \"reject_all\"}'"
ingest reject-file "$NVP_TMP/customers.csv"
is "$(outcome) $(ls "$NVP_TMP/out")" "FAILED|ERROR_THRESHOLD_EXCEEDED|22000 " "into a file neither"

# ---- upsert and replace

tdm pair '[{"key": "id", "columnType": "int"}, {"key": "name", "columnType": "string"}]'
csv() { printf '%s\n' id,name "$@" >"$NVP_TMP/in.csv"; }
qx 'CREATE TABLE u (id int PRIMARY KEY, name text, n int DEFAULT 7)'
table_connector upsert OUTPUT '"relation": "public.u", "mode": "upsert", "key": ["id"]'
pipeline upsert push pair upsert
csv 1,one 2,two
ingest upsert "$NVP_TMP/in.csv"
qx 'UPDATE u SET n = 8 WHERE id = 2'
csv 2,zwei 3,drei x,bad
ingest upsert "$NVP_TMP/in.csv"
is "$(outcome) $(q "SELECT string_agg(concat_ws(' ', id, name, n), ', ' ORDER BY id) FROM u")" "SUCCEEDED 1 one 7, 2 zwei 8, 3 drei 7" "upsert updates and inserts"
is "$(q "SELECT concat_ws(' ', rows_inserted, rows_updated, rows_rejected) FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")" "1 1 1" "and counts both"
csv 5,first 5,second
ingest upsert "$NVP_TMP/in.csv"
is "$(outcome) $(q 'SELECT name FROM u WHERE id = 5')" "SUCCEEDED second" "the last row of a key wins" || diag "$(said) $(issues)"
table_connector replace OUTPUT '"relation": "public.u", "mode": "replace"'
pipeline replace push pair replace
csv 9,nine
ingest replace "$NVP_TMP/in.csv"
is "$(outcome) $(q "SELECT string_agg(concat_ws(' ', id, name), ', ') FROM u")" "SUCCEEDED 9 nine" "replace replaces"
csv x,bad
pipeline replace-strict push pair replace "error_threshold => 1"
ingest replace-strict "$NVP_TMP/in.csv"
is "$(outcome) $(q "SELECT string_agg(concat_ws(' ', id, name), ', ') FROM u")" "FAILED|ERROR_THRESHOLD_EXCEEDED|22000 9 nine" "a failed replace leaves the old rows"

# ---- targets that refuse rows

# refused NAME DDL ISSUES REJECTED COUNT [ROWS...] : into table target, made by DDL
refused() {
	local name=$1 ddl=$2 issues=$3 rejected=$4 count=$5
	shift 5
	qx "DROP TABLE IF EXISTS target CASCADE; $ddl"
	[ "$(q "SELECT count(*) FROM nuvopipe.connectors WHERE name = 'target'")" = 1 ] || table_connector target OUTPUT '"relation": "public.target"'
	pipeline "$name" push pair target
	if [ $# -gt 0 ]; then csv "$@"; fi
	ingest "$name" "$NVP_TMP/in.csv"
	is "$(outcome)" SUCCEEDED "$name: the run succeeds" || diag "$(said)"
	is "$(issues)" "$issues" "$name: row and column are named"
	is "$(rejected)" "$rejected" "$name: what was refused is kept"
	is "$(q 'SELECT count(*) FROM target')" "$count" "$name: the others are in"
	is "$(q "SELECT rows_read = rows_written + rows_rejected AND rows_rejected = $(wc -w <<<"$rejected") FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")" t "$name: counts balance"
}
{ echo id,name; seq 1 9000 | sed 's/$/,n/'; echo 17,again; seq 9001 9999 | sed 's/$/,n/'; } >"$NVP_TMP/in.csv"
refused "unique key" 'CREATE TABLE target (id int PRIMARY KEY, name text)' "9001|id|target.constraint|17" 9001 9999
like "$(q "SELECT message FROM nuvopipe.issues WHERE execution = '$EXEC'")" 'target_pkey' "and the constraint by its name"
refused "key of before" "CREATE TABLE target (id int UNIQUE, name text); INSERT INTO target VALUES (2, 'old')" "2|id|target.constraint|2" 2 3 1,a 2,b 3,c
refused "not null" 'CREATE TABLE target (id int NOT NULL, name text NOT NULL)' "2|name|target.not_null" 2 2 1,a 2, 3,c
refused check 'CREATE TABLE target (id int CONSTRAINT small CHECK (id < 100), name text)' "3|id|target.constraint|300" 3 2 1,a 2,b 300,c
like "$(q "SELECT message FROM nuvopipe.issues WHERE execution = '$EXEC'")" 'small' "the check is named"
refused "check of two columns" 'CREATE TABLE target (id int, name text, CHECK (id < 100 OR name IS NULL))' "2|target.constraint" 2 1 1,a 200,b
qx 'CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent VALUES (1), (3)'
refused "foreign key" 'CREATE TABLE target (id int REFERENCES parent, name text)' "2|id|target.constraint|2" 2 2 1,a 2,b 3,c
refused varchar 'CREATE TABLE target (id int, name varchar(3))' "2|name|target.out_of_range|abcd" 2 2 1,abc 2,abcd 3,x
refused smallint 'CREATE TABLE target (id smallint, name text)' "2|id|target.out_of_range|70000" 2 1 1,a 70000,b
refused enum "CREATE TYPE colour AS ENUM ('red', 'blue'); CREATE TABLE target (id int, name colour)" "2|name|target.out_of_range|green" 2 2 1,red 2,green 3,blue
qx "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS \$f\$ BEGIN
	IF new.id = 2 THEN RAISE EXCEPTION 'two is not wanted'; END IF; RETURN new; END \$f\$"
refused trigger 'CREATE TABLE target (id int, name text); CREATE TRIGGER guard BEFORE INSERT ON target FOR EACH ROW EXECUTE FUNCTION guard()' \
	"2|target.rejected" 2 2 1,a 2,b 3,c
like "$(q "SELECT message FROM nuvopipe.issues WHERE execution = '$EXEC'")" 'two is not wanted' "the trigger's words are kept"
refused "partitions" "CREATE TABLE target (id int, name text) PARTITION BY RANGE (id); CREATE TABLE target_1 PARTITION OF target FOR VALUES FROM (0) TO (10);
	CREATE TABLE target_2 PARTITION OF target FOR VALUES FROM (10) TO (20)" "3|target.constraint" 3 2 1,a 11,b 99,c
refused "unique in a partition" "CREATE TABLE target (id int, name text, PRIMARY KEY (id)) PARTITION BY RANGE (id); CREATE TABLE target_1 PARTITION OF target FOR VALUES FROM (0) TO (10)" \
	"2|id|target.constraint|1" 2 1 1,a 1,b
refused "unique index" "CREATE TABLE target (id int, name text); CREATE UNIQUE INDEX ON target (name)" "3|name|target.constraint|a" 3 2 1,a 2,b 3,a
refused "key of an expression" "CREATE TABLE target (id int, name text); CREATE UNIQUE INDEX ON target (lower(name))" "2|target.constraint" 2 1 1,a 2,A
refused "another table of a trigger" "CREATE TABLE target (id int, name text); DROP TABLE IF EXISTS other; CREATE TABLE other (id int, name text NOT NULL);
	CREATE OR REPLACE FUNCTION copy_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.other VALUES (new.id, nullif(new.name, ''b'')); RETURN new; END';
	CREATE TRIGGER copy_row BEFORE INSERT ON target FOR EACH ROW EXECUTE FUNCTION copy_row()" "2|target.constraint" 2 1 1,a 2,b
refused "several at once" 'CREATE TABLE target (id int PRIMARY KEY CHECK (id < 100), name varchar(3) NOT NULL)' \
	"2|id|target.constraint|1
3|id|target.constraint|200
4|name|target.out_of_range|long
5|name|target.not_null
6|id|invalid_int|x" "2 3 4 5 6" 2 1,a 1,b 200,c 4,long 5, x,y 7,z
refused "null in a required key" 'CREATE TABLE target (id int PRIMARY KEY, name text)' "2|id|target.not_null" 2 1 1,a ,b

qx "DROP TABLE target CASCADE; CREATE TABLE target (id int)"
pipeline lacking push pair target
csv 1,a
ingest lacking "$NVP_TMP/in.csv"
like "$(outcome) $(said)" '^FAILED.WRITE_FILE_FAILURE.42703.*"name".*HINT: .' "a target that lacks a column"
is "$(q 'SELECT count(*) FROM target')" 0 "gets nothing"

# a trigger that swallows rows, and one that changes them
qx "DROP TABLE target CASCADE; CREATE TABLE target (id int, name text);
	CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF new.id = 2 THEN RETURN NULL; END IF; new.name := upper(new.name); RETURN new; END';
	CREATE TRIGGER s BEFORE INSERT ON target FOR EACH ROW EXECUTE FUNCTION swallow()"
pipeline swallowed push pair target
csv 1,a 2,b 3,c
ingest swallowed "$NVP_TMP/in.csv"
is "$(outcome) $(counts) $(q "SELECT string_agg(name, '' ORDER BY id) FROM target")" "SUCCEEDED 3 2 0 1 0 AC" "rows that a trigger swallows are counted as filtered"

# a constraint that is checked at the end
qx "DROP TABLE target CASCADE; CREATE TABLE target (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED, name text)"
pipeline deferred push pair target
csv 1,a 2,b
ingest deferred "$NVP_TMP/in.csv"
like "$(outcome) $(q 'SELECT count(*) FROM target')" '^FAILED.WRITE_FILE_FAILURE.23503 0$' "a constraint that is checked at the commit fails the run, which loses nothing"
like "$(said)" 'Key \(id\)=\([12]\) is not present in table "parent".*HINT: Constraint "target_id_fkey" of table "target" is deferred' "and names key, constraint, table and why"
qx "DROP TABLE target CASCADE; CREATE TABLE target (id int, name text);
	CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN RAISE EXCEPTION 'no % here', NEW.id; END \$\$;
	CREATE CONSTRAINT TRIGGER late AFTER INSERT ON target DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()"
pipeline late push pair target
csv 1,a 2,b
ingest late "$NVP_TMP/in.csv"
like "$(outcome) $(said)" '^FAILED.*no 1 here / In PL/pgSQL function late\(\) line 1 at RAISE\. / HINT: This comes from a deferred' "a deferred trigger's words, and where they come from"

is "$(grep -cE 'TRAP:|terminated by signal|PANIC' "$NVP_TMP/main/log")" 0 "no process crashed"
is "$(q "SELECT count(*) FROM nuvopipe.executions WHERE status IN ('QUEUED', 'RUNNING')")" 0 "no execution is left open"
done_testing
