#!/bin/bash
# 80-listener.t - the embedded listener over real HTTP: requests, limits, streams, files, bad clients
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/http.sh"

web=$NVP_TMP/web
mkdir -p "$web/assets" "$web/console"
echo '<p>start</p>' >"$web/index.html"
echo '<p>console</p>' >"$web/console/index.html"
echo 'export {}' >"$web/assets/x-1.js"
gzip -k "$web/assets/x-1.js"
echo secret >"$NVP_TMP/secret.txt"
echo hidden >"$web/.hidden"
ln -s "$NVP_TMP/secret.txt" "$web/link.txt"
chmod -R a+rX "$web"

start_listener "nuvopipe.static_dir = '$web'" "nuvopipe.log_requests = on" "nuvopipe.listen_workers = 1" \
	"nuvopipe.listen_max_connections = 40" "nuvopipe.listen_max_per_address = 30"
routes
pid=$(listeners)
memory() { awk '/^RssAnon/ { print $2 }' "/proc/$pid/status"; }

# --- requests

is "$(curl -s "$URL$HEALTH")" '{"data": {"message": "OK"}}' "health"
is "$(curl -s "$URL$HEALTH/")" '{"data": {"message": "OK"}}' "with a slash at its end"
is "$(header Content-Type "$URL$HEALTH")/$(header Cache-Control "$URL$HEALTH")/$(header X-Content-Type-Options "$URL$HEALTH")/$(header Server "$URL$HEALTH")" \
	"application/json/no-store/nosniff/nuvopipe" "headers of every answer"
like "$(header Date "$URL$HEALTH")" ' GMT$' "a date"
is "$(curl -s -I "$URL$HEALTH" | tr -d '\r' | sed -n 's/^Content-Length: //p')" 27 "HEAD tells the length"
is "$(curl -s "$URL$HEALTH" "$URL$HEALTH" -o /dev/null -o /dev/null -w '%{num_connects} ')" "1 0 " "a connection is kept"
is "$(printf 'GET %s HTTP/1.1\r\nHost: x\r\n\r\nGET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' $HEALTH $HEALTH | raw "$PORT" | grep -c 'message": "OK')" 2 \
	"two requests at once"
like "$(printf 'GET http://any.example%s HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n' $HEALTH | raw "$PORT")" 'message": "OK' "the server named in the request line"
is "$(code "$URL/nowhere")" 404 "no such path"
like "$(printf 'GET /dp/\377\376 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' | raw "$PORT")" '404 Not Found.*"message": "the path is not valid UTF-8"' "a path that is no UTF-8"
is "$(code -X DELETE "$URL$HEALTH")" 405 "no such method"
like "$(curl -s "$URL/test/error/22023")" '"message": "the boiler is cold"' "an error of the operation"
is "$(code "$URL/test/error/22023")/$(code "$URL/test/error/42501")/$(code "$URL/test/error/XX000")" "400/403/500" "errors by their class"
unlike "$(curl -s "$URL/test/error/XX000")" boiler "what is ours is told to the log alone"
is "$(curl -s -d '{"a": "b"}' -H 'Content-Type: application/json' "$URL/test/echo")" '{"data": {"a": "b"}}' "a body"
is "$(curl -s -H 'X-Thing: one' "$URL/test/echo")" '{"data": {"headers": {"x-thing": "one"}}}' "a header"
is "$(printf 'POST /test/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n5\r\n: "c"\r\n1\r\n}\r\n0\r\n\r\n' | raw "$PORT" | grep data)" \
	'{"data": {"a": "c"}}(closed)' "a chunked body"
configure "nuvopipe.request_statement_timeout = '1500ms'"
is "$(code "$URL/test/sleep/60")" 503 "a statement that takes too long"
configure nuvopipe.request_statement_timeout
is "$(curl -s "$URL$HEALTH" -o /dev/null -w '%{http_code}')" 200 "and then the next"

# --- limits

big() { head -c "$1" /dev/zero | tr '\0' x; }
json() { printf '{"a": "%s"}' "$(big "$1")"; }
json 150000 >"$NVP_TMP/fits.json"
json 300000 >"$NVP_TMP/large.json"
is "$(code -H 'Content-Type: application/json' --data-binary @"$NVP_TMP/fits.json" "$URL/test/echo")" 200 "a body of moderate size"
is "$(code -H 'Content-Type: application/json' -H Expect: --data-binary @"$NVP_TMP/large.json" "$URL/test/echo")" 413 "a body too large"
is "$(code -H 'Content-Type: application/json' -H 'Expect: 100-continue' --data-binary @"$NVP_TMP/large.json" "$URL/test/echo")" 413 "a body too large, asked before"
is "$(code -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' -H Expect: --data-binary @"$NVP_TMP/large.json" "$URL/test/echo")" 413 "a body too large, in chunks"
is "$(curl -s -o /dev/null -H 'Content-Type: application/json' -H Expect: --data-binary @"$NVP_TMP/large.json" "$URL/test/echo" -o /dev/null "$URL$HEALTH" -w '%{http_code} %{num_connects} ')" \
	"413 1 405 0 " "after which the connection is good"
