
/*
 * Triggers: what starts a pipeline beside its schedule and data that arrives.
 *
 * A signal says that it is time for a trigger: a row, written in the transaction
 * of what happened, so it is there if and only if that happened.  Signals that
 * are committed are taken by _nuvopipe.start_signalled, which queues one
 * execution for all of them in the transaction that deletes them.
 */

-- A catalogue table but for what has come of it, which is kept beside it: no index names what changes, so such updates are cheap.
CREATE TABLE _nuvopipe.trigger (
	id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	owner_id uuid NOT NULL,			-- that of the pipeline
	pipeline_id uuid NOT NULL,		-- what it starts
	name text NOT NULL,
	kind text NOT NULL,
	configuration jsonb NOT NULL,		-- complete: defaults are written out
	source_id uuid,				-- of kind SUCCESS: the other pipeline; no foreign key, it may be deleted
	status text NOT NULL DEFAULT 'ACTIVE',
	signals bigint NOT NULL DEFAULT 0,	-- taken so far
	starts bigint NOT NULL DEFAULT 0,	-- executions queued for them
	last_signal_at timestamptz,
	last_start_at timestamptz,
	last_run_id uuid,
	next_at timestamptz,			-- of kind QUERY: not to be asked before
	last_check_at timestamptz,		-- of kind QUERY: asked; of kind NOTIFY: heard since
	failures int NOT NULL DEFAULT 0,	-- one after another, since it last worked
	last_error text,
	last_error_at timestamptz,
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	updated_at timestamptz NOT NULL,
	updated_by uuid NOT NULL,
	CONSTRAINT trigger_pkey PRIMARY KEY (id),
	CONSTRAINT trigger_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT trigger_owner_fkey FOREIGN KEY (owner_id) REFERENCES _nuvopipe.principal (id),
	CONSTRAINT trigger_pipeline_fkey FOREIGN KEY (pipeline_id) REFERENCES _nuvopipe.pipeline (id),
	CONSTRAINT trigger_name_key UNIQUE (tenant_id, owner_id, name),
	CONSTRAINT trigger_name_check CHECK (name <> ''),
	CONSTRAINT trigger_kind_check CHECK (kind IN ('SUCCESS', 'NOTIFY', 'QUERY', 'TABLE')),
	CONSTRAINT trigger_configuration_check CHECK (jsonb_typeof(configuration) = 'object'),
	CONSTRAINT trigger_source_check CHECK ((kind = 'SUCCESS') = (source_id IS NOT NULL)),
	CONSTRAINT trigger_next_check CHECK ((kind = 'QUERY') = (next_at IS NOT NULL)),
	CONSTRAINT trigger_status_check CHECK (status IN ('ACTIVE', 'INACTIVE')),
	CONSTRAINT trigger_failures_check CHECK (failures >= 0)
) WITH (fillfactor = 70);

CREATE INDEX trigger_pipeline_idx ON _nuvopipe.trigger (pipeline_id);
CREATE INDEX trigger_source_idx ON _nuvopipe.trigger (source_id) WHERE source_id IS NOT NULL;
CREATE INDEX trigger_watched_idx ON _nuvopipe.trigger (kind) WHERE kind IN ('NOTIFY', 'QUERY');

/*
 * One signal, as long as nobody has taken it.  Other people's transactions write
 * here, so nothing may make them wait: no foreign key, no key but a random one,
 * and no vacuum that wants the table for itself to cut off its end.
 */
CREATE TABLE _nuvopipe.signal (
	tenant_id uuid NOT NULL,
	trigger_id uuid NOT NULL,
	id uuid NOT NULL,
	at timestamptz NOT NULL,
	occurrences bigint NOT NULL DEFAULT 1,	-- that it stands for
	payload text,				-- of SUCCESS the execution, of NOTIFY what was sent last
	CONSTRAINT signal_pkey PRIMARY KEY (tenant_id, trigger_id, id)
) WITH (vacuum_truncate = false, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
