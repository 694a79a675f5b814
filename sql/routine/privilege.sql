
/*
 * Privileges of all routines and views: nothing to PUBLIC, the public contract
 * to nuvopipe_user.  Private routines are reached through public ones, which run
 * as their owner; those that views and the one invoker function call by
 * themselves are granted here, and need no USAGE on their schema, for they were
 * bound when those were created.
 */
REVOKE ALL ON ALL ROUTINES IN SCHEMA nuvopipe, _nuvopipe, nuvopipe_api FROM PUBLIC;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA nuvopipe TO nuvopipe_user;
GRANT SELECT ON ALL TABLES IN SCHEMA nuvopipe TO nuvopipe_user;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA nuvopipe_api TO nuvopipe_user, nuvopipe_api;
GRANT SELECT ON ALL TABLES IN SCHEMA nuvopipe_api TO nuvopipe_user, nuvopipe_api;
GRANT EXECUTE ON FUNCTION
	_nuvopipe.tenant(),
	_nuvopipe.can(text, text, uuid, name, boolean),
	_nuvopipe.token_principal(),
	_nuvopipe.caller_is_owner(),
	_nuvopipe.permissions(int),
	_nuvopipe.actor(_nuvopipe.principal),
	_nuvopipe.actor(uuid, text, text, text),
	_nuvopipe.configuration_object(_nuvopipe.pipeline_configuration),
	_nuvopipe.shown_status(text),
	_nuvopipe.api_status(text),
	_nuvopipe.iso(timestamptz),
	_nuvopipe.execution_logs(uuid),
	_nuvopipe.execution_state(uuid),
	_nuvopipe.execution_can(uuid),
	_nuvopipe.input_until(uuid),
	_nuvopipe.unpack_issues(bytea, bigint, bytea, boolean),
	_nuvopipe.jitter_of(uuid, timestamptz, numeric),
	_nuvopipe.config_number(jsonb, text, numeric),
	_nuvopipe.plan_of(uuid, interval),
	_nuvopipe.schedule_state(_nuvopipe.schedule),
	_nuvopipe.schedule_zone(jsonb),
	_nuvopipe.weekday_words(int[])
	TO nuvopipe_user, nuvopipe_api;

GRANT EXECUTE ON FUNCTION
	_nuvopipe.is_admin(),
	_nuvopipe.caller(),
	_nuvopipe.own_id(),
	_nuvopipe.keep_time(text),
	_nuvopipe.partitions(text),
	_nuvopipe.uuid_floor(timestamptz),
	_nuvopipe.uuid_time(uuid),
	_nuvopipe.spread_quantile(bigint[], float8),
	_nuvopipe.processes(),
	_nuvopipe.queue_state(uuid[], timestamptz),
	_nuvopipe.describe_query(text),
	_nuvopipe.columns_of_query(text[], oid[], int[])
	TO nuvopipe_user;
