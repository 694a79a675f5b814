
/*
 * Stored bytes: uploads, kept inputs and outputs.
 *
 * An upload arrives in pieces, each durable when its transaction commits; it is
 * hashed on the way, so that the ledger can tell the same data when it comes
 * again, and nobody has to read gigabytes a second time for that.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.digest_update(state bytea, data bytea) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nuvopipe_digest_update' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.digest_final(state bytea) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nuvopipe_digest_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.read_head(tenant uuid, blob uuid, file_name text, options jsonb, max_rows int)
	RETURNS TABLE (row_no bigint, line_no bigint, cells text[], sniff jsonb)
	AS 'MODULE_PATHNAME', 'nuvopipe_read_head' LANGUAGE C VOLATILE PARALLEL UNSAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.tdm_from_blob(tenant uuid, blob uuid, file_name text, options jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'nuvopipe_tdm_from_blob' LANGUAGE C VOLATILE PARALLEL UNSAFE;

-- Marks a blob that nobody refers to any more; purge removes it.
CREATE OR REPLACE FUNCTION _nuvopipe.release_blob(tenant uuid, blob uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	-- the lock first: what refers to the blob from now on has to wait for it, and is seen by the next statement otherwise
	PERFORM FROM _nuvopipe.blob b WHERE b.tenant_id = tenant AND b.id = blob FOR UPDATE;
	UPDATE _nuvopipe.blob b SET dropped_at = clock_timestamp()
		WHERE b.tenant_id = tenant AND b.id = blob AND b.dropped_at IS NULL
			AND NOT EXISTS (SELECT FROM _nuvopipe.execution e WHERE e.tenant_id = tenant AND e.input_id = blob)
			AND NOT EXISTS (SELECT FROM _nuvopipe.execution e WHERE e.tenant_id = tenant AND e.output_id = blob)
			AND NOT EXISTS (SELECT FROM _nuvopipe.upload u WHERE u.tenant_id = tenant AND u.id = blob AND u.state <> 'EXPIRED');
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.release_input(tenant uuid, execution uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	blob uuid;
BEGIN
	SELECT e.input_id INTO blob FROM _nuvopipe.execution e WHERE e.tenant_id = tenant AND e.id = execution;
	UPDATE _nuvopipe.execution e SET input_id = NULL WHERE e.tenant_id = tenant AND e.id = execution;
	PERFORM _nuvopipe.release_blob(tenant, blob);
END
$$;

-- Ends what has expired, a portion of each kind; returns how much that was.
CREATE OR REPLACE FUNCTION _nuvopipe.expire(portion int DEFAULT 1000) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment timestamptz := clock_timestamp();
	old record;
	total int := 0;
	n int;
BEGIN
	FOR old IN SELECT u.tenant_id, u.id FROM _nuvopipe.upload u
			WHERE u.expires_at < moment AND u.state <> 'EXPIRED' ORDER BY u.expires_at LIMIT least(portion, 100) FOR UPDATE SKIP LOCKED LOOP
		-- the row stays for a while, so that whoever asks is told why
		UPDATE _nuvopipe.upload u SET state = 'EXPIRED', digest = NULL, expires_at = moment + interval '7 days', updated_at = moment
			WHERE u.tenant_id = old.tenant_id AND u.id = old.id;
		PERFORM _nuvopipe.release_blob(old.tenant_id, old.id);
		total := total + 1;
	END LOOP;
	DELETE FROM _nuvopipe.upload u WHERE (u.tenant_id, u.id) IN (
		SELECT o.tenant_id, o.id FROM _nuvopipe.upload o WHERE o.expires_at < moment AND o.state = 'EXPIRED' LIMIT portion);
	GET DIAGNOSTICS n = ROW_COUNT;
	total := total + n;
	DELETE FROM _nuvopipe.preview p WHERE (p.tenant_id, p.id) IN (
		SELECT o.tenant_id, o.id FROM _nuvopipe.preview o WHERE o.expires_at < moment LIMIT portion);
	GET DIAGNOSTICS n = ROW_COUNT;
	total := total + n;
	DELETE FROM _nuvopipe.download_ticket t WHERE t.digest IN (
		SELECT o.digest FROM _nuvopipe.download_ticket o WHERE o.expires_at < moment LIMIT portion);
	GET DIAGNOSTICS n = ROW_COUNT;
	total := total + n;
	DELETE FROM _nuvopipe.token t WHERE t.id IN (
		SELECT o.id FROM _nuvopipe.token o WHERE o.expires_at < moment - interval '1 day' LIMIT portion);
	GET DIAGNOSTICS n = ROW_COUNT;
	total := total + n;
	DELETE FROM _nuvopipe.idempotency i WHERE (i.tenant_id, i.principal_id, i.key) IN (
		SELECT o.tenant_id, o.principal_id, o.key FROM _nuvopipe.idempotency o WHERE o.created_at < moment - interval '24 hours' LIMIT portion);
	GET DIAGNOSTICS n = ROW_COUNT;
	total := total + n;

	FOR old IN SELECT b.tenant_id, b.id FROM _nuvopipe.blob b
			WHERE b.expires_at < moment AND b.dropped_at IS NULL ORDER BY b.expires_at LIMIT least(portion, 100) FOR UPDATE SKIP LOCKED LOOP
		UPDATE _nuvopipe.execution e SET output_id = NULL WHERE e.tenant_id = old.tenant_id AND e.output_id = old.id;
		UPDATE _nuvopipe.blob b SET dropped_at = moment WHERE b.tenant_id = old.tenant_id AND b.id = old.id;
		total := total + 1;
	END LOOP;
	RETURN total;
END
$$;

-- One portion of what has expired or been given up; chunks are of 1 MB at most.
CREATE OR REPLACE FUNCTION _nuvopipe.purge(chunks int DEFAULT 256, max_bytes bigint DEFAULT 1 << 28) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	old record;
	left_over int := chunks;
	bytes bigint := 0;
	n int;
BEGIN
	PERFORM _nuvopipe.expire();
	FOR old IN SELECT b.tenant_id, b.id, b.bytes FROM _nuvopipe.blob b
			WHERE b.dropped_at IS NOT NULL ORDER BY b.dropped_at LIMIT 1000 FOR UPDATE SKIP LOCKED LOOP
		-- as many of a large one as the bytes allow, at least one
		DELETE FROM _nuvopipe.blob_chunk c
			WHERE c.tenant_id = old.tenant_id AND c.blob_id = old.id AND c.position IN (
				SELECT d.position FROM _nuvopipe.blob_chunk d
					WHERE d.tenant_id = old.tenant_id AND d.blob_id = old.id ORDER BY d.position
					LIMIT least(left_over, 1 + (max_bytes - bytes) / 1048576));
		GET DIAGNOSTICS n = ROW_COUNT;
		left_over := left_over - n;
		bytes := bytes + least(old.bytes, n * 1048576::bigint);
		EXIT WHEN left_over <= 0 OR bytes >= max_bytes;
		DELETE FROM _nuvopipe.blob b WHERE b.tenant_id = old.tenant_id AND b.id = old.id;
	END LOOP;
	RETURN chunks - left_over;
END
$$;
COMMENT ON FUNCTION _nuvopipe.purge IS 'Ends what has expired (uploads, previews, tickets, tokens, remembered requests, kept outputs), and removes bytes that nobody refers to, at most so many chunks and bytes; returns how many chunks it removed.';

-- A blob of bytes that are at hand.
CREATE OR REPLACE FUNCTION _nuvopipe.store_bytes(tenant uuid, data bytea, file_name text, content_type text) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	new_id uuid := _nuvopipe.uuid_v7();
BEGIN
	INSERT INTO _nuvopipe.blob (tenant_id, id, file_name, content_type, bytes, sha256, created_at)
		VALUES (tenant, new_id, file_name, content_type, length(data), sha256(data), clock_timestamp());
	PERFORM _nuvopipe.add_chunks(tenant, new_id, 0, data);
	RETURN new_id;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.add_chunks(tenant uuid, blob uuid, "position" bigint, data bytea) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	chunk_bytes constant int := 1024 * 1024;
	total int := length(data);
BEGIN
	IF total > 0 AND total <= chunk_bytes THEN
		INSERT INTO _nuvopipe.blob_chunk (tenant_id, blob_id, position, data) VALUES (tenant, blob, "position", data);
		RETURN;
	END IF;
	FOR at IN 0 .. total - 1 BY chunk_bytes LOOP
		INSERT INTO _nuvopipe.blob_chunk (tenant_id, blob_id, position, data)
			VALUES (tenant, blob, "position" + at, substr(data, at + 1, chunk_bytes));
	END LOOP;
END
$$;

-- The most that one object may have, in bytes; null: no limit.
CREATE OR REPLACE FUNCTION _nuvopipe.max_object_bytes() RETURNS bigint
	LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT nullif(pg_size_bytes(current_setting('nuvopipe.max_object_size')), 0);
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.refuse_size(bytes bigint) RETURNS void
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	most bigint := _nuvopipe.max_object_bytes();
BEGIN
	IF bytes > most THEN
		RAISE EXCEPTION 'size: % bytes are more than this server takes', bytes USING ERRCODE = 'program_limit_exceeded',
			HINT = format('At most %s bytes, by nuvopipe.max_object_size.', most);
	END IF;
END
$$;

-- One upload of whoever owns it.  Its lifetime: 24 hours to arrive, and 24 more to be used; executions that took it keep its bytes.
CREATE OR REPLACE FUNCTION _nuvopipe.begin_upload(tenant uuid, owner_id uuid, me uuid, connector_id uuid, receives text,
	file_name text, content_type text, size bigint, sha256 bytea) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	new_id uuid := _nuvopipe.uuid_v7();
	moment timestamptz := clock_timestamp();
BEGIN
	INSERT INTO _nuvopipe.blob (tenant_id, id, file_name, content_type, bytes, created_at)
		VALUES (tenant, new_id, file_name, content_type, 0, moment);
	INSERT INTO _nuvopipe.upload (tenant_id, id, owner_id, connector_id, receives, file_name, content_type, size, sha256,
			expires_at, created_at, created_by, updated_at, updated_by)
		VALUES (tenant, new_id, owner_id, connector_id, receives, file_name, content_type, size, sha256,
			moment + interval '24 hours', moment, me, moment, me);
	IF size = 0 THEN
		PERFORM _nuvopipe.complete_upload(new_id);
	END IF;
	RETURN new_id;
END
$$;

-- All is there; what was promised about it must hold.
CREATE OR REPLACE FUNCTION _nuvopipe.complete_upload(upload uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	up _nuvopipe.upload;
	digest bytea;
BEGIN
	SELECT u.* INTO up FROM _nuvopipe.upload u WHERE u.id = upload FOR UPDATE;
	IF up.state <> 'RECEIVING' THEN
		RETURN;
	END IF;
	digest := _nuvopipe.digest_final(up.digest);
	IF digest <> up.sha256 THEN
		RAISE EXCEPTION 'sha256: the bytes that arrived have another digest, %', encode(digest, 'hex')
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Something was changed on the way, or in the file; begin a new upload.';
	END IF;
	UPDATE _nuvopipe.upload u SET state = 'COMPLETE', size = up.received, sha256 = digest, digest = NULL,
			expires_at = clock_timestamp() + interval '24 hours', updated_at = clock_timestamp()
		WHERE u.tenant_id = up.tenant_id AND u.id = upload;
	UPDATE _nuvopipe.blob b SET bytes = up.received, sha256 = digest
		WHERE b.tenant_id = up.tenant_id AND b.id = upload;
END
$$;

-- The next piece.  The upload names its tenant; whether the caller may write to it was settled when the request began.
CREATE OR REPLACE FUNCTION _nuvopipe.upload_append(upload uuid, "position" bigint, data bytea) RETURNS bigint
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	up _nuvopipe.upload;
	total int := coalesce(length(data), 0);
BEGIN
	SELECT u.* INTO up FROM _nuvopipe.upload u WHERE u.id = upload FOR UPDATE;
	IF up.id IS NULL OR up.state = 'EXPIRED' OR up.expires_at < clock_timestamp() THEN
		RAISE EXCEPTION 'upload "%" does not exist', upload USING ERRCODE = 'undefined_object',
			HINT = 'Uploads that are not finished within 24 hours expire; begin a new one.';
	ELSIF "position" IS DISTINCT FROM up.received THEN
		RAISE EXCEPTION 'the upload stands at byte %, not at %', up.received, "position" USING ERRCODE = 'NP409',
			DETAIL = up.received::text, HINT = format('Go on at byte %s.', up.received);
	ELSIF total = 0 THEN
		RETURN up.received;
	ELSIF up.received + total > up.size THEN
		RAISE EXCEPTION 'the upload has % bytes, % more were sent', up.size, up.received + total - up.size
			USING ERRCODE = 'program_limit_exceeded';
	ELSIF up.state = 'COMPLETE' THEN
		RAISE EXCEPTION 'the upload is complete' USING ERRCODE = 'NP409';
	END IF;
	PERFORM _nuvopipe.refuse_size(up.received + total);
	PERFORM _nuvopipe.add_chunks(up.tenant_id, upload, up.received, data);
	UPDATE _nuvopipe.upload u SET received = up.received + total, digest = _nuvopipe.digest_update(up.digest, data),
			updated_at = clock_timestamp()
		WHERE u.tenant_id = up.tenant_id AND u.id = upload;
	IF up.received + total = up.size THEN
		PERFORM _nuvopipe.complete_upload(upload);
	END IF;
	RETURN up.received + total;
END
$$;
COMMENT ON FUNCTION _nuvopipe.upload_append IS
'Adds a piece to an upload; it is durable when the transaction commits. The last piece completes it. Returns the position after it. Errors: 42704 for an upload that is gone, NP409 for another position (DETAIL is the right one), 54000 beyond the size, 22023 if the whole has not the promised digest.';

-- An upload on which the caller may do verb: uploads go with the right to create executions.
CREATE OR REPLACE FUNCTION _nuvopipe.find_upload(upload text) RETURNS _nuvopipe.upload
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	up _nuvopipe.upload;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'execution');
	IF _nuvopipe.is_uuid(upload) THEN
		SELECT u.* INTO up FROM _nuvopipe.upload u JOIN _nuvopipe.owner o ON o.id = u.owner_id
			WHERE u.tenant_id = _nuvopipe.tenant() AND u.id = upload::uuid AND _nuvopipe.can('create', 'execution', u.owner_id, o.role);
	END IF;
	IF up.id IS NULL THEN
		RAISE EXCEPTION 'upload "%" does not exist', upload USING ERRCODE = 'undefined_object';
	END IF;
	IF up.expires_at < clock_timestamp() AND up.state <> 'EXPIRED' THEN
		up.state := 'EXPIRED';
	END IF;
	RETURN up;
END
$$;

-- such an upload, of which all bytes are there
CREATE OR REPLACE FUNCTION _nuvopipe.find_complete_upload(upload text) RETURNS _nuvopipe.upload
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	up _nuvopipe.upload := _nuvopipe.find_upload(upload);
BEGIN
	IF up.state <> 'COMPLETE' THEN
		RAISE EXCEPTION 'upload "%" is not complete', up.id USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = CASE up.state WHEN 'EXPIRED' THEN 'It has expired; upload the file again.' ELSE format('Go on at byte %s.', up.received) END;
	END IF;
	RETURN up;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.decode_sha256(value text) RETURNS bytea
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF value !~ '^[0-9a-fA-F]{64}$' THEN
		PERFORM _nuvopipe.fault('sha256', '64 hexadecimal digits are expected');
	END IF;
	RETURN decode(value, 'hex');
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.create_upload(file_name text DEFAULT NULL, size bigint DEFAULT NULL, content_type text DEFAULT NULL,
		input_connector text DEFAULT NULL, sha256 text DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	connector_id uuid;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'execution');
	IF size IS NULL OR size < 0 THEN
		PERFORM _nuvopipe.fault('size', 'the number of bytes must be given');
	END IF;
	PERFORM _nuvopipe.refuse_size(size);
	IF input_connector IS NOT NULL THEN
		connector_id := _nuvopipe.find('connector', input_connector);
	END IF;
	RETURN _nuvopipe.begin_upload(_nuvopipe.tenant(), me, me, connector_id, NULL, _nuvopipe.safe_file_name(file_name, NULL), nullif(content_type, ''),
		size, _nuvopipe.decode_sha256(sha256));
END
$$;
COMMENT ON FUNCTION nuvopipe.create_upload IS
'Begins an upload: data that arrives in pieces, each of which is durable once its transaction has committed.
file_name: its suffix helps to recognise the format; folders before it are cut off. size: bytes that will come. content_type: kept with it. input_connector: name or id of what it is meant for. sha256: 64 hexadecimal digits, checked at the end.
Returns the id, for append_upload and execute. There are 24 hours to send it, and 24 more to use it.
Errors: 22023 for a wrong argument, 54000 if size is above nuvopipe.max_object_size, 42501 without the right to create executions.';

CREATE OR REPLACE FUNCTION nuvopipe.append_upload(upload uuid, "position" bigint, data bytea) RETURNS bigint
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	PERFORM _nuvopipe.find_upload(upload::text);
	RETURN _nuvopipe.upload_append(upload, "position", data);
END
$$;
COMMENT ON FUNCTION nuvopipe.append_upload IS
'Adds the next piece to an upload; the piece that fills its size completes it.
upload: its id. position: how many bytes came before. data: the piece.
Returns the position after it.
Errors: 42704 for an upload that does not exist or has expired, NP409 for another position (DETAIL is the right one), 54000 beyond the size, 22023 if the whole has not the promised digest.';

CREATE OR REPLACE FUNCTION nuvopipe.delete_upload(upload uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	up _nuvopipe.upload := _nuvopipe.find_upload(upload::text);
BEGIN
	DELETE FROM _nuvopipe.upload u WHERE u.tenant_id = up.tenant_id AND u.id = up.id;
	PERFORM _nuvopipe.require_there(FOUND, 'upload', upload::text);
	PERFORM _nuvopipe.release_blob(up.tenant_id, up.id);
END
$$;
COMMENT ON FUNCTION nuvopipe.delete_upload IS
'Deletes an upload, finished or not. Executions that took it keep its bytes.
upload: its id.
Errors: 42704 for an upload that does not exist.';

CREATE OR REPLACE VIEW nuvopipe.uploads WITH (security_barrier) AS
	SELECT u.id, u.file_name, u.content_type, u.size, u.received,
			CASE WHEN u.expires_at < pg_catalog.clock_timestamp() THEN 'EXPIRED' ELSE u.state END AS state,
			CASE WHEN u.state = 'COMPLETE' THEN pg_catalog.encode(u.sha256, 'hex') END AS sha256,
			u.connector_id AS input_connector, u.expires_at, u.created_at, u.created_by, u.updated_at, u.updated_by
		FROM _nuvopipe.upload u JOIN _nuvopipe.owner o ON o.id = u.owner_id
		WHERE u.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('create', 'execution', u.owner_id, o.role);
COMMENT ON VIEW nuvopipe.uploads IS 'The caller''s uploads.';
COMMENT ON COLUMN nuvopipe.uploads.received IS 'Bytes that are stored durably.';
COMMENT ON COLUMN nuvopipe.uploads.state IS 'RECEIVING, COMPLETE, or EXPIRED: its bytes are gone, unless an execution has them.';