is "$(code -H "X-Long: $(big 40000)" "$URL$HEALTH")" 431 "headers too large"
is "$(code "$URL/$(big 40000)")" 414 "an address too long"
configure "nuvopipe.request_timeout = 2"
before=$(date +%s)
like "$(printf 'GET /x HTTP/1.1\r\nHost:' | raw "$PORT")" '408 Request Timeout.*closed' "a head that does not come to its end"
ok "is waited for a moment ($(($(date +%s) - before)) s)" [ $(($(date +%s) - before)) -lt 20 ]
dribble() {
	perl -e 'use IO::Socket::INET; my $s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]"); $SIG{PIPE} = "IGNORE"; print $s "GET /x HTTP/1.1\r\n";
		for (1 .. 150) { select(undef, undef, undef, 0.2); syswrite($s, "X: y\r\n") or last; my $r = ""; vec($r, fileno($s), 1) = 1; last if select($r, undef, undef, 0) }
		sysread($s, my $got, 100); print substr($got, 0, 12)' "$PORT"
}
is "$(dribble)" "HTTP/1.1 408" "a head that comes byte by byte"
configure nuvopipe.request_timeout

# hold_open N : as many connections as that, opened again when the server closes them
hold_open() {
	perl -e 'use IO::Socket::INET; my ($port, $n) = @ARGV; my @s;
		for (1 .. 300) {
			for my $i (1 .. $n) {
				my $r = ""; vec($r, fileno($s[$i]), 1) = 1 if $s[$i];
				$s[$i] = IO::Socket::INET->new("127.0.0.1:$port") if !$s[$i] || select($r, undef, undef, 0);
			}
			select(undef, undef, undef, 0.2);
		}' "$PORT" "$1" &
	HELD=$!
}
sockets() { find "/proc/$pid/fd" -lname 'socket:*' | wc -l; }
idle_sockets=$(sockets)
hold_open 30
wait_for eval '[ "$(code "$URL$HEALTH")" = 503 ]'
like "$(curl -s -D - "$URL$HEALTH")" 'Retry-After: 5.*too many connections from your address' "one address has only so many connections"
kill $HELD
wait $HELD 2>/dev/null
wait_for serves "$URL"
pass "and may come again when it has closed them"
configure "nuvopipe.trusted_proxies = '127.0.0.1'"
wait_for eval 'curl -s -H "X-Forwarded-For: 192.0.2.7" "$URL/test/peer" | grep -q 192.0.2.7'
is "$(curl -s -H 'X-Forwarded-For: 198.51.100.1, 192.0.2.9, 127.0.0.1' "$URL/test/peer")" '{"data": "192.0.2.9"}' "a trusted proxy tells who the client is"
hold_open 41
wait_for eval '[ "$(code "$URL$HEALTH")" = 503 ]'
like "$(curl -s "$URL$HEALTH")" 'the server has too many connections' "a listener has only so many connections"
kill $HELD
wait $HELD 2>/dev/null
wait_for serves "$URL"
configure nuvopipe.trusted_proxies
wait_for eval '! curl -s -H "X-Forwarded-For: 192.0.2.7" "$URL/test/peer" | grep -q 192.0.2.7'
is "$(curl -s -H 'X-Forwarded-For: 192.0.2.7' "$URL/test/peer")" '{"data": "127.0.0.1"}' "nobody else does"

# --- CORS

is "$(header Access-Control-Allow-Origin -H 'Origin: https://a.example' "$URL$HEALTH")" '*' "any origin may read"
like "$(header Access-Control-Expose-Headers -H 'Origin: https://a.example' "$URL$HEALTH")" 'ETag, Location, Retry-After.*Upload-Offset' "headers are shown"
preflight=(-X OPTIONS -H 'Origin: https://a.example' -H 'Access-Control-Request-Method: PUT' -H 'Access-Control-Request-Headers: x-custom')
is "$(code "${preflight[@]}" "$URL/dp/api/v1/tdm/")" 204 "a preflight"
like "$(header Access-Control-Allow-Headers "${preflight[@]}" "$URL/x")" 'Authorization.*If-Match.*Upload-Offset.*x-custom' "allows headers"
like "$(header Access-Control-Allow-Methods "${preflight[@]}" "$URL/x")" 'PATCH' "and methods"
configure "nuvopipe.cors_origins = 'https://b.example, https://c.example'"
wait_for eval '[ -z "$(header Access-Control-Allow-Origin -H "Origin: https://a.example" "$URL$HEALTH")" ]'
is "$(header Access-Control-Allow-Origin -H 'Origin: https://c.example' "$URL$HEALTH")/$(header Vary -H 'Origin: https://c.example' "$URL$HEALTH")" \
	"https://c.example/Origin" "a list of origins"
