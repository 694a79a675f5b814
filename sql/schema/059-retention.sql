
/*
 * What goes when, and what is left of it: see routine/retention.sql and
 * routine/digest.sql.
 */

-- An organisation's own times; null: as the server has set.  Zero: for ever.
CREATE TABLE _nuvopipe.retention (
	tenant_id uuid NOT NULL,
	compact interval,
	digest interval,
	event interval,
	failed interval,
	history interval,
	input interval,
	issues interval,
	updated_at timestamptz NOT NULL,
	updated_by uuid NOT NULL,
	CONSTRAINT retention_pkey PRIMARY KEY (tenant_id),
	CONSTRAINT retention_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT retention_check CHECK (least(compact, digest, event, failed, history, input, issues) >= '0')
);

/*
 * When this database was made.  It is not dumped, so what is older than it came
 * with a dump, and is left alone for a while (_nuvopipe.is_settling).
 */
CREATE TABLE _nuvopipe.installation (
	installed_at timestamptz NOT NULL
);
INSERT INTO _nuvopipe.installation VALUES (pg_catalog.clock_timestamp());

/*
 * What ends is counted once, by maintenance, into the tally; until then it is
 * told by a row here.  A row is written, not a counter raised, where an attempt
 * or an execution ends: a counter would be locked until the commit, and a user's
 * transaction that cancels something may last.
 */
CREATE TABLE _nuvopipe.uncounted (
	tenant_id uuid NOT NULL,
	execution_id uuid NOT NULL,
	id uuid NOT NULL,
	attempt int,				-- that ended; null: none did
	status text,				-- in which the execution ended; null: it has not
	CONSTRAINT uncounted_pkey PRIMARY KEY (tenant_id, execution_id, id)
);

-- All that ever ended, by pipeline and owner.  It never falls, whatever goes.
CREATE TABLE _nuvopipe.tally (
	tenant_id uuid NOT NULL,
	pipeline_id uuid NOT NULL,		-- nil: those that are deleted
	owner_id uuid NOT NULL,
	owner_role name NOT NULL,
	succeeded bigint NOT NULL,		-- executions
	failed bigint NOT NULL,
	canceled bigint NOT NULL,
	attempts bigint NOT NULL,		-- from here on: of all attempts
	rows_read numeric NOT NULL,
	rows_written numeric NOT NULL,
	rows_rejected numeric NOT NULL,
	cells numeric NOT NULL,
	error_cells numeric NOT NULL,
	input_bytes numeric NOT NULL,
	output_bytes numeric NOT NULL,
	duration_ms numeric NOT NULL,
	spread bigint[] NOT NULL,		-- how many took how long, by _nuvopipe.spread_bounds
	CONSTRAINT tally_pkey PRIMARY KEY (tenant_id, pipeline_id, owner_id, owner_role)
) WITH (fillfactor = 50);

-- Executions that went by policy, by pipeline and the day of UTC on which they were created.
CREATE TABLE _nuvopipe.digest (
	tenant_id uuid NOT NULL,
	day date NOT NULL,
	pipeline_id uuid NOT NULL,
	owner_id uuid NOT NULL,
	owner_role name NOT NULL,
	succeeded bigint NOT NULL,		-- executions
	failed bigint NOT NULL,
	canceled bigint NOT NULL,
	rows numeric NOT NULL,			-- from here on: of last attempts
	rows_read numeric NOT NULL,
	rows_written numeric NOT NULL,
	rows_rejected numeric NOT NULL,
	error_cells numeric NOT NULL,
	input_bytes numeric NOT NULL,
	output_bytes numeric NOT NULL,
	duration_ms numeric NOT NULL,
	spread bigint[] NOT NULL,		-- as in tally
	CONSTRAINT digest_pkey PRIMARY KEY (tenant_id, day, pipeline_id, owner_id, owner_role)
) WITH (fillfactor = 70);

-- What has ended: each index holds what one policy is about, oldest first, so that nothing is looked at twice.
CREATE INDEX execution_ended_idx ON _nuvopipe.execution (tenant_id, status, finished_at)
	WHERE status IN ('SUCCEEDED', 'FAILED', 'CANCELED') AND NOT has_issues AND input_id IS NULL AND output_id IS NULL;
CREATE INDEX execution_kept_issues_idx ON _nuvopipe.execution (tenant_id, status, finished_at)
	WHERE status IN ('SUCCEEDED', 'FAILED', 'CANCELED') AND has_issues;
CREATE INDEX execution_kept_input_idx ON _nuvopipe.execution (tenant_id, status, finished_at)
	WHERE status IN ('SUCCEEDED', 'FAILED', 'CANCELED') AND input_id IS NOT NULL;
-- Who needs a partition of issue.
CREATE INDEX execution_issues_idx ON _nuvopipe.execution (id) WHERE has_issues;
