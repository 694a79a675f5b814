#!/bin/bash
# 30-connector.t - connectors against real servers on 127.0.0.1, through SQL
#
#   30-connector.t [PG_CONFIG [FIRST-PORT]]
#
# PG_CONFIG (an environment variable, under test/run) belongs to an installation that has the extension (see
# test/lib/pgroot).  Needs root, for the servers and to start PostgreSQL as
# another user.  Prints TAP.  Takes ports FIRST-PORT .. FIRST-PORT+119.
#
# The story: a definition is checked and its secrets are sealed; no connection
# leaves for an address that is not allowed, however it is spelled or reached;
# every way in which a server can fail has its words; nothing hangs.
set -u
pg_config=${1:-${PG_CONFIG:?}}
here=$(dirname "$(readlink -f "$0")")
first=${2:-$("$here/../lib/freeport" 120)}
servers=$here/../servers
cd / || exit 1					# the other user may not see where we are
bin=$("$pg_config" --bindir)
tmp=$(mktemp -d /tmp/nuvopipe-connector.XXXXXX)
chmod 755 "$tmp"
ftp=$first http=$((first + 100)) relay=$((first + 110)) pgport=$((first + 115))
count=0 failed=0

finish() {
	runuser -u postgres -- "$bin/pg_ctl" -D "$tmp/pg/data" -m immediate stop >/dev/null 2>&1
	for s in ftp http fault; do "$servers/$s" stop "$tmp/$s" >/dev/null 2>&1; done
	rm -rf "$tmp"
}
trap finish EXIT

for c in proftpd:proftpd-core nginx:nginx; do
	[ -x "/usr/sbin/${c%%:*}" ] || { echo "1..0 # SKIP ${c##*:} is not installed"; exit 0; }
done
[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }

# sql TEXT: all of it in one session; errors are part of the output
sql() { printf '%s\n' "$1" | runuser -u postgres -- "$bin/psql" -X -h "$tmp/pg" -p "$pgport" -d postgres -Atq 2>&1; }