is "$(header Access-Control-Allow-Methods "${preflight[@]}" "$URL/x")" "" "no preflight for others"

# --- uploads and downloads

before=$(memory)
is "$(head -c 10 /dev/zero | curl -s --data-binary @- "$URL/test/upload")" '{"data": {"offset": 10, "pieces": 1, "transactions": 1}}' "a small upload"
is "$(curl -s -X POST "$URL/test/upload")" '{"data": {"offset": 0, "pieces": 0, "transactions": 0}}' "an empty upload"
is "$(head -c 134217728 /dev/zero | curl -s -T - -X POST "$URL/test/upload")" '{"data": {"offset": 134217728, "pieces": 128, "transactions": 128}}' \
	"a large upload, each piece a transaction of its own"
ok "in constant memory ($before to $(memory) kB)" [ "$(memory)" -lt $((before + 32000)) ]
is "$(curl -s "$URL/test/download/3/-1" | md5sum)" "$(for _ in 1 2 3; do head -c 1048576 <(yes 0123456789abcdef | tr -d '\n'); done | md5sum)" "a download"
is "$(header Content-Disposition "$URL/test/download/1/-1")" 'attachment; filename="x.txt"' "with its name"
is "$(curl -s "$URL/test/download/120/-1" | wc -c)" $((120 * 1048576)) "a large download"
ok "in constant memory ($before to $(memory) kB)" [ "$(memory)" -lt $((before + 32000)) ]
curl -s -o /dev/null "$URL/test/download/5/2"
is $? 18 "a download that fails is seen to be cut off"

# a client that stops reading, and one that goes away
perl -e 'use IO::Socket::INET; my $s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]"); print $s "GET /test/download/100/-1 HTTP/1.1\r\nHost: x\r\n\r\n"; sysread($s, my $x, 1000); sleep 3' "$PORT" &
sleep 0.3
is "$(code "$URL$HEALTH")" 200 "one that does not read disturbs nobody"
wait $!
(head -c 5000000 /dev/zero; sleep 1) | timeout 0.5 curl -s -T - -X POST "$URL/test/upload" >/dev/null
is "$(code "$URL$HEALTH")" 200 "one that goes away in mid-upload"
settled_down() { [ "$(sockets)" -le $((idle_sockets + 2)) ]; }
ok "leaves no connection" wait_for settled_down

# --- waiting for a change

etag=$(header ETag "$URL/test/state")
is "$(code -H "If-None-Match: $etag" "$URL/test/state")" 304 "nothing has changed"
before=$(date +%s%N)
is "$(code -H "If-None-Match: $etag" "$URL/test/state?wait=1")" 304 "nothing has changed while it waited"
took=$((($(date +%s%N) - before) / 1000000))
ok "as long as it wanted ($took ms)" [ $took -ge 1000 ] && ok "no longer" [ $took -lt 15000 ]
who_waits() { q "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nuvopipe listener' AND state = 'idle' AND xact_start IS NULL"; }
curl -s -m 25 -o "$NVP_TMP/changed" -w '%{http_code}' -H "If-None-Match: $etag" "$URL/test/state?wait=20" >"$NVP_TMP/code" &
wait_for eval '[ "$(who_waits)" = 1 ]'
is "$(who_waits)" 1 "who waits has no transaction"
is "$(code "$URL$HEALTH")" 200 "and keeps nobody waiting"
before=$(date +%s%N)
news wait
wait $!
took=$((($(date +%s%N) - before) / 1000000))
is "$(cat "$NVP_TMP/code") $(cat "$NVP_TMP/changed")" '200 {"data": 2}' "a change is told"
ok "at once ($took ms)" [ $took -lt 12000 ]

curl -s -N -m 120 -D "$NVP_TMP/events-head" "$URL/test/events" >"$NVP_TMP/events" &
stream=$!
wait_for grep -q nuvopipe "$NVP_TMP/events"
for n in 2 3 4; do
	news event
	wait_for grep -q "\"n\": $n" "$NVP_TMP/events"
done
is "$(grep -c '^data: ' "$NVP_TMP/events")" 3 "a stream of events"
like "$(tr -d '\r' <"$NVP_TMP/events-head")" $'(^|\n)[Cc]ontent-[Tt]ype: text/event-stream(\n|$)' "is one"
kill $stream
wait $stream 2>/dev/null
ok "a client that leaves a stream is forgotten" wait_for settled_down

