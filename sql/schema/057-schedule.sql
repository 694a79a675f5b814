
/*
 * Schedules, what became of each instant they planned, and calendars.
 *
 * A schedule is the living side of the schedule_config of a pipeline's current
 * configuration: how far its instants are settled, and which one is next.
 * Every instant up to settled_at has been decided and never is again: this, the
 * row lock and the key of planned_run make a second start of one instant
 * impossible.
 */

-- Days on which nothing is planned, under a name.
CREATE TABLE _nuvopipe.calendar (
	id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	owner_id uuid NOT NULL,
	name text NOT NULL,
	description text,
	tags text[] NOT NULL DEFAULT '{}',
	acl jsonb,
	excluded_dates date[] NOT NULL DEFAULT '{}',
	excluded_weekdays int[] NOT NULL DEFAULT '{}',	-- 1 = Monday to 7
	permissions_level text NOT NULL DEFAULT 'PRIVATE',
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	updated_at timestamptz NOT NULL,
	updated_by uuid NOT NULL,
	CONSTRAINT calendar_pkey PRIMARY KEY (id),
	CONSTRAINT calendar_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT calendar_owner_fkey FOREIGN KEY (owner_id) REFERENCES _nuvopipe.principal (id),
	CONSTRAINT calendar_name_key UNIQUE (tenant_id, owner_id, name),
	CONSTRAINT calendar_name_check CHECK (name <> ''),
	CONSTRAINT calendar_excluded_weekdays_check CHECK (excluded_weekdays <@ '{1,2,3,4,5,6,7}'),
	CONSTRAINT calendar_permissions_level_check CHECK (permissions_level IN ('PUBLIC', 'PRIVATE'))
);

-- A row for each pipeline whose configuration has a schedule.
CREATE TABLE _nuvopipe.schedule (
	id uuid NOT NULL,			-- of the pipeline
	tenant_id uuid NOT NULL,
	config jsonb NOT NULL,			-- schedule_config of the current configuration
	calendars uuid[] NOT NULL,
	anchor timestamptz NOT NULL,		-- when it was set, in whole seconds: steps count from here if it has no starts_on
	is_active boolean NOT NULL,		-- as its pipeline is
	settled_at timestamptz NOT NULL,	-- all instants up to this one are decided
	next_at timestamptz,			-- the first one after it; null: none will come, or the pipeline is INACTIVE
	due_at timestamptz,			-- when to look at it: next_at with its jitter, or later
	paused_at timestamptz,
	paused_by uuid,
	paused_reason text,
	skipped int NOT NULL DEFAULT 0,		-- so many rows of planned_run, one after another, are single and of this outcome
	skipped_outcome text,
	fault text,				-- why it could not be looked at
	cover text,				-- when the job of pg_cron ticks, by the clocks of cover_zone
	cover_zone text,
	covered_at timestamptz,			-- null: has to be found anew
	CONSTRAINT schedule_pkey PRIMARY KEY (id),
	CONSTRAINT schedule_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT schedule_pipeline_fkey FOREIGN KEY (id) REFERENCES _nuvopipe.pipeline (id),
	CONSTRAINT schedule_config_check CHECK (jsonb_typeof(config) = 'object'),
	CONSTRAINT schedule_due_check CHECK ((next_at IS NULL) = (due_at IS NULL)),
	CONSTRAINT schedule_active_check CHECK (is_active OR next_at IS NULL),
	CONSTRAINT schedule_order_check CHECK (settled_at < next_at)
) WITH (fillfactor = 70);

CREATE INDEX schedule_due_idx ON _nuvopipe.schedule (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX schedule_calendar_idx ON _nuvopipe.schedule USING gin (calendars) WHERE calendars <> '{}';

/*
 * One planned instant and what became of it; or many that were skipped one
 * after another: the newest thousand have a row each, those before them share
 * one, which reaches from planned_at to until_at.
 */
CREATE TABLE _nuvopipe.planned_run (
	tenant_id uuid NOT NULL,
	pipeline_id uuid NOT NULL,
	planned_at timestamptz NOT NULL,
	until_at timestamptz,			-- the last instant, if there are many
	instants bigint NOT NULL DEFAULT 1,
	due_at timestamptz NOT NULL,		-- planned_at with its jitter
	decided_at timestamptz NOT NULL,
	run_id uuid,
	started_at timestamptz,			-- the first execution of the run was taken up
	outcome text NOT NULL,
	reason text,
	is_backfill boolean NOT NULL DEFAULT false,
	owner_id uuid NOT NULL,			-- of the pipeline, and the role of its runs: who may see it
	owner_role name NOT NULL,
	CONSTRAINT planned_run_pkey PRIMARY KEY (tenant_id, pipeline_id, planned_at),
	CONSTRAINT planned_run_until_check CHECK (until_at > planned_at),
	CONSTRAINT planned_run_instants_check CHECK (instants > 0 AND (until_at IS NOT NULL OR instants = 1)),
	CONSTRAINT planned_run_outcome_check CHECK (outcome IN ('WAITING', 'RAN', 'SKIPPED_OVERLAP', 'SKIPPED_DOWN', 'SKIPPED_PAUSED',
		'FAILED_TO_START', 'CANCELED')),
	CONSTRAINT planned_run_run_check CHECK (run_id IS NOT NULL OR outcome NOT IN ('WAITING', 'RAN')),
	CONSTRAINT planned_run_started_check CHECK ((outcome = 'RAN') = (started_at IS NOT NULL))
) WITH (fillfactor = 85);

CREATE INDEX planned_run_run_idx ON _nuvopipe.planned_run (tenant_id, run_id) WHERE outcome = 'WAITING';
CREATE INDEX planned_run_time_idx ON _nuvopipe.planned_run (tenant_id, planned_at);
CREATE INDEX planned_run_range_idx ON _nuvopipe.planned_run (tenant_id, pipeline_id, until_at) WHERE until_at IS NOT NULL;
