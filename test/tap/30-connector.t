#!/bin/bash
# 30-connector.t - connectors against real servers on 127.0.0.1, through SQL
#
# The story: a definition is checked and its secrets are sealed; no connection
# leaves for an address that is not allowed, however it is spelled or reached;
# every way in which a server can fail has its words; nothing hangs.
. "$(dirname "$0")/lib.sh"

start_server ftp
start_server http
start_server fault "$HTTP_PORT"
ftp=$FTP_PORT http=$HTTP_PORT relay=$FAULT_PORT
start_cluster --no-preload --bare

# sql TEXT: all of it in one session; an error is part of the output
sql() { q "$1" 2>&1; }
# impatient TEXT: the same, but servers that say nothing are waited for for two seconds only
impatient() { sql "SET nuvopipe.connect_timeout = '2s'; $1"; }
has() { like "$2" "$3" "$1"; }			# NAME TEXT PATTERN
lacks() { unlike "$2" "$3" "$1"; }
same() { is "$2" "$3" "$1"; }			# NAME GOT EXPECTED
# make NAME DIRECTION TYPE CONFIGURATION
make() { sql "SELECT nuvopipe.create_connector('$1', '$2', '$3', \$j\$$4\$j\$) IS NOT NULL"; }
# refuse NAME TYPE CONFIGURATION PATTERN: the definition must be refused so
refuse() { has "$1" "$(make "refused" INPUT "$2" "$3")" "$4"; }
PROBE="SELECT step || ' ' || ok || ' ' || detail FROM nuvopipe.test_connector"
probe() { sql "$PROBE('$1')"; }
list() { sql "SELECT path, bytes, taken, reason FROM nuvopipe.list_connector('$1') ORDER BY path"; }
json() { perl -0pe 's/\n/\\n/g' "$1"; }

same "the extension installs" "$(sql 'CREATE EXTENSION nuvopipe')" ""
has "libcurl is the OpenSSL flavour" "$(ldd "$("$PG_CONFIG" --pkglibdir)/nuvopipe.so")" 'libcurl\.so'

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
echo "nuvopipe.allowed_networks = '127.0.0.0/8'" >>"$NVP_TMP/main/data/postgresql.conf"
configure "log_statement = none"	# which makes it read that
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
make tls INPUT HTTP "{\"url\": \"https://127.0.0.1:$((http + 1))/files/a.csv\", \"ca_certificate\": \"$(json "$HTTP_DIR/certs/ca.pem")\"}" >/dev/null
has "TLS with the right issuer" "$(probe tls)" 'connect true'
make tls2 INPUT HTTP "{\"url\": \"https://127.0.0.1:$((http + 1))/files/a.csv\"}" >/dev/null
has "TLS with an unknown issuer" "$(probe tls2)" 'certificate of the server cannot be trusted'
make hang INPUT HTTP "{\"url\": \"http://127.0.0.1:$http/hang\"}" >/dev/null
PGAPPNAME=hang "$PGBIN/psql" -XAtq -c "SET nuvopipe.listing_timeout = '10min'" -c "SELECT * FROM nuvopipe.test_connector('hang')" >"$NVP_TMP/hang" 2>&1 &
wait_until "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'hang' AND state = 'active' AND wait_event_type = 'Extension'"
begun=$SECONDS
sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'hang'" >/dev/null
wait $!
has "a hanging server can be left" "$(cat "$NVP_TMP/hang")" 'canceling statement due to user request'
ok "long before it answers" [ $((SECONDS - begun)) -lt 20 ]
has "and is left by itself" "$(sql "SET nuvopipe.listing_timeout = '700ms'; SELECT detail FROM nuvopipe.test_connector('hang')")" 'did not answer in time'
make reset INPUT HTTP "{\"url\": \"http://127.0.0.1:$relay/files/a.csv\"}" >/dev/null
"$NVP_SERVERS/fault" set "$FAULT_DIR" "cut=10 rst" >/dev/null
has "a connection that breaks" "$(probe reset)" 'connect false .*(broke|closed)'
make syn INPUT HTTP "{\"url\": \"http://127.0.0.1:$((relay + 2))/\"}" >/dev/null
has "a host that never answers" "$(impatient "$PROBE('syn')")" 'connect false .*in time'

