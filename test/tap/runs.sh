# shellcheck shell=bash disable=SC2034
# runs.sh - what tests of whole runs share (sourced after lib.sh)
#
#	ftp_connector in INPUT '"directory_path": "in"'		user pipe; later members win
#	http_connector web INPUT '"url": "..."'
#	table_connector t OUTPUT '"relation": "public.t"'
#	pipeline p in tdm t "error_threshold => 5"		any arguments of create_pipeline
#	call p							CALL nuvopipe.run: sets EXEC and SAID (the notices)
#	execute p						workers run it: sets EXECS (ids) and EXEC (the first)
#	outcome							of EXEC: status|error_type|sqlstate

EXEC='' EXECS='' SAID=''

# the last member of a name wins in jsonb, so defaults come first
ftp_connector() {
	qx "SELECT nuvopipe.create_connector('$1', '$2', 'FTP', \$j\${\"host\": \"127.0.0.1\", \"port\": \"$FTP_PORT\", \"username\": \"pipe\",
		\"password\": \"secret-pw\", \"protocol\": \"FTP\", \"tls\": \"none\"${3:+, $3}}\$j\$)"
}
http_connector() { qx "SELECT nuvopipe.create_connector('$1', '$2', 'HTTP', \$j\${$3}\$j\$)"; }
file_connector() { qx "SELECT nuvopipe.create_connector('$1', '$2', 'FILE', \$j\${$3}\$j\$)"; }
table_connector() { qx "SELECT nuvopipe.create_connector('$1', '$2', 'TABLE', \$j\${$3}\$j\$)"; }
push_connector() { qx "SELECT nuvopipe.create_connector('$1', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE')"; }

# pipeline NAME INPUT TDM OUTPUT [MORE ARGUMENTS]
pipeline() { qx "SELECT nuvopipe.create_pipeline('$1', '$2', '$3', '$4'${5:+, $5})"; }

# call PIPELINE [more arguments, or statements before it with SET]
call() {
	SAID=$("$PGBIN/psql" -XAtq -v ON_ERROR_STOP=1 -c "${CALL_FIRST:-SELECT}" -c "CALL nuvopipe.run('$1'${2:+, $2})" 2>&1)
	newest "$1"
}
newest() { EXEC=$(q "SELECT id FROM nuvopipe.executions WHERE pipeline_name = '$1' ORDER BY created_at DESC, id DESC LIMIT 1"); }

# execute PIPELINE [FORCE] : queued, carried to the end by workers
execute() {
	local id
	EXECS=$(q "SELECT id FROM nuvopipe.execute('$1'${2:+, $2})" 2>/dev/null)
	EXEC=$(head -1 <<<"$EXECS")
	for id in $EXECS; do wait_done "$id" >/dev/null; done
}

# ingest PIPELINE FILE [NAME] : pushed and carried to the end by workers
ingest() {
	install -m 644 "$2" "$NVP_TMP/pushed"
	EXEC=$(q "SELECT nuvopipe.ingest('$1', pg_read_binary_file('$NVP_TMP/pushed'), '${3:-$(basename "$2")}')")
	wait_done "$EXEC" "${4:-60}" >/dev/null
}

# of_exec EXPRESSION : over the view of executions
of_exec() { q "SELECT $1 FROM nuvopipe.executions WHERE id = '$EXEC'"; }
outcome() { of_exec "concat_ws('|', status, error_type, error_sqlstate)"; }
said() { of_exec "concat_ws(' / ', error_message, error_detail, 'HINT: ' || error_hint)"; }
# read, written, rejected, filtered, blank of the last attempt
counts() {
	q "SELECT concat_ws(' ', rows_read, rows_written, rows_rejected, rows_filtered, rows_blank)
		FROM nuvopipe.execution_runs WHERE execution = '$EXEC' ORDER BY attempt DESC LIMIT 1"
}
# issues [WHERE] : of EXEC, in order
issues() {
	q "SELECT concat_ws('|', row_no, column_key, code, value) FROM nuvopipe.issues WHERE execution = '$EXEC' ${1:+AND $1} ORDER BY row_no, column_key"
}
rejected() { q "SELECT string_agg(row_no::text, ' ' ORDER BY row_no) FROM nuvopipe.rejected_rows WHERE execution = '$EXEC'"; }
