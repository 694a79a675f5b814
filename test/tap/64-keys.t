#!/bin/bash
# 64-keys.t - the key of stored secrets and the key of tokens are changed while work goes on
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

start_cluster
world
web_world
KEY=$NVP_TMP/main/data/nuvopipe.key
as_key() { as_server sh -c "umask 077; $1"; }
basic() { http_basic=$((${http_basic-0} + 1)); qx "SELECT nuvopipe.create_connector('basic $http_basic', 'INPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:$HTTP_PORT/basic/file.csv\", \"username\": \"pipe\", \"password\": \"secret-pw\"}')"; }
put_http "$NVP_TMP/file.csv"
loads() {
	qx "TRUNCATE target"
	EXEC=$(q "SELECT id FROM nuvopipe.execute('$1', force => true)")
	wait_done "$EXEC" >/dev/null
	is "$(of_exec status) $(q "SELECT count(*) FROM target")" "SUCCEEDED $ROWS" "$2" || diag "$(said)"
}
basic
qx "SELECT nuvopipe.create_pipeline('secret', 'basic 1', 'thing', 'target'); SELECT nuvopipe.create_organization('tenant'); SELECT nuvopipe.create_user('una@tenant.test', 'tenant', role => 'OWNER')"
token=$(q "SELECT nuvopipe.create_token('una@tenant.test', organization => 'tenant')")
asks() { q "SELECT status FROM nuvopipe_api.request('GET', '/dp/api/v1/tdm/', '', jsonb_build_object('authorization', '$1'))"; }
loads secret "a secret is used"
is "$(asks "$token")" 200 "a token is good"
old=$(cat "$KEY")
is "$(q "SELECT nuvopipe.reseal_secrets()")" 0 "with one key there is nothing to do"

# --- a new key in front

as_key "{ openssl rand -hex 32; cat '$KEY'; } >'$KEY.new' && mv '$KEY.new' '$KEY'"
is "$(wc -l <"$KEY")" 2 "two keys"
loads secret "what the old key has sealed can be opened"
is "$(asks "$token")" 200 "tokens too"
basic
is "$(q "SELECT count(DISTINCT substr(sealed, 1, 9)) FROM (SELECT sealed FROM _nuvopipe.credential UNION ALL SELECT sealed FROM _nuvopipe.signing_key) x")" 2 "what is new is sealed with the new one"
is "$(q "SELECT code FROM nuvopipe.alerts(min_free_disk => 0)")" "" "no alert"
qx "CREATE ROLE una LOGIN IN ROLE nuvopipe_user"
like "$(PGUSER=una qe "SELECT nuvopipe.reseal_secrets()")" 42501 "not everybody may seal anew"
is "$(q "SELECT nuvopipe.reseal_secrets()")" 2 "the connector's and the signing key are sealed anew"
is "$(q "SELECT nuvopipe.reseal_secrets()")" 0 "once"
as_key "sed -i 2d '$KEY'"
is "$(grep -c "$old" "$KEY") $(wc -l <"$KEY")" "0 1" "the old key is gone"
loads secret "the secret is used"
is "$(asks "$token")" 200 "the token is good"
is "$(q "SELECT code FROM nuvopipe.alerts(min_free_disk => 0)")" "" "no alert"

# --- a change that was not finished

as_key "openssl rand -hex 32 >'$KEY.new'; mv '$KEY' '$KEY.away'; mv '$KEY.new' '$KEY'"
like "$(qe "SELECT nuvopipe.reseal_secrets()")" "55000: stored secret was sealed with another key" "the old key must still be there"
like "$(q "SELECT code || ' ' || (detail ->> 'secrets') FROM nuvopipe.alerts(min_free_disk => 0)")" "^KEY_UNUSABLE 3$" "and the alert says how many are lost without it"
as_key "cat '$KEY.away' >>'$KEY'"
is "$(q "SELECT nuvopipe.reseal_secrets()")" 3 "it is put behind, and all are sealed anew"
bad() { as_key "printf '$1' >'$KEY.new'; mv '$KEY' '$KEY.good'; mv '$KEY.new' '$KEY'"; like "$(qe "SELECT nuvopipe.reseal_secrets()")" 'does not hold a key.*DETAIL:  The file must hold 64 hexadecimal digits, or up to 4 lines' "a key file: $2"; as_key "mv '$KEY.good' '$KEY'"; }
hex=$(printf '%064d' 5)
bad "" "empty"
bad "$hex\n\n" "an empty line"
bad "${hex:1}" "too short"
bad "0$hex" "too long"
bad "$hex\n${hex:1}\n" "the second too short"
bad "$hex\n$hex\n$hex\n$hex\n$hex\n" "too many"
bad "x${hex:1}" "no digits"
bad "$hex $hex\n" "two in a line"
loads secret "after all that"

# --- the key of tokens

new=$(q "SELECT nuvopipe.rotate_signing_key()")
is "$(asks "$token")" 200 "tokens of the key before stay good until they expire"
fresh=$(q "SELECT nuvopipe.create_token('una@tenant.test', organization => 'tenant')")
is "$(asks "$fresh")" 200 "new ones are signed with the new key"
qx "SELECT nuvopipe.rotate_signing_key(revoke => true)"
is "$(asks "$token") $(asks "$fresh")" "401 401" "with revoke all are worthless at once"
is "$(asks "$(q "SELECT nuvopipe.create_token('una@tenant.test', organization => 'tenant')")")" 200 "and new ones are not"

unlike "$(server_log)" "(secret-pw|$old|PANIC|TRAP)" "no secret is in the log"
done_testing
