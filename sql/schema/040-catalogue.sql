
/*
 * Catalogue tables: who there is and what has been defined.  They are small,
 * keyed by id alone, and may be replicated whole to other nodes; so no row is
 * tied to the place where it was made.
 *
 * created_by and updated_by are principals.  They carry no foreign key: the
 * stamp outlives whoever made it, and organization and principal would point at
 * each other, which no dump can order.
 *
 * Functions give every value, ids and times included; the tables have no
 * volatile defaults and no triggers.
 */

-- The default organisation has a fixed id and is made on first use (_nuvopipe.default_tenant), not here: a row of
-- the install script would collide with itself at restore, or lose what was changed in it.
CREATE TABLE _nuvopipe.organization (
	id uuid NOT NULL,
	name text NOT NULL,
	database_role name,			-- whose rights runs have, unless their owner has a role of its own
	max_runs int,				-- how many of its executions run at a time; null: nuvopipe.max_runs_per_tenant, 0: any number
	description text,
	tags text[] NOT NULL DEFAULT '{}',
	acl jsonb,
	created_at timestamptz NOT NULL,
	created_by uuid,
	updated_at timestamptz NOT NULL,
	updated_by uuid,
	CONSTRAINT organization_pkey PRIMARY KEY (id),
	CONSTRAINT organization_name_key UNIQUE (name),
	CONSTRAINT organization_database_role_key UNIQUE (database_role),
	CONSTRAINT organization_name_check CHECK (name <> ''),
	CONSTRAINT organization_max_runs_check CHECK (max_runs BETWEEN 0 AND 1024)
);

CREATE TABLE _nuvopipe.principal (
	id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	kind text NOT NULL,
	name text NOT NULL,
	identifier text NOT NULL,
	database_role name,			-- by name: it survives dump and restore into another cluster
	email text,
	first_name text,
	last_name text,
	role text,				-- of a user: OWNER, MEMBER
	position text,
	permissions jsonb,			-- nuvo's permission object, as given; null: everything
	rights int NOT NULL DEFAULT 65535,	-- the same as bits, see _nuvopipe.rights
	password text,				-- SCRAM-SHA-256 verifier
	description text,
	tags text[] NOT NULL DEFAULT '{}',
	acl jsonb,
	created_at timestamptz NOT NULL,
	created_by uuid,
	updated_at timestamptz NOT NULL,
	updated_by uuid,
	deleted_at timestamptz,			-- the row stays: stamps and owned objects refer to it
	CONSTRAINT principal_pkey PRIMARY KEY (id),
	CONSTRAINT principal_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT principal_database_role_key UNIQUE (database_role),
	CONSTRAINT principal_kind_check CHECK (kind IN ('USER', 'SUB_ORG', 'ROLE')),
	CONSTRAINT principal_role_check CHECK (kind <> 'ROLE' OR database_role IS NOT NULL),
	CONSTRAINT principal_user_check CHECK ((kind = 'USER') = (role IS NOT NULL) AND role IN ('OWNER', 'MEMBER'))
);

-- an identifier is free again when its principal is deleted
CREATE UNIQUE INDEX principal_identifier_key ON _nuvopipe.principal (tenant_id, kind, identifier) WHERE deleted_at IS NULL;

-- The organisation's secret, from which access tokens are made; only its digest is kept.
CREATE TABLE _nuvopipe.license_key (
	id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	digest bytea NOT NULL,			-- SHA-256
	label text,
	created_at timestamptz NOT NULL,
	created_by uuid,
	revoked_at timestamptz,
	CONSTRAINT license_key_pkey PRIMARY KEY (id),
	CONSTRAINT license_key_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT license_key_digest_key UNIQUE (digest)
);

-- Keys that sign access tokens.  The newest that is not retired signs; one that is revoked takes its tokens with it.
CREATE TABLE _nuvopipe.signing_key (
	id uuid NOT NULL,			-- "kid" of the tokens
	sealed bytea NOT NULL,			-- {"k": base64url}, encrypted; the key is never in the database
	created_at timestamptz NOT NULL,
	created_by uuid,
	retired_at timestamptz,
	revoked_at timestamptz,
	CONSTRAINT signing_key_pkey PRIMARY KEY (id)
);

