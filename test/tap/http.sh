# shellcheck shell=bash disable=SC2034
# http.sh - what tests of the listener share (sourced after lib.sh)
#
#	start_listener [setting...]		a cluster that listens on PORT; sets PORT URL
#	code URL [curl option...]		the status
#	header NAME URL [curl option...]	a header of the answer
#	raw PORT <bytes				what a socket answers until it closes, at most 20 s
#	routes					operations to test with, below /test, for everybody
#	listeners				pids of those that live
#	in_perl NAME				the rest of the test is test/lib/NAME, in Perl, which prints TAP

start_listener() {
	PORT=$("$NVP_TOP/test/lib/freeport" 4)
	URL=http://127.0.0.1:$PORT
	cluster_init "$CLUSTER" extended && cluster_preload "$CLUSTER"
	printf '%s\n' "nuvopipe.listen = '127.0.0.1:$PORT'" "$@" >>"$NVP_TMP/$CLUSTER/data/postgresql.conf"
	start_cluster
	wait_for serves "$URL"
}
HEALTH=/dp/api/v1/management/health
serves() { [ "$(code "$1$HEALTH" "${@:2}")" = 200 ]; }
code() { curl -s -o /dev/null -m 30 -w '%{http_code}' "$@"; }
header() { curl -s -o /dev/null -m 30 -D - "${@:2}" | tr -d '\r' | sed -n "s/^$1: //Ip"; }
listeners() { q "SELECT pid FROM nuvopipe.workers WHERE kind = 'listener' ORDER BY pid"; }
reload() { qx "SELECT pg_reload_conf()"; }

in_perl() {
	local status
	export NVP_URL=$URL NVP_LOG=$NVP_TMP/$CLUSTER/log PGBIN
	perl "$NVP_TOP/test/lib/$1"
	status=$?
	NVP_DONE=1
	exit $status
}

raw() {
	perl -e 'use strict; use IO::Socket::INET;
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0], Timeout => 10) or exit 1;
		local $SIG{ALRM} = sub { print "(still open)\n"; exit 0 }; alarm($ARGV[1] // 20);
		local $/; my $data = <STDIN>; $SIG{PIPE} = "IGNORE"; print $s $data; $s->flush;
		while (sysread($s, my $got, 65536)) { print $got } print "(closed)\n"' "$@"
}

