#!/bin/bash
# 45-upload.t - 300 MB in pieces: durable, in bounded memory, run by a worker without a copy
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

# few shared buffers, so that they do not hide what a process takes for itself
start_cluster -c shared_buffers=8MB -c max_wal_size=256MB
qx "CREATE TABLE t (id int);
	SELECT nuvopipe.create_tdm('ids', '[{\"key\": \"id\", \"columnType\": \"int\"}]');
	-- any part of one long file: a header of 8 bytes, then rows of 1011
	CREATE FUNCTION piece(at bigint, bytes int) RETURNS bytea LANGUAGE sql AS \$f\$
		SELECT substr(CASE WHEN at < 8 THEN substr('\\x69642c6e616d650a'::bytea, at::int + 1) ELSE '' END
			|| convert_to(string_agg(lpad(k::text, 9, '0') || ',' || repeat('x', 1000) || E'\n', ''), 'UTF8'),
			1 + CASE WHEN at < 8 THEN 0 ELSE ((at - 8) % 1011)::int END, bytes)
		FROM generate_series(greatest(at - 8, 0) / 1011, (at + bytes) / 1011 + 1) k \$f\$;
	-- sends from where the upload stands; each piece is a transaction
	CREATE PROCEDURE send(upload uuid, upto bigint) LANGUAGE plpgsql AS \$f\$
		DECLARE at bigint := (SELECT received FROM nuvopipe.uploads WHERE id = upload);
		BEGIN
			WHILE at < upto LOOP
				at := nuvopipe.append_upload(upload, at, piece(at, least(1000003, upto - at)::int));
				COMMIT;
			END LOOP;
		END \$f\$"
table_connector t OUTPUT '"relation": "public.t"'
push_connector push
pipeline p push ids t
pipeline q push ids t

rows=312000
size=$((8 + rows * 1011))
megabytes() { awk -v field="$1:" '$1 == field { print int($2 / 1024) }' "/proc/$2/status"; }
received() { q "SELECT received FROM nuvopipe.uploads WHERE id = '$UP'"; }

# ---- a crash in the middle

UP=$(q "SELECT nuvopipe.create_upload('big.csv', $size)")
# the sender goes on and on; the server goes away under it
q "CALL send('$UP', $size)" >/dev/null 2>&1 &
sender=$!
wait_until "SELECT received > 60000000 FROM nuvopipe.uploads WHERE id = '$UP'"
acknowledged=$(received)
backend=$(q "SELECT pid FROM pg_stat_activity WHERE query LIKE 'CALL send%'")
# the server takes all its processes down after this, and recovers
kill -9 "$backend"
wait "$sender"
wait_until "SELECT pg_postmaster_start_time() < now() AND NOT pg_is_in_recovery()"
like "$(server_log)" 'was terminated by signal 9.*redo starts' "the server crashes and recovers"
stands=$(received)
ok "what was acknowledged survives a crash ($acknowledged of $size bytes before it, $stands after)" test "$stands" -ge "$acknowledged"
is "$((stands % 1000003))" 0 "and no half piece is there"
is "$(q "SELECT sum(length(data)) FROM _nuvopipe.blob_chunk WHERE blob_id = '$UP'")" "$stands" "the bytes are as many as it says"
is "$(q "SELECT state FROM nuvopipe.uploads WHERE id = '$UP'")" RECEIVING "it waits for the rest"
like "$(qe "SELECT nuvopipe.append_upload('$UP', $stands + 1, 'x')")" "NP409: the upload stands at byte $stands.*DETAIL: +$stands" "another position is refused, with the right one"
like "$(qe "SELECT FROM nuvopipe.execute('p', upload => '$UP')")" '55000: upload .* is not complete' "and cannot be executed yet"

# ---- the rest, in one session whose memory is watched

