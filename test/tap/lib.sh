# shellcheck shell=bash disable=SC2034
# lib.sh - what TAP tests in shell share (sourced first)
#
#	. "$(dirname "$0")/lib.sh"
#	start_cluster [--no-preload] [postgres option...]	a server of this test's own, with the extension
#	start_server ftp						a loopback server; sets FTP_PORT, FTP_DIR (FTP_PASSWORD)
#	is "$(q 'SELECT 1')" 1 "one is one"
#	configure "nuvopipe.max_workers = 1"			settings, and everybody obeys them
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
	session
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
q() {
	local sql=$1
	shift
	if [ $# = 0 ] && [ -n "$SESSION" ] && ! [[ $sql =~ $OF_ITS_OWN ]] && session_name && [ "$SESSION" = "$REPLY" ] && [ ${#sql} -lt 20000 ]; then
		in_session "$sql" && return
		[ "$REPLY" = none ] || return 3
	fi
	"$PGBIN/psql" -XAtq -v ON_ERROR_STOP=1 "$@" <<<"$sql"
}
# qx SQL : must succeed, says nothing; the test ends where it does not
qx() { local out; session; out=$(q "$@" 2>&1) || bail "failed: $1
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
	session
	until [ "$(q "$(waiting "$1" $((deadline - SECONDS)))" 2>/dev/null)" = t ]; do
		[ $SECONDS -lt $deadline ] || { diag "waited ${2:-30} s for: $1"; return 1; }
		sleep 0.05
	done
}
# becomes SQL EXPECTED DESCRIPTION : is, as soon as it is; of one value
becomes() {
	wait_until "SELECT coalesce(($1)::text, '') = \$expected\$$2\$expected\$"
	verdict $? "$3" || { diag "     got: $(q "$1")"; diag "expected: $2"; return 1; }
}
# wait_for COMMAND... : the same for a command
wait_for() {
	local deadline=$((SECONDS + 30))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || { diag "waited 30 s for: $*"; return 1; }
		sleep 0.05
	done
}

# configure "NAME = VALUE"... : by ALTER SYSTEM, NAME alone for RESET; returns when every process has been told to read it
configure() {
	local setting change='' told
	for setting in "$@"; do
		case $setting in
		*=*) change+="ALTER SYSTEM SET $setting;"$'\n' ;;
		*) change+="ALTER SYSTEM RESET $setting;"$'\n' ;;
		esac
	done
	# a session that starts after the postmaster has read them starts after all others were told
	told=$(q "SELECT pg_conf_load_time() AS before \\gset
$change SELECT :'before' FROM pg_reload_conf(), pg_sleep(0.01);
SELECT pg_conf_load_time() > :'before'") || bail "cannot set $*"
	[ "${told##*$'\n'}" = t ] || wait_for configured_since "${told%%$'\n'*}"
}
configured_since() { [ "$(q "SELECT pg_conf_load_time() > '$1'")" = t ]; }

