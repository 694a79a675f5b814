
/*
 * Webhooks and what is to be sent to them.
 *
 * A row of the outbox is written in the transaction of the change it tells
 * about: either both are there or neither.  It is sent afterwards by a sender
 * process, with no transaction open, at least once; its id goes along, so that
 * a receiver knows a repetition.
 */

-- Where events are told.  A catalogue table but for the state of its deliveries, which senders keep beside it.
CREATE TABLE _nuvopipe.webhook (
	id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	owner_id uuid NOT NULL,
	name text NOT NULL,
	description text,
	tags text[] NOT NULL DEFAULT '{}',
	acl jsonb,
	url text NOT NULL,
	events text[] NOT NULL,
	pipeline_id uuid,			-- null: all; no foreign key, as history outlives the pipeline
	credential_id uuid NOT NULL,		-- {"secret": key of the signature}
	status text NOT NULL DEFAULT 'ACTIVE',
	reason text,				-- why it was made INACTIVE, unless a person did
	failures int NOT NULL DEFAULT 0,	-- one after another, since the last success
	hold_until timestamptz,			-- nothing is sent before: it failed lately, or asked for rest
	busy_until timestamptz,			-- a sender is at it; its lease
	sent_at timestamptz,			-- last try, for turns among tenants and webhooks
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	updated_at timestamptz NOT NULL,
	updated_by uuid NOT NULL,
	CONSTRAINT webhook_pkey PRIMARY KEY (id),
	CONSTRAINT webhook_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES _nuvopipe.organization (id),
	CONSTRAINT webhook_owner_fkey FOREIGN KEY (owner_id) REFERENCES _nuvopipe.principal (id),
	CONSTRAINT webhook_credential_fkey FOREIGN KEY (credential_id) REFERENCES _nuvopipe.credential (id),
	CONSTRAINT webhook_name_key UNIQUE (tenant_id, owner_id, name),
	CONSTRAINT webhook_name_check CHECK (name <> ''),
	CONSTRAINT webhook_events_check CHECK (events <> '{}' AND events <@ ARRAY['EXECUTION_CREATED', 'EXECUTION_SUCCESSFUL',
		'EXECUTION_FAILED', 'EXECUTION_CANCELED']),
	CONSTRAINT webhook_status_check CHECK (status IN ('ACTIVE', 'INACTIVE')),
	CONSTRAINT webhook_failures_check CHECK (failures >= 0)
) WITH (fillfactor = 70);

-- One event on its way to one webhook.
CREATE TABLE _nuvopipe.outbox (
	tenant_id uuid NOT NULL,
	id uuid NOT NULL,			-- of the delivery, the same in every try
	webhook_id uuid NOT NULL,
	execution_id uuid,			-- null: a test
	event text NOT NULL,
	payload jsonb NOT NULL,			-- the body that is sent
	status text NOT NULL DEFAULT 'PENDING',
	attempts int NOT NULL DEFAULT 0,	-- counted when claimed
	next_at timestamptz NOT NULL,		-- not to be sent before; while a sender is at it, the end of its lease
	lease_until timestamptz,
	last_status int,			-- HTTP status of the last answer
	last_error text,
	delivered_at timestamptz,
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	CONSTRAINT outbox_pkey PRIMARY KEY (tenant_id, id),
	CONSTRAINT outbox_status_check CHECK (status IN ('PENDING', 'DELIVERED', 'DEAD')),
	CONSTRAINT outbox_lease_check CHECK (status = 'PENDING' OR lease_until IS NULL),
	CONSTRAINT outbox_delivered_check CHECK ((status = 'DELIVERED') = (delivered_at IS NOT NULL))
) WITH (fillfactor = 70);

-- senders take the oldest that is due; keepers ask when the next one will be
CREATE INDEX outbox_order_idx ON _nuvopipe.outbox (tenant_id, webhook_id, id) WHERE status = 'PENDING';
CREATE INDEX outbox_dead_idx ON _nuvopipe.outbox (tenant_id, webhook_id, updated_at) WHERE status = 'DEAD';
CREATE INDEX outbox_due_idx ON _nuvopipe.outbox (tenant_id, webhook_id, next_at) WHERE status = 'PENDING';
