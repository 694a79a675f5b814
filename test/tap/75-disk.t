#!/bin/bash
# 75-disk.t - no room for temporary files: a clear fault, nothing written, the worker lives
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

start_cluster
world
big_world
# files that rest are read where they lie and need no room: these are always fresh
touch -d '+1 day' "$NVP_TMP"/*.csv
# a second runner is fine: one that has just closed a run is not idle yet when the next is queued
survived() { is "$(q "SELECT count(*) FROM nuvopipe.workers WHERE kind = 'runner' AND pid = $pid")" 1 "$1: the worker lives"; }

line file target
queue
settled SUCCEEDED 1 "a small run"
wait_until "SELECT count(*) = 1 FROM nuvopipe.workers WHERE kind = 'runner'"
pid=$(q "SELECT pid FROM nuvopipe.workers WHERE kind = 'runner'")

# --- temp_file_limit

configure "temp_file_limit = '4MB'"
line big target
queue
settled FAILED 1 "temp_file_limit: failed, and not tried again"
like "$(said)" "^WRITE_FILE_FAILURE \| 53400 \| could not keep .*pgsql_tmp.*temp_file_limit.* \| Raise temp_file_limit" "temp_file_limit: place and cure"
empty target "temp_file_limit"
survived "temp_file_limit"
configure temp_file_limit

# --- a full disk

mkdir "$NVP_TMP/small"
if mount -t tmpfs -o size=6m nuvopipe-small "$NVP_TMP/small" 2>/dev/null; then
	trap 'umount -l "$NVP_TMP/small" 2>/dev/null; end_of_test' EXIT
	install -d -m 700 -o "$NVP_OSUSER" "$NVP_TMP/small/space"
	qx "CREATE TABLESPACE small LOCATION '$NVP_TMP/small/space'"
	configure "temp_tablespaces = 'small'"

	line file target
	hold "LOCK TABLE target"
	queue
	in_phase process
	is "$(find "$NVP_TMP/small/space" -path '*pgsql_tmp/*' | wc -l)" 0 "what is small needs no file"
	let_go
	settled SUCCEEDED 1 "a run without files"

	numbers 40000 >"$NVP_TMP/mid.csv"
	chmod 644 "$NVP_TMP/mid.csv"
	touch -d "+1 hour" "$NVP_TMP/mid.csv"	# it does not rest, so it is copied
	qx "SELECT nuvopipe.create_connector('mid', 'INPUT', 'FILE', jsonb_build_object('directory_path', '$NVP_TMP', 'file_name', 'mid.csv'))"
	line mid target
	hold "LOCK TABLE target"
	queue
	in_phase process
	is "$(find "$NVP_TMP/small/space" -path '*pgsql_tmp/*' | wc -l)" 1 "its spool lies in temp_tablespaces"
	let_go
	settled SUCCEEDED 1 "a small run in temp_tablespaces"

	line big target '{"max_attempts": 2}'
	queue
	settled FAILED 2 "full disk: tried again, then failed"
	like "$(said)" "^WRITE_FILE_FAILURE \| 53100 \| could not keep .*pg_tblspc/.*No space left on device \| Free space there, or set temp_tablespaces" \
		"full disk: place and cure"
	empty target "full disk"
	is "$(find "$NVP_TMP/small/space" -path '*pgsql_tmp/*' | wc -l)" 0 "full disk: no file is left behind"
	survived "full disk"

	# a file that rests is read where it lies
	touch -d '-1 day' "$NVP_TMP/big.csv" && sleep 3.1
	line big target
	queue
	settled SUCCEEDED 1 "a file that rests needs no room"
	is "$(q "SELECT count(*) FROM target")" "$BIG" "a file that rests needs no room: every row"

	# the input fits, its issues do not
	{ echo id,name; seq 1 250000 | sed 's/.*/x&,n/'; } >"$NVP_TMP/issues.csv"
	chmod 644 "$NVP_TMP/issues.csv"
	qx "SELECT nuvopipe.create_connector('issues', 'INPUT', 'FILE', jsonb_build_object('directory_path', '$NVP_TMP', 'file_name', 'issues.csv'))"
	line issues target '{"max_attempts": 1}'
	queue
	settled FAILED 1 "no room for issues"
	like "$(said)" "53100 \| could not keep the issues of this run: .*No space left on device" "no room for issues: place and cure"
	empty target "no room for issues"
	survived "no room for issues"

	configure "temp_tablespaces = ''"
	qx "DROP TABLESPACE small"
	pass "no file is in the way of DROP TABLESPACE"
else
	skip "cannot mount a tmpfs here" 21
fi

# --- a file that changes while it is read where it lies

touch -d '-2 days' "$NVP_TMP/big.csv" && sleep 3.1
line big target
hold "LOCK TABLE target"
queue
in_phase process
touch -d '-3 days' "$NVP_TMP/big.csv"
let_go
settled SUCCEEDED 2 "a file that changed under the run is read again"
loaded target "$BIG" "a file that changed under the run is read again"

line file target
queue
settled SUCCEEDED 1 "after that"
loaded target $ROWS "after that"
unlike "$(server_log)" "(PANIC|TRAP|signal|WARNING)" "no crash, no warning"
done_testing
