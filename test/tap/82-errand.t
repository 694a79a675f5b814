#!/bin/bash
# 82-errand.t - requests that reach out over the network run in processes of their own, and keep no other client waiting
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/http.sh"
. "$(dirname "$0")/survive.sh"

start_server http
start_server fault "$HTTP_PORT"
SILENT=$((FAULT_PORT + 1)) UNREACHED=$((FAULT_PORT + 2))
start_listener "nuvopipe.listen_workers = 1" "nuvopipe.max_errands = 3" "nuvopipe.listing_timeout = 60s" "nuvopipe.connect_timeout = 60s"
routes
API=$URL/dp/api/v1
qx "
CREATE FUNCTION nuvopipe_api.test_away(jsonb) RETURNS jsonb LANGUAGE plpgsql AS
	\$\$ BEGIN PERFORM pg_sleep((\$1 ->> 'seconds')::float); RETURN jsonb_build_object('data', pg_backend_pid()); END \$\$;
CREATE FUNCTION nuvopipe_api.test_held(jsonb) RETURNS jsonb LANGUAGE plpgsql AS
	\$\$ BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN '{\"data\": \"let go\"}'; END \$\$;
CREATE FUNCTION nuvopipe_api.test_big(jsonb) RETURNS jsonb LANGUAGE sql AS \$\$ SELECT jsonb_build_object('data', repeat('x', (\$1 ->> 'bytes')::int)) \$\$;
CREATE TABLE public.made (at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION nuvopipe_api.test_make(jsonb) RETURNS jsonb LANGUAGE sql AS
	\$\$ INSERT INTO public.made DEFAULT VALUES RETURNING jsonb_build_object('data', at, '\$headers', jsonb_build_object('Location', '/made')) \$\$;
SELECT _nuvopipe.set_route('GET', '/test/away/{seconds}', 'test_away', 'x', auth => 'none', rate => 'none', reaches_out => true);
SELECT _nuvopipe.set_route('GET', '/test/held', 'test_held', 'x', auth => 'none', rate => 'none', reaches_out => true);
SELECT _nuvopipe.set_route('GET', '/test/own/held', 'test_held', 'x', rate => 'none', reaches_out => true);
SELECT _nuvopipe.set_route('GET', '/test/own/{seconds}', 'test_away', 'x', rate => 'none', reaches_out => true);
SELECT _nuvopipe.set_route('GET', '/test/big/{bytes}', 'test_big', 'x', auth => 'none', rate => 'none', reaches_out => true);
SELECT _nuvopipe.set_route('POST', '/test/carry', 'test_echo', 'x', auth => 'none', rate => 'none', max_body => 6291456, headers => ARRAY['x-thing'], reaches_out => true);
SELECT _nuvopipe.set_route('GET', '/test/carry/peer', 'test_peer', 'x', auth => 'none', rate => 'none', reaches_out => true);
SELECT _nuvopipe.set_route('GET', '/test/carry/error/{sqlstate}', 'test_error', 'x', auth => 'none', rate => 'none', reaches_out => true);
SELECT _nuvopipe.set_route('GET', '/test/carry/state', 'test_state', 'x', auth => 'none', rate => 'none', object => 'thing', reaches_out => true);
SELECT _nuvopipe.set_route('POST', '/test/make', 'test_make', 'x', status => 201, reaches_out => true);
SELECT _nuvopipe.set_route('GET', '/test/rate', 'test_echo', 'x', rate => 'read', reaches_out => true);
SELECT nuvopipe.create_organization('acme'), nuvopipe.create_organization('bolt');
SELECT nuvopipe.create_user('ann@acme.test', organization => 'acme'), nuvopipe.create_user('bob@bolt.test', organization => 'bolt')"
TOKEN=$(q "SELECT nuvopipe.create_token('ann@acme.test', organization => 'acme')")
OTHER=$(q "SELECT nuvopipe.create_token('bob@bolt.test', organization => 'bolt')")

errands() { q "SELECT count(*) FROM nuvopipe.workers WHERE kind = 'errand'"; }
no_errands() { wait_until "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'nuvopipe errand')"; }
wait_errands() { wait_until "SELECT count(*) = $1 FROM pg_stat_activity WHERE backend_type = 'nuvopipe errand' AND state = 'active'"; }
# servers that say nothing are waited for so long, all others as long as they may need
impatient() { configure "nuvopipe.listing_timeout = '4s'" "nuvopipe.connect_timeout = '3s'"; }
patient() { configure nuvopipe.listing_timeout nuvopipe.connect_timeout; }
# what waits for us until let_go
hold_requests() { hold "SELECT pg_advisory_xact_lock(77)"; }
# segments of dynamic shared memory that the listener has mapped
mapped() { grep -c '/dev/shm/PostgreSQL' "/proc/$(listeners | head -1)/maps"; }
said() { grep -c "$1" "$NVP_TMP/main/log"; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
ask() { curl -s -m 30 -H "Authorization: $TOKEN" "$@"; }
body() { echo "{\"type\": \"INPUT\", \"node_type\": \"HTTP\", \"configuration\": {\"url\": \"http://127.0.0.1:$1/files/x.csv\"}}"; }
# try PORT : POST /connector/test
try() { ask -X POST -H 'Content-Type: application/json' -d "$(body "$1")" "$API/connector/test" "${@:2}"; }
# in the background: requests one after the other for some seconds, on one connection; how many, the longest, what nine of ten took at most, and the median in ms
small() {
	perl -e 'use strict; use IO::Socket::INET; use Time::HiRes "time";
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die; my @t; my $end = time + $ARGV[1];
		while (time < $end) { my $t = time; syswrite $s, "GET '"$HEALTH"' HTTP/1.1\r\nHost: x\r\n\r\n";
			my $got = ""; until ($got =~ /\r\n\r\n.*\}/s) { sysread($s, $got, 65536, length $got) or die "closed" }
			$got =~ /^HTTP\/1.1 200/ or die $got; push @t, 1000 * (time - $t); select undef, undef, undef, 0.01 }
		@t = sort { $a <=> $b } @t; printf "%d %d %d %d\n", scalar @t, $t[-1], $t[@t * 0.9], $t[@t / 2]' "$PORT" "$1"
}

before_mapped=$(mapped) before_listeners=$(listeners)

# --- answers are those of the listener itself

is "$(ask "$URL/test/away/0" | grep -c '"data": [0-9]')" 1 "an errand answers"
isnt "$(ask "$URL/test/away/0")" "{\"data\": $before_listeners}" "it is another process"
is "$(curl -s -H 'X-Thing: a b' -d '{"b": 1}' -H 'Content-Type: application/json' "$URL/test/carry?c=d%20e")" \
	'{"data": {"b": 1, "c": "d e", "headers": {"x-thing": "a b"}}}' "body, parameters and headers are carried"
is "$(curl -s "$URL/test/carry/peer")" '{"data": "127.0.0.1"}' "and the client's address"
for state in 22023 42501 0A000 57014 XX000; do
	is "$(curl -s -w ' %{http_code}' "$URL/test/carry/error/$state")" "$(curl -s -w ' %{http_code}' "$URL/test/error/$state")" "an error is told the same: $state"
done
is "$(header Retry-After "$URL/test/carry/error/53300")" 5 "with its headers"
is "$(code -I "$URL/test/carry/state")$(curl -sI "$URL/test/carry/state" | grep -ci 'content-length: 11')" 2001 "HEAD"
tag=$(header ETag "$URL/test/carry/state")
like "$tag" '^".+"$' "an entity tag"
is "$(code -H "If-None-Match: $tag" "$URL/test/carry/state")" 304 "is compared"
head -c 6000000 /dev/zero | tr '\0' y | sed 's/^/{"long": "/; s/$/"}/' >"$NVP_TMP/long"
is "$(curl -s -H 'Content-Type: application/json' --data-binary @"$NVP_TMP/long" "$URL/test/carry" | wc -c)" 6000037 "a body of 6 MB there and back"
head -c 7000000 "$NVP_TMP/long" | cat - "$NVP_TMP/long" >"$NVP_TMP/longer"
is "$(code -H 'Content-Type: application/json' --data-binary @"$NVP_TMP/longer" "$URL/test/carry")" 413 "and no more"
is "$(curl -s "$URL/test/big/40000000" | wc -c)" 40000012 "an answer of 40 MB"
is "$(code "$URL/test/big/70000000")" 413 "and not of 70"
is "$(code "$URL/test/rate")$(code -H 'Authorization: nonsense' "$URL/test/rate")" 401401 "who has no token sends nobody"
made() { ask -X POST -H "Idempotency-Key: $1" -H 'Content-Type: application/json' -d '{}' "$URL/test/make" "${@:2}"; }
first=$(made one -w ' %{http_code}')
is "$(made one -w ' %{http_code}')/$(q 'SELECT count(*) FROM made')" "$first/1" "an idempotency key holds"
is "$(made two -o /dev/null -D - | tr -d '\r' | sed -n 's/^Location: //p')" /made "headers of the answer come along"

# rates
configure "nuvopipe.rate_limit_read = 10"
fresh=$(q "SELECT nuvopipe.create_token('ann@acme.test', organization => 'acme')")
got=''
for _ in 1 2 3 4 5 6 7 8; do got+=$(code -H "Authorization: $fresh" "$URL/test/rate"); done
is "$got" 200200200200200200200200 "a request is counted once"
configure nuvopipe.rate_limit_read

# --- nobody waits for somebody else's server

put_http /etc/hostname x.csv
is "$(try "$HTTP_PORT" | grep -o '"ok": true, "steps"\|"ok": [a-z]*}$' | head -1 | grep -c true)$(try "$HTTP_PORT" -o /dev/null -w '%{http_code}')" 1200 "a connector that works"
impatient
small 5 >"$NVP_TMP/small" &
load=$!
try "$SILENT" -w ' %{http_code}' >"$NVP_TMP/silent" &
a=$!
curl -s -m 30 -H "Authorization: $OTHER" -X POST -H 'Content-Type: application/json' -d "$(body "$UNREACHED")" "$API/connector/test" -w ' %{http_code}' >"$NVP_TMP/unreached" &
b=$!
wait_errands 2
is "$(q "SELECT string_agg(DISTINCT query, ',') FROM pg_stat_activity WHERE backend_type = 'nuvopipe errand'")" "POST /dp/api/v1/connector/test" "what an errand does can be seen"
is "$(errands)" 2 "and in nuvopipe.workers"
is "$(q "SELECT state FROM pg_stat_activity WHERE backend_type = 'nuvopipe listener'")" idle "the listener does nothing meanwhile"
wait $load $a $b
# a listener that waited itself would have answered none of them for seconds
promptly() { read -r n longest most median <"$NVP_TMP/small"; [ "${n:-0}" -gt 25 ] && [ "${most:-9999}" -lt 1500 ]; }
promptly
ok "small requests were answered the whole time ($n; longest $longest ms, 90 % in $most, median $median ms)" promptly
like "$(cat "$NVP_TMP/silent")" '"ok": false.* 200$' "a server that says nothing is told"
like "$(cat "$NVP_TMP/unreached")" '"ok": false.* 200$' "and one that cannot be reached"
no_errands
patient

# each of them, by way of objects that are stored
for path in "POST /connector/{id}/test" "POST /connector/test" "GET /connector/{id}/listing" "GET /connector/{id}/data" "POST /execution"; do
	is "$(q "SELECT reaches_out FROM _nuvopipe.route WHERE method = '${path%% *}' AND path = '/dp/api/v1${path#* }'")" t "$path is an errand"
done
post() { ask -H 'Content-Type: application/json' -d "$2" "$API$1"; }
id_of() { sed -n 's/^{"data": {"id": "\([0-9a-f-]\{36\}\)".*/\1/p'; }
connector() { post /connector "{\"name\": \"$1\", \"type\": \"$2\", \"node_type\": \"HTTP\", \"configuration\": {\"url\": \"http://127.0.0.1:$3/files/x.csv\"}}" | id_of; }
printf 'a\n1\n2\n' >"$NVP_TMP/x.csv"
put_http "$NVP_TMP/x.csv"
good=$(connector good INPUT "$HTTP_PORT") dead=$(connector dead INPUT "$SILENT") out=$(connector out OUTPUT "$HTTP_PORT")
tdm=$(post /tdm '{"name": "t", "columns": [{"key": "a", "label": "a"}]}' | id_of)
like "$good $dead $out $tdm" '^([0-9a-f-]{36} ?){4}$' "objects"
like "$(ask -X POST "$API/connector/$good/test")" '"ok": true' "a test of a connector"
like "$(ask "$API/connector/$good/data")" '"not_supported"' "a sample, which is not to be had yet"
like "$(ask "$API/connector/$good/listing")" 'x.csv' "a listing"
start() { post /pipeline "{\"name\": \"$1\", \"configuration\": {\"input_connectors\": [\"$2\"], \"tdm\": \"$tdm\", \"output_connectors\": [\"$out\"]}}" | id_of; }
mute=$(post /connector "{\"name\": \"mute\", \"type\": \"INPUT\", \"node_type\": \"FTP\", \"configuration\": {\"host\": \"127.0.0.1\", \"port\": \"$SILENT\",
	\"protocol\": \"FTP\", \"username\": \"u\", \"password\": \"p\", \"directory_path\": \"/in\"}}" | id_of)
good_line=$(start good "$good") dead_line=$(start dead "$mute")
like "$(post /execution "{\"pipeline_id\": \"$good_line\"}")" '^\{"data": \[\{"id": "[0-9a-f-]{36}", .*"PROCESSING"' "an execution"
impatient
small 4 >"$NVP_TMP/small" &
load=$!
ask "$API/connector/$dead/listing" >/dev/null &
a=$!
post /execution "{\"pipeline_id\": \"$dead_line\"}" >"$NVP_TMP/started" &
b=$!
wait_until "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'nuvopipe errand' AND state = 'active'"
pass "they wait elsewhere"
wait $load $a $b
promptly
ok "and nobody for them ($n; longest $longest ms, 90 % in $most, median $median ms)" promptly
like "$(cat "$NVP_TMP/started")" '^\{"data": \[\{"id": "[0-9a-f-]{36}"' "an execution of a source that does not answer is queued"
no_errands
patient

# --- not more than are wanted

away() { curl -s -m 30 -o /dev/null -w '%{http_code}' "$URL/test/away/$1"; }
held() { curl -s -m 120 -o /dev/null -w '%{http_code}' "$URL/test/held"; }
hold_requests
pids=()
for _ in 1 2 3; do held >>"$NVP_TMP/away" 7>&- & pids+=($!); done
wait_errands 3
is "$(away 0)" 503 "one too many is refused"
is "$(header Retry-After "$URL/test/away/0")" 5 "with Retry-After"
is "$(said 'GET /test/away/0 was refused: all errands are taken')" 2 "and a line in the log for each"
is "$(code "$URL$HEALTH")" 200 "other requests are not"
like "$(post /execution "{\"pipeline_id\": \"$good_line\"}")" '"PROCESSING"' "nor an execution whose source need not be listed first"
let_go
wait "${pids[@]}"
no_errands
is "$(cat "$NVP_TMP/away")" 200200200 "the others were answered"
is "$(away 0)" 200 "then there is room again"

# an organization alone has all but one
hold_requests
pids=()
for _ in 1 2; do ask -m 120 "$URL/test/own/held" >/dev/null 7>&- & pids+=($!); done
wait_errands 2
is "$(ask -o /dev/null -w '%{http_code}' "$URL/test/own/0")$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: $OTHER" "$URL/test/own/0")" 503200 "the last one is not for an organization that has the others"
let_go
wait "${pids[@]}"
no_errands

