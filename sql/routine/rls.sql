
/*
 * Row level security: what a role sees of our tables if it is granted them.
 *
 * A policy has no sub-select: the tenant is part of every key, and owners are
 * asked for only where the row names them.  Rows that do not are for admins, and
 * tables without a policy for nobody.  Policies are the extension's: a dump
 * leaves them to CREATE EXTENSION.
 */

-- The principal of the caller's role, null if it has none.
CREATE OR REPLACE FUNCTION _nuvopipe.own_id() RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN coalesce(_nuvopipe.token_principal(),
		(SELECT p.id FROM _nuvopipe.principal p WHERE p.database_role = _nuvopipe.caller()));
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.make_policy(name text, condition text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	IF EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = format('_nuvopipe.%I', name)::regclass AND p.polname = 'nuvopipe_read') THEN
		EXECUTE format('ALTER POLICY nuvopipe_read ON _nuvopipe.%I USING (%s)', name, condition);
	ELSE
		EXECUTE format('CREATE POLICY nuvopipe_read ON _nuvopipe.%I FOR SELECT USING (%s)', name, condition);
	END IF;
END
$$;

DO $$
DECLARE
	-- whose rows name their owner by id: an admin's, or the caller's own
	by_owner text := 'tenant_id = _nuvopipe.tenant() AND _nuvopipe.can(''read'', %L, owner_id, '
		'CASE WHEN owner_id = _nuvopipe.own_id() THEN _nuvopipe.caller() ELSE ''nuvopipe_admin'' END)';
	name text;
BEGIN
	PERFORM _nuvopipe.make_policy('organization', 'id = _nuvopipe.tenant() AND _nuvopipe.is_admin()');
	PERFORM _nuvopipe.make_policy('tdm', format(by_owner, 'tdm'));
	PERFORM _nuvopipe.make_policy('connector', format(by_owner, 'connector'));
	PERFORM _nuvopipe.make_policy('pipeline_template', format(by_owner, 'template'));
	PERFORM _nuvopipe.make_policy('pipeline', format(by_owner, 'pipeline'));
	PERFORM _nuvopipe.make_policy('calendar', format(by_owner, 'calendar'));
	PERFORM _nuvopipe.make_policy('trigger', format(by_owner, 'pipeline'));
	PERFORM _nuvopipe.make_policy('planned_run', 'tenant_id = _nuvopipe.tenant() AND _nuvopipe.can(''read'', ''execution'', owner_id, owner_role)');
	PERFORM _nuvopipe.make_policy('execution', 'tenant_id = _nuvopipe.tenant() AND _nuvopipe.can(''read'', ''execution'', owner_id, owner_role)');
	FOREACH name IN ARRAY '{principal,pipeline_configuration,schedule,run,signal,execution_attempt,issue,input_ledger,accepted_header,event,retention,tally,digest}'::text[] LOOP
		PERFORM _nuvopipe.make_policy(name, 'tenant_id = _nuvopipe.tenant() AND _nuvopipe.is_admin()');
	END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.grant_tables(role name) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	name text;
BEGIN
	IF _nuvopipe.token_principal() IS NOT NULL
			OR NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = _nuvopipe.caller()) THEN
		RAISE EXCEPTION 'must be superuser to grant the tables of nuvopipe' USING ERRCODE = 'insufficient_privilege';
	ELSIF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role) THEN
		RAISE EXCEPTION 'role "%" does not exist', role USING ERRCODE = 'undefined_object';
	ELSIF NOT pg_has_role(role, 'nuvopipe_user', 'USAGE') THEN
		RAISE EXCEPTION 'role "%" is not a member of "nuvopipe_user"', role USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Grant it that first: what it may see is decided by functions that nuvopipe_user may call.';
	END IF;
	FOR name IN SELECT c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
		WHERE p.polname = 'nuvopipe_read' AND c.relnamespace = '_nuvopipe'::regnamespace
	LOOP
		EXECUTE format('GRANT SELECT (%s) ON _nuvopipe.%I TO %I',
			(SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
				WHERE a.attrelid = format('_nuvopipe.%I', name)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'password'),
			name, role);
	END LOOP;
	EXECUTE format('GRANT USAGE ON SCHEMA _nuvopipe TO %I', role);
END
$$;
COMMENT ON FUNCTION nuvopipe.grant_tables IS
'Lets a role read the private tables that hold no secrets, for reports that the views of schema nuvopipe cannot give. Row level security shows it what it owns (tdm, connector, pipeline_template, pipeline, trigger, execution), and the other tables only to members of nuvopipe_admin; always of one organization. The tables may change with every version.
role: a member of nuvopipe_user. REVOKE ALL ON ALL TABLES IN SCHEMA _nuvopipe takes it back.
Errors: 42501 for all but superusers, 42704 if there is no such role, 55000 if it is not a member of nuvopipe_user.';
