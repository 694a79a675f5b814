#!/bin/bash
# 86-postgrest.t - what PostgREST does on its connection, statement by statement
#
# There is no package of PostgREST to run here.  Its contract with the database is: one
# pooled connection of a role that switches to another, settings of the request, a
# function before the main query, prepared statements, statuses and headers in settings.
. "$(dirname "$0")/lib.sh"

start_cluster
qx "CREATE ROLE authenticator LOGIN NOINHERIT; GRANT nuvopipe_api TO authenticator"

# organization NAME : sets KEY_name and TOKEN_name
organization() {
	local key
	key=$(q "SELECT license_key FROM nuvopipe.create_organization('$1')")
	qx "SELECT nuvopipe.create_user('jane@$1.example', organization => '$1')"
	printf -v "TOKEN_$1" %s "$(q "SELECT convert_from(body, 'UTF8')::jsonb ->> 'access_token' FROM nuvopipe_api.request('POST', '/dp/api/v1/auth/access-token', '', '{}',
		convert_to('{\"license_key\": \"$key\", \"auth\": {\"identifier\": \"jane@$1.example\", \"type\": \"USER\"}}', 'UTF8'))")"
}
TOKEN_acme='' TOKEN_bolt=''
organization acme
organization bolt
isnt "$TOKEN_acme" "" "a token"

# begin TOKEN : the statements in front of the main query; header and claims as PostgREST sets them
begin() {
	local headers='{"accept": "application/json"}'
	[ -z "$1" ] || headers="{\"authorization\": \"Bearer $1\"}"
	cat <<-SQL
	BEGIN;
	SELECT set_config('search_path', 'nuvopipe_api, public', true), set_config('role', 'nuvopipe_api', true),
		set_config('request.headers', '$headers', true), set_config('request.method', 'POST', true),
		set_config('request.jwt.claims', '${2-\{\"role\": \"nuvopipe_api\"\}}', true) \\gset ignored_
	SELECT nuvopipe_api.pre_request() \\gset ignored_
	SQL
}
# rpc FUNCTION JSON : the main query over a function
rpc() {
	cat <<-SQL
	PREPARE call (json) AS WITH source AS (SELECT "nuvopipe_api"."$1"(\$1::jsonb) AS scalar) SELECT scalar FROM source;
	EXECUTE call ('$2');
	DEALLOCATE call;
	SQL
}
# rest SQL : on one connection; rows, or the error with its SQLSTATE
rest() { PGUSER=authenticator "$PGBIN/psql" -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate <<<"$1" 2>&1; }

like "$(rest "$(begin "" && rpc tdm_list '{}')")" "42501" "without a token nothing is to be had"
like "$(rest "$(begin "$TOKEN_acme" && rpc tdm_create '{"name": "Sample", "columns": [{"key": "a", "label": "A"}]}' && echo COMMIT\;)")" '"name": "Sample"' "an operation with a token"
like "$(rest "$(begin "$TOKEN_acme" && rpc tdm_list '{}')")" '"total": 1' "its list"
like "$(rest "$(begin "$TOKEN_bolt" && rpc tdm_list '{}')")" '"total": 0' "another organization sees nothing of it"
is "$(rest "$(begin "$TOKEN_acme")
SELECT name FROM nuvopipe_api.tdm;")" Sample "the view shows it"
is "$(rest "$(begin "$TOKEN_bolt")
SELECT count(*) FROM nuvopipe_api.tdm;")" 0 "the view shows nothing to another organization"
is "$(rest "$(begin "")
SELECT count(*) FROM nuvopipe_api.tdm;")" 0 "nor to nobody"

id=$(q "SELECT id FROM _nuvopipe.principal WHERE identifier = 'jane@acme.example'")
is "$(rest "$(begin "$TOKEN_bolt" "{\"role\": \"nuvopipe_api\", \"sub\": \"$id\", \"identifier\": \"jane@acme.example\"}")
SELECT count(*) FROM nuvopipe_api.tdm;")" 0 "claims in a setting make nobody somebody else"
like "$(rest "$(begin "$TOKEN_acme")
SELECT count(*) FROM _nuvopipe.tdm;")" "42501" "no way to the tables"

