#!/bin/bash
# 90-readme.t - the examples of the README and the quickstart do what they say, in a server without preloading
. "$(dirname "$0")/lib.sh"

# example FILE NAME : the SQL block after its mark
example() { awk -v mark="<!-- test: $2 -->" '$0 == mark { on = 1; next } on && /^```sql/ { copy = 1; next } copy && /^```/ { exit } copy' "$NVP_TOP/$1"; }

start_cluster --no-preload --bare
rm -f /tmp/members.csv

text=$(example README.md quickstart)
ok "the README has an example" test -n "$text"
ok "it runs" q "$text" -o "$NVP_TMP/out"
is "$(q 'SELECT string_agg(email, chr(32) ORDER BY email) FROM member')" "dan@example.com" "what the README says is clean is in the table"
is "$(q "SELECT string_agg(DISTINCT row_no::text, ',') FROM nuvopipe.rejected_rows")" "1,2,3,4" "the others are set aside"
is "$(q "SELECT string_agg(row_no || ' ' || column_key || ' ' || code, ', ' ORDER BY row_no, column_key) FROM nuvopipe.issues")" \
	"1 email unique, 2 email invalid_email, 2 joined invalid_date, 3 balance invalid_decimal, 4 email unique" "for the reasons it names"
is "$(q "SELECT status, rows_read, rows_written, rows_rejected FROM nuvopipe.executions")" "SUCCEEDED|5|1|4" "the counts balance"
qx "CALL nuvopipe.run('members')"
is "$(q "SELECT count(*) FROM member")" 1 "a second run loads nothing twice"
qx "TRUNCATE member" && qx "CALL nuvopipe.run('members', force => true)"
is "$(q "SELECT count(*) FROM member")" 1 "unless it is forced to"

qx "CREATE TABLE staging AS SELECT 'x'::text AS email, 'n'::text AS name, 'soon'::text AS joined, '1'::text AS balance"
while read -r statement; do
	ok "runs: $statement" q "$statement" -o /dev/null
done < <(sed -n '/^## Without any pipeline/,/^## Settings/s/;.*/;/p' "$NVP_TOP/README.md" | grep '^SELECT')

rm -f /tmp/members.csv
done_testing
