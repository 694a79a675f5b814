
/*
 * Bytes that outlive a transaction: what was pushed or uploaded, the input of
 * runs that failed, the output of runs that delivered.
 *
 * A blob never changes once somebody refers to it: executions take an upload by
 * its id, and nothing is copied.  One that nobody refers to any more is marked
 * (_nuvopipe.release_blob) and removed in portions (_nuvopipe.purge), so that no
 * transaction has gigabytes to delete.
 */
CREATE TABLE _nuvopipe.blob (
	tenant_id uuid NOT NULL,
	id uuid NOT NULL,
	file_name text,
	content_type text,
	bytes bigint NOT NULL,
	sha256 bytea,				-- where it is known
	created_at timestamptz NOT NULL,
	expires_at timestamptz,			-- not to be had after; null: as long as somebody refers to it
	dropped_at timestamptz,			-- nobody does any more
	CONSTRAINT blob_pkey PRIMARY KEY (tenant_id, id),
	CONSTRAINT blob_bytes_check CHECK (bytes >= 0)
) WITH (fillfactor = 70);

CREATE INDEX blob_dropped_idx ON _nuvopipe.blob (dropped_at) WHERE dropped_at IS NOT NULL;
CREATE INDEX blob_expiry_idx ON _nuvopipe.blob (expires_at) WHERE expires_at IS NOT NULL;

-- At most 1 MB each.  Often compressed already, so it is stored as it is, where a slice can be read without the whole.
CREATE TABLE _nuvopipe.blob_chunk (
	tenant_id uuid NOT NULL,
	blob_id uuid NOT NULL,
	position bigint NOT NULL,		-- of its first byte, from 0; a chunk ends where the next one begins
	data bytea NOT NULL,
	CONSTRAINT blob_chunk_pkey PRIMARY KEY (tenant_id, blob_id, position),
	CONSTRAINT blob_chunk_blob_fkey FOREIGN KEY (tenant_id, blob_id) REFERENCES _nuvopipe.blob (tenant_id, id),
	CONSTRAINT blob_chunk_position_check CHECK (position >= 0),
	CONSTRAINT blob_chunk_data_check CHECK (length(data) BETWEEN 1 AND 1048576)
);
ALTER TABLE _nuvopipe.blob_chunk ALTER COLUMN data SET STORAGE EXTERNAL;

ALTER TABLE _nuvopipe.execution
	ADD CONSTRAINT execution_input_fkey FOREIGN KEY (tenant_id, input_id) REFERENCES _nuvopipe.blob (tenant_id, id),
	ADD CONSTRAINT execution_output_fkey FOREIGN KEY (tenant_id, output_id) REFERENCES _nuvopipe.blob (tenant_id, id);

-- Data on its way in, piece by piece; each piece is durable when it is acknowledged.  Its bytes are the blob of the same id.
CREATE TABLE _nuvopipe.upload (
	tenant_id uuid NOT NULL,
	id uuid NOT NULL,
	owner_id uuid NOT NULL,
	connector_id uuid,			-- it was sent to, or is meant for
	receives text,				-- sent without a token: 'file', 'key:...', or 'event', which is like no other; null: a plain upload
	file_name text,
	content_type text,
	size bigint,				-- null: known when the sender ends
	received bigint NOT NULL DEFAULT 0,
	digest bytea,				-- SHA-256 of what was received, under way
	sha256 bytea,				-- as promised by the sender; when complete, as it is
	state text NOT NULL DEFAULT 'RECEIVING',
	expires_at timestamptz NOT NULL,
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	updated_at timestamptz NOT NULL,
	updated_by uuid NOT NULL,
	CONSTRAINT upload_pkey PRIMARY KEY (tenant_id, id),
	CONSTRAINT upload_id_key UNIQUE (id),	-- pieces name nothing else
	CONSTRAINT upload_state_check CHECK (state IN ('RECEIVING', 'COMPLETE', 'EXPIRED')),
	CONSTRAINT upload_size_check CHECK (size >= 0),
	CONSTRAINT upload_received_check CHECK (received >= 0 AND received <= size)
) WITH (fillfactor = 50);

CREATE INDEX upload_expiry_idx ON _nuvopipe.upload (expires_at);

-- Addresses that data is sent to without a token: the secret in the path is the right to do so.  Only its digest is kept.
CREATE TABLE _nuvopipe.receiver (
	tenant_id uuid NOT NULL,
	connector_id uuid NOT NULL,
	digest bytea NOT NULL,			-- SHA-256
	created_at timestamptz NOT NULL,
	created_by uuid NOT NULL,
	CONSTRAINT receiver_pkey PRIMARY KEY (connector_id),
	CONSTRAINT receiver_connector_fkey FOREIGN KEY (connector_id) REFERENCES _nuvopipe.connector (id) ON DELETE CASCADE,
	CONSTRAINT receiver_digest_key UNIQUE (digest)
);

-- What somebody was shown of an upload, for an hour.
CREATE TABLE _nuvopipe.preview (
	tenant_id uuid NOT NULL,
	id uuid NOT NULL,
	created_by uuid NOT NULL,
	answer jsonb NOT NULL,
	created_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	CONSTRAINT preview_pkey PRIMARY KEY (tenant_id, id)
);

CREATE INDEX preview_expiry_idx ON _nuvopipe.preview (expires_at);

-- The right to one download, for a browser, which cannot send a token when it follows a link.
CREATE TABLE _nuvopipe.download_ticket (
	digest bytea NOT NULL,			-- SHA-256 of the ticket
	tenant_id uuid NOT NULL,
	descriptor jsonb NOT NULL,		-- as _nuvopipe.download_next takes it
	created_by uuid NOT NULL,
	expires_at timestamptz NOT NULL,
	CONSTRAINT download_ticket_pkey PRIMARY KEY (digest)
);

CREATE INDEX download_ticket_expiry_idx ON _nuvopipe.download_ticket (expires_at);
