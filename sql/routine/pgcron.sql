
/*
 * Jobs of pg_cron: where it is installed, each schedule that runs owns one, named
 * after its pipeline.  It only looks whether something is due; when that is stays
 * our affair, so a job ticks at least within a minute after each instant
 * (_nuvopipe.schedule_cover), and workers that fire the same schedule do not mind.
 *
 * With pg_cron in this database jobs change in the transaction that changes the
 * schedule.  With pg_cron in another one (cron.database_name) the keeper has them
 * changed there, by src/worker/scribe.c.  Either way the keeper repairs what is
 * different, now and then: pg_cron comes and goes, databases and pipelines are
 * renamed, people delete jobs.
 *
 * A job is ours by its command.
 */

-- HERE: in this database.  ELSEWHERE: its library is loaded, its tables are in another database.  Null: neither.
CREATE OR REPLACE FUNCTION _nuvopipe.cron_place() RETURNS text
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
		RETURN 'HERE';
	END IF;
	RETURN CASE WHEN current_setting('cron.database_name', true) <> current_database() THEN 'ELSEWHERE' END;
END
$$;

-- pg_cron knows one zone, which before version 1.5 is GMT
CREATE OR REPLACE FUNCTION _nuvopipe.cron_zone() RETURNS text
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT coalesce(nullif(current_setting('cron.timezone', true), ''), 'GMT');
END;