# ---- FTP ----
login='"host": "127.0.0.1", "username": "pipe", "password": "secret-pw"'
ca="\"ca_certificate\": \"$(json "$FTP_DIR/certs/ca.pem")\""
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
has "a server without a greeting" "$(impatient "$PROBE('silent')")" 'did not answer in time'
make tags INPUT FTP "{$login, \"port\": $ftp, \"tls\": \"none\", \"directory_path\": \"in\", \"advance_config\": {\"inclusion_tag\": [\"a\"], \"exclusion_tag\": [\"big\"], \"new_name\": null}}" >/dev/null
has "tags choose" "$(list tags | tr '\n' ' ')" 'a.csv\|23\|t\|.*big.dat\|3000000\|f\|exclusion_tag.*link.csv\|\|f\|no inclusion_tag'

# ---- secrets ----
log=$(server_log)
lacks "no secret in the log" "$log" 'secret-pw|key-123'
lacks "no secret in the data files" "$(sql CHECKPOINT; grep -rlaE 'secret-pw|key-123' "$NVP_TMP/main/data/base" "$NVP_TMP/main/data/pg_wal")" .
has "a stored secret stays" "$(sql "SELECT nuvopipe.update_connector('plain', configuration => '{\"host\": \"127.0.0.1\", \"port\": $ftp, \"username\": \"pipe\", \"tls\": \"none\", \"directory_path\": \"in\"}')"; list plain)" 'in/a.csv'
has "but does not go to another host" "$(sql "SELECT nuvopipe.update_connector('plain', configuration => '{\"host\": \"evil.example\", \"port\": $ftp, \"username\": \"pipe\", \"tls\": \"none\"}')")" 'password: must be given again when configuration.host changes'
key=$NVP_TMP/main/data/nuvopipe.key
same "the key is its owner's alone" "$(stat -c %a "$key")" 600
chmod 640 "$key"; has "a readable key is refused" "$(probe plain)" 'can be read by group or others'; chmod 600 "$key"
mv "$key" "$key.away"; has "a lost key is told" "$(probe plain)" 'does not exist, so stored secrets cannot be read'
has "and not replaced" "$(make other INPUT FTP '{"host": "h", "password": "p"}')" 'does not exist, but there are secrets sealed with it'
printf '%064d' 7 >"$key"; chmod 600 "$key"; chown "$NVP_OSUSER" "$key"
has "another key is told" "$(probe plain)" 'sealed with another key'
mv "$key.away" "$key"
sql "UPDATE _nuvopipe.credential SET sealed = (SELECT k.sealed FROM _nuvopipe.credential k JOIN _nuvopipe.connector c ON c.credential_id = k.id WHERE c.name = 'plain') WHERE id = (SELECT credential_id FROM _nuvopipe.connector WHERE name = 'explicit')" >/dev/null
has "a secret does not open elsewhere" "$(probe explicit)" 'damaged or belongs to another object'

# ---- files of the server ----
mkdir -p "$NVP_TMP/files/in" "$NVP_TMP/files/ro"; chmod 755 "$NVP_TMP/files" "$NVP_TMP/files/in" "$NVP_TMP/files/ro"
printf 'a\n1\n' >"$NVP_TMP/files/in/x.csv"; ln -s /etc/passwd "$NVP_TMP/files/in/link.csv"
make fin INPUT FILE "{\"directory_path\": \"$NVP_TMP/files/in\"}" >/dev/null
has "files are listed, links are not followed" "$(list fin | tr '\n' ' ')" 'link.csv\|[0-9]+\|f\|links are not followed .*x.csv\|4\|t\|'
make fnone INPUT FILE "{\"directory_path\": \"$NVP_TMP/files/none\"}" >/dev/null
has "a missing folder is told" "$(list fnone)" 'could not open folder'
make fro OUTPUT FILE "{\"directory_path\": \"$NVP_TMP/files/ro\", \"file_name\": \"o.csv\"}" >/dev/null
has "a read-only folder is told" "$(probe fro)" 'could not write into folder'
sql "CREATE ROLE joe LOGIN IN ROLE nuvopipe_user" >/dev/null
has "server files need their role" "$(sql "SET ROLE joe; SELECT nuvopipe.create_connector('j', 'INPUT', 'FILE', '{\"directory_path\": \"/tmp\"}')")" 'permission denied'
has "connectors of others do not exist" "$(sql "SET ROLE joe; SELECT * FROM nuvopipe.test_connector('plain')")" 'does not exist'

done_testing
