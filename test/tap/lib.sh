# shellcheck shell=bash disable=SC2034
# lib.sh - what TAP tests in shell share (sourced first)
#
#	. "$(dirname "$0")/lib.sh"
#	start_cluster [--no-preload] [postgres option...]	a server of this test's own, extension created
#	start_server ftp						a loopback server; sets FTP_PORT, FTP_DIR (FTP_PASSWORD)
#	is "$(q 'SELECT 1')" 1 "one is one"
#	done_testing							last line; without it the test failed
#
# Environment, set by test/run: PGBIN NVP_TMP (this test's own) NVP_SERVERS.
# Whatever was started here is stopped at exit.  Run alone: test/run tap NAME.
set -u
[ -n "${NVP_TMP-}" ] || { echo "1..0 # SKIP run by test/run tap $(basename "$0" .t)"; exit 0; }
NVP_TOP=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
export NVP_SERVERS=${NVP_SERVERS:-$NVP_TOP/test/servers}
. "$NVP_TOP/test/lib/cluster.sh"

NVP_TESTS=0 NVP_BAD=0 NVP_DONE='' NVP_STARTED=()
CLUSTER=main	# the cluster that start_cluster, stop_cluster and crash_cluster mean

# --- assertions

diag() { printf '%s\n' "$*" | sed 's/^/# /' >&2; }
note() { printf '%s\n' "$*" | sed 's/^/# /'; }

# verdict STATUS DESCRIPTION
verdict() {
	NVP_TESTS=$((NVP_TESTS + 1))
	if [ "$1" = 0 ]; then
		echo "ok $NVP_TESTS - $2"
		return 0
	fi
	NVP_BAD=$((NVP_BAD + 1))
	echo "not ok $NVP_TESTS - $2"
	diag "failed at ${BASH_SOURCE[2]##*/}:${BASH_LINENO[1]}"
	return 1
}

pass() { verdict 0 "$1"; }
fail() { verdict 1 "$1"; }

# ok DESCRIPTION COMMAND... : the command succeeds
ok() {
	local description=$1
	shift
	"$@"
	verdict $? "$description"
}

# is GOT EXPECTED DESCRIPTION
is() {
	[ "$1" = "$2" ]
	verdict $? "$3" || { diag "     got: $1"; diag "expected: $2"; return 1; }
}

isnt() {
	[ "$1" != "$2" ]
	verdict $? "$3" || { diag "got what was not wanted: $1"; return 1; }
}

# like GOT EXTENDED-REGEX DESCRIPTION
like() {
	[[ $1 =~ $2 ]]
	verdict $? "$3" || { diag "          got: $1"; diag "does not match: $2"; return 1; }
}

unlike() {
	! [[ $1 =~ $2 ]]
	verdict $? "$3" || { diag "    got: $1"; diag "matches: $2"; return 1; }
}

# skip REASON [COUNT] ; skip_all REASON leaves the test
skip() {
	local i
	for ((i = 0; i < ${2:-1}; i++)); do NVP_TESTS=$((NVP_TESTS + 1)); echo "ok $NVP_TESTS # SKIP $1"; done
}
skip_all() { NVP_DONE=1; echo "1..0 # SKIP $*"; exit 0; }
bail() { diag "$*"; exit 2; }

# what is left behind keeps the rules that no constraint guards; nothing to be asked where there is no server, or no extension
unbroken() {
	local broken
	broken=$("$PGBIN/psql" -XAtq -c "SELECT * FROM _nuvopipe.broken_executions() LIMIT 5" 2>/dev/null) && is "$broken" "" "executions keep their rules"
	return 0
}

done_testing() { unbroken; NVP_DONE=1; echo "1..$NVP_TESTS"; exit $((NVP_BAD > 0)); }

# --- SQL