-- What lets a request in.  An access token is a JWT whose "jti" is the id here; of an API key only the digest is kept.
CREATE TABLE _nuvopipe.token (
	id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	principal_id uuid NOT NULL,
	kind text NOT NULL,
	signing_key_id uuid,			-- of an access token
	digest bytea,				-- of an API key, SHA-256
	scopes text[],				-- "tdm:read", "execution:*" ...; null: all rights of the principal, see _nuvopipe.rights
	rights int NOT NULL DEFAULT 1048575,	-- the same as bits, with those of users only
	label text,
	created_at timestamptz NOT NULL,
	created_by uuid,
	expires_at timestamptz,			-- null: until it is revoked
	revoked_at timestamptz,
	CONSTRAINT token_pkey PRIMARY KEY (id),
	CONSTRAINT token_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT token_principal_fkey FOREIGN KEY (principal_id) REFERENCES _nuvopipe.principal (id),
	CONSTRAINT token_digest_key UNIQUE (digest),
	CONSTRAINT token_kind_check CHECK (kind IN ('ACCESS_TOKEN', 'API_KEY', 'SESSION')),
	CONSTRAINT token_secret_check CHECK ((kind = 'API_KEY') = (digest IS NOT NULL))
);

CREATE INDEX token_principal_idx ON _nuvopipe.token (tenant_id, principal_id);
CREATE INDEX token_expiry_idx ON _nuvopipe.token (expires_at);

CREATE TABLE _nuvopipe.tdm (
	id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	owner_id uuid NOT NULL,
	name text NOT NULL,
	description text,
	tags text[] NOT NULL DEFAULT '{}',
	acl jsonb,
	columns jsonb NOT NULL,			-- as given, losslessly; compiled in C at use
	permissions_level text NOT NULL DEFAULT 'PRIVATE',
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	updated_at timestamptz NOT NULL,
	updated_by uuid NOT NULL,
	CONSTRAINT tdm_pkey PRIMARY KEY (id),
	CONSTRAINT tdm_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT tdm_owner_fkey FOREIGN KEY (owner_id) REFERENCES _nuvopipe.principal (id),
	CONSTRAINT tdm_name_key UNIQUE (tenant_id, owner_id, name),
	CONSTRAINT tdm_name_check CHECK (name <> ''),
	CONSTRAINT tdm_columns_check CHECK (jsonb_typeof(columns) = 'array'),
	CONSTRAINT tdm_permissions_level_check CHECK (permissions_level IN ('PUBLIC', 'PRIVATE'))
);

CREATE INDEX tdm_created_idx ON _nuvopipe.tdm (tenant_id, created_at, id);

CREATE TABLE _nuvopipe.credential (
	id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	sealed bytea NOT NULL,			-- jsonb object of secrets, encrypted; the key is never in the database
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	updated_at timestamptz NOT NULL,
	updated_by uuid NOT NULL,
	CONSTRAINT credential_pkey PRIMARY KEY (id),
	CONSTRAINT credential_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id)
);

CREATE TABLE _nuvopipe.connector (
	id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	owner_id uuid NOT NULL,
	name text NOT NULL,
	description text,
	tags text[] NOT NULL DEFAULT '{}',
	acl jsonb,
	direction text NOT NULL,
	node_type text NOT NULL,
	configuration jsonb NOT NULL,		-- the open part: every secret in it is a mask
	credential_id uuid,
	trigger_type text NOT NULL,
	permissions_level text NOT NULL DEFAULT 'PRIVATE',
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	updated_at timestamptz NOT NULL,
	updated_by uuid NOT NULL,
	CONSTRAINT connector_pkey PRIMARY KEY (id),
	CONSTRAINT connector_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT connector_owner_fkey FOREIGN KEY (owner_id) REFERENCES _nuvopipe.principal (id),
	CONSTRAINT connector_credential_fkey FOREIGN KEY (credential_id) REFERENCES _nuvopipe.credential (id),
	CONSTRAINT connector_name_key UNIQUE (tenant_id, owner_id, name),
	CONSTRAINT connector_name_check CHECK (name <> ''),
	CONSTRAINT connector_direction_check CHECK (direction IN ('INPUT', 'OUTPUT')),
	CONSTRAINT connector_configuration_check CHECK (jsonb_typeof(configuration) = 'object'),
	CONSTRAINT connector_trigger_type_check CHECK (trigger_type IN ('TIME_BASE', 'EVENT_BASE')),
	CONSTRAINT connector_permissions_level_check CHECK (permissions_level IN ('PUBLIC', 'PRIVATE'))
);

CREATE INDEX connector_created_idx ON _nuvopipe.connector (tenant_id, created_at, id);