routes() {
	qx "
DO \$\$
DECLARE
	f regprocedure;
BEGIN
	-- those of the extension stand aside
	FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = '_nuvopipe'::regnamespace AND proname IN ('upload_append', 'download_next', 'events_next') LOOP
		EXECUTE format('ALTER FUNCTION %s RENAME TO %I', f, (SELECT proname || '_real' FROM pg_proc WHERE oid = f));
	END LOOP;
END \$\$;
CREATE TABLE public.piece (upload uuid, position bigint, data bytea, xid xid8 DEFAULT pg_current_xact_id());
CREATE TABLE public.state (name text PRIMARY KEY, value int);
INSERT INTO public.state VALUES ('wait', 1), ('event', 1);
CREATE FUNCTION nuvopipe_api.test_echo(jsonb) RETURNS jsonb LANGUAGE sql AS \$\$ SELECT jsonb_build_object('data', \$1) \$\$;
CREATE FUNCTION nuvopipe_api.test_peer(jsonb) RETURNS jsonb LANGUAGE sql AS \$\$ SELECT jsonb_build_object('data', _nuvopipe.peer()) \$\$;
CREATE FUNCTION nuvopipe_api.test_sleep(jsonb) RETURNS jsonb LANGUAGE plpgsql AS
	\$\$ BEGIN PERFORM pg_sleep((\$1 ->> 'seconds')::float); RETURN '{\"data\": \"slept\"}'; END \$\$;
CREATE FUNCTION nuvopipe_api.test_error(jsonb) RETURNS jsonb LANGUAGE plpgsql AS
	\$\$ BEGIN RAISE EXCEPTION 'the boiler is cold' USING ERRCODE = \$1 ->> 'sqlstate'; END \$\$;
CREATE FUNCTION nuvopipe_api.test_state(jsonb) RETURNS jsonb LANGUAGE sql AS
	\$\$ SELECT jsonb_build_object('data', value) FROM public.state WHERE name = 'wait' \$\$;
CREATE FUNCTION nuvopipe_api.test_upload_open(jsonb) RETURNS jsonb LANGUAGE sql AS
	\$\$ SELECT jsonb_build_object('upload', gen_random_uuid(), 'offset', 0) \$\$;
CREATE FUNCTION nuvopipe_api.test_upload(jsonb) RETURNS jsonb LANGUAGE sql AS
	\$\$ SELECT jsonb_build_object('data', jsonb_build_object('offset', \$1 -> 'offset', 'pieces', (SELECT count(*) FROM public.piece WHERE upload = (\$1 ->> 'upload')::uuid),
		'transactions', (SELECT count(DISTINCT xid) FROM public.piece WHERE upload = (\$1 ->> 'upload')::uuid))) \$\$;
CREATE FUNCTION _nuvopipe.upload_append(uuid, bigint, bytea) RETURNS bigint LANGUAGE plpgsql AS
	\$\$ BEGIN INSERT INTO public.piece VALUES (\$1, \$2, substr(\$3, 1, 16)); RETURN \$2 + length(\$3); END \$\$;
CREATE FUNCTION nuvopipe_api.test_download(jsonb) RETURNS jsonb LANGUAGE sql AS
	\$\$ SELECT jsonb_build_object('stream', 'test', 'content_type', 'text/plain', 'content_disposition', 'attachment; filename=\"x.txt\"', 'pieces', \$1 -> 'pieces', 'fail', \$1 -> 'fail') \$\$;
CREATE FUNCTION _nuvopipe.download_next(descriptor jsonb, \"position\" jsonb, OUT chunk bytea, OUT next jsonb) LANGUAGE plpgsql AS \$\$
DECLARE
	n int := coalesce((\$2 #>> '{}')::int, 0);
BEGIN
	IF n = (descriptor ->> 'fail')::int THEN RAISE EXCEPTION 'gone' USING ERRCODE = '58030'; END IF;
	chunk := convert_to(repeat('0123456789abcdef', 65536), 'UTF8');
	next := CASE WHEN n + 1 < (descriptor ->> 'pieces')::int THEN to_jsonb(n + 1) END;
END \$\$;
CREATE FUNCTION nuvopipe_api.test_events(jsonb) RETURNS jsonb LANGUAGE sql AS \$\$ SELECT jsonb_build_object('cursor', (SELECT value FROM public.state WHERE name = 'event')) \$\$;
CREATE FUNCTION _nuvopipe.events_next(INOUT state jsonb, OUT chunk text) LANGUAGE plpgsql AS \$\$
DECLARE
	now_at int := (SELECT s.value FROM public.state s WHERE s.name = 'event');
BEGIN
	IF now_at > (state ->> 'cursor')::int THEN
		chunk := format(E'id: %s\\ndata: {\"n\": %1\$s}\\n\\n', now_at);
		state := jsonb_build_object('cursor', now_at);
	END IF;
END \$\$;
SELECT _nuvopipe.set_route('POST', '/test/echo', 'test_echo', 'x', auth => 'none', rate => 'none', max_body => 200000);
SELECT _nuvopipe.set_route('GET', '/test/echo', 'test_echo', 'x', auth => 'none', rate => 'none', headers => ARRAY['x-thing']);
SELECT _nuvopipe.set_route('GET', '/test/peer', 'test_peer', 'x', auth => 'none', rate => 'none');
SELECT _nuvopipe.set_route('GET', '/test/sleep/{seconds}', 'test_sleep', 'x', auth => 'none', rate => 'none');
SELECT _nuvopipe.set_route('GET', '/test/error/{sqlstate}', 'test_error', 'x', auth => 'none', rate => 'none');
SELECT _nuvopipe.set_route('GET', '/test/state', 'test_state', 'x', auth => 'none', rate => 'none', object => 'thing');
SELECT _nuvopipe.set_route('POST', '/test/upload', 'test_upload', 'x', auth => 'none', rate => 'none', mode => 'upload', max_body => 3000000000);
SELECT _nuvopipe.set_route('GET', '/test/download/{pieces}/{fail}', 'test_download', 'x', auth => 'none', rate => 'none', mode => 'download');
SELECT _nuvopipe.set_route('GET', '/test/events', 'test_events', 'x', auth => 'none', rate => 'none', mode => 'events');
CREATE FUNCTION public.refresh() RETURNS int LANGUAGE sql AS 'SELECT 1';"
}
# something has changed: what a commit of an execution's state does
news() { qx "BEGIN; UPDATE public.state SET value = value + 1 WHERE name = '$1'; SELECT _nuvopipe.wake(); COMMIT"; }