# --- files

is "$(curl -s "$URL/ui/index.html")" '<p>start</p>' "a file"
is "$(curl -s "$URL/ui/") $(curl -s "$URL/ui/console/")" '<p>start</p> <p>console</p>' "a directory's start page"
is "$(header Content-Type "$URL/ui/assets/x-1.js")" 'text/javascript; charset=utf-8' "its type"
is "$(header Cache-Control "$URL/ui/assets/x-1.js")" 'public, max-age=31536000, immutable' "what has a hash in its name stays"
is "$(header Content-Encoding -H 'Accept-Encoding: br;q=0.5, gzip' "$URL/ui/assets/x-1.js")" gzip "an encoding that was made before"
is "$(curl -s --compressed "$URL/ui/assets/x-1.js")" 'export {}' "gives the same"
is "$(code -H "If-None-Match: $(header ETag "$URL/ui/index.html")" "$URL/ui/index.html")" 304 "a file that the client has"
like "$(header Content-Security-Policy "$URL/ui/")" "default-src 'none'" "pages have a policy"
is "$(code -I "$URL/ui/index.html")/$(code -X POST "$URL/ui/index.html")" 200/405 "files are read only"
for path in ../secret.txt %2e%2e/secret.txt ..%2fsecret.txt assets/../../secret.txt //secret.txt .hidden link.txt assets assets/ ../web/index.html 'index.html%00' \
	'..\secret.txt' "$NVP_TMP/secret.txt"; do
	is "$(code --path-as-is "$URL/ui/$path")" 404 "no file: $path"
done

# --- garbage

garbage() {
	perl -e 'use IO::Socket::INET; srand($ARGV[1]); $SIG{PIPE} = "IGNORE";
		my @parts = ("GET ", "POST ", "/test/echo", "/ui/", "?", "%", "%zz", " HTTP/1.1\r\n", " HTTP/9.9\r\n", "\r\n", "\n", "Host: x\r\n", "Content-Length: ", "-1", "99999999999999999999",
			"5", "\r\n\r\n", "Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n", ":", "\0", "Expect: 100-continue\r\n", "Authorization: \xff\xfe\r\n", "{\"a\":", "X-Forwarded-For: ,,[::\r\n", "Content-Length: 3\r\n");
		for (1 .. 300) {
			my $s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or next;
			my $d = $_ % 3 ? join("", map { $parts[rand @parts] } 1 .. rand(30)) : join("", map { chr(rand 256) } 1 .. rand(2000));
			syswrite($s, $d); shutdown($s, 1) if rand() < 0.5;
			if (rand() < 0.5) { my $r = ""; vec($r, fileno($s), 1) = 1; sysread($s, my $x, 4096) if select($r, undef, undef, 0.05) }
			close($s) }' "$PORT" "$1"
}
configure "nuvopipe.request_timeout = 2"
for seed in 1 2 3 4; do garbage $seed & done
wait
ok "garbage" wait_for serves "$URL"
is "$(listeners)" "$pid" "disturbs no process"
ok "leaves no connection" wait_for settled_down

configure nuvopipe.request_timeout

# --- memory, the log

before=$(memory)
for _ in 1 2 3 4 5; do
	perl -e 'use IO::Socket::INET; my $s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]");
		for (1 .. 2000) { my $path = $_ % 3 ? "/dp/api/v1/management/health" : "/test/error/22023"; print $s "GET $path HTTP/1.1\r\nHost: x\r\n\r\n"; $s->flush;
			my $got = ""; while ($got !~ /\r\n\r\n/ || length($got) < $1 + length($`) + 4) { sysread($s, $got, 4096, length $got) or die; $got =~ /Content-Length: (\d+)\r\n.*?\r\n\r\n/s } }' "$PORT"
	note "$(memory) kB"
done
ok "ten thousand requests cost no memory ($before to $(memory) kB)" [ "$(memory)" -lt $((before + 3000)) ]
log=$(server_log)
like "$log" 'nuvopipe: GET /dp/api/v1/management/health 200 [0-9.]+ ms 27 bytes 127.0.0.1' "a line for each request"
curl -s -o /dev/null -H 'Authorization: Bearer tok-secret-1' -d '{"body-secret-2": 1}' "$URL/test/echo?q=query-secret-3"
curl -s -o /dev/null "$URL/dp/api/v1/download/path-secret-4-aaaaaaaaaaaaaaaaaaaaaaaaaa"
wait_for grep -q 'GET /dp/api/v1/download/\.\.\.' "$NVP_TMP/main/log"
unlike "$(server_log)" '-secret-' "that tells no secrets"
unlike "$log" 'terminated by signal|server process' "nothing crashed"
done_testing
