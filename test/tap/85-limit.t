#!/bin/bash
# 85-limit.t - how often somebody may ask; tokens after a dump and with a lost key file
. "$(dirname "$0")/lib.sh"

start_cluster
qx "SELECT nuvopipe.create_organization('acme')"
qx "SELECT nuvopipe.create_user('ann@acme.test', 'acme', role => 'OWNER', password => 'correct horse')"
qx "SELECT nuvopipe.create_user('bob@acme.test', 'acme')"
ann=$(q "SELECT nuvopipe.create_token('ann@acme.test', organization => 'acme')")
bob=$(q "SELECT nuvopipe.create_token('bob@acme.test', organization => 'acme')")

# set_limit NAME VALUE : in force in the next session
set_limit() {
	configure "nuvopipe.rate_limit_$1 = $2"
	ok "rate_limit_$1 = $2" wait_until "SELECT current_setting('nuvopipe.rate_limit_$1') = '$2'"
}
# statuses TOKEN N METHOD PATH BODY : of N requests, each with how often
statuses() {
	q "SELECT string_agg(status || 'x' || n, ' ' ORDER BY status) FROM (SELECT r.status, count(*) AS n FROM generate_series(1, $2) i,
		LATERAL nuvopipe_api.request('$3', replace('/dp/api/v1$4', '#', i::text), headers => jsonb_build_object('authorization', '$1'), body => convert_to('$5', 'UTF8')) r
		GROUP BY 1) s"
}

set_limit read 5
is "$(statuses "$ann" 8 GET /me '')" "200x5 429x3" "reads are limited"
is "$(statuses "$bob" 3 GET /me '')" "200x3" "by token"
is "$(statuses "$ann" 1 PUT /user/# '{}')" "404x1" "writes are counted apart"
is "$(q "SELECT (r.headers ->> 'Retry-After')::int BETWEEN 1 AND 12 FROM nuvopipe_api.request('GET', '/dp/api/v1/me', headers => jsonb_build_object('authorization', '$ann')) r")" t \
	"a refusal says when to come again"
ok "which is then" wait_until "SELECT r.status = 200 FROM nuvopipe_api.request('GET', '/dp/api/v1/me', headers => jsonb_build_object('authorization', '$ann')) r"
set_limit read 0
is "$(statuses "$ann" 50 GET /me '')" "200x50" "zero is no limit"
set_limit write 4
is "$(statuses "$bob" 6 POST /token '{}')" "201x4 429x2" "making keys is a write"
is "$(statuses "$bob" 3 GET /me '')" "200x3" "and does not count as a read"

# more keys than the table has room for push out what is least used, and nothing else
q "SELECT max(_nuvopipe.limit_take('auth', 'kept')) FROM generate_series(1, 9)" >/dev/null
q "SELECT max(_nuvopipe.limit_take('auth', 'key ' || i)) FROM generate_series(1, 30000) i" >/dev/null
is "$(q "SELECT _nuvopipe.limit_take('auth', 'kept') = 0 AND _nuvopipe.limit_take('auth', 'kept') > 0")" t "a flood of others does not wipe out what somebody has done"

# a dump holds tokens and policies, and no key
dump=$("$PGBIN/pg_dump" -d postgres)
isnt "$(grep -c 'signing_key' <<<"$dump")" 0 "signing keys are dumped, sealed"
qx "CREATE DATABASE copy"
"$PGBIN/psql" -Xq -v ON_ERROR_STOP=1 -1 -d copy <<<"$dump" >/dev/null 2>"$NVP_TMP/restore.log"
is "$? $(cat "$NVP_TMP/restore.log")" "0 " "a dump is restored without a complaint"
is "$(PGDATABASE=copy q "SELECT state FROM _nuvopipe.check_token('$ann')")" valid "and tokens with it"
is "$(PGDATABASE=copy q "SELECT count(*) FROM pg_policy")" "$(q "SELECT count(*) FROM pg_policy")" "policies are there"

# without the key file nobody comes in whose session has not read it, and nobody is told why but the log
end_session
mv "$NVP_TMP/main/data/nuvopipe.key" "$NVP_TMP/main/data/nuvopipe.key.lost"
is "$(statuses "$ann" 1 GET /me '')" "500x1" "a lost key file is the server's fault"
like "$(q "SELECT nuvopipe.rotate_signing_key()" 2>&1)" "does not exist, but there are secrets sealed with it" "and is not replaced"
mv "$NVP_TMP/main/data/nuvopipe.key.lost" "$NVP_TMP/main/data/nuvopipe.key"
is "$(statuses "$ann" 1 GET /me '')" "200x1" "with it tokens are good again"

# a session that has the plans survives a new extension
is "$(printf '%s\n' "SELECT state FROM _nuvopipe.check_token('$ann');" "DROP EXTENSION nuvopipe; CREATE EXTENSION nuvopipe;" \
	"SELECT state FROM _nuvopipe.check_token('$ann');" | "$PGBIN/psql" -XAtq 2>/dev/null | tr '\n' ' ')" "valid invalid " "plans and keys that are kept look again"

stop_cluster
CLUSTER=plain
start_cluster --no-preload
qx "SELECT nuvopipe.create_organization('acme')"
is "$(q "SELECT count(*) FROM generate_series(1, 100) WHERE _nuvopipe.limit_take('auth', 'x') > 0")" 0 "without preloading there is no limit"
done_testing
