#!/bin/bash
# 10-guide.t - the way from a file on an FTP server to another one, as the getting-started guide has it
#
# The story: a data model, two FTP connectors, a template, a pipeline; an
# execution by a worker; then several files, what becomes of them, and
# developer mode.
# shellcheck disable=SC2016
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster
start_server ftp
ca=$(perl -0pe 's/\n/\\n/g' "$FTP_DIR/certs/ca.pem")
home=$FTP_DIR/root/pipe
for dir in input/example output/example many/in many/out after moved dev/in dev/out; do
	install -d -m 755 -o 20001 -g 20001 "$home/${dir%/*}" "$home/$dir"
done

# put FILE-IN-HOME : standard input becomes a file of the FTP user
put() { cat >"$home/$1" && chown 20001:20001 "$home/$1"; }
jsonq() { q "SELECT $2 FROM (SELECT pg_read_file('$home/$1')::jsonb AS d) f"; }

# ---- definitions, as the guide has them

tdm=$(q '
SELECT nuvopipe.create_tdm(d ->> $$name$$, d -> $$columns$$, d -> $$permissions$$) FROM (SELECT $j$
{"name": "Sample TDM", "columns": [
 {"key": "company_id", "label": "Company ID", "columnType": "string", "validations": [{"validate": "unique"}, {"validate": "required"}]},
 {"key": "company_name", "label": "Company name", "columnType": "string", "validations": [
  {"validate": "required_with", "columns": ["company_id"], "errorMessage": "Custom error message"}]},
 {"key": "full_name", "label": "Full name", "columnType": "string", "validations": [{"validate": "required"}]},
 {"key": "email_address", "label": "Email address", "columnType": "email", "validations": [{"validate": "required"}]},
 {"key": "street", "label": "Street", "columnType": "string"},
 {"key": "city", "label": "City", "columnType": "string", "validations": [{"validate": "required"}]},
 {"key": "country", "label": "Country", "columnType": "string", "validations": [{"validate": "required"}]},
 {"key": "total_costs", "label": "Total costs", "columnType": "float"},
 {"key": "close_date", "label": "Close date", "columnType": "date", "outputFormat": "DD.MM.YYYY"}],
 "permissions": {"level": "PUBLIC"}}$j$::jsonb AS d) x')
like "$tdm" '^[0-9a-f-]{36}$' "the sample data model is taken unchanged"

# the members of the sample, with host, port and user of this server; it offers TLS, so its issuer must be known
server='"host": "127.0.0.1", "port": "'$FTP_PORT'", "username": "pipe", "password": "secret-pw", "protocol": "FTP", "ca_certificate": "'$ca'"'
input=$(q "SELECT nuvopipe.create_connector('FTP Input Connector', 'INPUT', 'FTP', \$j\${$server,
	\"advance_config\": {\"inclusion_tag\": [\"Test\"]}, \"directory_path\": \"/input/example/\", \"file_name\": \"input.json\"}\$j\$,
	'TIME_BASE', '{\"level\": \"PUBLIC\"}')")
output=$(q "SELECT nuvopipe.create_connector('FTP Output Connector', 'OUTPUT', 'FTP', \$j\${$server,
	\"advance_config\": {\"exclusion_tag\": null, \"inclusion_tag\": null, \"new_name\": null, \"after_process_option\": null},
	\"directory_path\": \"/output/example/\", \"file_name\": \"output.json\"}\$j\$, 'EVENT_BASE', '{\"level\": \"PUBLIC\"}')")
like "$input $output" '^[0-9a-f-]{36} [0-9a-f-]{36}$' "both connectors are taken"
unlike "$(q 'SELECT configuration FROM nuvopipe.connectors')" secret-pw "no password is shown"
qx "SELECT nuvopipe.create_template('Pipeline template', '{\"pipeline_name\": \"Pipeline name\", \"input_connectors\": [\"$input\"],
	\"output_connectors\": [\"$output\"], \"schedule_config\": {\"frequency\": \"HOURLY\", \"interval\": 6,
	\"starts_on\": \"2024-09-21T06:57:06.672Z\", \"ends_on\": \"2024-09-30T06:57:06.672Z\"}, \"error_config\": {\"error_threshold\": 32}}')"
like "$(q "SELECT nuvopipe.create_pipeline(template => 'Pipeline template', tdm => 'Sample TDM')")" '^[0-9a-f-]{36}$' "the template makes a pipeline"

# ---- the execution

put input/example/input.json <<'J'
[{"company_id": "C1", "company_name": "Alpha, \"Ltd\"", "full_name": "Zoë Müller", "email_address": "zoe@example.com", "street": "Main 1", "city": "Köln", "country": "Germany", "total_costs": 1234.50, "close_date": "2024-09-21"},
 {"company_id": "C2", "company_name": null, "full_name": "Bob", "email_address": "bob@", "city": "Leeds", "country": "UK", "total_costs": "0.25", "close_date": "2024-02-29"},
 {"company_id": "C3", "company_name": "Gamma", "full_name": "Cy", "email_address": "cy@example.org", "street": "", "city": "Oslo", "country": "Norway", "total_costs": "abc", "close_date": "2023-02-29"}]
J
# a second file that the tag alone would choose: file_name means exactly that file
put input/example/Test.json <<<'[{"company_id": "no"}]'
got=$(q "SELECT concat_ws('|', status, trigger_type) FROM nuvopipe.execute('Pipeline name')")
is "$got" "QUEUED|MANUAL" "one execution is queued"
newest "Pipeline name"
is "$(wait_done "$EXEC")" SUCCEEDED "a worker runs it" || diag "$(said)"
is "$(of_exec input)" "/input/example/input.json" "file_name means exactly that file, whatever the tags"
is "$(counts)" "3 3 0 0 0" "rows balance"
is "$(of_exec "concat_ws(' ', total_rows, total_cells, total_error_cells, total_error_rows)")" "3 27 4 2" "cells are counted"
is "$(issues)" "2|company_name|required_with
2|email_address|invalid_email|bob@
3|close_date|invalid_date|2023-02-29
3|total_costs|invalid_float|abc" "each wrong cell is an issue"
is "$(q "SELECT message FROM nuvopipe.issues WHERE execution = '$EXEC' AND column_key = 'company_name'")" "Custom error message" "with its custom message"
is "$(jsonq output/example/output.json 'jsonb_array_length(d)')" 3 "three rows arrive"
is "$(jsonq output/example/output.json 'd -> 0')" '{"city": "Köln", "street": "Main 1", "country": "Germany", "full_name": "Zoë Müller", "close_date": "21.09.2024", "company_id": "C1", "total_costs": 1234.5, "company_name": "Alpha, \"Ltd\"", "email_address": "zoe@example.com"}' \
	"keys, numbers as numbers, dates as DD.MM.YYYY"
is "$(jsonq output/example/output.json "d -> 1 -> 'total_costs'")" 0.25 "a number in text becomes a number"
is "$(jsonq output/example/output.json "d -> 1 -> 'email_address'")" '"bob@"' "a wrong cell passes as it was"
is "$(jsonq output/example/output.json "jsonb_build_array(d #> '{2,total_costs}', d #> '{2,close_date}')")" '["abc", "2023-02-29"]' "as text"
is "$(jsonq output/example/output.json "d -> 1 -> 'street'")" null "what was not there is null"
is "$(q "SELECT string_agg(k, ' ' ORDER BY n) FROM json_object_keys((pg_read_file('$home/output/example/output.json')::json) -> 0) WITH ORDINALITY o(k, n)")" \
	"company_id company_name full_name email_address street city country total_costs close_date" "members stand in the order of the model"
is "$(ls "$home/output/example")" output.json "nothing temporary is left"
is "$(ls "$home/input/example" | tr '\n' ' ')" "Test.json input.json " "the source is left alone"
put input/example/input.json <<'J'
[{"company_id": "C9", "company_name": "X", "full_name": "Y", "email_address": "x", "city": "", "country": "", "total_costs": "z", "close_date": "q"}]
J
execute "Pipeline name"
is "$(outcome)" "FAILED|ERROR_THRESHOLD_EXCEEDED|22000" "5 of 9 cells are more than 32 %"
is "$(jsonq output/example/output.json 'jsonb_array_length(d)')" 3 "and the old output is still there"

# ---- several files

for i in 1 2 3; do put "many/in/Test $i.csv" <<<"id,name
$i,n$i"; done
put many/in/Test.bak <<<"not wanted"
put many/in/other.csv <<<"not wanted"
qx "SELECT nuvopipe.create_tdm('pair', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"}]')"
ftp_connector many-in INPUT '"directory_path": "/many/in", "advance_config": {"inclusion_tag": ["Test"], "exclusion_tag": [".bak"]}'
ftp_connector many-out OUTPUT '"directory_path": "/many/out", "file_name": "all.csv"'
pipeline many many-in pair many-out
execute many
is "$(wc -l <<<"$EXECS")" 3 "each matching file is an execution"
is "$(q "SELECT string_agg(DISTINCT status, ' ') || ' ' || count(DISTINCT run) FROM nuvopipe.executions WHERE pipeline_name = 'many'")" "SUCCEEDED 1" "all of one run succeed"
is "$(find "$home/many/out" -type f | wc -l)" 3 "their outputs do not collide" || ls "$home/many/out" >&2
is "$(cat "$home"/many/out/*.csv | sort | uniq | tr '\n' ' ')" "1,n1 2,n2 3,n3 id,name " "and hold one file each"
is "$(q "SELECT count(*) FROM nuvopipe.execute('many')" 2>/dev/null)" 0 "nothing new, nothing queued"