coproc SENDER { "$PGBIN/psql" -XAtq -v ON_ERROR_STOP=1 2>&1; }
exec 6<&"${SENDER[0]}" 7>&"${SENDER[1]}"
echo 'SELECT pg_backend_pid();' >&7
read -r pid <&6
before=$(megabytes VmHWM "$pid")
echo "CALL send('$UP', $size); SELECT 'sent';" >&7
read -r said <&6
is "$said" sent "a sender goes on where it stands"
after=$(megabytes VmHWM "$pid")
ok "its backend took $((after - before)) MB more for $(((size - stands) / 1048576)) MB" test $((after - before)) -lt 32
exec 7>&-
is "$(q "SELECT state || ' ' || received FROM nuvopipe.uploads WHERE id = '$UP'")" "COMPLETE $size" "the last piece completes it"
is "$(q "SELECT sha256 FROM nuvopipe.uploads WHERE id = '$UP'")" \
	"$(q "SELECT encode(sha256(string_agg(data, '' ORDER BY position)), 'hex') FROM _nuvopipe.blob_chunk WHERE blob_id = '$UP'")" \
	"its digest, made piece by piece across the crash, is that of the whole"
like "$(qe "SELECT nuvopipe.append_upload('$UP', $size, 'x')")" '54000: the upload has' "more than was announced is refused"

# ---- executed without a copy

stored() { q "SELECT pg_total_relation_size('_nuvopipe.blob_chunk')"; }
wait_until "SELECT count(*) > 0 FROM nuvopipe.workers"
was=$(stored)
q 'SELECT pg_stat_reset()' >/dev/null
said=$(q "BEGIN; SELECT id FROM nuvopipe.execute('p', upload => '$UP'); SELECT input_id FROM _nuvopipe.execution; COMMIT")
EXEC=$(head -1 <<<"$said")
is "$(tail -1 <<<"$said")" "$UP" "the execution refers to the upload"
wait_done "$EXEC" 120 >/dev/null
is "$(outcome) $(q 'SELECT count(*) || $$ $$ || sum(id) FROM t')" "SUCCEEDED $rows $((rows * (rows - 1) / 2))" "every row is there, once" || diag "$(said)"
is "$(stored)" "$was" "no chunk was copied"
runner=$(q "SELECT pid FROM nuvopipe.workers WHERE kind = 'runner' ORDER BY executions DESC LIMIT 1")
temporary=$(q "SELECT pg_stat_clear_snapshot(); SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()" | tail -1)
ok "no temporary file took it in ($temporary bytes)" test "$temporary" -lt 20000000
hwm=$(megabytes VmHWM "$runner")
ok "its worker took $hwm MB" test "$hwm" -lt 160

# ---- and as often as one likes, until it is deleted

EXEC=$(q "SELECT id FROM nuvopipe.execute('q', upload => '$UP')")
wait_done "$EXEC" 120 >/dev/null
is "$(outcome) $(q 'SELECT count(*) FROM t')" "SUCCEEDED $((2 * rows))" "another pipeline takes the same upload"
EXEC=$(q "SELECT id FROM nuvopipe.execute('p', upload => '$UP')")
wait_done "$EXEC" 120 >/dev/null
like "$(outcome) $(of_exec note)" 'SUCCEEDED unchanged since' "the same one does not load it twice"
EXEC=$(q "SELECT id FROM nuvopipe.execute('p', true, '$UP')")
wait_done "$EXEC" 120 >/dev/null
is "$(outcome) $(q 'SELECT count(*) FROM t')" "SUCCEEDED $((3 * rows))" "unless it is forced to"
qx "SELECT nuvopipe.delete_upload('$UP')"
like "$(qe "SELECT FROM nuvopipe.execute('p', upload => '$UP')")" '42704: upload .* does not exist' "a deleted upload is gone"
purged() { [ "$(q 'SELECT _nuvopipe.purge() + (SELECT count(*) FROM _nuvopipe.blob)')" = 0 ]; }
ok "its bytes are removed in portions" wait_for purged
is "$(q 'SELECT count(*) FROM _nuvopipe.blob_chunk')" 0 "all of them"

is "$(grep -cE 'TRAP:|PANIC' "$NVP_TMP/main/log")" 0 "no process crashed by itself"
done_testing
