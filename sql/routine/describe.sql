
/*
 * Target data models out of what the database knows already, and back.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.describe_query(query text, OUT name text, OUT type oid, OUT typmod int) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'nuvopipe_describe_query' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.check_query(query text) RETURNS void
	AS 'MODULE_PATHNAME', 'nuvopipe_check_query' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.options_of(options text[], numbers boolean DEFAULT false) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_agg(jsonb_build_object('label', o.word, 'value', CASE WHEN numbers THEN to_jsonb(o.word::numeric) ELSE to_jsonb(o.word) END)
			ORDER BY o.position)
		FROM unnest(options) WITH ORDINALITY AS o (word, position);
END;

/*
 * The words of CHECK (x IN (...)), from its deparsed form; null for every other
 * form of CHECK.  Deparsed: CHECK ((x = ANY (ARRAY['a'::text, 'b'::text]))), or
 * for varchar CHECK (((x)::text = ANY ((ARRAY['a'::character varying])::text[]))),
 * or for one word CHECK ((x = 'a'::text)).  The empty text is no word: an empty
 * cell is no value.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.words_of_check(definition text) RETURNS text[]
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	subject constant text := '\(*(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*|VALUE)\)*(?:::[a-z ]+)?';
	item constant text := '(?:''(?:[^'']|'''')*''|-?[0-9.]+|\(-[0-9.]+\))(?:::[a-z ]+)?';
	list text;
BEGIN
	list := coalesce(
		(regexp_match(definition, '^CHECK \(+' || subject || ' = ANY \(+ARRAY\[(' || item || '(?:, ' || item || ')*)\]\)*(?:::[a-z ]+\[\])?\)+$'))[1],
		(regexp_match(definition, '^CHECK \(+' || subject || ' = (' || item || ')\)+$'))[1]);
	RETURN (SELECT array_agg(w.word ORDER BY w.position)
		FROM (SELECT CASE WHEN m.hit[1] LIKE '''%' THEN replace(substr(m.hit[1], 2, length(m.hit[1]) - 2), '''''', '''')
					ELSE btrim(m.hit[1], '()') END AS word, m.position
				FROM regexp_matches(list, '(''(?:[^'']|'''')*''|-?[0-9.]+|\(-[0-9.]+\))(?:::[a-z ]+)?', 'g')
					WITH ORDINALITY AS m (hit, position)) w
		WHERE w.word <> '');
END
$$;

-- columnType and options of a PostgreSQL type.  Domains give their base type; types we have no reader for are read as text.
CREATE OR REPLACE FUNCTION _nuvopipe.column_of_type(type oid, typmod int) RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	t pg_type;
	words text[];
	scale int;
BEGIN
	SELECT * INTO t FROM pg_type WHERE oid = type;
	IF t.typtype = 'd' THEN
		SELECT _nuvopipe.words_of_check(pg_get_constraintdef(c.oid)) INTO words
			FROM pg_constraint c WHERE c.contypid = t.oid AND c.contype = 'c'
				AND _nuvopipe.words_of_check(pg_get_constraintdef(c.oid)) IS NOT NULL LIMIT 1;
		RETURN _nuvopipe.restrict_column(_nuvopipe.column_of_type(t.typbasetype, t.typtypmod), t.typbasetype, words)
			|| CASE WHEN t.typnotnull THEN '{"validations": [{"validate": "required"}]}'::jsonb ELSE '{}' END;
	ELSIF t.typtype = 'e' THEN
		RETURN _nuvopipe.category_of(t.oid, ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder));
	END IF;

	CASE t.oid
		WHEN 'int2'::regtype, 'int4'::regtype THEN RETURN '{"columnType": "int"}';
		WHEN 'int8'::regtype THEN RETURN '{"columnType": "bigint"}';
		WHEN 'float4'::regtype, 'float8'::regtype THEN RETURN '{"columnType": "float"}';
		WHEN 'bool'::regtype THEN RETURN '{"columnType": "boolean"}';
		WHEN 'date'::regtype THEN RETURN '{"columnType": "date"}';
		WHEN 'timestamp'::regtype, 'timestamptz'::regtype THEN RETURN '{"columnType": "datetime"}';
		WHEN 'time'::regtype THEN RETURN '{"columnType": "time_hms_24"}';
		WHEN 'uuid'::regtype THEN RETURN '{"columnType": "uuid"}';
		WHEN 'json'::regtype, 'jsonb'::regtype THEN RETURN '{"columnType": "json"}';
		WHEN 'varchar'::regtype, 'bpchar'::regtype THEN
			RETURN CASE WHEN typmod > 4 THEN jsonb_build_object('columnType', 'string', 'maxLength', typmod - 4)
				ELSE '{"columnType": "string"}' END;
		WHEN 'numeric'::regtype THEN
			-- as numerictypmodin packs it; a negative scale has no equal here
			scale := (((typmod - 4) & 2047) # 1024) - 1024;
			RETURN CASE WHEN typmod > 4 AND scale >= 0
				THEN jsonb_build_object('columnType', 'decimal', 'precision', ((typmod - 4) >> 16) & 65535, 'scale', scale)
				ELSE '{"columnType": "decimal"}' END;
		ELSE RETURN '{"columnType": "string"}';
	END CASE;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.category_of(type oid, words text[]) RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('columnType', 'category', 'options', _nuvopipe.options_of(words,
		(SELECT t.typcategory = 'N' FROM pg_type t WHERE t.oid = type)));
END
$$;

-- A column that takes only these words, null = any: the words replace all other limits.
CREATE OR REPLACE FUNCTION _nuvopipe.restrict_column(typed jsonb, type oid, words text[]) RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF words IS NULL THEN
		RETURN typed;
	END IF;
	RETURN (typed - ARRAY['maxLength', 'precision', 'scale']) || _nuvopipe.category_of(type, words);
END
$$;

-- One column object; label made readable, members that are null left out.
CREATE OR REPLACE FUNCTION _nuvopipe.make_column(key text, typed jsonb, required boolean, is_unique boolean, description text) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	validations jsonb := coalesce(typed -> 'validations', '[]');
BEGIN
	IF required AND validations = '[]' THEN
		validations := '[{"validate": "required"}]';
	END IF;
	IF is_unique THEN
		validations := validations || '[{"validate": "unique"}]';
	END IF;
	RETURN jsonb_build_object('key', key, 'label', upper(left(key, 1)) || replace(substr(key, 2), '_', ' '))
		|| (typed - 'validations')
		|| CASE WHEN validations = '[]' THEN '{}' ELSE jsonb_build_object('validations', validations) END
		|| CASE WHEN description IS NULL THEN '{}' ELSE jsonb_build_object('description', description) END;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.tdm_from_table(relation regclass) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	columns jsonb;
BEGIN
	PERFORM _nuvopipe.require_user();
	SELECT jsonb_agg(_nuvopipe.make_column(
				a.attname,
				_nuvopipe.restrict_column(_nuvopipe.column_of_type(a.atttypid, a.atttypmod), a.atttypid, allowed.words),
				a.attnotnull AND NOT a.atthasdef,
				EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indimmediate AND i.indisvalid
					AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum AND i.indpred IS NULL),
				col_description(a.attrelid, a.attnum))
			ORDER BY a.attnum)
		INTO columns
		FROM pg_attribute a
			LEFT JOIN LATERAL (
				SELECT _nuvopipe.words_of_check(pg_get_constraintdef(c.oid)) AS words
					FROM pg_constraint c
					WHERE c.conrelid = a.attrelid AND c.contype = 'c' AND c.conkey = ARRAY[a.attnum]
						AND _nuvopipe.words_of_check(pg_get_constraintdef(c.oid)) IS NOT NULL
					ORDER BY c.conname LIMIT 1) allowed ON true
		WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = '';
	IF columns IS NULL THEN
		RAISE EXCEPTION 'relation "%" has no columns to load', relation USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN columns;
END
$$;
COMMENT ON FUNCTION nuvopipe.tdm_from_table IS
'Proposes columns of a target data model from a table or view, for create_tdm.
relation: any relation. Types give columnType and its limits; NOT NULL without default gives required; a unique column, unique; an enum or CHECK (x IN (...)), category; comments, description. Identity and generated columns are left out.
Returns an array of column objects.
Errors: 22023 if nothing is left.';

CREATE OR REPLACE FUNCTION _nuvopipe.columns_of_query(names text[], types oid[], typmods int[]) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	twice text := (SELECT n FROM unnest(names) n GROUP BY n HAVING count(*) > 1 LIMIT 1);
BEGIN
	IF names IS NULL THEN
		RAISE EXCEPTION 'query returns no columns' USING ERRCODE = 'invalid_parameter_value';
	ELSIF twice IS NOT NULL THEN
		RAISE EXCEPTION 'query returns more than one column "%"', twice USING ERRCODE = 'duplicate_column',
			HINT = 'Name the columns with AS.';
	END IF;
	RETURN (SELECT jsonb_agg(_nuvopipe.make_column(c.name, _nuvopipe.column_of_type(c.type, c.typmod), false, false, NULL) ORDER BY c.position)
		FROM unnest(names, types, typmods) WITH ORDINALITY AS c (name, type, typmod, position));
END
$$;

-- Bound at creation, so that it needs no search_path of its own: the query is read with the caller's, and with the caller's rights.
CREATE OR REPLACE FUNCTION nuvopipe.tdm_from_query(query text) RETURNS jsonb
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT _nuvopipe.columns_of_query(array_agg(d.name), array_agg(d.type), array_agg(d.typmod)) FROM _nuvopipe.describe_query(query) d;
END;
COMMENT ON FUNCTION nuvopipe.tdm_from_query IS
'Proposes columns of a target data model from the result of a query, for create_tdm. The query is not run.
query: one SELECT, VALUES or TABLE statement; read with the search_path of the caller.
Returns an array of column objects.
Errors: those of the query itself, 22023 if it is not one statement that only reads, 42701 if column names repeat.';

CREATE OR REPLACE FUNCTION _nuvopipe.ddl_type(col jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	type text := coalesce(col ->> 'columnType', col ->> 'type', 'string');
	options jsonb := coalesce(col -> 'options', col -> 'dropdownOptions', col #> '{optionConfiguration,options}', '[]');
BEGIN
	CASE
		WHEN type = 'string' THEN
			RETURN CASE WHEN col ? 'maxLength' THEN format('varchar(%s)', (col ->> 'maxLength')::int) ELSE 'text' END;
		WHEN type IN ('int', 'bigint') THEN RETURN 'bigint';
		WHEN type IN ('float', 'latitude', 'longitude') THEN RETURN 'double precision';
		WHEN type = 'decimal' AND col ? 'precision' THEN
			RETURN format('numeric(%s, %s)', (col ->> 'precision')::int, coalesce((col ->> 'scale')::int, 0));
		WHEN type = 'decimal' THEN RETURN 'numeric';
		WHEN type = 'percentage' THEN
			RETURN CASE WHEN col ->> 'percentageOutput' = 'text' THEN 'text' ELSE 'numeric' END;
		WHEN type IN ('currency_eur', 'currency_usd') THEN
			RETURN CASE col ->> 'currencyOutput' WHEN 'text' THEN 'text' WHEN 'object' THEN 'jsonb' ELSE 'numeric' END;
		WHEN type = 'boolean' THEN RETURN 'boolean';
		WHEN type IN ('date', 'date_dmy', 'date_mdy', 'date_iso') THEN RETURN 'date';
		WHEN type = 'datetime' THEN RETURN 'timestamptz';
		WHEN type IN ('time_hms', 'time_hm', 'time_hms_24', 'time_hm_24') THEN RETURN 'time';
		WHEN type = 'uuid' THEN RETURN 'uuid';
		WHEN type = 'json' THEN RETURN 'jsonb';
		WHEN type IN ('ipv4', 'ipv6') THEN RETURN 'inet';
		WHEN type IN ('category', 'single-select') AND (col ->> 'isMultiSelect')::boolean THEN RETURN 'jsonb';
		WHEN type IN ('category', 'single-select') AND options <> '[]' AND (col ->> 'allowCustomOptions')::boolean IS NOT TRUE
				AND NOT EXISTS (SELECT FROM jsonb_array_elements(options) o WHERE jsonb_typeof(o -> 'value') IS DISTINCT FROM 'number') THEN
			RETURN 'numeric';
		ELSE RETURN 'text';
	END CASE;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.tdm_to_ddl(tdm text, relation text) RETURNS text
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	columns jsonb := (SELECT t.columns FROM _nuvopipe.tdm t
		WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = _nuvopipe.tdm_id(tdm_to_ddl.tdm));
	target text := (SELECT string_agg(quote_ident(part), '.') FROM unnest(parse_ident(relation)) part);
	body text;
	comments text;
BEGIN
	SELECT string_agg(format(E'\t%I %s%s%s', c ->> 'key', _nuvopipe.ddl_type(c),
				CASE WHEN c -> 'validations' @> '[{"validate": "required"}]' THEN ' NOT NULL' ELSE '' END,
				CASE WHEN c -> 'validations' @> '[{"validate": "unique"}]' THEN ' UNIQUE' ELSE '' END), E',\n' ORDER BY n),
			string_agg(format(E'COMMENT ON COLUMN %s.%I IS %L;\n', target, c ->> 'key', coalesce(c ->> 'description', c ->> 'label')), '' ORDER BY n)
				FILTER (WHERE coalesce(c ->> 'description', c ->> 'label') IS NOT NULL)
		INTO body, comments
		FROM jsonb_array_elements(columns) WITH ORDINALITY AS e (c, n);
	RETURN format(E'CREATE TABLE %s (\n%s\n);\n', target, body) || coalesce(comments, '');
END
$$;
COMMENT ON FUNCTION nuvopipe.tdm_to_ddl IS
'Writes the CREATE TABLE statement of a table that takes the rows of a target data model. Nothing is created.
tdm: name or id. relation: name of the table, with or without schema, quoted where needed.
Returns the statements as text; required columns are NOT NULL, unique ones UNIQUE.
Errors: 42704 if there is no such model, 22023 if relation is not an identifier.';