report() { # OK NAME
	count=$((count + 1))
	if [ "$1" = 1 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; failed=$((failed + 1)); fi
}
has() { # NAME TEXT PATTERN
	if grep -qE -- "$3" <<<"$2"; then report 1 "$1"; else report 0 "$1"; sed 's/^/# got: /' <<<"$2"; echo "# expected: $3"; fi
}
lacks() { # NAME TEXT PATTERN
	if grep -qE -- "$3" <<<"$2"; then report 0 "$1"; sed 's/^/# got: /' <<<"$2"; else report 1 "$1"; fi
}
same() { # NAME GOT EXPECTED
	if [ "$2" = "$3" ]; then report 1 "$1"; else report 0 "$1"; echo "# got: $2"; echo "# expected: $3"; fi
}
# make NAME DIRECTION TYPE CONFIGURATION
make() { sql "SELECT nuvopipe.create_connector('$1', '$2', '$3', \$j\$$4\$j\$) IS NOT NULL"; }
# refuse NAME TYPE CONFIGURATION PATTERN: the definition must be refused so
refuse() { has "$1" "$(make "refused" INPUT "$2" "$3")" "$4"; }
probe() { sql "SELECT step || ' ' || ok || ' ' || detail FROM nuvopipe.test_connector('$1')"; }
list() { sql "SELECT path, bytes, taken, reason FROM nuvopipe.list_connector('$1') ORDER BY path"; }
json() { perl -0pe 's/\n/\\n/g' "$1"; }

"$servers/ftp" start "$tmp/ftp" "$ftp" >/dev/null && "$servers/http" start "$tmp/http" "$http" >/dev/null &&
	"$servers/fault" start "$tmp/fault" "$relay" "$http" >/dev/null || { echo "Bail out! servers did not start"; exit 1; }
mkdir "$tmp/pg"; chown postgres "$tmp/pg"
runuser -u postgres -- "$bin/initdb" -D "$tmp/pg/data" -A trust --no-sync -E UTF8 --locale=C.UTF-8 >/dev/null
cat >>"$tmp/pg/data/postgresql.conf" <<C
unix_socket_directories = '$tmp/pg'
listen_addresses = ''
port = $pgport
fsync = off
log_statement = none
nuvopipe.connect_timeout = '2s'
C
runuser -u postgres -- "$bin/pg_ctl" -D "$tmp/pg/data" -l "$tmp/pg/log" -w start >/dev/null || { echo "Bail out! no server"; exit 1; }
same "the extension installs" "$(sql 'CREATE EXTENSION nuvopipe')" ""
has "libcurl is the OpenSSL flavour" "$(ldd "$("$pg_config" --pkglibdir)/nuvopipe.so")" 'libcurl\.so'

# ---- definitions ----
refuse "unknown members are named" FTP '{"host": "h", "pasword": "x"}' 'unknown member "pasword"'
refuse "a near member is suggested" FTP '{"host": "h", "pasword": "x"}' 'Perhaps you meant "password"'
refuse "a missing member is named" FTP '{"port": 21}' 'configuration.host: must be given'
refuse "a port has its limits" FTP '{"host": "h", "port": "70000"}' 'configuration.port: must be a port'
refuse "a host is no URL" FTP '{"host": "ftp://h"}' 'must be a host name, not a URL'
refuse "commands cannot be smuggled in" FTP '{"host": "h", "username": "x\r\nDELE y"}' 'control characters'
refuse "paths do not climb" FTP '{"host": "h", "directory_path": "a/../../b"}' 'must not hold'
refuse "RENAME needs different names" FTP '{"host": "h", "advance_config": {"after_process_option": "RENAME", "new_name": "x"}}' 'same name to every file'
refuse "SFTP is for later" FTP '{"host": "h", "protocol": "SFTP"}' 'not supported yet'
refuse "S3 is for later" S3 '{}' 'not supported yet'
refuse "URLs hold no credentials" HTTP '{"url": "http://u:p@h/"}' 'do not belong into a URL'
refuse "URLs are http" HTTP '{"url": "file:///etc/passwd"}' 'only http and https'
refuse "headers stay one line" HTTP '{"url": "http://h/", "headers": [{"key": "A", "value": "x\r\nB: y"}]}' 'control characters'
refuse "framing headers are ours" HTTP '{"url": "http://h/", "headers": [{"key": "Content-Length", "value": "1"}]}' 'set by the transfer itself'

# ---- addresses ----
n=0
for u in 127.0.0.1 localhost 2130706433 0x7f000001 127.1 '[::ffff:127.0.0.1]' '[::1]' 0 169.254.169.254 10.0.0.1 '[fe80::1]' '[64:ff9b::7f00:1]'; do
	n=$((n + 1)); make "a$n" INPUT HTTP "{\"url\": \"http://$u:$http/files/a.csv\"}" >/dev/null
	has "no connection to $u" "$(probe "a$n")" 'connect false .* is not allowed.*allowed_networks'
done
has "a wrong list is refused" "$(sql "LOAD 'nuvopipe'; ALTER SYSTEM SET nuvopipe.allowed_networks = '10.0.0.1/8'")" 'invalid value'
echo "nuvopipe.allowed_networks = '127.0.0.0/8'" >>"$tmp/pg/data/postgresql.conf"
sql "SELECT pg_reload_conf()" >/dev/null; sleep 0.5
has "an allowed network is reached" "$(probe a1)" 'connect true'
make meta INPUT HTTP "{\"url\": \"http://127.0.0.1:$http/redir/meta\"}" >/dev/null
has "a redirect meets the same check" "$(probe meta)" 'address 169.254.169.254 is not allowed'
make file INPUT HTTP "{\"url\": \"http://127.0.0.1:$http/redir/file\"}" >/dev/null
has "a redirect to a file is refused" "$(probe file)" 'redirect to an address that is not allowed'
make loop INPUT HTTP "{\"url\": \"http://127.0.0.1:$http/redir/loop\"}" >/dev/null
has "a redirect loop ends" "$(probe loop)" 'more than 5 redirects'

# ---- HTTP ----
for s in 403:privilege 404:58P01 429:08006 503:08006; do
	make "s${s%%:*}" INPUT HTTP "{\"url\": \"http://127.0.0.1:$http/status/${s%%:*}\"}" >/dev/null
	has "status ${s%%:*} is told" "$(probe "s${s%%:*}")" "connect false .*status ${s%%:*}"
done
make key INPUT HTTP "{\"url\": \"http://127.0.0.1:$http/key/a.csv\", \"headers\": [{\"key\": \"X-Api-Key\", \"value\": \"key-123\"}]}" >/dev/null
has "a secret header is sent" "$(probe key)" 'connect true'
lacks "and not shown" "$(sql "SELECT configuration FROM nuvopipe.connectors WHERE name = 'key'")" 'key-123'
make oauth INPUT HTTP "{\"url\": \"http://127.0.0.1:$http/oauth/files/a.csv\", \"authentication\": {\"url\": \"http://127.0.0.1:$http/oauth/token\", \"headers\": [{\"key\": \"Content-Type\", \"value\": \"application/x-www-form-urlencoded\"}], \"body\": \"grant_type=client_credentials&client_id=pipe&client_secret=secret-pw\"}}" >/dev/null
has "a token is fetched and used" "$(probe oauth)" 'connect true'
make tls INPUT HTTP "{\"url\": \"https://127.0.0.1:$((http + 1))/files/a.csv\", \"ca_certificate\": \"$(json "$tmp/http/certs/ca.pem")\"}" >/dev/null
has "TLS with the right issuer" "$(probe tls)" 'connect true'
make tls2 INPUT HTTP "{\"url\": \"https://127.0.0.1:$((http + 1))/files/a.csv\"}" >/dev/null
has "TLS with an unknown issuer" "$(probe tls2)" 'certificate of the server cannot be trusted'
make hang INPUT HTTP "{\"url\": \"http://127.0.0.1:$http/hang\"}" >/dev/null
begun=$(date +%s%N)
( sleep 1; sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'hang' AND state = 'active'" >/dev/null ) &
has "a hanging server can be left" "$(sql "SET application_name = 'hang'; SELECT * FROM nuvopipe.test_connector('hang')")" 'canceling statement due to user request'
wait
same "within a second" "$(( ($(date +%s%N) - begun) / 1000000 < 2000 ))" 1
has "and is left by itself" "$(sql "SET nuvopipe.listing_timeout = '700ms'; SELECT detail FROM nuvopipe.test_connector('hang')")" 'did not answer in time'
make reset INPUT HTTP "{\"url\": \"http://127.0.0.1:$relay/files/a.csv\"}" >/dev/null
"$servers/fault" set "$tmp/fault" "cut=10 rst" >/dev/null
has "a connection that breaks" "$(probe reset)" 'connect false .*(broke|closed)'
make syn INPUT HTTP "{\"url\": \"http://127.0.0.1:$((relay + 2))/\"}" >/dev/null
has "a host that never answers" "$(probe syn)" 'connect false .*in time'

# ---- FTP ----
login='"host": "127.0.0.1", "username": "pipe", "password": "secret-pw"'
ca="\"ca_certificate\": \"$(json "$tmp/ftp/certs/ca.pem")\""
names='in/a.csv\|23\|t\|.in/big.dat\|3000000\|t\|.in/link.csv\|23\|t\|.in/with space & ümlaut.csv\|16\|t\|'
make plain INPUT FTP "{$login, \"port\": \"$ftp\", \"tls\": \"none\", \"directory_path\": \"in\"}" >/dev/null
has "MLSD in clear" "$(list plain | tr '\n' ' ')" "$names"
make explicit INPUT FTP "{$login, \"port\": $ftp, \"tls\": \"explicit\", $ca, \"directory_path\": \"in\"}" >/dev/null
has "explicit TLS" "$(list explicit | tr '\n' ' ')" "$names"
make implicit INPUT FTP "{$login, \"port\": $((ftp + 1)), \"tls\": \"implicit\", $ca, \"directory_path\": \"in\"}" >/dev/null
has "implicit TLS" "$(list implicit | tr '\n' ' ')" "$names"
make old INPUT FTP "{$login, \"port\": $((ftp + 3)), \"tls\": \"none\", \"directory_path\": \"in\"}" >/dev/null
has "a server without MLSD" "$(list old | tr '\n' ' ')" "$names"
make oldtls INPUT FTP "{$login, \"port\": $((ftp + 3)), \"tls\": \"explicit\"}" >/dev/null
has "no password to a server without TLS" "$(probe oldtls)" 'server offers no TLS'
make wronghost INPUT FTP "{$login, \"port\": $((ftp + 2)), \"tls\": \"explicit\", $ca}" >/dev/null
has "a certificate of another host" "$(probe wronghost)" 'cannot be trusted'
make missing INPUT FTP "{$login, \"port\": $ftp, \"tls\": \"none\", \"directory_path\": \"/nope\"}" >/dev/null
has "a missing folder" "$(list missing)" 'folder does not exist'
make oldmissing INPUT FTP "{$login, \"port\": $((ftp + 3)), \"tls\": \"none\", \"directory_path\": \"/nope\"}" >/dev/null
has "a missing folder without MLSD" "$(list oldmissing)" 'folder does not exist'
make wrong INPUT FTP "{\"host\": \"127.0.0.1\", \"username\": \"pipe\", \"password\": \"guess\", \"port\": $ftp, \"tls\": \"none\"}" >/dev/null
has "a wrong password" "$(probe wrong)" 'refused user name or password'
lacks "is not repeated" "$(probe wrong)" 'guess'
make silent INPUT FTP "{$login, \"port\": $((relay + 1)), \"tls\": \"none\"}" >/dev/null
has "a server without a greeting" "$(probe silent)" 'did not answer in time'
make tags INPUT FTP "{$login, \"port\": $ftp, \"tls\": \"none\", \"directory_path\": \"in\", \"advance_config\": {\"inclusion_tag\": [\"a\"], \"exclusion_tag\": [\"big\"], \"new_name\": null}}" >/dev/null
has "tags choose" "$(list tags | tr '\n' ' ')" 'a.csv\|23\|t\|.*big.dat\|3000000\|f\|exclusion_tag.*link.csv\|\|f\|no inclusion_tag'

# ---- secrets ----
log=$(cat "$tmp/pg/log")
lacks "no secret in the log" "$log" 'secret-pw|key-123'
lacks "no secret in the data files" "$(sql CHECKPOINT; grep -rlaE 'secret-pw|key-123' "$tmp/pg/data/base" "$tmp/pg/data/pg_wal")" .
has "a stored secret stays" "$(sql "SELECT nuvopipe.update_connector('plain', configuration => '{\"host\": \"127.0.0.1\", \"port\": $ftp, \"username\": \"pipe\", \"tls\": \"none\", \"directory_path\": \"in\"}')"; list plain)" 'in/a.csv'
has "but does not go to another host" "$(sql "SELECT nuvopipe.update_connector('plain', configuration => '{\"host\": \"evil.example\", \"port\": $ftp, \"username\": \"pipe\", \"tls\": \"none\"}')")" 'password: must be given again when configuration.host changes'
key=$tmp/pg/data/nuvopipe.key
same "the key is its owner's alone" "$(stat -c %a "$key")" 600
chmod 640 "$key"; has "a readable key is refused" "$(probe plain)" 'can be read by group or others'; chmod 600 "$key"
mv "$key" "$key.away"; has "a lost key is told" "$(probe plain)" 'does not exist, so stored secrets cannot be read'
has "and not replaced" "$(make other INPUT FTP '{"host": "h", "password": "p"}')" 'does not exist, but there are secrets sealed with it'
printf '%064d' 7 >"$key"; chmod 600 "$key"; chown postgres "$key"
has "another key is told" "$(probe plain)" 'sealed with another key'
mv "$key.away" "$key"
sql "UPDATE _nuvopipe.credential SET sealed = (SELECT k.sealed FROM _nuvopipe.credential k JOIN _nuvopipe.connector c ON c.credential_id = k.id WHERE c.name = 'plain') WHERE id = (SELECT credential_id FROM _nuvopipe.connector WHERE name = 'explicit')" >/dev/null
has "a secret does not open elsewhere" "$(probe explicit)" 'damaged or belongs to another object'

# ---- files of the server ----
mkdir -p "$tmp/files/in" "$tmp/files/ro"; chmod 755 "$tmp/files" "$tmp/files/in" "$tmp/files/ro"
printf 'a\n1\n' >"$tmp/files/in/x.csv"; ln -s /etc/passwd "$tmp/files/in/link.csv"
make fin INPUT FILE "{\"directory_path\": \"$tmp/files/in\"}" >/dev/null
has "files are listed, links are not followed" "$(list fin | tr '\n' ' ')" 'link.csv\|[0-9]+\|f\|links are not followed .*x.csv\|4\|t\|'
make fnone INPUT FILE "{\"directory_path\": \"$tmp/files/none\"}" >/dev/null
has "a missing folder is told" "$(list fnone)" 'could not open folder'
make fro OUTPUT FILE "{\"directory_path\": \"$tmp/files/ro\", \"file_name\": \"o.csv\"}" >/dev/null
has "a read-only folder is told" "$(probe fro)" 'could not write into folder'
sql "CREATE ROLE joe LOGIN IN ROLE nuvopipe_user" >/dev/null
has "server files need their role" "$(sql "SET ROLE joe; SELECT nuvopipe.create_connector('j', 'INPUT', 'FILE', '{\"directory_path\": \"/tmp\"}')")" 'permission denied'
has "connectors of others do not exist" "$(sql "SET ROLE joe; SELECT * FROM nuvopipe.test_connector('plain')")" 'does not exist'

echo "1..$count"
[ "$failed" = 0 ]