# --- those that end early

curl -s -m 30 -D "$NVP_TMP/head" -w '%{http_code}' -o /dev/null "$URL/test/away/20" >"$NVP_TMP/away" &
a=$!
wait_errands 1
before=$(now_ms)
qx "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'nuvopipe errand'"
wait $a
is "$(cat "$NVP_TMP/away")$(tr -d '\r' <"$NVP_TMP/head" | sed -n 's/^Retry-After: //p')" 5035 "an errand that was terminated"
ok "at once ($(($(now_ms) - before)) ms)" [ $(($(now_ms) - before)) -lt 12000 ]
is "$(said 'GET /test/away/20: its errand ended without an answer')" 1 "is told in the log"
curl -s -m 30 -w '%{http_code}' -o /dev/null "$URL/test/away/20" >"$NVP_TMP/away" &
a=$!
wait_errands 1
qx "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'nuvopipe errand'"
wait $a
is "$(cat "$NVP_TMP/away")" 503 "an errand that was cancelled"

curl -s -m 30 "$URL/test/away/20" >/dev/null &
a=$!
wait_errands 1
before=$(now_ms)
kill $a
wait $a 2>/dev/null
ok "a client that goes away ends its errand" no_errands
ok "soon ($(($(now_ms) - before)) ms)" [ $(($(now_ms) - before)) -lt 12000 ]
is "$(said 'FATAL:.*terminat')" 0 "quietly"
try "$SILENT" >/dev/null 2>&1 &
a=$!
wait_errands 1
kill "$(pgrep -P $a)"
wait $a 2>/dev/null
ok "also one that waits for the network" no_errands

