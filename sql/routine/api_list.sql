
/*
 * Reading and lists: what operations of the API answer with.  See
 * src/api/list.h for what a view _nuvopipe.api_<resource> has to have.
 */

-- A query string as lists take it; see src/api/query_string.h.
CREATE OR REPLACE FUNCTION _nuvopipe.parse_query(query text) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'nuvopipe_parse_query' LANGUAGE C STRICT STABLE PARALLEL SAFE;

-- 2024-09-21T06:57:06.672Z
CREATE OR REPLACE FUNCTION _nuvopipe.iso("time" timestamptz) RETURNS text
	AS 'MODULE_PATHNAME', 'nuvopipe_iso' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;

-- created_by and updated_by; null where there is no such principal.  A database role counts as a user.
-- The cost makes the planner build them for the rows of a page, behind its LIMIT, not for all that it sorts.
CREATE OR REPLACE FUNCTION _nuvopipe.actor(id uuid, name text, identifier text, kind text) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'nuvopipe_actor' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;

CREATE OR REPLACE FUNCTION _nuvopipe.actor(p _nuvopipe.principal) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT _nuvopipe.actor(p.id, p.name, p.identifier, p.kind);
END;

-- The id in a path; whatever is no id names nothing: 42704.
CREATE OR REPLACE FUNCTION _nuvopipe.api_id(kind text, ref text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'nuvopipe_api_id' LANGUAGE C IMMUTABLE PARALLEL SAFE;

-- One object; 42704 if it is not there or the caller may not see it.  kind: of permission, where it is not the resource's name.
CREATE OR REPLACE FUNCTION _nuvopipe.api_read(resource text, id uuid, omit text[] DEFAULT NULL, kind text DEFAULT NULL) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'nuvopipe_api_read' LANGUAGE C STABLE;

-- {"data": [...], "pagination": {"total", "offset", "limit", "next"?}}.  tie: equalities, also of columns that are not shown.
CREATE OR REPLACE FUNCTION _nuvopipe.api_list(resource text, args jsonb, omit text[] DEFAULT NULL, tie jsonb DEFAULT NULL,
		max_limit int DEFAULT 100, kind text DEFAULT NULL) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'nuvopipe_api_list' LANGUAGE C STABLE;
