#!/bin/bash
# 81-listener-life.t - the listener's processes: reload, TLS, taken ports, ends, databases that come and go, a standby
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/http.sh"

start_listener
routes
conf() { configure "nuvopipe.$1 = '$2'"; }
said() { grep -c "$1" "$NVP_TMP/$CLUSTER/log"; }
count_listeners() { q "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nuvopipe listener'"; }
wait_count() { wait_until "SELECT count(*) = $1 FROM pg_stat_activity WHERE backend_type = 'nuvopipe listener'"; }
# busy : which listener works on a request, as soon as one does
busy() {
	wait_until "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'nuvopipe listener' AND state = 'active' AND query LIKE '% /test/sleep/%'"
	BUSY=$(q "SELECT pid FROM pg_stat_activity WHERE backend_type = 'nuvopipe listener' AND state = 'active' AND query LIKE '% /test/sleep/%'")
}
now_ms() { echo $(($(date +%s%N) / 1000000)); }

# --- idle, and woken

ok "two by default" wait_count 2
ok "an idle listener does not poll" no_polling 3
curl -s "$URL/test/sleep/1.5" >"$NVP_TMP/slept" &
slow=$!
for _ in 1 2 3 4 5 6 7 8; do code "$URL$HEALTH"; done | grep -q '^200200200200200200200200$'
is $? 0 "many are served by two listeners, also while one is busy"
wait $slow

# --- reload: addresses, workers, with a request under way

conf listen "127.0.0.1:$PORT, localhost:$((PORT + 1))"
ok "another address" wait_for serves "http://127.0.0.1:$((PORT + 1))"
curl -s "$URL/test/sleep/3" -w ' %{http_code}' >"$NVP_TMP/slept" &
slow=$!
busy
before=$(listeners)
conf listen "127.0.0.1:$((PORT + 1))"
ok "an address that is not listed any more is closed" wait_for eval '! serves "$URL"'
wait $slow
is "$(cat "$NVP_TMP/slept")" '{"data": "slept"} 200' "the request under way was finished"
is "$(listeners)" "$before" "by the same processes"
serves "http://127.0.0.1:$((PORT + 1))"
is $? 0 "the other address goes on"
conf listen "127.0.0.1:$PORT"
wait_for serves "$URL"

# an idle connection that was kept alive is closed by a reload that concerns it
mkfifo "$NVP_TMP/kept"
perl -e 'use IO::Socket::INET; my $s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]"); $| = 1; print $s "GET '"$HEALTH"' HTTP/1.1\r\nHost: x\r\n\r\n"; $s->flush; sysread($s, my $x, 4096); print "kept\n"; alarm(60);
	print sysread($s, $x, 1) == 0 ? "closed\n" : "more\n"' "$PORT" >"$NVP_TMP/kept" &
exec 8<"$NVP_TMP/kept"
read -r word <&8
conf request_timeout 50s
read -r word <&8
is "$word" closed "a connection without a request is closed by a reload"
exec 8<&-
conf listen_workers 4
ok "more listeners" wait_count 4
conf listen_workers 1
ok "fewer listeners" wait_count 1
conf listen_workers 2
wait_count 2
is "$(q "ALTER SYSTEM SET nuvopipe.listen = 'example.org:80'" 2>&1 | grep -c 'Write 127.0.0.1:8080')" 1 "an address that is none is refused with a hint"

# --- TLS