# no_polling SECONDS : some so long a time comes in which the database of the tests has one transaction at most.  What
# was done before is counted late, so the first may not be it; who polls twice in that time never lets one come.
no_polling() {
	local deadline=$((SECONDS + 30 + 3 * $1))
	end_session
	while :; do
		COMMITS=$("$PGBIN/psql" -XAtq -v ON_ERROR_STOP=1 -d template1 <<<"SELECT sum(xact_commit) AS n FROM pg_stat_database WHERE datname = 'postgres' \\gset
			SELECT FROM pg_sleep($1); SELECT sum(xact_commit) - :n FROM pg_stat_database WHERE datname = 'postgres'") || return 1
		COMMITS=${COMMITS##*$'\n'}
		[ "$COMMITS" -gt 1 ] || return 0
		[ $SECONDS -lt $deadline ] || { diag "$COMMITS transactions in $1 s"; return 1; }
	done
}

# wait_done EXECUTION : its final status
wait_done() {
	wait_until "SELECT status NOT IN ('QUEUED', 'RUNNING') FROM nuvopipe.executions WHERE id = '$1'" "${2:-60}"
	q "SELECT status FROM nuvopipe.executions WHERE id = '$1'"
}

# --- one session for many statements
#
# A psql and a connection for each statement would cost more than most statements do.  So one psql waits at the end of
# a pipe for what q says, where that makes no difference: a statement that leaves something behind in its session or
# is about sessions, speaks to psql, has options, or is of another user or database has a psql of its own.  So has each
# while the session is busy (with what runs in the background), and when it has ended, as psql does at an error.

SESSION=''	# whose it is; empty where there is none
END_OF_ANSWER='--- end of the answer ---'
OF_ITS_OWN='(^|;)[[:space:]]*(SET|RESET|START|LOCK|LISTEN|COPY|PREPARE|DECLARE|CALL|LOAD|DISCARD|CREATE DATABASE|DROP DATABASE|ALTER DATABASE|DROP EXTENSION|CREATE EXTENSION)[[:space:]]|BEGIN;|\\|pg_backend_pid|client backend|advisory|TEMP |application_name|:'"'"

session_name() { REPLY="$PGHOST $PGPORT $PGUSER $PGDATABASE ${PGOPTIONS-}${PGAPPNAME-}"; }

# session : there is one, if there can be
session() {
	[ "$BASH_SUBSHELL" = 0 ] && [ "${PGUSER-} ${PGDATABASE-}" = "postgres postgres" ] || return 0
	session_name
	if [ "$SESSION" = "$REPLY" ] && kill -0 "$SESSION_PID" 2>/dev/null; then return 0; fi
	end_session
	[ -S "$PGHOST/.s.PGSQL.$PGPORT" ] || return 0
	(umask 077 && rm -f "$NVP_TMP"/.session.* && mkfifo "$NVP_TMP"/.session.{in,out,free} && : >"$NVP_TMP/.session.err") || return 0
	exec {SESSION_IN}<>"$NVP_TMP/.session.in" {SESSION_FREE}<>"$NVP_TMP/.session.free" {SESSION_OUT}<>"$NVP_TMP/.session.out"
	# no child of ours: a test may wait for all of those
	SESSION_PID=$("$PGBIN/psql" -XAtq -v ON_ERROR_STOP=1 <"$NVP_TMP/.session.in" >"$NVP_TMP/.session.out" 2>>"$NVP_TMP/.session.err" & echo $!)
	# where only psql can write there, its end is seen
	until [ "$(readlink "/proc/$SESSION_PID/fd/1")" = "$NVP_TMP/.session.out" ] || ! kill -0 "$SESSION_PID" 2>/dev/null; do :; done
	local both=$SESSION_OUT
	exec {SESSION_OUT}<"$NVP_TMP/.session.out" {both}>&-
	printf . >&"$SESSION_FREE"
	session_name
	SESSION=$REPLY
}

end_session() {
	[ "$BASH_SUBSHELL" = 0 ] && [ -n "$SESSION" ] || return 0
	SESSION=''
	kill "$SESSION_PID" 2>/dev/null
	exec {SESSION_IN}>&- {SESSION_OUT}<&- {SESSION_FREE}>&-
}

# in_session SQL : as q; REPLY is "none" where the session could not take it
in_session() {
	local line some='' told
	REPLY=none
	# the first look does not wait; a time-out would, on a machine that is busy, take the sign away and fail all the same
	kill -0 "$SESSION_PID" 2>/dev/null && read -rt 0 <&"$SESSION_FREE" && read -rN1 line <&"$SESSION_FREE" || return 1
	printf '%s\n;\n\\echo %s\n' "$1" "$END_OF_ANSWER" >&"$SESSION_IN"
	while IFS= read -r line <&"$SESSION_OUT"; do
		if [ "$line" = "$END_OF_ANSWER" ]; then
			if [ -s "$NVP_TMP/.session.err" ]; then
				read -rd '' told <"$NVP_TMP/.session.err"
				printf '%s\n' "$told" >&2
				: >"$NVP_TMP/.session.err"
			fi
			printf . >&"$SESSION_FREE"
			REPLY=''
			return 0
		fi
		printf '%s\n' "$line"
		some=1
	done
	# it has ended, by an error or because its server had gone before; it is not free for anybody any more
	read -rd '' told <"$NVP_TMP/.session.err"
	if [ -z "$some" ] && [[ $told =~ 'connection to server was lost'|'closed the connection'|'terminating connection'|'connection to server at'|'connection to server on' ]]; then return 1; fi
	printf '%s\n' "$told" >&2
	REPLY=failed
	return 1
}

# --- processes

# start_cluster [--no-preload] [--bare] [postgres option...] : makes CLUSTER on the first call, starts it again later; bare is without the extension
start_cluster() {
	local preload=1 extension=1
	end_session
	while :; do
		case ${1-} in
		--no-preload) preload=''; shift ;;
		--bare) extension=''; shift ;;
		*) break ;;
		esac
	done
	if [ ! -e "$NVP_TMP/$CLUSTER/data" ]; then
		cluster_init "$CLUSTER" ${extension:+extended} || bail "no cluster"
		[ -z "$preload" ] || cluster_preload "$CLUSTER"
	fi
	cluster_up "$CLUSTER" "$@" || bail "the cluster did not start"
	cluster_use "$CLUSTER"
}
stop_cluster() { end_session; cluster_down "$CLUSTER" "${1:-fast}"; }

postmaster_pid() { head -1 "$NVP_TMP/$CLUSTER/data/postmaster.pid"; }
server_log() { cat "$NVP_TMP/$CLUSTER/log"; }

# crash_cluster : kill -9 of the postmaster, and of what it leaves behind
crash_cluster() {
	local pid children
	end_session
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
	end_session
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