/*
 * The name of a pipeline, cut to what a name of pg_cron holds, and a part of its
 * id, for names are unique by owner only.  A copy of a database has the same ids:
 * where jobs of several databases lie together, the part is made of both.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.job_name(name text, pipeline_id uuid, place text) RETURNS text
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	suffix constant text := format(' [%s]', CASE place WHEN 'HERE' THEN right(pipeline_id::text, 8)
		ELSE left(encode(sha256(convert_to(pipeline_id || current_database(), 'UTF8')), 'hex'), 8) END);
	short text := left(regexp_replace(name, '[[:cntrl:]]', ' ', 'g'), 63);
BEGIN
	WHILE octet_length(short || suffix) > 63 LOOP
		short := left(short, -1);
	END LOOP;
	RETURN short || suffix;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.job_command(pipeline_id uuid) RETURNS text
	LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT format('SELECT nuvopipe.fire_due(%L)', pipeline_id);
END;

/*
 * When the job of a schedule ticks, kept with the schedule: an expression is good
 * for years, but the zone of pg_cron may change.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.cover_schedules(only_id uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	moment constant timestamptz := clock_timestamp();
	zone constant text := _nuvopipe.cron_zone();
	s _nuvopipe.schedule;
	days record;
	expression text;
BEGIN
	FOR s IN SELECT x.* FROM _nuvopipe.schedule x
		WHERE x.next_at IS NOT NULL AND (only_id IS NULL OR x.id = only_id)
			AND (x.covered_at IS NULL OR x.covered_at < moment - interval '30 days' OR x.cover_zone <> zone)
		FOR UPDATE SKIP LOCKED
	LOOP
		days := _nuvopipe.excluded_days(s.calendars);
		BEGIN
			expression := _nuvopipe.schedule_cover(s.config, s.anchor, days.dates, days.weekdays, zone, least(s.next_at, moment));
		EXCEPTION WHEN data_exception THEN
			expression := '* * * * *';	-- what cannot be read is FAULTY, and may be mended
		END;
		UPDATE _nuvopipe.schedule x SET cover = expression, cover_zone = zone, covered_at = moment WHERE x.id = s.id;
	END LOOP;
END
$$;

-- The jobs that there should be, of one pipeline or of all.
CREATE OR REPLACE FUNCTION _nuvopipe.wanted_jobs(only_id uuid, place text) RETURNS TABLE (name text, schedule text, command text, username text)
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT _nuvopipe.job_name(p.name, s.id, place), s.cover, _nuvopipe.job_command(s.id), current_user::text
		FROM _nuvopipe.schedule s JOIN _nuvopipe.pipeline p ON p.id = s.id
		WHERE s.next_at IS NOT NULL AND s.paused_at IS NULL AND s.cover IS NOT NULL AND (only_id IS NULL OR s.id = only_id);
END
$$;

-- With pg_cron in this database: make, change and remove jobs, of one pipeline or of all.
CREATE OR REPLACE FUNCTION _nuvopipe.change_jobs(only_id uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	change record;
BEGIN
	PERFORM _nuvopipe.cover_schedules(only_id);
	FOR change IN
		WITH job AS (
			SELECT j.jobid, j.jobname::text AS name, j.schedule, j.database, j.command, j.username::text AS username,
					row_number() OVER (PARTITION BY j.command ORDER BY j.database <> current_database(), j.jobid) AS n
				FROM cron.job j
				WHERE (only_id IS NULL OR j.command = _nuvopipe.job_command(only_id))
					AND j.command ~ '^SELECT nuvopipe\.fire_due\(''[0-9a-f-]{36}''\)$'
					AND (j.database = current_database() OR NOT EXISTS (SELECT FROM pg_database d WHERE d.datname = j.database))
		)
		SELECT j.jobid, w.name, w.schedule, w.command,
				(j.name, j.database, j.username) IS NOT DISTINCT FROM (w.name, current_database()::text, w.username) AND j.n = 1 AS is_kept,
				w.command IS NOT NULL AND coalesce(j.n, 1) = 1 AS is_wanted
			FROM _nuvopipe.wanted_jobs(only_id, 'HERE') w FULL JOIN job j ON j.command = w.command
			WHERE (j.name, j.schedule, j.database, j.username, j.n)
				IS DISTINCT FROM (w.name, w.schedule, current_database()::text, w.username, 1::bigint)
			ORDER BY is_wanted, j.jobid	-- names are free when they are given again
	LOOP
		IF change.is_kept THEN
			PERFORM cron.alter_job(change.jobid, schedule => change.schedule);
			CONTINUE;
		END IF;
		IF change.jobid IS NOT NULL THEN
			PERFORM cron.unschedule(change.jobid);
		END IF;
		IF change.is_wanted THEN
			PERFORM cron.schedule_in_database(change.name, change.schedule, change.command, current_database()::text);
		END IF;
	END LOOP;
END
$$;

/*
 * The same, from within a change of a schedule: what pg_cron has against it is no
 * reason not to have the schedule, for the keeper fires it as well, and tries
 * again.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.sync_job(pipeline_id uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	place constant text := _nuvopipe.cron_place();
	hint text;
BEGIN
	IF place = 'HERE' THEN
		PERFORM _nuvopipe.change_jobs(pipeline_id);
	ELSIF place = 'ELSEWHERE' THEN
		PERFORM _nuvopipe.wake();
	END IF;
EXCEPTION
	WHEN transaction_rollback THEN
		RAISE;
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
		RAISE WARNING 'the job of pg_cron could not be changed: %', SQLERRM USING ERRCODE = SQLSTATE,
			HINT = concat_ws(' ', nullif(hint, ''), 'Workers fire the schedule without it, and try again every minute.');
END
$$;

/*
 * For the keeper.  place: as cron_place.  jobs: with pg_cron elsewhere, those that
 * there should be, as JSON.  fault: why it failed.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.sync_jobs(OUT place text, OUT jobs text, OUT fault text)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	place := _nuvopipe.cron_place();
	IF place = 'HERE' THEN
		PERFORM _nuvopipe.change_jobs(NULL);
	ELSIF place = 'ELSEWHERE' THEN
		PERFORM _nuvopipe.cover_schedules(NULL);
		SELECT coalesce(json_agg(w ORDER BY w.command), '[]') INTO jobs FROM _nuvopipe.wanted_jobs(NULL, place) w;
	END IF;
EXCEPTION WHEN OTHERS THEN
	fault := format('%s (%s)', SQLERRM, SQLSTATE);
END
$$;

-- Before the extension goes: its jobs go with it.
CREATE OR REPLACE FUNCTION _nuvopipe.remove_jobs() RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF _nuvopipe.cron_place() = 'HERE' THEN
		PERFORM cron.unschedule(j.jobid) FROM cron.job j
			WHERE j.database = current_database() AND j.command ~ '^SELECT nuvopipe\.fire_due\(''[0-9a-f-]{36}''\)$';
	END IF;
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING 'the jobs of pg_cron could not be removed: %', SQLERRM USING ERRCODE = SQLSTATE,
		HINT = 'They do no harm, but fail; remove them with cron.unschedule.';
END
$$;
COMMENT ON FUNCTION _nuvopipe.remove_jobs() IS
	'Removes the jobs of pg_cron that fire schedules. DROP EXTENSION does so by itself where the library is preloaded; else a superuser calls this before.';