cert() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
		-keyout "$NVP_TMP/$1.key" -out "$NVP_TMP/$1.crt" >/dev/null 2>&1
	chown "$NVP_OSUSER" "$NVP_TMP/$1.key"
	chmod 600 "$NVP_TMP/$1.key"
}
use() { install -m 600 -o "$NVP_OSUSER" "$NVP_TMP/$1.crt" "$NVP_TMP/main/data/server.pem"; install -m 600 -o "$NVP_OSUSER" "$NVP_TMP/$1.key" "$NVP_TMP/main/data/server.key"; }
cert one
cert two
use one
qx "ALTER SYSTEM SET nuvopipe.tls_cert_file = 'server.pem'; ALTER SYSTEM SET nuvopipe.tls_key_file = 'server.key'"
conf listen "127.0.0.1:$PORT, http://127.0.0.1:$((PORT + 2))"
TLS=https://localhost:$PORT
ok "TLS" wait_for serves "$TLS" --cacert "$NVP_TMP/one.crt" -4
ok "plain HTTP beside it, where asked for" wait_for serves "http://127.0.0.1:$((PORT + 2))"
is "$(code "http://127.0.0.1:$PORT$HEALTH")" 000 "no plain HTTP where TLS is"
curl -s -o /dev/null --tls-max 1.1 --cacert "$NVP_TMP/one.crt" "$TLS$HEALTH"
is $? 35 "no TLS 1.1"
is "$(head -c 3000000 /dev/zero | curl -s --cacert "$NVP_TMP/one.crt" -T - -X POST "$TLS/test/upload")" '{"data": {"offset": 3000000, "pieces": 3, "transactions": 3}}' "an upload by TLS"
is "$(curl -s --cacert "$NVP_TMP/one.crt" "$TLS/test/download/3/-1" | wc -c)" 3145728 "a download by TLS"
use two
reload
ok "a reload takes the new certificate" wait_for serves "$TLS" --cacert "$NVP_TMP/two.crt" -4
echo nonsense >"$NVP_TMP/main/data/server.pem"
reload
ok "one that is none is told" wait_for grep -q 'could not start an HTTPS server' "$NVP_TMP/main/log"
is "$(code --cacert "$NVP_TMP/two.crt" "$TLS$HEALTH")" 200 "and the old one stays"
unlike "$(server_log)" 'PRIVATE KEY' "keys are not told"
use two
qx "ALTER SYSTEM SET nuvopipe.tls_cert_file = ''"
conf listen "127.0.0.1:$PORT"
wait_for serves "$URL"

# --- ends

curl -s "$URL/test/sleep/0.7" -w ' %{http_code}' >"$NVP_TMP/slept" &
slow=$!
busy
pass "what a listener does can be seen"
kill -TERM "$BUSY"
wait $slow
is "$(cat "$NVP_TMP/slept")" '{"data": "slept"} 200' "a listener that shall end finishes its request"
ok "and ends" wait_until "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $BUSY)"
ok "another one comes" wait_count 2
curl -s "$URL/test/sleep/28" -w '%{http_code}' >"$NVP_TMP/slept" &
slow=$!
busy
before=$(now_ms)
qx "SELECT pg_terminate_backend($BUSY)"
wait_until "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $BUSY)"
ok "it does not wait for ever ($(($(now_ms) - before)) ms)" [ $(($(now_ms) - before)) -lt 15000 ]
wait $slow
wait_count 2
curl -s "$URL/test/sleep/28" -o /dev/null -w '%{http_code}' >"$NVP_TMP/slept" &
slow=$!
busy
before=$(now_ms)
qx "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'nuvopipe listener'"
wait $slow
ok "a cancel ends the request ($(($(now_ms) - before)) ms)" [ $(($(now_ms) - before)) -lt 15000 ]
is "$(cat "$NVP_TMP/slept")" 503 "and the client learns of it"
serves "$URL"
is $? 0 "and nothing else"
kill -9 "$(listeners | head -1)"
ok "after a kill -9 the server comes back" wait_until "SELECT true"
ok "and listeners with it" wait_for serves "$URL"
curl -s -N "$URL/test/events" >"$NVP_TMP/events" &
stream=$!
wait_for grep -q nuvopipe "$NVP_TMP/events"
before=$(now_ms)
stop_cluster fast
ok "a fast shutdown with an open stream ($(($(now_ms) - before)) ms)" [ $(($(now_ms) - before)) -lt 20000 ]
wait $stream
is $? 0 "the stream was ended in order"

# --- a port that is taken

perl -e 'use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $ARGV[0], Listen => 1, ReuseAddr => 1) or die; sleep 300' "$PORT" &
taker=$!
wait_for perl -e 'use IO::Socket::INET; IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or exit 1' "$PORT"
rm "$NVP_TMP/main/log"
start_cluster
ok "a port that is taken is told" wait_for grep -q "could not listen on 127.0.0.1:$PORT" "$NVP_TMP/main/log"
like "$(grep -A1 'could not listen' "$NVP_TMP/main/log")" 'has that port: end it, or change nuvopipe.listen' "with a cure"
sleep 2.5
ok "once a listener" [ "$(said 'could not listen')" -le 2 ]
is "$(q 'SELECT 1')" 1 "the server goes on"
kill $taker
ok "and is tried again" wait_for serves "$URL"