CREATE TABLE _nuvopipe.pipeline_template (
	id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	owner_id uuid NOT NULL,
	name text NOT NULL,
	description text,
	tags text[] NOT NULL DEFAULT '{}',
	acl jsonb,
	definition jsonb NOT NULL,
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	updated_at timestamptz NOT NULL,
	updated_by uuid NOT NULL,
	CONSTRAINT pipeline_template_pkey PRIMARY KEY (id),
	CONSTRAINT pipeline_template_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT pipeline_template_owner_fkey FOREIGN KEY (owner_id) REFERENCES _nuvopipe.principal (id),
	CONSTRAINT pipeline_template_name_key UNIQUE (tenant_id, owner_id, name),
	CONSTRAINT pipeline_template_name_check CHECK (name <> ''),
	CONSTRAINT pipeline_template_definition_check CHECK (jsonb_typeof(definition) = 'object')
);

CREATE INDEX pipeline_template_created_idx ON _nuvopipe.pipeline_template (tenant_id, created_at, id);

/*
 * One version of what a pipeline does.  Never updated, never deleted with its
 * pipeline: executions name the version they ran with.  So nothing here is a
 * foreign key that would tie history to the living; what a current version
 * refers to is kept by the delete functions.
 */
CREATE TABLE _nuvopipe.pipeline_configuration (
	id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	pipeline_id uuid NOT NULL,
	version int NOT NULL,
	input_connector_id uuid NOT NULL,
	output_connector_id uuid NOT NULL,
	tdm_id uuid NOT NULL,
	mapping_config jsonb NOT NULL DEFAULT '{}',
	error_threshold numeric,		-- percent of erroneous cells; null = never fails the run
	developer_mode boolean NOT NULL DEFAULT false,
	schedule_config jsonb,
	options jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	CONSTRAINT pipeline_configuration_pkey PRIMARY KEY (id),
	CONSTRAINT pipeline_configuration_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT pipeline_configuration_version_key UNIQUE (pipeline_id, version),
	CONSTRAINT pipeline_configuration_version_check CHECK (version > 0),
	CONSTRAINT pipeline_configuration_mapping_config_check CHECK (jsonb_typeof(mapping_config) = 'object'),
	CONSTRAINT pipeline_configuration_error_threshold_check CHECK (error_threshold BETWEEN 0 AND 100),
	CONSTRAINT pipeline_configuration_schedule_config_check CHECK (jsonb_typeof(schedule_config) = 'object'),
	CONSTRAINT pipeline_configuration_options_check CHECK (jsonb_typeof(options) = 'object')
);

CREATE INDEX pipeline_configuration_tdm_idx ON _nuvopipe.pipeline_configuration (tdm_id);
CREATE INDEX pipeline_configuration_input_idx ON _nuvopipe.pipeline_configuration (input_connector_id);
CREATE INDEX pipeline_configuration_output_idx ON _nuvopipe.pipeline_configuration (output_connector_id);

CREATE TABLE _nuvopipe.pipeline (
	id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	owner_id uuid NOT NULL,
	name text NOT NULL,
	description text,
	tags text[] NOT NULL DEFAULT '{}',
	acl jsonb,
	configuration_id uuid NOT NULL,		-- the current version
	status text NOT NULL DEFAULT 'ACTIVE',
	slots int NOT NULL DEFAULT 1,		-- how many of its executions run at a time
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	updated_at timestamptz NOT NULL,
	updated_by uuid NOT NULL,
	CONSTRAINT pipeline_pkey PRIMARY KEY (id),
	CONSTRAINT pipeline_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT pipeline_owner_fkey FOREIGN KEY (owner_id) REFERENCES _nuvopipe.principal (id),
	CONSTRAINT pipeline_configuration_fkey FOREIGN KEY (configuration_id) REFERENCES _nuvopipe.pipeline_configuration (id),
	CONSTRAINT pipeline_configuration_key UNIQUE (configuration_id),
	CONSTRAINT pipeline_name_key UNIQUE (tenant_id, owner_id, name),
	CONSTRAINT pipeline_name_check CHECK (name <> ''),
	CONSTRAINT pipeline_status_check CHECK (status IN ('ACTIVE', 'INACTIVE')),
	CONSTRAINT pipeline_slots_check CHECK (slots BETWEEN 1 AND 64)
);

CREATE INDEX pipeline_created_idx ON _nuvopipe.pipeline (tenant_id, created_at, id);
