
/*
 * Tenant tables: what runs produce.  Every key begins with tenant_id, so all
 * rows of a tenant can live together on another node.  They refer to
 * definitions by id only, because executions outlive the pipeline they ran.
 */

-- one start request
CREATE TABLE _nuvopipe.run (
	tenant_id uuid NOT NULL,
	id uuid NOT NULL,
	pipeline_id uuid NOT NULL,
	trigger_type text NOT NULL,
	trigger_id uuid,			-- of _nuvopipe.trigger, where one has started it
	cause jsonb,				-- its signals: how many, and the last payload
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	CONSTRAINT run_pkey PRIMARY KEY (tenant_id, id),
	CONSTRAINT run_trigger_type_check CHECK (trigger_type IN ('MANUAL', 'SCHEDULED', 'EVENT'))
);

/*
 * One input object on its way through a pipeline.  Room is left on the pages: a
 * lease is renewed every few seconds.
 *
 * Execution and attempt have more rules than CHECKs: each of these is read and
 * compiled again by every statement, and the dozen there were took more time than
 * all the rest of a small run's statements.  Two are promises, and stay: no lease
 * without a run, no success whose rows are not accounted for.  Everything that
 * writes here is ours; tests ask _nuvopipe.broken_executions() for the rest.
 */
CREATE TABLE _nuvopipe.execution (
	tenant_id uuid NOT NULL,
	id uuid NOT NULL,
	run_id uuid NOT NULL,
	pipeline_id uuid NOT NULL,
	configuration_id uuid NOT NULL,
	owner_id uuid NOT NULL,			-- of the pipeline, when it was queued
	owner_role name NOT NULL,		-- the database role whose rights the run has
	trigger_type text NOT NULL,
	status text NOT NULL DEFAULT 'QUEUED',
	attempts int NOT NULL DEFAULT 0,	-- counted when claimed
	max_attempts int NOT NULL DEFAULT 3,
	max_run_time int,			-- seconds an attempt may take; null: as long as nuvopipe.max_run_time allows
	priority int NOT NULL DEFAULT 0,	-- higher first, within the organisation
	hosts text[] NOT NULL DEFAULT '{}',	-- that its connectors reach, when it was queued
	object_path text,			-- null until the source has been listed
	object_name text,
	object_member text,			-- the file of it that is meant, where the object is an archive of several
	object_version text,			-- changes when the object does: size and time, or ETag
	object_bytes bigint,
	input_id uuid,				-- its bytes, where they are stored: pushed, uploaded, or kept
	input_expired_at timestamptz,		-- they were there, and went by policy
	output_id uuid,				-- what was delivered, where it is kept
	has_issues boolean NOT NULL DEFAULT false,	-- of some attempt, in _nuvopipe.issue
	forced boolean NOT NULL DEFAULT false,	-- take the object even if the ledger has it
	discover boolean NOT NULL DEFAULT false,	-- list the source first, one execution an object
	cancel_requested boolean NOT NULL DEFAULT false,
	available_at timestamptz NOT NULL,	-- not to be claimed before
	queued_at timestamptz NOT NULL,
	started_at timestamptz,
	finished_at timestamptz,
	lease_until timestamptz,
	worker_pid int,
	worker_started_at timestamptz,		-- with the pid: a reused pid is not the same worker
	error_type text,
	error_sqlstate text,
	error_message text,
	error_detail text,
	error_hint text,
	note text,				-- what a successful run has to say, e.g. that nothing was new
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	updated_at timestamptz NOT NULL,
	updated_by uuid NOT NULL,
	CONSTRAINT execution_run_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES _nuvopipe.run (tenant_id, id),
	CONSTRAINT execution_lease_check CHECK ((status = 'RUNNING') = (lease_until IS NOT NULL))
) WITH (fillfactor = 70);

