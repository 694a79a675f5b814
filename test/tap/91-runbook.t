#!/bin/bash
# 91-runbook.t - what docs/operations.md tells an operator to type does what it says
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/survive.sh"

# block CHAPTER LANGUAGE : what is to be typed, below "### CHAPTER"
block() { awk -v chapter="### $1" -v fence="\`\`\`$2" '/^##/ { on = $0 == chapter } on && $0 == fence { copy = 1; next } /^```/ { copy = 0 } copy' "$NVP_TOP/docs/operations.md"; }
# types CHAPTER [SED-SCRIPT] : all its SQL; what it says is in OUT
types() {
	local text
	text=$(block "$1" sql | sed -E "${2-}")
	[ -n "$text" ] || bail "the runbook has nothing to type in \"$1\""
	OUT=$(q "$text" 2>&1)
	verdict $? "$1: can be typed" || diag "$OUT"
}

start_cluster
world
qx "SELECT nuvopipe.create_organization('Example Ltd'); SELECT nuvopipe.create_user('una@example.com', 'Example Ltd', role => 'OWNER'); CREATE ROLE una LOGIN IN ROLE nuvopipe_user, pg_read_server_files"
qx "SELECT nuvopipe.update_user('una@example.com', 'Example Ltd', database_role => 'una'); GRANT ALL ON target, slow TO una"

# --- maintenance

types "Maintenance"
line file target
queue
types "Nothing starts"
like "$OUT" "$LINE\|1\|0\|0\|[^|]*\|\|NOBODY" "it says that there is nobody to run what waits"
is "$(of_exec status)" QUEUED "nothing begins in maintenance"
configure nuvopipe.max_workers nuvopipe.max_senders
settled SUCCEEDED 1 "afterwards it does"

# --- a run that does not end

line file slow
hold "SELECT pg_advisory_xact_lock(42)"
queue
at_the_lock
types "A run that does not end" "s/'\.\.\.'/'$EXEC'/"
like "$OUT" "$EXEC\|[0-9]+\|process" "a run that does not end is shown"
like "$OUT" "Lock\|advisory\|nuvopipe: $LINE.*\{[0-9]+\}" "and what it waits for"
settled CANCELED 1 "and it is canceled"
let_go

# --- an organization that floods

configure "nuvopipe.max_workers = 0"
PGUSER=una
qx "SELECT nuvopipe.create_tdm('thing', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\"}]');
SELECT nuvopipe.create_connector('push', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE');
SELECT nuvopipe.create_connector('target', 'OUTPUT', 'TABLE', '{\"relation\": \"public.target\"}');
SELECT nuvopipe.create_pipeline('flood', 'push', 'thing', 'target')"
qx "SELECT nuvopipe.ingest('flood', convert_to(E'id,name\n' || i || ',x\n', 'UTF8'), i || '.csv') FROM generate_series(1, 20) i"
PGUSER=postgres
types "An organization that floods"
like "$OUT" "Example Ltd\|QUEUED\|20\|" "who floods is named"
like "$OUT" $'\n20$' "what it has waiting is canceled"
is "$(q "SELECT max_runs FROM _nuvopipe.organization WHERE name = 'Example Ltd'") $(q "SHOW nuvopipe.max_runs_per_tenant") $(q "SHOW nuvopipe.rate_limit_write")" "1 2 60" "the limits are set"
is "$(PGUSER=una q "SELECT DISTINCT status FROM nuvopipe.executions")" CANCELED "nothing of it waits"
configure nuvopipe.max_workers

# --- space, and what is looked at after a fail-over (the fail-over itself is 77-failover)

types "Disk full"
is "$(q "SELECT keep FROM nuvopipe.retention WHERE what = 'issues'")" "7 days" "a shorter retention is set"
types "Fail-over to a standby" '/pg_promote/d'
like "$OUT" "keeper" "the processes are shown"

# --- keys, backup and restore: as the server's user

qx "CREATE DATABASE app; SELECT nuvopipe.create_connector('secret', 'INPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:1/\", \"username\": \"u\", \"password\": \"p\"}')"
qx "CREATE EXTENSION nuvopipe; SELECT nuvopipe.create_connector('secret', 'INPUT', 'HTTP', '{\"url\": \"http://127.0.0.1:1/\", \"username\": \"u\", \"password\": \"p\"}')" -d app
install -d -m 700 -o "$NVP_OSUSER" "$NVP_TMP/away"
# shell CHAPTER : its commands, in a directory of the server's user
shell() {
	block "$1" sh >"$NVP_TMP/commands"
	[ -s "$NVP_TMP/commands" ] || bail "the runbook has no commands in \"$1\""
	(cd / && runuser -u "$NVP_OSUSER" -- env PATH="$PATH" PGHOST="$PGHOST" PGPORT="$PGPORT" PGUSER=postgres PGDATA="$NVP_TMP/main/data" HOME="$NVP_TMP/away" \
		bash -ec "cd '$NVP_TMP/away'; $(cat "$NVP_TMP/commands")") >"$NVP_TMP/said" 2>&1
	verdict $? "$1: its commands work" || diag "$(cat "$NVP_TMP/said")"
}
as_server cp "$NVP_TMP/main/data/nuvopipe.key" "$NVP_TMP/away/"
shell "Backup and restore"
secret() { q "SELECT count(*) FROM nuvopipe.test_connector('secret') WHERE detail LIKE '%secret%key%'" -d "$1"; }
is "$(q "SELECT count(*) FROM nuvopipe.connectors WHERE name = 'secret'" -d app_restored) $(secret app_restored)" "1 0" "what was restored has its secrets"
old=$(cat "$NVP_TMP/main/data/nuvopipe.key")
sealed=$(q "SELECT sealed FROM _nuvopipe.credential" -d app)
q "SELECT nuvopipe.reseal_secrets()" >/dev/null
shell "Keys"
is "$(wc -l <"$NVP_TMP/main/data/nuvopipe.key") $(grep -c "$old" "$NVP_TMP/main/data/nuvopipe.key")" "1 0" "the key is another one"
isnt "$(q "SELECT sealed FROM _nuvopipe.credential" -d app)" "$sealed" "secrets are sealed anew"
is "$(secret app)" 0 "and can be read"

unlike "$(server_log)" "(PANIC|TRAP|signal 11|signal 6)" "no crash"
done_testing