# names that differ in their suffix only
put "many/in/Test 1.json" <<<'[{"id": 10, "name": "ten"}]'
put "many/in/Test 1.tsv" <<<$'id\tname\n11\televen'
execute many
is "$(cd "$home/many/out" && ls "all_Test 1.json.csv" "all_Test 1.tsv.csv" | wc -l)" 2 "Test 1.csv, .json and .tsv have outputs of their own" || ls "$home/many/out" >&2

# the same by CALL, with a directory discovered as it runs
put "many/in/Test 7.csv" <<<$'id,name\n7,n7'
put "many/in/Test 8.csv" <<<$'id,name\n8,n8'
call many
is "$(grep -c SUCCEEDED <<<"$SAID")" 2 "CALL runs all that is new" || diag "$SAID"
is "$(find "$home/many/out" -type f | wc -l)" 7 "to names of their own" || ls "$home/many/out" >&2

# ---- what becomes of the source

ftp_connector after-out OUTPUT '"directory_path": "/dev/out", "file_name": "after.csv"'
# where FOLDER... : the files in them.  The action follows the end of the execution, whose rows do not depend on it.
where() { (cd "$home" && find "$@" -type f | sort | tr '\n' ' '); }
# after OPTION MEMBERS PLACES : runs in.csv with it
after() {
	local name=$1 advance=$2 wanted=$3 description=$4
	put after/in.csv <<<"id,name
1,$name"
	ftp_connector "after-$name" INPUT "\"directory_path\": \"/after\", \"advance_config\": {\"inclusion_tag\": [\"in.csv\"], $advance}"
	pipeline "after-$name" "after-$name" pair after-out
	execute "after-$name"
	wait_for eval "[ \"\$(where after moved)\" = '$wanted' ]"
	is "$(outcome) $(where after moved)" "SUCCEEDED $wanted" "$description"
	rm -f "$home"/after/*
}
after NONE '"after_process_option": "NONE"' 'after/in.csv ' "NONE leaves it"
after DELETE '"after_process_option": "DELETE"' '' "DELETE deletes it"
after RENAME '"after_process_option": "RENAME", "new_name": "done-{name}.{extension}"' 'after/done-in.csv ' "RENAME renames it"
after MOVE '"after_process_option": "MOVE", "new_name": "/moved"' 'moved/in.csv ' "MOVE moves it"
put after/in.csv <<<'id,name
x,y'
ftp_connector after-failed INPUT '"directory_path": "/after", "advance_config": {"after_process_option": "DELETE"}'
pipeline after-failed after-failed pair after-out "error_threshold => 0"
execute after-failed
is "$(outcome) $(where after)" "FAILED|ERROR_THRESHOLD_EXCEEDED|22000 after/in.csv " "a failed run leaves its source alone"

# ---- developer mode

{ echo id,name; seq 1 998 | sed 's/$/,n/'; echo x,n; echo y,n; } | put dev/in/dev.csv
ftp_connector dev-in INPUT '"directory_path": "/dev/in", "file_name": "dev.csv"'
ftp_connector dev-out OUTPUT '"directory_path": "/dev/out", "file_name": "sent.csv"'
pipeline dev dev-in pair dev-out "developer_mode => true"
execute dev
is "$(outcome) $(counts)" "SUCCEEDED 1000 100 0 900 0" "developer mode sends 100 rows"
is "$(tail -n +2 "$home/dev/out/sent.csv" | cksum)" "$(seq 1 100 | sed 's/$/,n/' | cksum)" "the first ones"
is "$(of_exec "concat_ws(' ', total_rows, total_error_rows)") $(issues | wc -l)" "1000 2 2" "and validates all"

done_testing