-- what waits, head by head (_nuvopipe.queue_heads), and what runs
CREATE INDEX execution_queue_idx ON _nuvopipe.execution (status, tenant_id, pipeline_id, priority, available_at, id)
	WHERE status IN ('QUEUED', 'RUNNING');
CREATE INDEX execution_pipeline_idx ON _nuvopipe.execution (tenant_id, pipeline_id, created_at DESC);
CREATE INDEX execution_created_idx ON _nuvopipe.execution (tenant_id, created_at, id);	-- the list, page by page
CREATE INDEX execution_finished_idx ON _nuvopipe.execution (tenant_id, finished_at) WHERE finished_at IS NOT NULL;	-- what ended lately
CREATE INDEX execution_failed_idx ON _nuvopipe.execution (tenant_id, finished_at) WHERE status = 'FAILED';
CREATE INDEX execution_run_idx ON _nuvopipe.execution (tenant_id, run_id);

-- While the table is empty, all indexes that begin with tenant_id cost the same, and the planner takes the one that was made
-- last.  Workers keep their plans, as foreign keys do theirs, and must not go through all of an organization later on: so
-- whoever looks for one execution, or for those of one blob, finds the right index made last.
ALTER TABLE _nuvopipe.execution ADD CONSTRAINT execution_pkey PRIMARY KEY (tenant_id, id);
CREATE INDEX execution_input_idx ON _nuvopipe.execution (tenant_id, input_id) WHERE input_id IS NOT NULL;
CREATE INDEX execution_output_idx ON _nuvopipe.execution (tenant_id, output_id) WHERE output_id IS NOT NULL;

-- one try; the rows of nuvo's logs[]
CREATE TABLE _nuvopipe.execution_attempt (
	tenant_id uuid NOT NULL,
	execution_id uuid NOT NULL,
	attempt int NOT NULL,			-- from 1
	type text NOT NULL,
	status text NOT NULL,
	started_at timestamptz NOT NULL,
	finished_at timestamptz,
	duration_ms bigint,
	total_rows bigint,			-- output rows after mapping, with their cells and errors
	total_cells bigint,
	total_error_cells bigint,
	total_error_rows bigint,
	rows_read bigint,			-- = written + rejected + filtered + blank
	rows_written bigint,
	rows_rejected bigint,
	rows_filtered bigint,
	rows_blank bigint,
	rows_skipped bigint,			-- before the header, no data rows
	rows_inserted bigint,			-- of rows_written
	rows_updated bigint,
	input_bytes bigint,
	output_bytes bigint,
	phases jsonb,				-- milliseconds by phase
	sniff jsonb,				-- what the reader decided about the input, and why
	votes jsonb,				-- number format and date order by column
	error_type text,
	error_sqlstate text,
	error_message text,
	error_detail text,
	error_hint text,
	note text,
	worker_pid int,
	CONSTRAINT execution_attempt_pkey PRIMARY KEY (tenant_id, execution_id, attempt),
	CONSTRAINT execution_attempt_execution_fkey FOREIGN KEY (tenant_id, execution_id)
		REFERENCES _nuvopipe.execution (tenant_id, id) ON DELETE CASCADE,
	CONSTRAINT execution_attempt_balance_check CHECK (status <> 'SUCCEEDED'
		OR rows_read = rows_written + rows_rejected + rows_filtered + rows_blank)
);

/*
 * Two tables grow with every run and are never updated: issue and event.  They
 * are partitioned by ranges of ids, which are version 7 and thus ordered by time,
 * so that old rows go by dropping tables (routine/partition.sql, retention.sql).
 *
 * The parents have no index and no key, the partitions have: a dump holds the
 * partitions that were made later as plain tables with keys of their own, and an
 * index of the parent, which CREATE EXTENSION makes at once, would have given
 * them keys before.  Nothing is lost by that: the column of the ranges is part
 * of the key.  The default partition takes what comes before the first range
 * was made, or too late or too early for any.  It is also the pattern of the
 * others: whatever it has (keys, indexes, storage) they get.
 *
 * issue takes millions of issues from one run, written in bulk straight into the
 * heap: packed, about a page to a row (src/pipeline/issuepack.h), with one index,
 * no foreign key, no CHECK.  The views nuvopipe.issues and nuvopipe.rejected_rows
 * unpack them.
 */
