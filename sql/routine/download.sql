
/*
 * Downloads: bytes in pieces of at most 1 MB, each in a transaction of its own.
 * The descriptor says what is downloaded, the position where the next piece
 * begins; both stay on the server.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.csv_line(cells text[]) RETURNS text
	AS 'MODULE_PATHNAME', 'nuvopipe_csv_line' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _nuvopipe.csv_line IS 'One line of CSV for people: a cell that a spreadsheet would take for a formula gets a quote mark in front.';

-- the columns of the source, and the one that surplus text of a row is shown in
CREATE OR REPLACE FUNCTION _nuvopipe.issue_header(names bytea) RETURNS text[]
	AS 'MODULE_PATHNAME', 'nuvopipe_issue_header' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- A file of the issues (kind ISSUES) or of the rejected rows with their errors (ANNOTATED), kept for an hour; the blob.
CREATE OR REPLACE FUNCTION _nuvopipe.annotate(tenant uuid, execution uuid, attempt int, kind text, format text, file_name text, content_type text)
	RETURNS uuid
	AS 'MODULE_PATHNAME', 'nuvopipe_annotate' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- Issues of an attempt behind seq after, in order; rejected: only those with a row, and that.  Ends after so many issues, or where
-- their rows have grown beyond 1 MB.  Pages are found by the key, and packs are read one by one.
CREATE OR REPLACE FUNCTION _nuvopipe.issues_from(tenant uuid, execution uuid, attempt int, after bigint, rejected boolean, most int)
	RETURNS TABLE (seq bigint, row_no bigint, line_no bigint, column_key text, source_column text, code text, message text,
		value text, severity text, source jsonb, place text)
	LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	pack record;
	names bytea;
	first bigint;
	found int := 0;
	bytes bigint := 0;
BEGIN
	SELECT n.data INTO names FROM _nuvopipe.issue n
		WHERE n.tenant_id = tenant AND n.execution_id = execution AND n.attempt = attempt AND n.seq = 0;
	SELECT max(p.seq) INTO first FROM _nuvopipe.issue p
		WHERE p.tenant_id = tenant AND p.execution_id = execution AND p.attempt = attempt AND p.seq BETWEEN 1 AND after + 1;
	FOR pack IN SELECT p.seq, p.data FROM _nuvopipe.issue p
			WHERE p.tenant_id = tenant AND p.execution_id = execution AND p.attempt = attempt AND p.seq >= first
			ORDER BY p.seq LOOP
		FOR seq, row_no, line_no, column_key, source_column, code, message, value, severity, source, place IN
				SELECT i.* FROM _nuvopipe.unpack_issues(names, pack.seq, pack.data, rejected) i LOOP
			CONTINUE WHEN seq <= after;
			RETURN NEXT;
			found := found + 1;
			bytes := bytes + coalesce(pg_column_size(source), 0);
			IF found >= most OR bytes > 1048576 THEN
				RETURN;
			END IF;
		END LOOP;
	END LOOP;
END
$$;

/*
 * All issues of the rows from low to high, near which seq lies.  Issues lie batch
 * after batch, and a batch has at most 1000 rows (NVP_BATCH_ROWS in
 * src/base/cell.h); so whoever is 1000 rows away from all of them is in another
 * batch, and so is all behind it.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.issues_of_rows(tenant uuid, execution uuid, attempt int, near bigint, low bigint, high bigint)
	RETURNS TABLE (seq bigint, row_no bigint, column_key text, source_column text, code text, message text, value text, severity text)
	LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	batch_rows constant int := 1000;
	names bytea;
	pack record;
	first bigint;
BEGIN
	SELECT n.data INTO names FROM _nuvopipe.issue n
		WHERE n.tenant_id = tenant AND n.execution_id = execution AND n.attempt = attempt AND n.seq = 0;
	FOR pack IN SELECT p.seq, p.data FROM _nuvopipe.issue p
			WHERE p.tenant_id = tenant AND p.execution_id = execution AND p.attempt = attempt AND p.seq BETWEEN 1 AND near
			ORDER BY p.seq DESC LOOP
		first := pack.seq;
		EXIT WHEN (SELECT min(i.row_no) <= low - batch_rows FROM _nuvopipe.unpack_issues(names, pack.seq, pack.data, false) i
			WHERE i.row_no > 0);
	END LOOP;
	FOR pack IN SELECT p.seq, p.data FROM _nuvopipe.issue p
			WHERE p.tenant_id = tenant AND p.execution_id = execution AND p.attempt = attempt AND p.seq >= first
			ORDER BY p.seq LOOP
		RETURN QUERY SELECT i.seq, i.row_no, i.column_key, i.source_column, i.code, i.message, i.value, i.severity
			FROM _nuvopipe.unpack_issues(names, pack.seq, pack.data, false) i WHERE i.row_no BETWEEN low AND high;
		EXIT WHEN (SELECT max(i.row_no) >= high + batch_rows FROM _nuvopipe.unpack_issues(names, pack.seq, pack.data, false) i);
	END LOOP;
END
$$;

-- What of texts fits into a piece.  position {"seq": s, "skip": n}: behind issue s, of the next text n bytes are out already.
CREATE OR REPLACE FUNCTION _nuvopipe.download_cut(texts text[], seqs bigint[], "position" jsonb, OUT chunk bytea, OUT next jsonb)
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	piece_bytes constant int := 1024 * 1024;
	skip int := ("position" ->> 'skip')::int;
	total bigint := -skip;
	n int := 0;
	line text;
	over bigint;
BEGIN
	FOREACH line IN ARRAY texts LOOP
		n := n + 1;
		total := total + octet_length(line);
		EXIT WHEN total >= piece_bytes;
	END LOOP;
	IF n = 0 THEN
		RETURN;
	END IF;
	chunk := substr(convert_to(array_to_string(texts[1:n], ''), 'UTF8'), skip + 1, piece_bytes);
	over := total - piece_bytes;
	IF over <= 0 THEN
		next := jsonb_build_object('seq', seqs[n], 'skip', 0);
	ELSE
		-- the last text goes on in the next piece
		next := jsonb_build_object('seq', CASE WHEN n > 1 THEN seqs[n - 1] ELSE ("position" ->> 'seq')::bigint END, 'skip', octet_length(line) - over);
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.issue_object(row_no bigint, line_no bigint, column_key text, source_column text, code text,
	severity text, value text, message text, place text DEFAULT NULL) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN place IS NULL THEN '{}' ELSE jsonb_build_object('place', place) END || jsonb_build_object('row_no', row_no, 'line', line_no, 'column_key', column_key, 'source_column', source_column,
		'code', code, 'severity', severity, 'value', value, 'message', message);
END;

-- Issues as text, one line an issue.  The first of a list stands behind "[", the others behind a comma.
CREATE OR REPLACE FUNCTION _nuvopipe.download_issues(descriptor jsonb, "position" jsonb, OUT chunk bytea, OUT next jsonb)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	is_json boolean := descriptor ->> 'format' = 'JSON';
	texts text[];
	seqs bigint[];
BEGIN
	SELECT array_agg(CASE
				WHEN is_json THEN CASE WHEN i.seq > 1 THEN E',\n' ELSE '' END
					|| _nuvopipe.issue_object(i.row_no, i.line_no, i.column_key, i.source_column, i.code, i.severity, i.value, i.message, i.place)::text
				ELSE _nuvopipe.csv_line(ARRAY[i.row_no::text, i.line_no::text, i.column_key, i.source_column, i.code, i.severity, i.value, i.message, i.place])
			END ORDER BY i.seq), array_agg(i.seq ORDER BY i.seq)
		INTO texts, seqs
		FROM _nuvopipe.issues_from((descriptor ->> 'tenant')::uuid, (descriptor ->> 'execution')::uuid,
			(descriptor ->> 'attempt')::int, ("position" ->> 'seq')::bigint, false, 5000) i;
	SELECT * INTO chunk, next FROM _nuvopipe.download_cut(coalesce(texts, '{}'), seqs, "position");
END
$$;

-- Rejected rows as text, with what is wrong with them.  The columns are those of the source, in its order.
CREATE OR REPLACE FUNCTION _nuvopipe.download_rejected(descriptor jsonb, "position" jsonb, OUT chunk bytea, OUT next jsonb)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	is_json boolean := descriptor ->> 'format' = 'JSON';
	tenant uuid := (descriptor ->> 'tenant')::uuid;
	execution uuid := (descriptor ->> 'execution')::uuid;
	attempt int := (descriptor ->> 'attempt')::int;
	after bigint := ("position" ->> 'seq')::bigint;
	columns text[] := ARRAY(SELECT jsonb_array_elements_text(descriptor -> 'columns'));
	texts text[];
	seqs bigint[];
BEGIN
	WITH page AS MATERIALIZED (
		SELECT * FROM _nuvopipe.issues_from(tenant, execution, attempt, after, true, 2000)
	), problem AS MATERIALIZED (
		SELECT o.row_no, CASE WHEN is_json THEN jsonb_agg(jsonb_build_object('column_key', o.column_key, 'code', o.code, 'value', o.value,
				'message', o.message) ORDER BY o.seq) END AS list,
				CASE WHEN NOT is_json THEN string_agg(concat_ws(': ', o.column_key, o.message), '; ' ORDER BY o.seq) END AS said
			FROM (SELECT min(p.seq) AS near, min(p.row_no) AS low, max(p.row_no) AS high FROM page p) w
				CROSS JOIN LATERAL _nuvopipe.issues_of_rows(tenant, execution, attempt, w.near, w.low, w.high) o
			WHERE w.near IS NOT NULL
			GROUP BY o.row_no
	), line AS (
		SELECT p.seq, CASE
				WHEN is_json THEN CASE WHEN after = 0 AND p.seq = min(p.seq) OVER () THEN '' ELSE E',\n' END
					|| jsonb_build_object('row_no', p.row_no, 'line', p.line_no, 'cells', p.source, 'issues', coalesce(r.list, '[]'))::text
				ELSE _nuvopipe.csv_line(ARRAY[p.row_no::text, p.line_no::text]
					|| ARRAY(SELECT p.source ->> c.name FROM unnest(columns) WITH ORDINALITY AS c (name, n) ORDER BY c.n) || r.said)
			END AS line
			FROM page p LEFT JOIN problem r ON r.row_no = p.row_no
	)
	SELECT array_agg(l.line ORDER BY l.seq), array_agg(l.seq ORDER BY l.seq) INTO texts, seqs FROM line l;
	SELECT * INTO chunk, next FROM _nuvopipe.download_cut(coalesce(texts, '{}'), seqs, "position");
END
$$;

-- Stored bytes as they are.
CREATE OR REPLACE FUNCTION _nuvopipe.download_blob(descriptor jsonb, "position" jsonb, OUT chunk bytea, OUT next jsonb)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	at bigint := coalesce(("position" ->> 'at')::bigint, 0);
	size bigint := (descriptor ->> 'size')::bigint;
BEGIN
	IF at >= size THEN
		RETURN;
	END IF;
	SELECT c.data INTO chunk FROM _nuvopipe.blob_chunk c
		WHERE c.tenant_id = (descriptor ->> 'tenant')::uuid AND c.blob_id = (descriptor ->> 'blob')::uuid AND c.position = at;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'stored data is not complete: nothing at byte % of %', at, size USING ERRCODE = 'data_corrupted',
			HINT = 'It was removed while it was read, or rows of _nuvopipe.blob_chunk are missing.';
	END IF;
	IF at + length(chunk) < size THEN
		next := jsonb_build_object('at', at + length(chunk));
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.download_next(descriptor jsonb, "position" jsonb, OUT chunk bytea, OUT next jsonb)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	is_json boolean := descriptor ->> 'format' = 'JSON';
	begins boolean := coalesce(jsonb_typeof("position"), 'null') = 'null';
BEGIN
	IF descriptor ->> 'stream' = 'BLOB' THEN
		SELECT * INTO chunk, next FROM _nuvopipe.download_blob(descriptor, "position");
		RETURN;
	END IF;
	-- the head by itself, then pieces of what it stands above, then the end by itself
	IF begins THEN
		chunk := convert_to(CASE
			WHEN is_json THEN E'[\n'
			WHEN descriptor ->> 'stream' = 'ISSUES' THEN E'row_no,line,column_key,source_column,code,severity,value,message,place\n'
			ELSE _nuvopipe.csv_line(ARRAY['row_no', 'line'] || ARRAY(SELECT jsonb_array_elements_text(descriptor -> 'columns')) || ARRAY['issues'])
			END, 'UTF8');
		next := '{"seq": 0, "skip": 0}';
		RETURN;
	ELSIF descriptor ->> 'stream' = 'ISSUES' THEN
		SELECT * INTO chunk, next FROM _nuvopipe.download_issues(descriptor, "position");
	ELSE
		SELECT * INTO chunk, next FROM _nuvopipe.download_rejected(descriptor, "position");
	END IF;
	IF next IS NULL AND is_json THEN
		chunk := convert_to(E'\n]\n', 'UTF8');
	END IF;
END
$$;
COMMENT ON FUNCTION _nuvopipe.download_next IS
'The next piece of a download, at most 1 MB. position: null begins; then what next was. next null: this was the last piece; both null: there is none. A piece that is removed while it is read is XX001.';

-- A name that is safe in a header and in a folder: no path, no quotes, no control characters.
CREATE OR REPLACE FUNCTION _nuvopipe.safe_file_name(name text, otherwise text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(nullif(left(regexp_replace(regexp_replace(regexp_replace(name, '^.*[/\\]', ''),
		'[\u0001-\u001f\u007f-\u009f"\\/:*?<>|;%\u200e\u200f\u202a-\u202e\u2066-\u2069]', '_', 'g'), '^[. ]+|[. ]+$', '', 'g'), 150), ''), otherwise);
END;

-- RFC 6266: a plain name for old clients, the real one for the others.
CREATE OR REPLACE FUNCTION _nuvopipe.content_disposition(name text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 'attachment; filename="' || regexp_replace(name, '[^\u0020-\u007e]', '_', 'g') || '"'
		|| CASE WHEN name ~ '[^\u0020-\u007e]' THEN '; filename*=UTF-8''''' || (
			SELECT string_agg(CASE WHEN chr(b) ~ '[A-Za-z0-9._~-]' AND b < 128 THEN chr(b) ELSE '%' || upper(lpad(to_hex(b), 2, '0')) END, '' ORDER BY n)
				FROM (SELECT n, get_byte(convert_to(name, 'UTF8'), n) AS b FROM generate_series(0, octet_length(name) - 1) n) bytes)
			ELSE '' END;
END;

CREATE OR REPLACE FUNCTION _nuvopipe.download_file(descriptor jsonb, name text, content_type text) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT descriptor || jsonb_build_object('file_name', regexp_replace(name, '[^\u0020-\u007e]', '_', 'g'), 'content_type', content_type,
		'content_disposition', _nuvopipe.content_disposition(name));
END;