configure "nuvopipe.request_statement_timeout = '1s'"
before=$(now_ms)
is "$(away 20)" 503 "the time-out of requests holds"
ok "in time ($(($(now_ms) - before)) ms)" [ $(($(now_ms) - before)) -lt 15000 ]
configure nuvopipe.request_statement_timeout
wait_for serves "$URL"

# --- nothing is left

no_errands
is "$(mapped)" "$before_mapped" "the listener has let go of all segments"
is "$(listeners)" "$before_listeners" "and is the same"

# --- the listener's own end, reloads, databases that go

hold_requests
curl -s -m 120 -w ' %{http_code}' "$URL/test/held" >"$NVP_TMP/away" 7>&- &
a=$!
wait_errands 1
configure "nuvopipe.request_timeout = '50s'"
wait_for serves "$URL"
let_go
wait $a
like "$(cat "$NVP_TMP/away")" ' 200$' "a reload lets an errand finish"
curl -s -m 30 -w '%{http_code}' -o /dev/null "$URL/test/away/20" >"$NVP_TMP/away" &
a=$!
wait_errands 1
before=$(now_ms)
qx "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'nuvopipe listener'"
wait $a
is "$(cat "$NVP_TMP/away")" 503 "a listener that ends answers first"
ok "in time ($(($(now_ms) - before)) ms)" [ $(($(now_ms) - before)) -lt 15000 ]
ok "and its errands end with it" no_errands
wait_for serves "$URL"

