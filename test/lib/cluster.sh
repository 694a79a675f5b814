# shellcheck shell=bash
# cluster.sh - private PostgreSQL clusters for tests and the demo (sourced)
#
# Needs root, PGBIN (a bin directory) and NVP_TMP (a directory of ours, readable
# by all).  A cluster NAME lives in NVP_TMP/NAME: data, log, port, and its socket.
# The server runs as postgres or nobody, listens on 127.0.0.1 only, and trusts.

if getent passwd postgres >/dev/null; then NVP_OSUSER=postgres; else NVP_OSUSER=nobody; fi
NVP_LIB=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

# as_server COMMAND... : as the user that owns clusters, from a directory it can read
as_server() { (cd / && runuser -u "$NVP_OSUSER" -- env LC_ALL=C TZ=UTC "$@"); }

# cluster_init NAME [extended] : makes NVP_TMP/NAME, a copy of what initdb made; with the extension in database postgres
cluster_init() {
	local dir=$NVP_TMP/$1 first=${NVP_INITDB:-$NVP_TMP/.initdb} kind=${2:-data}
	(
		# once for all, whoever comes first
		flock 9
		[ -e "$first/data.done" ] || cluster_first "$first" || exit
		[ -e "$first/$kind.done" ] || cluster_extended "$first"
	) 9>"$first.lock" || return
	install -d -m 755 -o "$NVP_OSUSER" "$dir"
	cp -a --reflink=auto "$first/$kind" "$dir/data"
	"$NVP_LIB/freeport" >"$dir/port"
	cat >>"$dir/data/postgresql.conf" <<-CONF
	listen_addresses = '127.0.0.1'
	port = $(cat "$dir/port")
	unix_socket_directories = '$dir'
	fsync = off
	max_worker_processes = 32
	timezone = 'UTC'
	log_timezone = 'UTC'
	log_line_prefix = '%m [%p] %b %q%a '
	CONF
}

# cluster_first DIR : DIR/data by initdb
cluster_first() {
	install -d -m 700 -o "$NVP_OSUSER" "$1"
	as_server "$PGBIN/initdb" -D "$1/data" -U postgres -E UTF8 --locale=C --auth=trust --no-sync \
		>"$NVP_TMP/initdb.log" 2>&1 || { cat "$NVP_TMP/initdb.log" >&2; return 1; }
	touch "$1/data.done"
}

# cluster_extended DIR : DIR/extended, the same with the extension
cluster_extended() {
	local status
	rm -rf "$1/extended"
	cp -a "$1/data" "$1/extended"
	as_server "$PGBIN/pg_ctl" -D "$1/extended" -l "$1/log" -w -t 60 -s -o "-F -p 5432 -c listen_addresses= -c unix_socket_directories=$1" start &&
		as_server "$PGBIN/psql" -XAtq -v ON_ERROR_STOP=1 -h "$1" -p 5432 -U postgres -d postgres -c 'CREATE EXTENSION nuvopipe'
	status=$?
	as_server "$PGBIN/pg_ctl" -D "$1/extended" -m fast -w -t 60 -s stop || status=1
	[ $status = 0 ] || { tail -30 "$1/log" >&2; return 1; }
	rm -f "$1/log"
	touch "$1/extended.done"
}

# cluster_preload NAME : with background workers that may reach loopback
cluster_preload() {
	cat >>"$NVP_TMP/$1/data/postgresql.conf" <<-CONF
	shared_preload_libraries = 'nuvopipe'
	nuvopipe.allowed_networks = '127.0.0.0/8,::1/128'
	CONF
}

# cluster_up NAME [postgres option...] : starts it and waits until it answers
cluster_up() {
	local dir=$NVP_TMP/$1
	shift
	as_server "$PGBIN/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 -s ${1:+-o "$*"} start || { tail -30 "$dir/log" >&2; return 1; }
}

# cluster_use NAME : psql and friends go there from now on
cluster_use() {
	PGHOST=$NVP_TMP/$1 PGPORT=$(cat "$NVP_TMP/$1/port") PGUSER=postgres PGDATABASE=postgres
	export PGHOST PGPORT PGUSER PGDATABASE
}

# cluster_down NAME [smart|fast|immediate] : stops it, by the pid in its own data directory
cluster_down() {
	local dir=$NVP_TMP/$1
	[ -s "$dir/data/postmaster.pid" ] || return 0
	as_server "$PGBIN/pg_ctl" -D "$dir/data" -m "${2:-fast}" -w -t 60 -s stop
}

# everything_down : every cluster and server that lives in NVP_TMP
everything_down() {
	local file dir
	find "$NVP_TMP" -maxdepth 5 -name postmaster.pid 2>/dev/null | while read -r file; do
		as_server "$PGBIN/pg_ctl" -D "$(dirname "$file")" -m immediate -w -t 20 -s stop 2>/dev/null
	done
	find "$NVP_TMP" -maxdepth 5 \( -name ftp.pid -o -name http.pid -o -name fault.pid \) 2>/dev/null | while read -r file; do
		dir=$(dirname "$file")
		"$NVP_LIB/../servers/$(basename "$file" .pid)" stop "$dir" >/dev/null 2>&1
	done
	return 0
}