# a second cluster of the same user
CLUSTER=other
cluster_init other && cluster_preload other
echo "nuvopipe.listen = '127.0.0.1:$PORT'" >>"$NVP_TMP/other/data/postgresql.conf"
start_cluster
ok "a second cluster does not share the port" wait_for grep -q "could not listen on 127.0.0.1:$PORT" "$NVP_TMP/other/log"
for _ in 1 2 3 4 5 6 7 8 9 10; do code "$URL/test/echo"; done | grep -q '^\(200\)\{10\}$'
is $? 0 "all connections go to the first"
stop_cluster
CLUSTER=main
cluster_use main

# --- databases and extensions that come and go

qx "CREATE DATABASE served"
conf listen_database served
ok "a database without the extension is told" wait_for grep -q 'has no extension "nuvopipe"' "$NVP_TMP/main/log"
ok "and answered 503" wait_for eval '[ "$(code "$URL$HEALTH")" = 503 ]'
is "$(said 'has no extension "nuvopipe"' | awk '{ print ($1 <= 2) }')" 1 "once a listener"
qx "CREATE EXTENSION nuvopipe" -d served
ok "CREATE EXTENSION makes it serve" wait_for serves "$URL"
before=$(now_ms)
qx "DROP EXTENSION nuvopipe CASCADE" -d served
ok "DROP EXTENSION beside it ($(($(now_ms) - before)) ms)" [ $(($(now_ms) - before)) -lt 20000 ]
qx "CREATE EXTENSION nuvopipe" -d served
ok "and again" wait_for serves "$URL"
wait_count 2
qx "CREATE DATABASE copy TEMPLATE served"
pass "as a template"
ok "is served afterwards" wait_for serves "$URL"
curl -s -N "$URL/dp/api/v1/management/health" "$URL/dp/api/v1/management/health" >/dev/null
before=$(now_ms)
qx "DROP DATABASE served"
ok "DROP DATABASE ($(($(now_ms) - before)) ms)" [ $(($(now_ms) - before)) -lt 20000 ]
ok "is told" wait_for grep -q 'database "served", which listeners shall serve, does not exist' "$NVP_TMP/main/log"
qx "ALTER DATABASE copy RENAME TO served"
ok "a database of that name is served" wait_for serves "$URL"
is "$(said 'listeners shall serve, does not exist')" 1 "it was told once"

# --- a standby

conf listen_database postgres
wait_for eval '[ "$(code "$URL/test/echo")" = 200 ]'
install -d -m 700 -o "$NVP_OSUSER" "$NVP_TMP/standby"
as_server "$PGBIN/pg_basebackup" -h "$PGHOST" -p "$PGPORT" -U postgres -D "$NVP_TMP/standby/data" -R -c fast --no-sync -X stream >"$NVP_TMP/basebackup.log" 2>&1 ||
	bail "$(cat "$NVP_TMP/basebackup.log")"
"$NVP_TOP/test/lib/freeport" >"$NVP_TMP/standby/port"
cat >>"$NVP_TMP/standby/data/postgresql.auto.conf" <<CONF
port = $(cat "$NVP_TMP/standby/port")
unix_socket_directories = '$NVP_TMP/standby'
nuvopipe.listen = '127.0.0.1:$((PORT + 3))'
CONF
chown "$NVP_OSUSER" "$NVP_TMP/standby"
CLUSTER=standby
start_cluster
wait_until "SELECT pg_is_in_recovery()"
sleep 1
is "$(code "http://127.0.0.1:$((PORT + 3))$HEALTH")/$(count_listeners)" 000/0 "a standby is quiet"
qx "SELECT pg_promote()"
ok "until it is promoted" wait_for serves "http://127.0.0.1:$((PORT + 3))"
unlike "$(server_log)" 'terminated by signal [0-9]*: (Seg|Abort)' "nothing crashed"
CLUSTER=main
unlike "$(server_log)" 'terminated by signal [0-9]*: (Seg|Abort)' "nor here"
done_testing