# q SQL [psql option...] : unaligned rows on standard output; false on error
q() { local sql=$1; shift; "$PGBIN/psql" -XAtq -v ON_ERROR_STOP=1 "$@" <<<"$sql"; }
# qx SQL : must succeed, says nothing; the test ends where it does not
qx() { local out; out=$(q "$@" 2>&1) || bail "failed: $1
$out"; }
# qe SQL : the error it raises, with its SQLSTATE, detail and hint
qe() { local sql=$1; shift; "$PGBIN/psql" -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=verbose "$@" <<<"$sql" 2>&1 >/dev/null; }

# waiting SQL SECONDS : asks in one session until it is t; not for longer than two seconds, for settings change
waiting() {
	local looks=$(($2 < 1 ? 1 : $2 > 2 ? 100 : $2 * 50))
	cat <<SQL
DO \$waiting\$
DECLARE found boolean;
BEGIN
	FOR i IN 1 .. $looks LOOP
		EXECUTE \$sql\$$1\$sql\$ INTO found;
		EXIT WHEN found;
		COMMIT;
		PERFORM pg_sleep(0.02);
	END LOOP;
	PERFORM set_config('waiting.found', coalesce(found, false)::text, false);
END
\$waiting\$;
SELECT current_setting('waiting.found')::boolean;
SQL
}

# wait_until SQL [SECONDS] : until it returns t
wait_until() {
	local deadline=$((SECONDS + ${2:-30}))
	until [ "$(q "$(waiting "$1" $((deadline - SECONDS)))" 2>/dev/null)" = t ]; do
		[ $SECONDS -lt $deadline ] || { diag "waited ${2:-30} s for: $1"; return 1; }
		sleep 0.05
	done
}
# wait_for COMMAND... : the same for a command
wait_for() {
	local deadline=$((SECONDS + 30))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || { diag "waited 30 s for: $*"; return 1; }
		sleep 0.05
	done
}

# wait_done EXECUTION : its final status
wait_done() {
	wait_until "SELECT status NOT IN ('QUEUED', 'RUNNING') FROM nuvopipe.executions WHERE id = '$1'" "${2:-60}"
	q "SELECT status FROM nuvopipe.executions WHERE id = '$1'"
}

# --- processes

# start_cluster [--no-preload] [--bare] [postgres option...] : makes CLUSTER on the first call, starts it again later
start_cluster() {
	local preload=1 extension=1
	while :; do
		case ${1-} in
		--no-preload) preload=''; shift ;;
		--bare) extension=''; shift ;;
		*) break ;;
		esac
	done
	if [ ! -e "$NVP_TMP/$CLUSTER/data" ]; then
		cluster_init "$CLUSTER" || bail "no cluster"
		[ -z "$preload" ] || cluster_preload "$CLUSTER"
	else
		extension=''
	fi
	cluster_up "$CLUSTER" "$@" || bail "the cluster did not start"
	cluster_use "$CLUSTER"
	[ -z "$extension" ] || qx "CREATE EXTENSION IF NOT EXISTS nuvopipe"
}
stop_cluster() { cluster_down "$CLUSTER" "${1:-fast}"; }

postmaster_pid() { head -1 "$NVP_TMP/$CLUSTER/data/postmaster.pid"; }
server_log() { cat "$NVP_TMP/$CLUSTER/log"; }

# crash_cluster : kill -9 of the postmaster, and of what it leaves behind
crash_cluster() {
	local pid children
	pid=$(postmaster_pid)
	children=$(pgrep -P "$pid")
	kill -9 "$pid"
	# children see the postmaster's end by themselves; the next start must not meet them
	for child in $children; do wait_for test ! -d "/proc/$child"; done
}

# start_server ftp|http : sets FTP_PORT FTP_DIR (or HTTP_...) and waits until it answers
# start_server fault UPSTREAM-PORT
start_server() {
	local kind=$1 upper dir port
	upper=$(tr a-z A-Z <<<"$kind")
	dir=$NVP_TMP/$kind
	port=$("$NVP_TOP/test/lib/freeport" 64)
	mkdir -p "$dir"
	if ! "$NVP_SERVERS/$kind" start "$dir" "$port" "${@:2}" >"$dir.log" 2>&1; then
		grep -q 'missing ' "$dir.log" && skip_all "$(cat "$dir.log")"
		bail "$kind did not start: $(cat "$dir.log")"
	fi
	NVP_STARTED+=("$kind")
	printf -v "${upper}_PORT" %s "$port"
	printf -v "${upper}_DIR" %s "$(readlink -f "$dir")"
	export "${upper}_PORT" "${upper}_DIR"
}
stop_server() { "$NVP_SERVERS/$1" stop "$NVP_TMP/$1" >/dev/null 2>&1; }

# put_ftp FILE [NAME] : into the folder /in of user pipe (password secret-pw)
put_ftp() { install -m 644 -o 20001 -g 20001 "$1" "$FTP_DIR/root/pipe/in/${2:-$(basename "$1")}"; }
# put_http FILE [NAME] : to be had as /files/NAME
put_http() { install -m 644 "$1" "$HTTP_DIR/root/files/${2:-$(basename "$1")}"; }

# invoked by a trap
# shellcheck disable=SC2317
end_of_test() {
	local status=$? kind
	for kind in "${NVP_STARTED[@]+"${NVP_STARTED[@]}"}"; do stop_server "$kind"; done
	everything_down
	if [ -z "$NVP_DONE" ]; then
		echo "Bail out!  the test ended early (status $status)"
		[ -e "$NVP_TMP/$CLUSTER/log" ] && tail -20 "$NVP_TMP/$CLUSTER/log" | sed 's/^/# /'
		exit 2
	fi
}
trap end_of_test EXIT
trap 'exit 130' INT TERM HUP