qx "CREATE DATABASE served"
qx "CREATE EXTENSION nuvopipe" -d served
qx "CREATE FUNCTION nuvopipe_api.test_away(jsonb) RETURNS jsonb LANGUAGE sql AS \$\$ SELECT '{\"data\": 1}'::jsonb FROM pg_sleep((\$1 ->> 'seconds')::float) \$\$;
	SELECT _nuvopipe.set_route('GET', '/test/away/{seconds}', 'test_away', 'x', auth => 'none', rate => 'none', reaches_out => true)" -d served
configure "nuvopipe.listen_database = 'served'"
wait_for eval '[ "$(curl -s "$URL/test/away/0")" = "{\"data\": 1}" ]'
curl -s -m 30 -w '%{http_code}' -o /dev/null "$URL/test/away/20" >"$NVP_TMP/away" &
a=$!
wait_errands 1
before=$(now_ms)
qx "DROP EXTENSION nuvopipe CASCADE" -d served
ok "DROP EXTENSION beside an errand ($(($(now_ms) - before)) ms)" [ $(($(now_ms) - before)) -lt 15000 ]
wait $a
is "$(cat "$NVP_TMP/away")" 503 "which is answered"
qx "CREATE EXTENSION nuvopipe" -d served
qx "SELECT _nuvopipe.set_route('GET', '/test/away/{seconds}', 'test_away', 'x', auth => 'none', rate => 'none', reaches_out => true);
	CREATE FUNCTION nuvopipe_api.test_away(jsonb) RETURNS jsonb LANGUAGE sql AS \$\$ SELECT '{\"data\": 1}'::jsonb FROM pg_sleep((\$1 ->> 'seconds')::float) \$\$" -d served