CREATE TABLE _nuvopipe.issue (
	tenant_id uuid NOT NULL,
	execution_id uuid NOT NULL,
	attempt int NOT NULL,
	seq bigint NOT NULL,			-- of the first issue, from 1; 0: the names that the others refer to
	issues int NOT NULL,			-- how many
	data bytea NOT NULL
) PARTITION BY RANGE (execution_id);

CREATE TABLE _nuvopipe.issue_default PARTITION OF _nuvopipe.issue (
	CONSTRAINT issue_default_pkey PRIMARY KEY (tenant_id, execution_id, attempt, seq)
) DEFAULT WITH (toast_tuple_target = 8160);	-- a page full stays as it is; only more than that is compressed and moved out

-- What has been taken in: the key makes intake exactly-once.  It outlives executions.
CREATE TABLE _nuvopipe.input_ledger (
	tenant_id uuid NOT NULL,
	pipeline_id uuid NOT NULL,
	path text NOT NULL,
	version text NOT NULL,
	execution_id uuid NOT NULL,
	bytes bigint,
	loaded_at timestamptz NOT NULL,
	CONSTRAINT input_ledger_pkey PRIMARY KEY (tenant_id, pipeline_id, path, version)
);

-- the header the last successful execution of a pipeline has read
CREATE TABLE _nuvopipe.accepted_header (
	tenant_id uuid NOT NULL,
	pipeline_id uuid NOT NULL,
	fingerprint text NOT NULL,
	columns text[] NOT NULL,
	execution_id uuid NOT NULL,		-- that brought it
	accepted_at timestamptz NOT NULL,
	CONSTRAINT accepted_header_pkey PRIMARY KEY (tenant_id, pipeline_id)
);

CREATE TABLE _nuvopipe.event (
	tenant_id uuid NOT NULL,
	id uuid NOT NULL,
	at timestamptz NOT NULL,
	execution_id uuid,
	kind text NOT NULL,
	payload jsonb NOT NULL DEFAULT '{}',
	pipeline_id uuid,
	owner_id uuid,				-- of what it is about, with the role of its runs: who may see it; null: admins
	owner_role name,
	xact xid8				-- that wrote it: by it a stream knows what it has told
) PARTITION BY RANGE (id);

CREATE TABLE _nuvopipe.event_default PARTITION OF _nuvopipe.event (
	CONSTRAINT event_default_pkey PRIMARY KEY (tenant_id, id)
) DEFAULT;

CREATE INDEX event_default_at_idx ON _nuvopipe.event_default (tenant_id, at, id);	-- the list, page by page
CREATE INDEX event_default_execution_idx ON _nuvopipe.event_default (tenant_id, execution_id) WHERE execution_id IS NOT NULL;
CREATE INDEX event_default_xact_idx ON _nuvopipe.event_default (tenant_id, xact);

/*
 * Answers to requests that carried an Idempotency-Key, written in the
 * transaction of what they answer: a request that comes again gets the same
 * answer, and does nothing.
 */
CREATE TABLE _nuvopipe.idempotency (
	tenant_id uuid NOT NULL,
	principal_id uuid NOT NULL,
	key text NOT NULL,
	request bytea NOT NULL,			-- SHA-256 of method, path and body
	status int,
	content_type text,
	headers jsonb,
	body bytea,				-- without secrets
	created_at timestamptz NOT NULL,
	CONSTRAINT idempotency_pkey PRIMARY KEY (tenant_id, principal_id, key)
);

CREATE INDEX idempotency_age_idx ON _nuvopipe.idempotency (created_at);
