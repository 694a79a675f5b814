
/*
 * The stream of events: what a client is told while it listens.
 *
 * What has been told is remembered as a snapshot of the database.  An event is
 * new if the transaction that wrote it is not in that snapshot but in the one
 * of now.  So none is lost and none comes twice, however long transactions last
 * and in whichever order they commit (ids are taken before the commit, and say
 * nothing about it); and a transaction that lasts holds up nobody's events but
 * its own.
 *
 * A cursor is "SEEN" or, in the midst of many events, "SEEN/UPTO/ID": those that
 * are new in UPTO, from ID on.  It is the id of every frame, and what a client
 * sends back as Last-Event-ID.
 *
 * Restored from a dump, events carry transactions of another cluster: those that
 * lie in the future are not in the snapshot of now, and nothing is told that is
 * older than a day.
 */

-- A pipeline was created, updated or deleted: told to those who listen, in the transaction that does it.
CREATE OR REPLACE FUNCTION _nuvopipe.tell_pipeline(tenant_id uuid, pipeline_id uuid, owner_id uuid, change text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM pg_notify('nuvopipe', json_build_object('pipeline', pipeline_id, 'change', change)::text);
	INSERT INTO _nuvopipe.event (tenant_id, id, at, kind, payload, pipeline_id, owner_id, owner_role, xact)
		SELECT tell_pipeline.tenant_id, _nuvopipe.uuid_v7(), clock_timestamp(), 'pipeline.' || change, '{}',
				tell_pipeline.pipeline_id, o.id, o.role, pg_current_xact_id()
			FROM _nuvopipe.owner o WHERE o.id = tell_pipeline.owner_id;
END
$$;

-- A cursor taken apart.  What is not one, or is of another cluster, means: from now on.
CREATE OR REPLACE FUNCTION _nuvopipe.parse_cursor(cursor text, OUT seen pg_snapshot, OUT upto pg_snapshot, OUT after uuid)
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part constant text[] := string_to_array(cursor, '/');
BEGIN
	IF length(cursor) <= 8000 AND cardinality(part) IN (1, 3) THEN
		seen := part[1]::pg_snapshot;
		upto := part[2]::pg_snapshot;
		after := part[3]::uuid;
		IF greatest(pg_snapshot_xmax(seen), pg_snapshot_xmax(upto)) <= pg_snapshot_xmax(pg_current_snapshot()) THEN
			RETURN;
		END IF;
	END IF;
	seen := pg_current_snapshot();
	upto := NULL;
	after := NULL;
EXCEPTION WHEN data_exception THEN
	seen := pg_current_snapshot();
	upto := NULL;
	after := NULL;
END
$$;

-- One frame of text/event-stream; JSON on one line.
CREATE OR REPLACE FUNCTION _nuvopipe.frame(cursor text, event text, data jsonb) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce('id: ' || cursor || E'\n', '') || 'event: ' || event || E'\ndata: ' || data::text || E'\n\n';
END;

-- At most 200 new events that the caller may see, as frames, and the cursor behind them.
CREATE OR REPLACE FUNCTION _nuvopipe.new_events(topics text[], INOUT cursor text, OUT chunk text)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	batch constant int := 200;
	tenant uuid := _nuvopipe.tenant();
	c record;
	now_seen pg_snapshot;
	v record;
	n int := 0;
	pending text := NULL;
BEGIN
	SELECT * INTO c FROM _nuvopipe.parse_cursor(cursor);
	now_seen := coalesce(c.upto, pg_current_snapshot());
	chunk := '';
	cursor := now_seen::text;
	FOR v IN
		SELECT e.id, e.kind, e.execution_id, e.pipeline_id, e.payload, e.at
			FROM _nuvopipe.event e
			WHERE e.tenant_id = tenant AND e.xact >= pg_snapshot_xmin(c.seen) AND e.xact < pg_snapshot_xmax(now_seen)
				AND NOT pg_visible_in_snapshot(e.xact, c.seen) AND pg_visible_in_snapshot(e.xact, now_seen)
				AND (c.after IS NULL OR e.id > c.after) AND e.at > clock_timestamp() - interval '1 day'
				AND split_part(e.kind, '.', 1) = ANY (topics)
				AND _nuvopipe.can('read', split_part(e.kind, '.', 1), e.owner_id, e.owner_role)
			ORDER BY e.id LIMIT batch + 1
	LOOP
		IF n = batch THEN
			cursor := format('%s/%s/%s', c.seen, now_seen, pending);
			EXIT;
		END IF;
		n := n + 1;
		pending := v.id::text;
		chunk := chunk || CASE WHEN v.kind LIKE 'pipeline.%' THEN
			_nuvopipe.frame(format('%s/%s/%s', c.seen, now_seen, v.id), 'pipeline.changed', jsonb_build_object('id', v.pipeline_id,
				'pipeline', v.pipeline_id, 'change', split_part(v.kind, '.', 2), 'at', _nuvopipe.instant(v.at)))
			ELSE _nuvopipe.frame(format('%s/%s/%s', c.seen, now_seen, v.id), 'execution.status', v.payload || jsonb_build_object(
				'id', v.execution_id, 'pipeline', v.pipeline_id, 'status', _nuvopipe.status_of_state(upper(split_part(v.kind, '.', 2))),
				'state', upper(split_part(v.kind, '.', 2)), 'at', _nuvopipe.instant(v.at))) END;
	END LOOP;
END
$$;

-- Running executions that have moved since they were told last; told: what was told, by execution.
CREATE OR REPLACE FUNCTION _nuvopipe.new_progress(INOUT told jsonb, OUT chunk text)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	was constant jsonb := coalesce(told, '{}');
	mark text;
	w record;
BEGIN
	chunk := '';
	told := '{}';
	FOR w IN SELECT p.* FROM nuvopipe.execution_progress p ORDER BY p.execution LOOP
		mark := concat_ws(' ', w.phase, w.bytes_done, w.rows_done);
		told := told || jsonb_build_object(w.execution, mark);
		IF was ->> w.execution::text IS DISTINCT FROM mark THEN
			chunk := chunk || _nuvopipe.frame(NULL, 'execution.progress', jsonb_build_object('id', w.execution, 'pipeline', w.pipeline,
				'status', 'PROCESSING', 'state', 'RUNNING', 'progress', jsonb_strip_nulls(jsonb_build_object(
					'phase', w.phase, 'bytes_done', w.bytes_done, 'bytes_total', w.bytes_total, 'rows_done', w.rows_done,
					'error_cells', w.error_cells, 'rows_per_second', w.rows_per_second,
					'eta_seconds', round(extract(epoch FROM w.remaining))))));
		END IF;
	END LOOP;
END
$$;

/*
 * What is new on a stream, perhaps nothing.  state is that of the operation
 * (nuvopipe_api.event_stream) or of the call before; the caller of both is the
 * same.  Progress comes at most once a second, a comment after 20 s of silence.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.events_next(jsonb, OUT chunk text, OUT state jsonb)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	topics constant text[] := ARRAY(SELECT jsonb_array_elements_text($1 -> 'topics'));
	seconds constant float8 := extract(epoch FROM clock_timestamp());
	fresh record;
	moved record;
BEGIN
	state := $1;
	SELECT * INTO fresh FROM _nuvopipe.new_events(topics, state ->> 'cursor');
	chunk := fresh.chunk;
	-- the first words give a client its place, even if nothing happens
	IF NOT state ? 'spoke_at' THEN
		chunk := format(E'retry: 3000\nid: %s\n\n', state ->> 'cursor') || chunk;
	END IF;
	state := state || jsonb_build_object('cursor', fresh.cursor);
	IF 'execution' = ANY (topics) AND seconds - coalesce((state ->> 'progress_at')::float8, 0) >= 1 THEN
		SELECT * INTO moved FROM _nuvopipe.new_progress(state -> 'progress');
		chunk := chunk || moved.chunk;
		state := state || jsonb_build_object('progress', moved.told, 'progress_at', seconds);
	END IF;
	IF chunk = '' AND seconds - (state ->> 'spoke_at')::float8 >= 20 THEN
		chunk := format(E':\nid: %s\n\n', fresh.cursor);
	END IF;
	IF chunk <> '' THEN
		state := state || jsonb_build_object('spoke_at', seconds);
	END IF;
END
$$;
