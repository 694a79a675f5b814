# shellcheck shell=bash disable=SC2034
# load.sh - a load of many small executions whose rows can be accounted for (sourced after lib.sh)
#
#	parcels 4 [OPTIONS]			table loaded, pipelines "line 1" to "line 4" with options, into it
#	primary main				where senders send to; may change while they do
#	start_senders 3				three clients that send parcels, each until it is acknowledged
#	start_senders 3 101 110			the parcels 101 to 110 of each, and no more
#	stop_senders				waits for them; finish_senders: until all is sent
#	account "what it is"			every acknowledged parcel is loaded once, or its execution has failed with a reason
#
# A parcel is a file of PARCEL_ROWS rows (sender, parcel, n, pipeline), pushed by nuvopipe.ingest.  One that is
# not acknowledged may be there or not, so it is sent again under the same name: the ledger knows it.

PARCEL_ROWS=40 PIPELINES=0 SENDERS=()

parcels() {
	PIPELINES=$1
	qx "CREATE TABLE loaded (sender int, parcel int, n int, pipeline text);
	SELECT nuvopipe.create_tdm('parcel', '[{\"key\": \"sender\", \"columnType\": \"int\"}, {\"key\": \"parcel\", \"columnType\": \"int\"}, {\"key\": \"n\", \"columnType\": \"int\"}, {\"key\": \"pipeline\"}]');
	SELECT nuvopipe.create_connector('push', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE');
	SELECT nuvopipe.create_connector('loaded', 'OUTPUT', 'TABLE', '{\"relation\": \"public.loaded\"}');
	SELECT nuvopipe.create_pipeline('line ' || i, 'push', 'parcel', 'loaded', options => '${2-{\}}') FROM generate_series(1, $PIPELINES) i"
}

primary() { echo "$NVP_TMP/$1" >"$NVP_TMP/primary.new" && mv "$NVP_TMP/primary.new" "$NVP_TMP/primary"; }

sender() {
	local id=$1 parcel=$2 last=$3 line data said
	for (( ; parcel <= last; parcel++)); do
		[ ! -e "$NVP_TMP/enough" ] || break
		line=$((RANDOM % PIPELINES + 1))
		data="sender,parcel,n,pipeline\n$(seq 1 $PARCEL_ROWS | sed "s/.*/$id,$parcel,&,line $line/" | tr '\n' '~' | sed 's/~/\\n/g')"
		until said=$(PGHOST=$(cat "$NVP_TMP/primary") PGPORT=$(cat "$(cat "$NVP_TMP/primary")/port") PGCONNECT_TIMEOUT=5 \
			"$PGBIN/psql" -XAtq -v ON_ERROR_STOP=1 -c "SELECT nuvopipe.ingest('line $line', convert_to(E'$data', 'UTF8'), 'parcel-$id-$parcel.csv')" 2>/dev/null); do
			sleep 0.2
		done
		echo "$id $parcel $said" >>"$NVP_TMP/acknowledged.$id"
		sleep "${SENDER_PAUSE:-0}"
	done
}
start_senders() {
	local id
	for ((id = 1; id <= $1; id++)); do sender $id "${2-1}" "${3-1000000}" & SENDERS+=($!); done
}
finish_senders() {
	local pid
	for pid in "${SENDERS[@]}"; do wait "$pid"; done
	SENDERS=()
}
stop_senders() {
	touch "$NVP_TMP/enough"
	finish_senders
}

account() {
	cat "$NVP_TMP"/acknowledged.* >"$NVP_TMP/acknowledged"
	chmod 644 "$NVP_TMP/acknowledged"
	qx "CREATE TABLE IF NOT EXISTS acknowledged (sender int, parcel int, execution uuid); TRUNCATE acknowledged;
	COPY acknowledged FROM '$NVP_TMP/acknowledged' (DELIMITER ' ');
	CREATE OR REPLACE VIEW sent AS SELECT a.*, e.status, e.error_sqlstate, e.error_message, e.rows_written, e.attempts, e.max_attempts, e.note
		FROM acknowledged a LEFT JOIN nuvopipe.executions e ON e.id = a.execution"
	note "$(q "SELECT count(*) || ' parcels, ' || count(*) FILTER (WHERE attempts > 1) || ' of them tried more than once, ' || count(*) FILTER (WHERE status = 'FAILED') || ' failed' FROM sent")"
	is "$(q "SELECT count(*) FROM sent WHERE status IS NULL")" 0 "$1: no acknowledged execution is lost"
	is "$(q "SELECT count(*) FROM nuvopipe.executions WHERE status NOT IN ('SUCCEEDED', 'FAILED')")" 0 "$1: all have succeeded or failed"
	is "$(q "SELECT count(*) FROM nuvopipe.executions WHERE status = 'FAILED' AND (error_sqlstate IS NULL OR coalesce(error_message, '') = '')")" 0 "$1: what failed says why"
	is "$(q "SELECT DISTINCT error_sqlstate || ' ' || error_message FROM sent WHERE status = 'FAILED' AND error_message <> 'the process that ran this execution ended unexpectedly'")" "" "$1: and nothing failed of itself"
	is "$(q "SELECT count(*) FROM sent WHERE status = 'FAILED' AND attempts < max_attempts")" 0 "$1: nor before its last attempt"
	# a parcel that was sent twice is loaded by one of its executions
	is "$(q "SELECT count(*) FROM sent s WHERE status = 'SUCCEEDED' AND $PARCEL_ROWS <> (SELECT count(*) FROM loaded l WHERE l.sender = s.sender AND l.parcel = s.parcel)")" 0 "$1: every parcel that succeeded is loaded, whole"
	is "$(q "SELECT count(*) FROM (SELECT FROM loaded GROUP BY sender, parcel, n HAVING count(*) > 1) x")" 0 "$1: every row once"
	is "$(q "SELECT count(*) FROM loaded l WHERE sender > 0 AND NOT EXISTS (SELECT FROM acknowledged a WHERE a.sender = l.sender AND a.parcel = l.parcel)")" 0 "$1: and nothing that was not sent"
	is "$(q "SELECT coalesce(sum(rows_written), 0) = (SELECT count(*) FROM loaded) FROM nuvopipe.executions WHERE pipeline_name LIKE 'line %' AND status = 'SUCCEEDED'")" t "$1: as their accounts say"
	is "$(q "SELECT count(*) FROM nuvopipe.execution_runs WHERE status = 'SUCCEEDED' AND rows_read <> rows_written + rows_rejected + rows_filtered + rows_blank")" 0 "$1: which balance"
	is "$(q "SELECT count(*) FROM _nuvopipe.execution e FULL JOIN _nuvopipe.execution_attempt a ON a.execution_id = e.id
		WHERE e.status = 'RUNNING' OR a.status = 'RUNNING' OR a.attempt IS NULL AND e.attempts > 0 OR e.lease_until IS NOT NULL OR e.id IS NULL")" 0 "$1: nothing is left running"
	is "$(q "SELECT count(*) FROM _nuvopipe.input_ledger l JOIN _nuvopipe.pipeline p ON p.id = l.pipeline_id WHERE p.name LIKE 'line %'")" \
		"$(q "SELECT count(*) FROM nuvopipe.executions WHERE pipeline_name LIKE 'line %' AND status = 'SUCCEEDED' AND rows_read > 0")" "$1: the ledger has what was loaded"
}