# the identity ends with the transaction: the next one on the pooled connection is somebody else's
is "$(rest "$(begin "$TOKEN_acme")
SELECT count(*) FROM nuvopipe_api.tdm;
COMMIT;
SET ROLE nuvopipe_api;
SELECT count(*) FROM nuvopipe_api.tdm;
$(begin "$TOKEN_acme")
ROLLBACK;
SET ROLE nuvopipe_api;
SELECT count(*) FROM nuvopipe_api.tdm;")" "1
0
0" "an identity ends with its transaction"

# a function that the planner inlines loses its EXECUTE check on a pooled connection
is "$(q "SELECT string_agg(p.proname, ', ') FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
	WHERE p.pronamespace = 'nuvopipe_api'::regnamespace AND l.lanname = 'sql' AND NOT p.prosecdef AND p.proconfig IS NULL")" "" "no function can be inlined"
is "$(q "SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p
	WHERE p.pronamespace = 'nuvopipe_api'::regnamespace AND p.proname NOT IN ('request', 'pre_request', 'gateway')
		AND NOT (p.pronargs = 1 AND p.proargtypes[0] = 'jsonb'::regtype AND p.proargnames IS NULL)")" "" "every operation takes one unnamed JSON object"
is "$(q "SELECT string_agg(p.proname, ', ') FROM pg_proc p CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
	WHERE p.pronamespace = 'nuvopipe_api'::regnamespace AND a.grantee = 0")" "" "nothing is granted to PUBLIC"

# --- the gateway

# gateway TOKEN METHOD URI [BODY] : status, headers, body
gateway() {
	cat <<-SQL
	BEGIN;
	SELECT set_config('role', 'nuvopipe_api', true), set_config('request.headers', '{"access_token": "$1", "x-original-method": "$2", "x-original-uri": "$3", "x-original-content-type": "application/json"}', true) \\gset ignored_
	SELECT nuvopipe_api.pre_request() \\gset ignored_
	SELECT convert_from(nuvopipe_api.gateway(convert_to('${4-}', 'UTF8')), 'UTF8') AS body \\gset
	SELECT current_setting('response.status'), current_setting('response.headers') \\gset s_
	SELECT current_setting('response.status') AS status, current_setting('response.headers')::jsonb -> 0 ->> 'Content-Type' AS type, :'body' AS body;
	COMMIT;
	SQL
}
like "$(rest "$(gateway "$TOKEN_acme" GET '/dp/api/v1/tdm/?sort=%7B%7D&filters=%7B%7D&options=%7B%7D&pagination=%7B%7D')")" '^200\|application/json\|\{"data": \[\{.*"total": 1' "the gateway serves nuvo's paths"
tdm=$(q "SELECT id FROM _nuvopipe.tdm WHERE name = 'Sample'")
like "$(rest "$(gateway "$TOKEN_acme" GET "/dp/api/v1/tdm/$tdm")")" '^200\|.*"Sample"' "one object"
like "$(rest "$(gateway "$TOKEN_bolt" GET "/dp/api/v1/tdm/$tdm")")" '^404\|' "another organization's is not there"
like "$(rest "$(gateway "$TOKEN_acme" PUT "/dp/api/v1/tdm/$tdm" '{"name": "Renamed", "columns": "none"}')")" '^400\|.*"path": "columns"' "an error is an answer"
is "$(q "SELECT name FROM _nuvopipe.tdm WHERE id = '$tdm'")" Sample "and what it had begun is undone"
like "$(rest "$(gateway "$TOKEN_acme" PUT "/dp/api/v1/tdm/$tdm" '{"name": "Renamed"}')")" '^200\|.*"Renamed"' "PUT"
like "$(rest "$(gateway "$TOKEN_acme" DELETE "/dp/api/v1/tdm/$tdm")")" '^20[04]\|' "DELETE"
is "$(q "SELECT count(*) FROM _nuvopipe.tdm WHERE id = '$tdm'")" 0 "it is gone"

qx "SELECT nuvopipe.revoke_token('$TOKEN_acme')"
like "$(rest "$(begin "$TOKEN_acme")")" "28000" "a revoked token is refused, whatever PostgREST thinks of its signature"
done_testing
