#!/bin/bash
# 85-webhook.t - webhooks: what arrives, signed and in order; what is tried again, given up, refused; who waits for whom
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

start_cluster
start_server http
world
line file target

# hook NAME PATH [EVENTS] : a webhook to our server; SECRET signs
SECRET='geheim und lang'
ALL=EXECUTION_CREATED,EXECUTION_SUCCESSFUL,EXECUTION_FAILED,EXECUTION_CANCELED
hook() { qx "SELECT nuvopipe.create_webhook('$1', 'http://127.0.0.1:$HTTP_PORT$2', '{${3-$ALL}}', secret => '$SECRET')"; }
unhook() { qx "SELECT nuvopipe.delete_webhook('$1')"; }
# heads PATH : files with the heads of requests to it, in order of arrival
heads() { grep -lE "^POST $1[ ?]" "$HTTP_DIR"/posts/*.head 2>/dev/null; }
arrived() { heads "$1" | wc -l; }
has_arrived() { [ "$(arrived "$1")" -ge "$2" ]; }
header() { sed -n "s/^$2: //Ip" "$1"; }
of_hook() { q "SELECT $2 FROM (SELECT * FROM nuvopipe.outbox WHERE webhook_name = '$1' ORDER BY id) o"; }
try() { DELIVERY=$(q "SELECT nuvopipe.test_webhook('$1')"); }
delivery() { q "SELECT $1 FROM nuvopipe.outbox WHERE id = '$DELIVERY'"; }
# settles N : its Nth attempt is over; the next one is an hour later than it would be, for it shall not come while we look
settles() {
	wait_until "WITH later AS (UPDATE _nuvopipe.outbox SET next_at = next_at + '1 h', updated_at = updated_at + '1 h'
		WHERE id = '$DELIVERY' AND status = 'PENDING' AND lease_until IS NULL AND attempts = $1)
	SELECT lease_until IS NULL AND attempts = $1 FROM _nuvopipe.outbox WHERE id = '$DELIVERY'"
}
# hurry : whatever waits for its next try waits no longer
hurry() { qx "UPDATE _nuvopipe.outbox SET next_at = clock_timestamp() WHERE status = 'PENDING' AND lease_until IS NULL;
	UPDATE _nuvopipe.webhook SET hold_until = NULL WHERE hold_until IS NOT NULL; SELECT _nuvopipe.wake()"; }
sender_pid() { q "SELECT pid FROM nuvopipe.workers WHERE kind = 'sender' ORDER BY idle, pid LIMIT 1"; }

# --- what arrives

hook good /hook/good
queue
settled SUCCEEDED 1 "a run"
wait_for has_arrived /hook/good 2
is "$(heads /hook/good | while read -r head; do header "$head" X-Nuvopipe-Event; done | paste -sd' ')" \
	"EXECUTION_CREATED EXECUTION_SUCCESSFUL" "both events arrive, in order"
first=$(heads /hook/good | head -1)
last=$(heads /hook/good | tail -1)
body=${last%.head}.body
stamp=$(header "$last" X-Nuvopipe-Timestamp)
is "$(header "$last" X-Nuvopipe-Signature)" \
	"sha256=$( (printf '%s.' "$stamp"; cat "$body") | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)" "the signature is HMAC-SHA256 of timestamp, dot and body"
ok "the timestamp is of now" [ $((stamp - $(date +%s))) -ge -30 ]
is "$(header "$last" Content-Type)" application/json "it is JSON"
is "$(q "SELECT b ->> 'event', b #>> '{data,status}', b #>> '{data,pipeline_name}', b #>> '{data,rows_written}', b #>> '{data,id}' = '$EXEC'
	FROM (SELECT \$b\$$(cat "$body")\$b\$::jsonb AS b) x")" "EXECUTION_SUCCESSFUL|SUCCESSFUL|$LINE|$ROWS|t" "the body tells what happened"
is "$(q "SELECT status, attempts, last_status FROM nuvopipe.outbox WHERE id = '$(header "$last" X-Nuvopipe-Delivery)'")" "DELIVERED|1|200" "and carries the id of its delivery"
isnt "$(header "$first" X-Nuvopipe-Delivery)" "$(header "$last" X-Nuvopipe-Delivery)" "each has its own"
unlike "$(q "SELECT * FROM nuvopipe.webhooks; SELECT * FROM nuvopipe.outbox; SELECT to_jsonb(w) FROM _nuvopipe.webhook w")$(server_log)" "geheim" "the secret is shown nowhere"

is "$(q "BEGIN; SELECT count(*) FROM nuvopipe.execute('$LINE', true); SELECT count(*) FROM nuvopipe.outbox WHERE status = 'PENDING'; ROLLBACK")" "1
1" "events are written with what they tell"
queue
settled SUCCEEDED 1 "a run after that"
wait_until "SELECT count(*) = 4 AND bool_and(status = 'DELIVERED') FROM nuvopipe.outbox"
is "$(arrived /hook/good)" 4 "what was rolled back was never told"

line file target '{"on_error": "reject_all"}'
qx "ALTER TABLE target ADD CHECK (id < 10)"
queue
wait_done "$EXEC" >/dev/null
qx "ALTER TABLE target DROP CONSTRAINT target_id_check"
wait_until "SELECT count(*) = 6 AND bool_and(status = 'DELIVERED') FROM nuvopipe.outbox"
like "$(q "SELECT payload #>> '{data,error,message}' FROM nuvopipe.outbox WHERE execution = '$EXEC' AND event = 'EXECUTION_FAILED'")" "." "a failure says why"
id=$(q "BEGIN; SELECT id FROM nuvopipe.execute('$LINE', true); SELECT nuvopipe.delete_pipeline('$LINE'); COMMIT" | sed -n 1p)
is "$(q "SELECT string_agg(event, ' ' ORDER BY id) FROM nuvopipe.outbox WHERE execution = '$id'")" "EXECUTION_CREATED EXECUTION_CANCELED" "deleting a pipeline tells of what waited"

# --- who hears what

line file target
qx "CREATE ROLE joe LOGIN IN ROLE nuvopipe_user"
qx "SET ROLE joe; SELECT nuvopipe.create_webhook('joes', 'http://127.0.0.1:$HTTP_PORT/hook/joe', '{$ALL}', secret => 'x')"
qx "SELECT nuvopipe.create_webhook('only', 'http://127.0.0.1:$HTTP_PORT/hook/only', '{EXECUTION_CREATED}', '$LINE', 'x')"
queue
settled SUCCEEDED 1 "a run of somebody else"
is "$(of_hook joes 'count(*)')|$(of_hook only "string_agg(event, ' ')")" "0|EXECUTION_CREATED" "a webhook hears what its owner may see, and what it asked for"
is "$(q "SET ROLE joe; SELECT string_agg(name, ' ') FROM nuvopipe.webhooks; SELECT count(*) FROM nuvopipe.outbox")" "joes
0" "its owner sees no other"
like "$(qe "SET ROLE joe; SELECT nuvopipe.delete_webhook('good')")" "42704.*does not exist" "nor can it touch them"
like "$(qe "SELECT nuvopipe.create_webhook('bad', 'http://me:pw@h/', '{EXECUTION_CREATED}', secret => 'x')")" "22023.*url: user names and passwords" "credentials do not belong into a URL"
like "$(qe "SELECT nuvopipe.create_webhook('bad', 'ftp://h/', '{EXECUTION_CREATED}', secret => 'x')")" "22023.*only http and https" "URLs are http"
like "$(qe "SELECT nuvopipe.create_webhook('bad', 'http://h/', '{EXECUTION_CREATE}', secret => 'x')")" 'events\[0\]: unknown value.*Perhaps you meant "EXECUTION_CREATED"' "a near event is suggested"
like "$(qe "SELECT nuvopipe.create_webhook('bad', 'http://h/', '{EXECUTION_CREATED}')")" "22023.*secret: must be given" "there is no webhook without a secret"
qx "SET ROLE joe; SELECT nuvopipe.delete_webhook('joes')"
unhook only
unhook good

# --- tried again

hook flaky '/hook/flaky?fail=2'
try flaky
settles 1
is "$(delivery "status, last_status, next_at - updated_at BETWEEN '5 s' AND '6 s'")" "PENDING|503|t" "after a failure it waits five seconds, a little more"
like "$(delivery last_error)" "status 503" "and says what was wrong"
hurry
settles 2
is "$(delivery "status, next_at - updated_at BETWEEN '15 s' AND '18 s'")" "PENDING|t" "then three times as long"
hurry
settles 3
is "$(delivery "status, last_error IS NULL")|$(q "SELECT failures FROM nuvopipe.webhooks WHERE name = 'flaky'")" "DELIVERED|t|0" "until it is delivered"
is "$(heads /hook/flaky | while read -r head; do header "$head" X-Nuvopipe-Delivery; done | sort -u)" "$DELIVERY" "all tries have one id"
unhook flaky

hook patient '/hook/patient?fail=1&after=100&status=429'
try patient
settles 1
is "$(delivery "next_at - updated_at BETWEEN '100 s' AND '101 s'")" t "Retry-After is honoured"
one=$DELIVERY
try patient
sleep 1.5		# a sender that did not care would have sent it
is "$(delivery attempts)" 0 "and nothing else is sent meanwhile"
ok "nobody polls while it waits" no_polling 4
hurry
settles 1
is "$(q "SELECT count(*) FROM nuvopipe.outbox WHERE id IN ('$one', '$DELIVERY') AND status = 'DELIVERED'")" 2 "then both arrive"
unhook patient

hook redirected /redir/307
try redirected
settles 1
is "$(delivery "status, last_status, last_error LIKE '%redirects are not followed'")" "PENDING|307|t" "redirects are not followed"
is "$(arrived /post/redirected)" 0 "nothing went there"
unhook redirected

hook ordered '/hook/ordered?fail=1'
queue
wait_until "SELECT count(*) = 1 FROM nuvopipe.outbox WHERE webhook_name = 'ordered' AND attempts = 1 AND lease_until IS NULL"
wait_done "$EXEC" >/dev/null
is "$(q "SELECT b.next_at >= a.next_at, b.attempts FROM nuvopipe.outbox a JOIN nuvopipe.outbox b ON b.webhook_name = 'ordered' AND b.id > a.id WHERE a.webhook_name = 'ordered'")" \
	"t|0" "an event waits for those before it about the same execution"
hurry
wait_until "SELECT count(*) = 2 AND bool_and(status = 'DELIVERED') FROM nuvopipe.outbox WHERE webhook_name = 'ordered'"
is "$(heads /hook/ordered | while read -r head; do header "$head" X-Nuvopipe-Event; done | paste -sd' ')" \
	"EXECUTION_CREATED EXECUTION_CREATED EXECUTION_SUCCESSFUL" "so the order is kept"
unhook ordered

# --- given up

hook dying '/hook/dying?fail=2'
try dying
settles 1
qx "UPDATE _nuvopipe.outbox SET attempts = 11 WHERE id = '$DELIVERY'"
hurry
settles 12
is "$(delivery status)" DEAD "the twelfth failure is the last"
qx "SELECT nuvopipe.replay_delivery('$DELIVERY')"
wait_until "SELECT status = 'DELIVERED' FROM nuvopipe.outbox WHERE id = '$DELIVERY'"
is "$(delivery attempts)|$(arrived /hook/dying)" "1|3" "replayed, it arrives"
unhook dying

hook gone '/hook/gone?fail=1&status=410'
qx "BEGIN; SELECT nuvopipe.test_webhook('gone'); SELECT nuvopipe.test_webhook('gone'); COMMIT"
wait_until "SELECT status = 'INACTIVE' FROM nuvopipe.webhooks WHERE name = 'gone'"
is "$(q "SELECT reason FROM nuvopipe.webhooks WHERE name = 'gone'")" "the receiver answered 410 Gone" "410 deactivates the webhook"
is "$(of_hook gone "string_agg(status || coalesce(last_status::text, ''), ' ' ORDER BY id)")" "DEAD410 DEAD" "with all that waits"
queue
settled SUCCEEDED 1 "a run that nobody hears of"
is "$(of_hook gone 'count(*)')" 2 "it is told no more"
DELIVERY=$(of_hook gone id | sed -n 1p)
like "$(qe "SELECT nuvopipe.replay_delivery('$DELIVERY')")" "55000.*INACTIVE.*ACTIVE first" "nor can one replay"
qx "SELECT nuvopipe.update_webhook('gone', status => 'ACTIVE'); SELECT nuvopipe.replay_delivery('$DELIVERY')"
wait_until "SELECT status = 'DELIVERED' FROM nuvopipe.outbox WHERE id = '$DELIVERY'"
ok "until it is active again" [ "$(delivery status)" = DELIVERED ]
unhook gone

# --- refused by ourselves

hook inner /hook/inner
configure "nuvopipe.allowed_networks = ''"
try inner
settles 1
is "$(delivery "status, last_status IS NULL")" "PENDING|t" "a private address is not reached"
like "$(delivery last_error)" "address 127.0.0.1 is not allowed" "and it says so"
configure nuvopipe.allowed_networks
hurry
settles 2
is "$(delivery status)|$(arrived /hook/inner)" "DELIVERED|1" "once it is allowed it is"

key=$NVP_TMP/main/data/nuvopipe.key
mv "$key" "$key.away"
try inner
settles 1
like "$(delivery last_error)" "does not exist" "a lost key is a failure of the delivery"
mv "$key.away" "$key"
hurry
settles 2
is "$(delivery status)" DELIVERED "found again, it is sent"
unhook inner

# --- who waits for whom

configure "nuvopipe.webhook_timeout = '8s'"
hook hang1 /hang
hook hang2 /hang
qx "SELECT nuvopipe.test_webhook('hang1'); SELECT nuvopipe.test_webhook('hang2')"
wait_until "SELECT count(*) = 1 FROM nuvopipe.outbox WHERE lease_until IS NOT NULL"
qx "CREATE ROLE other LOGIN IN ROLE nuvopipe_user;
INSERT INTO _nuvopipe.organization (id, name, database_role, created_at, updated_at) SELECT _nuvopipe.uuid_v7(), 'other', 'other', now(), now()"
qx "SET ROLE other; SELECT nuvopipe.create_webhook('theirs', 'http://127.0.0.1:$HTTP_PORT/hook/theirs', '{EXECUTION_CREATED}', secret => 'x')"
DELIVERY=$(q "SET ROLE other; SELECT nuvopipe.test_webhook('theirs')")
wait_until "SELECT status = 'DELIVERED' FROM _nuvopipe.outbox WHERE id = '$DELIVERY'"
is "$(q "SELECT delivered_at - created_at < '8 s' FROM _nuvopipe.outbox WHERE id = '$DELIVERY'")" t "receivers that hang do not keep another organization waiting"
is "$(q "SELECT count(*) FROM nuvopipe.outbox WHERE status = 'PENDING' AND lease_until IS NOT NULL")" 1 "their own organization has not all the senders"
wait_until "SELECT count(*) = 1 FROM nuvopipe.outbox WHERE webhook_name = 'hang1' AND attempts = 1 AND lease_until IS NULL"
like "$(of_hook hang1 last_error)" "did not answer in time" "one that hangs is left in time"
unhook hang1
unhook hang2

# --- a sender dies

configure "nuvopipe.webhook_timeout = '4s'"
hook slow '/hook/slow?ms=1000'
try slow
wait_for has_arrived /hook/slow 1
pid=$(sender_pid)
kill -9 "$pid"
wait_for test ! -d "/proc/$pid"
wait_until "SELECT status = 'DELIVERED' FROM nuvopipe.outbox WHERE id = '$DELIVERY'" 60
is "$(delivery "status, attempts")" "DELIVERED|2" "killed in mid-delivery: sent again when the lease has run out"
is "$(heads /hook/slow | while read -r head; do header "$head" X-Nuvopipe-Delivery; done | sort | uniq -c | xargs)" "2 $DELIVERY" "under the same id"
unhook slow

# --- without senders, and without the extension

configure "nuvopipe.max_senders = 0" "nuvopipe.worker_idle_timeout = '100ms'"
wait_until "SELECT count(*) = 0 FROM nuvopipe.workers WHERE kind = 'sender'"
hook manual /hook/manual
try manual
sleep 1.5
is "$(delivery attempts)" 0 "no senders, no deliveries"
qx "CALL nuvopipe.work()"
is "$(delivery status)" DELIVERED "a session that works sends as well"
configure nuvopipe.max_senders "nuvopipe.webhook_timeout = '60s'"
hook hang /hang
try hang
wait_until "SELECT count(*) = 1 FROM nuvopipe.outbox WHERE lease_until IS NOT NULL"
from=$SECONDS
qx "DROP EXTENSION nuvopipe CASCADE"
ok "DROP EXTENSION waits for no receiver" [ $((SECONDS - from)) -lt 20 ]
wait_until "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'nuvopipe sender')"
pass "and the sender leaves"

unlike "$(server_log)" "(PANIC|TRAP|signal 11|signal 6)" "no crash but those made here"
done_testing