wait_for eval '[ "$(curl -s "$URL/test/away/0")" = "{\"data\": 1}" ]'
curl -s -m 30 -w '%{http_code}' -o /dev/null "$URL/test/away/20" >"$NVP_TMP/away" &
a=$!
wait_errands 1
before=$(now_ms)
qx "DROP DATABASE served"
ok "DROP DATABASE beside an errand ($(($(now_ms) - before)) ms)" [ $(($(now_ms) - before)) -lt 15000 ]
wait $a
is "$(cat "$NVP_TMP/away")" 503 "which is answered"

# --- no worker slots; segments that can be counted, for here they are files; the end of the server

qx "ALTER SYSTEM SET nuvopipe.listen_database = 'postgres'; ALTER SYSTEM SET max_worker_processes = 5; ALTER SYSTEM SET dynamic_shared_memory_type = 'mmap'"
qx "ALTER SYSTEM SET nuvopipe.max_workers = 0"
stop_cluster
start_cluster
wait_for serves "$URL"
wait_until "SELECT count(*) = 3 FROM nuvopipe.workers"
segments() { find "$NVP_TMP/main/data/pg_dynshmem" -type f | wc -l; }
before=$(segments)
# launcher, keeper, listener and that of logical replication: one is left
configure "nuvopipe.max_errands = 64"
hold_requests
pids=()
: >"$NVP_TMP/away"
for _ in 1 2 3; do held >>"$NVP_TMP/away" 7>&- & pids+=($!); done
wait_errands 1
wait_for eval '[ "$(wc -c <"$NVP_TMP/away")" -ge 6 ]'
is "$(segments)" $((before + 1)) "an errand has a segment"
let_go
wait "${pids[@]}"
like "$(cat "$NVP_TMP/away")" '503' "without a worker slot"
ok "the log says what helps" grep -q 'no free background worker slot' "$NVP_TMP/main/log"
ok "with a cure" grep -q 'Raise max_worker_processes and restart, or lower nuvopipe.max_errands' "$NVP_TMP/main/log"
no_errands
is "$(away 0)" 200 "there is one again"
curl -s -m 30 "$URL/test/away/20" >/dev/null &
a=$!
wait_errands 1
kill $a
wait $a 2>/dev/null
no_errands
away 20 >/dev/null &
wait_errands 1
qx "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'nuvopipe errand'"
wait $!
no_errands
is "$(segments)" "$before" "no segment is left"
away 20 >"$NVP_TMP/away" &
a=$!
wait_errands 1
before=$(now_ms)
stop_cluster
ok "a fast shutdown beside an errand ($(($(now_ms) - before)) ms)" [ $(($(now_ms) - before)) -lt 15000 ]
wait $a
unlike "$(server_log)" 'terminated by signal [0-9]*: (Seg|Abort)|TRAP|PANIC|leak' "nothing crashed"
done_testing
