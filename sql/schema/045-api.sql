
/*
 * Routes of the API and the JSON Schemas they speak of.  Both are part of the
 * program: the routine files fill them, an update replaces them, no dump takes
 * them.
 */
CREATE TABLE _nuvopipe.route (
	method text NOT NULL,
	path text NOT NULL,			-- "/dp/api/v1/tdm/{id}": without a slash at the end
	operation text NOT NULL,		-- a function of schema nuvopipe_api
	summary text NOT NULL,
	auth text NOT NULL,
	mode text NOT NULL,
	rate text NOT NULL,
	status int NOT NULL,
	object text,				-- kind of the one object that is meant
	reader text,				-- operation that reads it, for If-Match
	headers text[] NOT NULL,		-- of a request, handed to the operation
	content_type text,			-- null: JSON
	max_body bigint NOT NULL,
	request jsonb,
	response jsonb,
	parameters jsonb,
	reaches_out boolean NOT NULL,		-- over the network, to wherever a client says
	CONSTRAINT route_pkey PRIMARY KEY (path, method),
	CONSTRAINT route_method_check CHECK (method IN ('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE')),
	CONSTRAINT route_auth_check CHECK (auth IN ('token', 'none')),
	CONSTRAINT route_mode_check CHECK (mode IN ('json', 'upload', 'download', 'events')),
	CONSTRAINT route_rate_check CHECK (rate IN ('read', 'write', 'auth', 'none')),
	CONSTRAINT route_reaches_out_check CHECK (mode = 'json' OR NOT reaches_out),
	CONSTRAINT route_max_body_check CHECK (max_body >= 0)
);

CREATE TABLE _nuvopipe.api_schema (
	name text NOT NULL,
	schema jsonb NOT NULL,
	CONSTRAINT api_schema_pkey PRIMARY KEY (name)
);

CREATE DOMAIN nuvopipe_api."*/*" AS bytea;
COMMENT ON DOMAIN nuvopipe_api."*/*" IS 'Bytes that PostgREST sends as they are, for any Accept.';
