-- Reading and lists over a view of the test's own: what is shown, order, pages, filters, who sees what.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT no_plan();

CREATE ROLE regress_np_list_a IN ROLE nuvopipe_user;
CREATE ROLE regress_np_list_b IN ROLE nuvopipe_user;
CREATE TABLE _nuvopipe.thing (
	id uuid PRIMARY KEY,
	tenant_id uuid NOT NULL,
	owner_role name NOT NULL,
	is_public boolean NOT NULL DEFAULT false,
	name text NOT NULL,
	note text,
	n int,
	price numeric,
	ratio float8,
	is_on boolean,
	tags text[],
	configuration jsonb,
	parent uuid,
	day date,
	created_at timestamptz NOT NULL
);
CREATE FUNCTION _nuvopipe.thing_fails(id uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RAISE EXCEPTION 'evaluated' USING ERRCODE = 'XX999'; END $$;
CREATE VIEW _nuvopipe.api_thing AS
	SELECT t.id, t.name, t.note, t.n, t.price, t.ratio, t.is_on, t.tags, t.configuration,
			CASE WHEN t.parent IS NOT NULL THEN jsonb_build_object('id', t.parent, 'name', 'parent of ' || t.name) END AS parent,
			t.day, t.created_at, t.name AS "we""ird; 'col", t.n AS "select",
			t.tenant_id AS _tenant_id, t.tenant_id AS _owner_id, t.owner_role AS _owner_role, t.is_public AS _shared, t.parent AS _parent, t.n % 2 AS _odd
		FROM _nuvopipe.thing t;

CREATE FUNCTION pg_temp.id(i int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT ('0190000' || '0-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid $$;
INSERT INTO _nuvopipe.thing
	SELECT pg_temp.id(i), _nuvopipe.default_tenant(), CASE WHEN i <= 80 THEN 'regress_np_list_a' ELSE 'regress_np_list_b' END, i = 81,
			(ARRAY['Äpfel', 'apples', 'Birnen', '50%', '5_0', 'back\slash', 'quo''te"s'])[i % 7 + 1] || ' ' || i % 10,
			CASE WHEN i % 3 = 0 THEN 'note ' || i % 6 END, CASE WHEN i % 10 <> 0 THEN i % 20 END, i / 8.0, i / 3.0::float8, CASE WHEN i % 5 <> 0 THEN i % 2 = 0 END,
			CASE WHEN i % 4 <> 0 THEN ARRAY['t' || i % 4, 'all'] END,
			jsonb_build_object('mode', i % 2 = 0, 'depth', i % 6, 'word', 'w' || i % 3, 'nothing', NULL, 'list', jsonb_build_array('l' || i % 2, 7), 'at', '2024-01-0' || i % 9 + 1, 'deep', jsonb_build_object('er', i))
				- CASE WHEN i % 7 = 0 THEN 'depth' ELSE '' END,
			CASE WHEN i % 2 = 0 THEN pg_temp.id(i / 2) END, '2024-01-01'::date + i,
			'2024-05-01 00:00:00Z'::timestamptz + i / 2 * interval '1 hour' + interval '123456 microseconds'
		FROM generate_series(1, 90) i;
INSERT INTO _nuvopipe.thing (id, tenant_id, owner_role, is_public, name, created_at)
	SELECT pg_temp.id(1000 + i), '0f000000-0000-7000-8000-000000000001', 'regress_np_list_a', true, 'foreign ' || i, '2024-06-01Z' FROM generate_series(1, 5) i;

-- ids of a list's answer; those that SQL gives
CREATE FUNCTION pg_temp.ids(answer jsonb) RETURNS text[] LANGUAGE sql AS $$ SELECT ARRAY(SELECT o->>'id' FROM jsonb_array_elements(answer->'data') WITH ORDINALITY AS e (o, i) ORDER BY i) $$;
CREATE FUNCTION pg_temp.want(condition text, sorted text DEFAULT 'id') RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	found text[];
BEGIN
	EXECUTE format('SELECT ARRAY(SELECT id::text FROM _nuvopipe.thing WHERE tenant_id = _nuvopipe.default_tenant() AND (%s) ORDER BY %s)', condition, sorted) INTO found;
	RETURN found;
END $$;
-- all pages, one after the other
CREATE FUNCTION pg_temp.walk(args jsonb, page_size int, repeat_sort boolean DEFAULT true) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb := _nuvopipe.api_list('thing', args || jsonb_build_object('pagination', jsonb_build_object('limit', page_size)));
	found text[] := pg_temp.ids(answer);
BEGIN
	IF NOT repeat_sort THEN
		args := args - 'sort';
	END IF;
	WHILE answer #>> '{pagination,next}' IS NOT NULL LOOP
		answer := _nuvopipe.api_list('thing', args || jsonb_build_object('pagination', jsonb_build_object('limit', page_size, 'after', answer #> '{pagination,next}')));
		IF (answer #>> '{pagination,offset}')::int <> cardinality(found) THEN
			RAISE EXCEPTION 'offset % after % rows', answer #>> '{pagination,offset}', cardinality(found);
		END IF;
		found := found || pg_temp.ids(answer);
		IF cardinality(found) > 1000 THEN
			RAISE EXCEPTION 'no end';
		END IF;
	END LOOP;
	RETURN found;
END $$;

-- --- one object
SELECT is(_nuvopipe.api_read('thing', pg_temp.id(7)), jsonb_build_object(
	'id', pg_temp.id(7), 'name', 'Äpfel 7', 'n', 7, 'price', 0.875, 'ratio', 7 / 3.0::float8, 'is_on', false, 'tags', '["t3", "all"]'::jsonb,
	'configuration', '{"mode": false, "word": "w1", "nothing": null, "list": ["l1", 7], "at": "2024-01-08", "deep": {"er": 7}}'::jsonb,
	'day', '2024-01-08', 'created_at', '2024-05-01T03:00:00.123Z', 'we"ird; ''col', 'Äpfel 7', 'select', 7), 'an object has what is shown and is not null');
SELECT is(_nuvopipe.api_read('thing', pg_temp.id(7), ARRAY['configuration', 'name', 'we"ird; ''col', 'no such column']), _nuvopipe.api_read('thing', pg_temp.id(7)) - ARRAY['configuration', 'name', 'we"ird; ''col'], 'columns are left out');
SELECT is(_nuvopipe.api_read('thing', pg_temp.id(8)) -> 'parent', jsonb_build_object('id', pg_temp.id(4), 'name', 'parent of apples 8'), 'jsonb stays jsonb');
SELECT throws_ok($$SELECT _nuvopipe.api_read('thing', pg_temp.id(999))$$, '42704', 'thing "01900000-0000-7000-8000-0000000003e7" does not exist');
SELECT throws_ok($$SELECT _nuvopipe.api_read('thing', pg_temp.id(1001))$$, '42704', 'thing "01900000-0000-7000-8000-0000000003e9" does not exist', 'nor what is another tenant''s, in the same words');
SELECT throws_ok($$SELECT _nuvopipe.api_read('nothing', pg_temp.id(1))$$, '42704', 'there is no resource "nothing"');
SELECT throws_ok($$SELECT _nuvopipe.api_read('thing', NULL)$$, '22004', NULL);
SELECT throws_ok($$SELECT _nuvopipe.api_read('thing"; DROP TABLE _nuvopipe.thing; --', pg_temp.id(1))$$, '42704', NULL);

-- --- pages
SELECT is(_nuvopipe.api_list('thing', '{}') #- '{pagination,next}' -> 'pagination', '{"total": 90, "offset": 0, "limit": 25}', 'without arguments');
SELECT is(_nuvopipe.api_list('thing', NULL), _nuvopipe.api_list('thing', '{"name": "ignored"}'), 'other arguments do not matter');
SELECT is(pg_temp.ids(_nuvopipe.api_list('thing', '{}')), (pg_temp.want('true', 'created_at DESC, id DESC'))[1:25], 'the newest come first');
SELECT is(_nuvopipe.api_list('thing', '{}', ARRAY['parent']) #> '{data,3}', _nuvopipe.api_read('thing', (_nuvopipe.api_list('thing', '{}') #>> '{data,3,id}')::uuid) - 'parent', 'elements are objects as they are read');
SELECT is(_nuvopipe.api_list('thing', '{"pagination": {"offset": 85, "limit": 10}}') -> 'pagination', '{"total": 90, "offset": 85, "limit": 10}', 'the last page has no next');
SELECT is(_nuvopipe.api_list('thing', '{"pagination": {"offset": 80, "limit": 10}}') -> 'pagination', '{"total": 90, "offset": 80, "limit": 10}', 'nor one that just fits');
SELECT is(_nuvopipe.api_list('thing', '{"pagination": {"offset": 5000}}'), '{"data": [], "pagination": {"total": 90, "offset": 5000, "limit": 25}}', 'total beyond the end');
SELECT is(_nuvopipe.api_list('thing', '{"filters": {"name": "none"}}'), '{"data": [], "pagination": {"total": 0, "offset": 0, "limit": 25}}', 'nothing at all');
SELECT is(_nuvopipe.api_list('thing', '{"filters": {"n": 3}, "pagination": {"offset": 1, "limit": 2}}') #- '{pagination,next}' -> 'pagination', '{"total": 5, "offset": 1, "limit": 2}', 'total of a filtered list');
SELECT is(pg_temp.ids(_nuvopipe.api_list('thing', '{"pagination": {"offset": 30, "limit": 3}}')), (pg_temp.want('true', 'created_at DESC, id DESC'))[31:33], 'offset');
SELECT is(_nuvopipe.api_list('thing', '{"pagination": {"page": 4, "pageSize": 3}}') #- '{pagination,next}', _nuvopipe.api_list('thing', '{"pagination": {"offset": 9, "limit": 3}}') #- '{pagination,next}', 'pages as well');
SELECT is(jsonb_array_length(_nuvopipe.api_list('thing', '{"pagination": {"limit": 100}}') -> 'data'), 90, 'at most 100');
SELECT throws_ok($$SELECT _nuvopipe.api_list('thing', '{"pagination": {"limit": 101}}')$$, '22023', 'pagination.limit: 101 is out of range 1 to 100');
SELECT throws_ok($$SELECT _nuvopipe.api_list('thing', '{"pagination": {"limit": 0}}')$$, '22023', 'pagination.limit: 0 is out of range 1 to 100');
SELECT lives_ok($$SELECT _nuvopipe.api_list('thing', '{"pagination": {"limit": 500}}', max_limit => 500)$$);
SELECT throws_ok($$SELECT _nuvopipe.api_list('thing', '{"pagination": {"limit": 501}}', max_limit => 500)$$, '22023', NULL);
SELECT is(_nuvopipe.api_list('thing', '{}', max_limit => 10) #>> '{pagination,limit}', '10', 'the default is not above the maximum');

-- --- every order, page by page, is that of SQL
SELECT is(pg_temp.walk(jsonb_build_object('sort', sort::jsonb), size), pg_temp.want('true', sql), sort || ' by ' || size)
	FROM (VALUES ('[]', 'created_at DESC, id DESC'), ('{"created_at": "asc"}', 'created_at, id'), ('{"created_at": "desc"}', 'created_at DESC, id DESC'),
		('{"name": "asc"}', 'name, id'), ('{"name": "desc"}', 'name DESC, id DESC'), ('{"note": "asc"}', 'note, id'), ('{"note": "desc"}', 'note DESC, id DESC'),
		('{"id": "asc"}', 'id'), ('{"id": "desc"}', 'id DESC'), ('[["id", "asc"], ["name", "desc"]]', 'id, name DESC'),
		('[["n", "asc"], ["note", "desc"]]', 'n, note DESC, id DESC'), ('[["n", "desc"], ["note", "desc"]]', 'n DESC, note DESC, id DESC'), ('[["is_on", "desc"], ["n", "asc"]]', 'is_on DESC, n, id'),
		('[["tags", "asc"]]', 'tags, id'), ('[["price", "desc"]]', 'price DESC, id DESC'), ('[["ratio", "asc"]]', 'ratio, id'), ('[["day", "desc"]]', 'day DESC, id DESC'),
		('[["configuration.mode", "asc"], ["created_at", "desc"]]', $$configuration->'mode', created_at DESC, id DESC$$),
		('[["configuration.depth", "desc"]]', $$configuration->'depth' DESC, id DESC$$), ('[["configuration.depth", "asc"]]', $$configuration->'depth', id$$),
		('[["configuration.deep.er", "asc"]]', $$configuration#>'{deep,er}', id$$), ('[["configuration.nothing", "asc"]]', 'id'), ('[["configuration.missing", "desc"]]', 'id DESC'),
		('[["configuration", "asc"]]', 'configuration, id'), ('[["parent", "asc"]]', 'parent, id'), ('[["parent.id", "desc"]]', 'parent DESC, id DESC'), ('[["select", "asc"]]', 'n, id'),
		(jsonb_build_array(jsonb_build_array('we"ird; ''col', 'desc'))::text, 'name DESC, id DESC')) AS s (sort, sql), (VALUES (1), (7), (45), (100)) AS p (size);
SELECT is(pg_temp.walk('{"sort": [["n", "asc"], ["note", "desc"]]}', 7, false), pg_temp.want('true', 'n, note DESC, id DESC'), 'a cursor remembers the order');
SELECT is(pg_temp.walk('{"sort": [["n", "desc"]], "filters": {"is_on": true}}', 4), pg_temp.want('is_on', 'n DESC, id DESC'), 'filters go on from page to page');
SET LOCAL "DateStyle" = 'SQL, DMY';
SET LOCAL "TimeZone" = 'America/New_York';
SELECT is(pg_temp.walk('{}', 10), pg_temp.want('true', 'created_at DESC, id DESC'), 'settings of the session do not matter for cursors');
SELECT is(_nuvopipe.api_read('thing', pg_temp.id(7)) ->> 'created_at', '2024-05-01T03:00:00.123Z', 'nor for times');
SELECT is(_nuvopipe.api_read('thing', pg_temp.id(7)) ->> 'day', '2024-01-08', 'nor for dates');
SELECT is(pg_temp.ids(_nuvopipe.api_list('thing', '{"filters": {"created_at": {"$lt": "2024-05-01T01:00:00Z"}}}')), pg_temp.want('id <= pg_temp.id(1)'), 'nor for filters of times');
RESET "DateStyle";
RESET "TimeZone";

-- what is inserted meanwhile moves nothing
CREATE TEMP TABLE page AS SELECT _nuvopipe.api_list('thing', '{"pagination": {"limit": 10}}') AS one;
INSERT INTO _nuvopipe.thing (id, tenant_id, owner_role, name, created_at) VALUES (pg_temp.id(500), _nuvopipe.default_tenant(), 'regress_np_list_a', 'new', '2024-07-01Z');
SELECT is(pg_temp.ids(_nuvopipe.api_list('thing', jsonb_build_object('pagination', jsonb_build_object('after', one #> '{pagination,next}', 'limit', 10)))),
	(pg_temp.want('id <> pg_temp.id(500)', 'created_at DESC, id DESC'))[11:20], 'a page goes on where the one before ended') FROM page;
SELECT is(pg_temp.ids(_nuvopipe.api_list('thing', '{"pagination": {"limit": 1}}')), ARRAY[pg_temp.id(500)::text], 'the new one is at the top');
DELETE FROM _nuvopipe.thing WHERE id = pg_temp.id(500);

-- --- filters: nuvo's form beside SQL
SELECT is(pg_temp.ids(_nuvopipe.api_list('thing', jsonb_build_object('filters', filter::jsonb, 'sort', '{"id": "asc"}'::jsonb, 'pagination', '{"limit": 100}'::jsonb))), pg_temp.want(sql), filter)
	FROM (VALUES
		('{}', 'true'), ('{"name": "apples 1"}', $$name = 'apples 1'$$), ('{"name": {"$ne": "apples 1"}}', $$name <> 'apples 1'$$), ('{"name": ["apples 1", "Äpfel 7", 5]}', $$name IN ('apples 1', 'Äpfel 7')$$),
		('{"name": {"$nin": ["apples 1", "Äpfel 7"]}}', $$name NOT IN ('apples 1', 'Äpfel 7')$$), ('{"name": {"$in": []}}', 'false'), ('{"name": {"$nin": []}}', 'true'),
		('{"name": {"$contains": "0%"}}', $$strpos(name, '0%') > 0$$), ('{"name": {"$contains": "5_0"}}', $$strpos(name, '5_0') > 0$$), ('{"name": {"$contains": "\\"}}', $$strpos(name, '\') > 0$$),
		('{"name": {"$startsWith": "5"}}', $$name LIKE '5%'$$), ('{"name": {"$startsWith": "%"}}', 'false'), ('{"name": {"$endsWith": " 7"}}', $$right(name, 2) = ' 7'$$), ('{"name": {"$endsWith": "_"}}', 'false'),
		('{"name": {"$containsi": "APPLES"}}', $$name LIKE 'apples%'$$), ('{"name": {"$contains": "APPLES"}}', 'false'), ('{"name": {"$contains": "quo''te\"s"}}', $$name LIKE 'quo%'$$),
		('{"name": {"$gt": "b", "$lt": "c"}}', $$name > 'b' AND name < 'c'$$), ('{"name": "'' OR true --"}', 'false'), ('{"name": {"$contains": ""}}', 'true'),
		('{"note": null}', 'note IS NULL'), ('{"note": {"$ne": null}}', 'note IS NOT NULL'), ('{"note": {"$null": false}}', 'note IS NOT NULL'), ('{"note": {"$notNull": true}}', 'note IS NOT NULL'),
		('{"note": {"$ne": "note 3"}}', $$note IS DISTINCT FROM 'note 3'$$), ('{"note": {"$nin": ["note 3"]}}', $$note IS DISTINCT FROM 'note 3'$$), ('{"$not": {"note": "note 3"}}', $$note IS DISTINCT FROM 'note 3'$$),
		('{"n": 3}', 'n = 3'), ('{"n": "3"}', 'n = 3'), ('{"n": {"$ne": 3}}', 'n IS DISTINCT FROM 3'), ('{"n": {"$gt": 3, "$lte": 7.5}}', 'n > 3 AND n <= 7'), ('{"n": 3.5}', 'false'), ('{"n": 3.0}', 'n = 3'), ('{"n": 99999999999999999999}', 'false'),
		('{"n": {"$lt": 99999999999999999999}}', 'n IS NOT NULL'), ('{"n": [3, "4", 5.5]}', 'n IN (3, 4)'), ('{"n": {"$gte": -1e3}}', 'n IS NOT NULL'),
		('{"price": 0.125}', 'price = 0.125'), ('{"price": {"$in": [0.125, "0.25"]}}', 'price IN (0.125, 0.25)'), ('{"ratio": {"$lt": 1}}', 'ratio < 1'), ('{"ratio": [1, 2]}', 'ratio IN (1, 2)'),
		('{"is_on": true}', 'is_on'), ('{"is_on": "false"}', 'NOT is_on'), ('{"is_on": {"$ne": true}}', 'is_on IS NOT TRUE'), ('{"is_on": 1}', 'is_on'), ('{"is_on": [true, false]}', 'is_on IS NOT NULL'),
		('{"id": "01900000-0000-7000-8000-000000000005"}', 'id = pg_temp.id(5)'), ('{"id": "01900000-0000-7000-8000-00000000000A"}', 'id = pg_temp.id(10)'), ('{"id": "63857foo"}', 'false'), ('{"id": 5}', 'false'), ('{"id": {"$ne": "63857foo"}}', 'true'),
		('{"id": ["63857foo", "01900000-0000-7000-8000-000000000005"]}', 'id = pg_temp.id(5)'), ('{"id": ["63857foo"]}', 'false'), ('{"id": {"$nin": ["63857foo"]}}', 'true'), ('{"id": {"$endsWith": "0005"}}', 'id = pg_temp.id(5)'),
		('{"id": {"$gt": "01900000-0000-7000-8000-000000000005"}}', 'id > pg_temp.id(5)'),
		('{"created_at": "2024-05-01T03:00:00.123Z"}', 'id IN (pg_temp.id(6), pg_temp.id(7))'), ('{"created_at": "2024-05-01 03:00:00.123"}', 'id IN (pg_temp.id(6), pg_temp.id(7))'), ('{"created_at": "2024-05-01T05:00:00.123+02:00"}', 'id IN (pg_temp.id(6), pg_temp.id(7))'),
		('{"created_at": "2024-05-01T03:00:00.123456Z"}', 'id IN (pg_temp.id(6), pg_temp.id(7))'), ('{"created_at": "2024-05-01T03:00:00.123455Z"}', 'false'), ('{"created_at": {"$ne": "2024-05-01T03:00:00.123Z"}}', 'id NOT IN (pg_temp.id(6), pg_temp.id(7))'),
		('{"created_at": {"$gt": "2024-05-01T03:00:00.123Z"}}', 'id > pg_temp.id(7)'), ('{"created_at": {"$gte": "2024-05-01T03:00:00.123Z"}}', 'id > pg_temp.id(5)'), ('{"created_at": {"$lte": "2024-05-01T03:00:00.123Z"}}', 'id <= pg_temp.id(7)'),
		('{"created_at": {"$lt": "2024-05-01T03:00:00.123Z"}}', 'id <= pg_temp.id(5)'), ('{"created_at": {"$lt": "2024-05-02"}}', 'id < pg_temp.id(48)'), ('{"created_at": {"$in": ["2024-05-01T03:00:00.123Z"]}}', 'id IN (pg_temp.id(6), pg_temp.id(7))'),
		('{"tags": "t1"}', $$'t1' = ANY (tags)$$), ('{"tags": {"$ne": "t1"}}', $$('t1' = ANY (tags)) IS NOT TRUE$$), ('{"tags": ["t1", "t2"]}', $$tags && '{t1,t2}'$$), ('{"tags": {"$startsWith": "al"}}', 'tags IS NOT NULL'), ('{"tags": {"$contains": "t"}}', 'tags IS NOT NULL'), ('{"tags": null}', 'tags IS NULL'),
		('{"configuration.mode": true}', $$(configuration->>'mode')::boolean$$), ('{"configuration": {"mode": "true"}}', $$(configuration->>'mode')::boolean$$), ('{"configuration.mode": {"$ne": true}}', $$NOT (configuration->>'mode')::boolean$$),
		('{"configuration.depth": 2}', $$configuration->'depth' = '2'$$), ('{"configuration.depth": "2"}', $$configuration->'depth' = '2'$$), ('{"configuration.depth": {"$gte": 3}}', $$(configuration->>'depth')::int >= 3$$), ('{"configuration.depth": {"$lt": "3"}}', $$(configuration->>'depth')::int < 3$$),
		('{"configuration.depth": {"$in": [1, "2", true]}}', $$configuration->>'depth' IN ('1', '2')$$), ('{"configuration.depth": null}', $$configuration->'depth' IS NULL$$), ('{"configuration.nothing": null}', 'true'), ('{"configuration.nothing": {"$notNull": true}}', 'false'),
		('{"configuration.word": "w1"}', $$configuration->>'word' = 'w1'$$), ('{"configuration.word": 1}', 'false'), ('{"configuration.word": {"$gt": "w1"}}', $$configuration->>'word' > 'w1'$$), ('{"configuration.word": {"$endsWith": "1"}}', $$configuration->>'word' LIKE '%1'$$),
		('{"configuration.at": {"$lt": "2024-01-03"}}', $$configuration->>'at' < '2024-01-03'$$), ('{"configuration.list": "l1"}', $$configuration->'list' ? 'l1'$$), ('{"configuration.list": 7}', 'true'), ('{"configuration.list": {"$in": ["l1", 8]}}', $$configuration->'list' ? 'l1'$$), ('{"configuration.deep.er": 5}', 'id = pg_temp.id(5)'),
		('{"configuration.list.0": "l1"}', $$configuration->'list' ? 'l1'$$), ('{"configuration": null}', 'false'), ('{"configuration.no.such": {"$ne": 1}}', 'true'),
		('{"parent": "01900000-0000-7000-8000-000000000005"}', 'id = pg_temp.id(10)'), ('{"parent.id": "01900000-0000-7000-8000-000000000005"}', 'id = pg_temp.id(10)'), ('{"parent": {"id": "nonsense"}}', 'false'), ('{"parent.name": {"$containsi": "PARENT OF Ä"}}', $$parent IS NOT NULL AND name LIKE 'Ä%'$$), ('{"parent": null}', 'parent IS NULL'),
		('{"day": {"$null": false}}', 'true'), ('{"select": 3}', 'n = 3'),
		('{"$or": [{"n": 3}, {"n": 4, "is_on": true}]}', 'n = 3 OR n = 4 AND is_on'), ('{"$and": [{"n": {"$gt": 3}}, {"$not": {"n": {"$gt": 5}}}]}', 'n > 3 AND n <= 5'), ('{"n": {"$not": {"$gt": 5}}}', '(n > 5) IS NOT TRUE'),
		('{"$or": [{"note": "note 3"}, {"$not": {"$or": [{"n": {"$lt": 18}}, {"n": null}]}}]}', $$note = 'note 3' OR NOT (n < 18 OR n IS NULL)$$), ('{"$or": [{}, {"n": 1}]}', 'true'),
		('{"and": [{"field": "n", "op": "gt", "value": 17}, {"or": [{"field": "is_on", "op": "eq", "value": true}, {"field": "note", "op": "not_null", "value": true}]}]}', 'n > 17 AND (is_on OR note IS NOT NULL)')) AS f (filter, sql);
SELECT is(pg_temp.ids(_nuvopipe.api_list('thing', jsonb_build_object('filters', jsonb_build_object('we"ird; ''col', 'apples 1')))), pg_temp.want($$name = 'apples 1'$$, 'created_at DESC, id DESC'), 'a column of any name');
SELECT is(_nuvopipe.api_list('thing', _nuvopipe.parse_query('filters[$and][0][is_on]=true&filters[$and][1][n][$gt]=3&sort[0]=n:desc&pagination[page]=2&pagination[pageSize]=5')),
	_nuvopipe.api_list('thing', '{"filters": {"is_on": true, "n": {"$gt": 3}}, "sort": [["n", "desc"]], "pagination": {"offset": 5, "limit": 5}}'), 'both syntaxes');
SELECT is(_nuvopipe.api_list('thing', '{"filters": "{\"is_on\": true}", "sort": "n:desc"}'), _nuvopipe.api_list('thing', '{"filters": {"is_on": true}, "sort": {"n": "desc"}}'), 'as texts');

-- --- what cannot be
CREATE FUNCTION pg_temp.said(args jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	RETURN _nuvopipe.api_list('thing', args);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' / ', SQLSTATE, SQLERRM, nullif(hint, ''));
END $$;
SELECT is(pg_temp.said(args::jsonb), said, args)
	FROM (VALUES
		('{"filters": {"nme": 1}}', '22023 / filters.nme: unknown field "nme" / Perhaps you meant "name".'), ('{"sort": {"nme": "asc"}}', '22023 / sort.nme: unknown field "nme" / Perhaps you meant "name".'),
		('{"filters": {"$or": [{"n": 1}, {"zzz": 1}]}}', '22023 / filters.$or[1].zzz: unknown field "zzz"'), ('{"filters": {"_tenant_id": "x"}}', '22023 / filters._tenant_id: unknown field "_tenant_id"'), ('{"sort": {"_odd": "asc"}}', '22023 / sort._odd: unknown field "_odd"'),
		('{"filters": {"name\" OR true --": 1}}', '22023 / filters.name" OR true --: unknown field "name" OR true --"'), ('{"sort": {"name; DROP TABLE _nuvopipe.thing": "asc"}}', '22023 / sort.name; DROP TABLE _nuvopipe.thing: unknown field "name; DROP TABLE _nuvopipe"'),
		('{"sort": [["name", "asc; --"]]}', '22023 / sort.name: "asc" or "desc" is expected / Write sort={"name":"asc"} or sort[0]=name:asc.'),
		('{"filters": {"name.x": 1}}', '22023 / filters.name.x: field "name" has no members'), ('{"filters": {"NAME": 1}}', '22023 / filters.NAME: unknown field "NAME" / Perhaps you meant "name".'),
		('{"filters": {"n": "many"}}', '22023 / filters.n: a number is expected, not "many"'), ('{"filters": {"n": true}}', '22023 / filters.n: a number is expected, not "true"'), ('{"filters": {"n": {"$in": [1, "x"]}}}', '22023 / filters.n.$in: a number is expected, not "x"'), ('{"filters": {"n": [null]}}', '22023 / filters.n: a number is expected, not "null" / Use "$null".'),
		('{"filters": {"price": "1e99999"}}', '22023 / filters.price: a number is expected, not "1e99999"'), ('{"filters": {"ratio": "NaN"}}', '22023 / filters.ratio: a number is expected, not "NaN"'),
		('{"filters": {"is_on": "maybe"}}', '22023 / filters.is_on: true or false is expected, not "maybe"'), ('{"filters": {"created_at": "yesterday"}}', '22023 / filters.created_at: a time such as 2024-09-21T06:57:06.672Z is expected, not "yesterday"'),
		('{"filters": {"created_at": "2024-02-30"}}', '22023 / filters.created_at: a time such as 2024-09-21T06:57:06.672Z is expected, not "2024-02-30"'), ('{"filters": {"created_at": 5}}', '22023 / filters.created_at: a time such as 2024-09-21T06:57:06.672Z is expected, not "5"'),
		('{"filters": {"n": {"$contains": "1"}}}', '22023 / filters.n.$contains: operator "contains" is for texts'), ('{"filters": {"tags": {"$gt": "x"}}}', '22023 / filters.tags.$gt: a list has no order'), ('{"filters": {"day": "2024-01-01"}}', '22023 / filters.day: the field cannot be compared'),
		('{"filters": {"configuration.depth": {"$gt": true}}}', '22023 / filters.configuration.depth.$gt: a number or a text is expected, not "true"'), ('{"filters": {"n": {"$foo": 1}}}', '22023 / filters.n.$foo: unknown operator "$foo"'), ('{"filters": {"and": [{"field": "n", "op": "foo"}]}}', '22023 / filters.and[0]: unknown operator "foo"'),
		('{"filters": 5}', '22023 / filters: an object of conditions is expected / Write filters={"name":"x"} or filters[name]=x.'), ('{"pagination": {"offset": -1}}', '22023 / pagination.offset: a whole number that is not negative is expected'),
		('{"pagination": {"after": "x"}}', '22023 / pagination.after: not a cursor of this list / Give pagination.next of the page before, as it is, with the same sort.'), ('{"pagination": {"after": "????"}}', '22023 / pagination.after: not a cursor of this list / Give pagination.next of the page before, as it is, with the same sort.'),
		('{"pagination": {"after": ""}}', '22023 / pagination.after: not a cursor of this list / Give pagination.next of the page before, as it is, with the same sort.')) AS e (args, said);
SELECT matches(pg_temp.said(jsonb_build_object('filters', jsonb_build_object(repeat('ä', 5000), 1))), '^22023 / filters.ä+: unknown field "ä+$', 'messages are bounded');
SELECT cmp_ok(length(pg_temp.said(jsonb_build_object('filters', jsonb_build_object(repeat('ä', 5000), 1)))), '<', 400);
CREATE FUNCTION pg_temp.cursor(document text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('pagination', jsonb_build_object('after', rtrim(translate(encode(convert_to(document, 'UTF8'), 'base64'), E'+/\n', '-_'), '='))) $$;
SELECT matches(pg_temp.said(pg_temp.cursor(document)), '^(22023 / pagination.after: not a cursor of this list|22P02|22007|22023 / sort.)', document)
	FROM (VALUES ('{}'), ('[]'), ('null'), ('{"s":"","v":[],"o":0,"t":0,"e":false}'), ('{"s":"","v":["2024-01-01"],"o":0,"t":0,"e":false}'), ('{"s":"","v":["x","y"],"o":0,"t":0,"e":false}'), ('{"s":"","v":["2024-01-01Z","y"],"o":0,"t":0,"e":false}'), ('{"s":"name:asc","v":["x","y"],"o":0,"t":0,"e":false}'),
		('{"s":"_odd:asc","v":["1","01900000-0000-7000-8000-000000000005"],"o":0,"t":0,"e":false}'), ('{"s":"x;:asc","v":["1","01900000-0000-7000-8000-000000000005"],"o":0,"t":0,"e":false}'), ('{"s":"name:asc","v":[1,2],"o":0,"t":0,"e":false}'), ('{"s":"name:asc","v":["1","01900000-0000-7000-8000-000000000005"],"o":-1,"t":0,"e":false}'),
		('{"s":"name:asc","v":["1","01900000-0000-7000-8000-000000000005"],"o":0,"t":1e30,"e":false}'), ('{"s":"configuration.x:asc","v":["{","01900000-0000-7000-8000-000000000005"],"o":0,"t":0,"e":false}')) AS c (document);
SELECT is(cardinality(pg_temp.ids(_nuvopipe.api_list('thing', pg_temp.cursor('{"s":"name:asc","v":["'' OR true --","01900000-0000-7000-8000-000000000005"],"o":0,"t":0,"e":false}')))), 25, 'the values of a cursor are values');
SELECT is(pg_temp.said(jsonb_build_object('sort', '{"name": "asc"}'::jsonb, 'pagination', jsonb_build_object('after', one #> '{pagination,next}'))), '22023 / pagination.after: the cursor is one of another order / Give the sort of the page before, or none.') FROM page;
SELECT is(pg_temp.said(jsonb_build_object('pagination', jsonb_build_object('after', one #> '{pagination,next}', 'offset', 3))), '22023 / pagination.offset: after is given as well / Give one of the two.') FROM page;

-- --- ties, what is left out, limits
SELECT is(pg_temp.ids(_nuvopipe.api_list('thing', '{"sort": "id", "pagination": {"limit": 100}}', NULL, '{"_odd": 1, "is_on": false}', 100)), pg_temp.want('n % 2 = 1 AND NOT is_on'), 'ties');
SELECT is(pg_temp.ids(_nuvopipe.api_list('thing', '{"sort": "id", "filters": {"n": {"$gt": 5}}}', NULL, jsonb_build_object('_parent', pg_temp.id(3)), 100)), pg_temp.want('parent = pg_temp.id(3) AND n > 5'), 'with filters');
SELECT is(pg_temp.ids(_nuvopipe.api_list('thing', '{"pagination": {"limit": 100}}', NULL, '{"parent": null}', 100)), pg_temp.want('parent IS NULL', 'created_at DESC, id DESC'), 'null');
SELECT is(_nuvopipe.api_list('thing', '{}', NULL, '{"_parent": "nonsense"}') #>> '{pagination,total}', '0', 'no id');
SELECT throws_ok($$SELECT _nuvopipe.api_list('thing', '{}', NULL, '{"nothing": 1}')$$, '42703', NULL);
SELECT is(_nuvopipe.api_list('thing', '{"pagination": {"limit": 1}, "sort": "id"}', ARRAY['id', 'name', 'note', 'n', 'price', 'ratio', 'is_on', 'tags', 'configuration', 'parent', 'day', 'created_at', 'we"ird; ''col', 'select']) -> 'data', '[{}]', 'everything is left out');
SELECT lives_ok(format($$SELECT _nuvopipe.api_list('thing', '{"filters": {"n": [%s]}}')$$, (SELECT string_agg(i::text, ',') FROM generate_series(1, 1000) i)), 'a thousand values');
SELECT is(_nuvopipe.api_list('thing', jsonb_build_object('filters', jsonb_build_object('$or', (SELECT jsonb_agg(jsonb_build_object('configuration.deep.er', i)) FROM generate_series(1, 84) i)))) #>> '{pagination,total}', '84', 'many conditions');

-- --- the catalogue changes, plans come and go
CREATE OR REPLACE VIEW _nuvopipe.api_thing AS
	SELECT t.id, t.name, t.note, t.n, t.price, t.ratio, t.is_on, t.tags, t.configuration,
			CASE WHEN t.parent IS NOT NULL THEN jsonb_build_object('id', t.parent, 'name', 'parent of ' || t.name) END AS parent,
			t.day, t.created_at, t.name AS "we""ird; 'col", t.n AS "select",
			t.tenant_id AS _tenant_id, t.tenant_id AS _owner_id, t.owner_role AS _owner_role, t.is_public AS _shared, t.parent AS _parent, t.n % 2 AS _odd, _nuvopipe.thing_fails(t.id) AS dear
		FROM _nuvopipe.thing t;
SELECT throws_ok($$SELECT _nuvopipe.api_read('thing', pg_temp.id(7))$$, 'XX999', NULL, 'a new column is there at once');
SELECT is(_nuvopipe.api_read('thing', pg_temp.id(7), ARRAY['dear']) ->> 'name', 'Äpfel 7', 'what is left out is not evaluated');
SELECT is(pg_temp.ids(_nuvopipe.api_list('thing', '{"sort": "name", "filters": {"n": {"$gt": 3}}}', ARRAY['dear'], max_limit => 10)), (pg_temp.want('n > 3', 'name, id'))[1:10], 'neither in lists');
SELECT is(_nuvopipe.api_list('thing', '{"pagination": {"offset": 1, "limit": 1}}', ARRAY['dear']) #>> '{pagination,total}', '90', 'nor for counting');
DROP VIEW _nuvopipe.api_thing;
SELECT throws_ok($$SELECT _nuvopipe.api_read('thing', pg_temp.id(7))$$, '42704', 'there is no resource "thing"');
CREATE VIEW _nuvopipe.api_thing AS
	SELECT t.name, t.n, t.id AS _key, t.tenant_id AS _tenant_id, t.tenant_id AS _owner_id, t.owner_role AS _owner_role, t.is_public AS _shared FROM _nuvopipe.thing t;
SELECT is(_nuvopipe.api_list('thing', '{"pagination": {"limit": 2}}') -> 'data', '[{"n": 1, "name": "apples 1"}, {"n": 2, "name": "Birnen 2"}]', 'made anew, with a key that is not shown');
SELECT is(_nuvopipe.api_list('thing', jsonb_build_object('pagination', jsonb_build_object('limit', 1, 'after', _nuvopipe.api_list('thing', '{"pagination": {"limit": 2}}') #> '{pagination,next}'))) -> 'data', '[{"n": 3, "name": "50% 3"}]', 'in the order of the key');
SELECT is(count(*), 400::bigint, 'more statements than plans are kept') FROM (SELECT _nuvopipe.api_list('thing', jsonb_build_object('filters', jsonb_build_object('n', i), 'pagination', '{"limit": 1}'::jsonb), max_limit => i) FROM generate_series(1, 400) i) q;
SELECT is(_nuvopipe.api_list('thing', '{"filters": {"n": 3}}', max_limit => 50) #>> '{pagination,total}', '5');
CREATE VIEW _nuvopipe.api_poor AS SELECT id, name, tenant_id AS _tenant_id FROM _nuvopipe.thing;
SELECT throws_ok($$SELECT _nuvopipe.api_list('poor', '{}')$$, '55000', 'view _nuvopipe.api_poor has no column "_owner_id"');

-- --- rows are counted to a bound
CREATE TABLE _nuvopipe.many (id int PRIMARY KEY);
INSERT INTO _nuvopipe.many SELECT i FROM generate_series(1, 10000) i;
CREATE VIEW _nuvopipe.api_many AS SELECT m.id AS n, m.id AS _key, _nuvopipe.default_tenant() AS _tenant_id, _nuvopipe.default_tenant() AS _owner_id, 'regress_np_list_a'::name AS _owner_role, false AS _shared FROM _nuvopipe.many m;
SELECT is(_nuvopipe.api_list('many', '{"pagination": {"limit": 1}}') #- '{pagination,next}', '{"data": [{"n": 1}], "pagination": {"total": 10000, "offset": 0, "limit": 1}}', 'exact to the bound');
SELECT is(_nuvopipe.api_list('many', '{"pagination": {"offset": 20000, "limit": 1}}') -> 'pagination', '{"total": 10000, "offset": 20000, "limit": 1}', 'also beyond the end');
INSERT INTO _nuvopipe.many SELECT i FROM generate_series(10001, 15000) i;
ANALYZE _nuvopipe.many;
SELECT is(_nuvopipe.api_list('many', '{}') #>> '{pagination,total_is_estimate}', 'true', 'an estimate says that it is one');
SELECT cmp_ok((_nuvopipe.api_list('many', '{}') #>> '{pagination,total}')::int, '>', 10000, 'and is more than the bound');
SELECT is(_nuvopipe.api_list('many', jsonb_build_object('pagination', jsonb_build_object('after', _nuvopipe.api_list('many', '{}') #> '{pagination,next}'))) #>> '{pagination,total_is_estimate}', 'true', 'from page to page');
SELECT is(_nuvopipe.api_list('many', '{"pagination": {"offset": 14999}}') -> 'pagination', '{"total": 15000, "offset": 14999, "limit": 25}', 'the last page knows');
SELECT is(_nuvopipe.api_list('many', '{"filters": {"n": {"$gt": 14000}}}') #>> '{pagination,total}', '1000', 'few of many are counted');

-- --- who sees what: through a function of the owner, as operations are
CREATE FUNCTION nuvopipe_api.thing_list(jsonb) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN _nuvopipe.api_list('thing', $1, max_limit => 100); END $$;
CREATE VIEW _nuvopipe.api_item AS SELECT t.id, t.name, t.tenant_id AS _tenant_id, t.tenant_id AS _owner_id, t.owner_role AS _owner_role, t.is_public AS _shared FROM _nuvopipe.thing t;
CREATE FUNCTION nuvopipe_api.item_read(jsonb) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN _nuvopipe.api_read('item', ($1->>'id')::uuid); END $$;
GRANT EXECUTE ON FUNCTION nuvopipe_api.thing_list(jsonb), nuvopipe_api.item_read(jsonb) TO regress_np_list_a, regress_np_list_b;
CREATE TEMP TABLE ids AS SELECT i, pg_temp.id(i) AS id FROM generate_series(1, 1005) i;
GRANT SELECT ON ids TO PUBLIC;
SELECT is(nuvopipe_api.thing_list('{}') #>> '{pagination,total}', '90', 'a superuser sees all of its tenant');
SET LOCAL ROLE regress_np_list_a;
CREATE TEMP TABLE seen AS SELECT nuvopipe_api.thing_list('{"pagination": {"limit": 100}}') AS a, nuvopipe_api.thing_list('{"pagination": {"limit": 1}, "filters": {"$or": [{"n": 1}, {"name": {"$contains": ""}}]}}') AS filtered,
	nuvopipe_api.item_read(jsonb_build_object('id', (SELECT id FROM ids WHERE i = 81))) AS shared;
GRANT ALL ON seen TO PUBLIC;
RESET ROLE;
SELECT is(a #>> '{pagination,total}', '81', 'a role sees what is its own, and what is shared') FROM seen;
SELECT is(filtered #>> '{pagination,total}', '81', 'no filter opens more') FROM seen;
SELECT is(shared ->> 'name', (SELECT name FROM _nuvopipe.thing WHERE id = pg_temp.id(81)), 'one object as well') FROM seen;
SELECT throws_ok($$SET LOCAL ROLE regress_np_list_a; SELECT nuvopipe_api.item_read(jsonb_build_object('id', (SELECT id FROM ids WHERE i = 85)))$$, '42704', 'item "01900000-0000-7000-8000-000000000055" does not exist');
SELECT throws_ok($$SET LOCAL ROLE regress_np_list_a; SELECT nuvopipe_api.item_read(jsonb_build_object('id', (SELECT id FROM ids WHERE i = 1001)))$$, '42704', NULL);
SELECT throws_ok($$SET LOCAL ROLE regress_np_list_a; SELECT _nuvopipe.api_list('thing', '{}')$$, '42501', NULL, 'the engine is not for users');

-- --- and whoever a token says
CREATE FUNCTION pg_temp.act_as(token text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('request.headers', jsonb_strip_nulls(jsonb_build_object('authorization', token))::text, true);
	PERFORM nuvopipe_api.pre_request();
END $$;
CREATE TABLE _nuvopipe.owned (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, owner_id uuid NOT NULL, is_public boolean NOT NULL, name text NOT NULL, created_at timestamptz NOT NULL);
CREATE VIEW _nuvopipe.api_owned AS
	SELECT o.id, o.name, o.created_at, o.tenant_id AS _tenant_id, o.owner_id AS _owner_id, 'nuvopipe_admin'::name AS _owner_role, o.is_public AND p.kind <> 'SUB_ORG' AS _shared
		FROM _nuvopipe.owned o JOIN _nuvopipe.principal p ON p.id = o.owner_id;
SELECT id AS acme FROM nuvopipe.create_organization('acme') \gset
SELECT id AS beta FROM nuvopipe.create_organization('beta') \gset
SELECT nuvopipe.create_user('ann@acme.test', 'acme') AS ann \gset
SELECT nuvopipe.create_user('eve@beta.test', 'beta') AS eve \gset
SELECT nuvopipe.create_sub_organization('Customer 1', 'c1', 'acme') AS c1 \gset
SELECT nuvopipe.create_sub_organization('Customer 2', 'c2', 'acme') AS c2 \gset
SELECT nuvopipe.create_sub_organization('Customer 3', 'c3', 'acme', '{"tdm": {"read": false}}') AS c3 \gset
SELECT nuvopipe.create_token('ann@acme.test', organization => 'acme') AS t_ann, nuvopipe.create_token('eve@beta.test', organization => 'beta') AS t_eve, nuvopipe.create_token('c1', organization => 'acme') AS t_c1,
	nuvopipe.create_token('c3', organization => 'acme') AS t_c3, nuvopipe.create_token('ann@acme.test', 'api_key', scopes => ARRAY['execution:read'], organization => 'acme') AS t_key \gset
INSERT INTO _nuvopipe.owned
	SELECT pg_temp.id(2000 + row_number() OVER ()::int), tenant::uuid, owner::uuid, is_public, name, '2024-01-01Z'
		FROM (VALUES (:'acme', :'ann', false, 'ann private'), (:'acme', :'ann', true, 'ann public'), (:'acme', :'c1', false, 'c1 private'), (:'acme', :'c1', true, 'c1 public'),
			(:'acme', :'c2', false, 'c2 private'), (:'acme', :'c2', true, 'c2 public'), (:'beta', :'eve', true, 'eve public')) AS v (tenant, owner, is_public, name);
CREATE FUNCTION pg_temp.names(kind text) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(o->>'name', ', ' ORDER BY o->>'name') FROM jsonb_array_elements(_nuvopipe.api_list('owned', '{}', kind => kind) -> 'data') o $$;
SELECT pg_temp.act_as(:'t_ann') AS caller \gset
SELECT is(pg_temp.names('tdm'), 'ann private, ann public, c1 private, c1 public, c2 private, c2 public', 'a user sees all of the organization');
SELECT is(pg_temp.names('template'), 'ann private, ann public, c1 private, c1 public, c2 private, c2 public', 'also what is for users alone');
SELECT is(_nuvopipe.api_read('owned', pg_temp.id(2005)) ->> 'name', 'c2 private');
SELECT throws_ok($$SELECT _nuvopipe.api_read('owned', pg_temp.id(2007))$$, '42704', 'owned "01900000-0000-7000-8000-0000000007d7" does not exist', 'nothing of another organization');
SELECT pg_temp.act_as(:'t_c1') AS caller \gset
SELECT is(pg_temp.names('tdm'), 'ann public, c1 private, c1 public', 'a sub-organization sees its own, and what users made public');
SELECT is(_nuvopipe.api_list('owned', '{"pagination": {"limit": 1}}', kind => 'tdm') #>> '{pagination,total}', '3', 'and counts no more');
SELECT is(_nuvopipe.api_read('owned', pg_temp.id(2003), kind => 'tdm') ->> 'name', 'c1 private');
SELECT throws_ok($$SELECT _nuvopipe.api_read('owned', pg_temp.id(2001), kind => 'tdm')$$, '42704', NULL, 'not what is private');
SELECT throws_ok($$SELECT _nuvopipe.api_read('owned', pg_temp.id(2006), kind => 'tdm')$$, '42704', NULL, 'not what another one made public');
SELECT throws_ok($$SELECT pg_temp.names('template')$$, '42501', NULL, 'nor what is for users alone');
SELECT pg_temp.act_as(:'t_c3') AS caller \gset
SELECT throws_ok($$SELECT pg_temp.names('tdm')$$, '42501', NULL, 'without the right');
SELECT throws_ok($$SELECT _nuvopipe.api_read('owned', pg_temp.id(2002), kind => 'tdm')$$, '42501', NULL);
SELECT pg_temp.act_as(:'t_key') AS caller \gset
SELECT throws_ok($$SELECT pg_temp.names('tdm')$$, '42501', NULL, 'beyond the scope of the key');
SELECT pg_temp.act_as(:'t_eve') AS caller \gset
SELECT is(pg_temp.names('tdm'), 'eve public', 'each organization its own');
SELECT pg_temp.act_as(NULL) AS caller \gset

-- --- small things
SELECT is(_nuvopipe.actor(pg_temp.id(1), 'n', 'i', 'ROLE'), jsonb_build_object('id', pg_temp.id(1), 'name', 'n', 'identifier', 'i', 'type', 'USER'));
SELECT is(_nuvopipe.actor(pg_temp.id(1), 'n', 'i', 'SUB_ORG') ->> 'type', 'SUB_ORG');
SELECT is(_nuvopipe.actor(NULL, NULL, NULL, NULL), NULL);
SELECT is(_nuvopipe.actor(p), NULL) FROM (VALUES (1)) v LEFT JOIN _nuvopipe.principal p ON false;
SELECT is(_nuvopipe.iso(t::timestamptz), said, t) FROM (VALUES ('2024-09-21 06:57:06.6729+00', '2024-09-21T06:57:06.672Z'), ('2024-01-01 00:30:00+02', '2023-12-31T22:30:00.000Z'), ('infinity', 'infinity'), ('-infinity', '-infinity'),
	('0044-03-15 00:00:00+00 BC', '-0043-03-15T00:00:00.000Z'), ('12024-03-15 00:00:00+00', '12024-03-15T00:00:00.000Z'), ('1969-12-31 23:59:59.9999+00', '1969-12-31T23:59:59.999Z')) AS v (t, said);
SELECT * FROM finish();
ROLLBACK;
