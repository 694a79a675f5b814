-- Query strings of lists: both syntaxes, mixed, and what is wrong in them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nuvopipe;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY default

CREATE FUNCTION pg_temp.said(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	RETURN _nuvopipe.parse_query(query);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' / ', SQLSTATE, SQLERRM, nullif(hint, ''));
END $$;

-- one request, written in five ways
SELECT count(DISTINCT pg_temp.said(q)), min(pg_temp.said(q)) FROM (VALUES
	('sort={"name":"asc"}&filters={"pipeline":"x"}&pagination={"offset":20,"limit":10}'),
	('sort=%7B%22name%22%3A%22asc%22%7D&filters=%7B%22pipeline%22%3A%22x%22%7D&pagination=%7B%22offset%22%3A20%2C%22limit%22%3A10%7D'),
	('sort[0]=name:asc&filters[$and][0][pipeline][$eq]=x&pagination[pageSize]=10&pagination[page]=3'),
	('sort%5B0%5D=name%3Aasc&filters%5B%24and%5D%5B0%5D%5Bpipeline%5D=x&pagination%5Boffset%5D=20&pagination%5Blimit%5D=10'),
	('?sort=name&&filters[pipeline]=x&pagination={"page":3,"pageSize":"10"}&')) v (q);

-- each by itself
SELECT q || E'\n    ' || pg_temp.said(q) FROM (VALUES
	(''), ('?'), ('&&'), ('='), ('=x'),
	('sort={}&filters={}&options={}&pagination={}'),
	('sort=&filters=&options=&pagination='),
	('sort=null&filters=null&options=null&pagination=null'),
	('sort={"b":"asc","a":"desc","configuration.developer_mode":"ASC"}'),
	('sort={"b":1,"a":-1}'),
	('sort={"configuration":{"developer_mode":"desc"},"a":"asc"}'),
	('sort[1]=b:desc&sort[0]=a&sort[10]=c:asc'),
	('sort[]=b:desc&sort[]=a'),
	('sort[b]=desc&sort[a][x]=asc'),
	('sort=b:desc, a,c:asc,'),
	('sort=["b:desc",{"a":"asc"},["c","desc"]]'),
	('sort=a&sort=b:desc'),
	('filters={"a":1,"b":-1.50e1,"c":true,"d":"x","e":null}'),
	('filters={"a":{"$ne":null},"b":{"$eq":null}}'),
	('filters={"a":["x",1,true,null]}'),
	('filters={"a":[]}'),
	('filters={"a":{"$in":[]}}'),
	('filters={"a":{"$gt":1,"$lte":5}}'),
	('filters={"a":{"b":{"c":{"$lt":"x"}}}}'),
	('filters={"a.b.c":{"$gte":0}}'),
	('filters={"$or":[{"a":1},{"b":2,"c":3},{"$and":[{"d":4},{"e":5}]}]}'),
	('filters={"$not":{"a":1,"b":2}}'),
	('filters={"a":{"$not":{"$in":["x","y"]}}}'),
	('filters={"a":{"$or":[{"$lt":1},{"$gt":5},7]}}'),
	('filters={"$and":[]}'),
	('filters=[{"a":1},{"b":2}]'),
	('filters={"a":1}&filters={"a":2}&filters[b]=3'),
	('filters={"a":{"$contains":"50%_\\"},"b":{"$containsi":"x"},"c":{"$startsWith":"x"},"d":{"$endsWith":"x"}}'),
	('filters={"a":{"$null":true},"b":{"$notNull":true},"c":{"$null":false},"d":{"$notNull":"false"}}'),
	('filters[a][$null]=true&filters[b][$notNull]=&filters[c][$null]=false&filters[d][$null]=0'),
	('filters[a][$in][0]=x&filters[a][$in][1]=y'),
	('filters[a][$in][]=x&filters[a][$in][]=y'),
	('filters[a][$in]=x&filters[a][$in]=y'),
	('filters[a][$in]=x'),
	('filters[a][$in]=["x","y"]'),
	('filters[a][0]=x&filters[a][1]=y'),
	('filters[a]=x&filters[a]=y'),
	('filters[a]=x&filters[a][$ne]=y'),
	('filters[a][b]=1&filters[a.c]=2'),
	('filters[$or][0][a]=1&filters[$or][0][b]=2&filters[$or][1][c][$gt]=3'),
	('filters[$or][1][a]=1&filters[$or][0][b]=2'),
	('filters[$or]=[{"a":1},{"b":2}]'),
	('filters[$not][a]=1'),
	('filters[$and][0]={"a":1}&filters[$and][1][b]=2'),
	('filters[a]={"b":1}'),
	('filters[name]=M%C3%BCller+%26+S%c3%b6hne%2B1'),
	('filters[name]=100%&filters[b]=%zz%4'),
	('filters[a]='),
	('filters[a]=x=y'),
	('filters[a b][$eq]=1'),
	('filters={"a\u00e4\ud83d\ude00\"":"\n"}'),
	('pagination[offset]=0&pagination[limit]=100'),
	('pagination[page]=1'), ('pagination[page]=4'), ('pagination[pageSize]=7'), ('pagination={"after":"abc","limit":5}'),
	('pagination[after]=abc&pagination={"limit":5}'),
	('options={"attach_meta":true}&options[x][y]=1'),
	('populate=*&populate[a][b]=c&fields[0]=name&publicationState=live&locale[0]=en&locale[0]=de'),
	('wait=3&object_path=a%2Fb&flag')) v (q);

-- what is wrong
SELECT q || E'\n    ' || pg_temp.said(q) FROM (VALUES
	('sort={"a":"up"}'), ('sort=a:up'), ('sort[0]=:asc'), ('sort={"a":"asc","a":"desc"}'), ('sort=5'), ('sort=true'), ('sort=[5]'), ('sort=[["a"]]'), ('sort={"a":'), ('sort=a,b,c,d,e,f,g,h,i'),
	('sort[a][0]=x'),
	('filters=x'), ('filters=5'), ('filters="x"'), ('filters={"a":}'), ('filters={"a":1'), ('filters={"a":1}x'), ('filters={a:1}'), ('filters={"a":01}'), ('filters={''a'':1}'),
	('filters={"a":"\ud800"}'), ('filters={"a":"\u0000"}'), ('filters={"a":"\x"}'), ('filters={"ä":}'),
	('filters={"a":1e999999}'),
	('filters={"a":{}}'), ('filters={"":1}'), ('filters={"' || repeat('ä', 1000) || '":{}}'), ('filters[]=x'), ('filters[a][$foo]=1'), ('filters={"a":{"$contain":1}}'), ('filters={"$and":[{"x":{"$startswith":1}}]}'),
	('filters={"$eq":1}'), ('filters={"$nor":[]}'), ('filters={"$or":[]}'), ('filters={"$or":1}'), ('filters={"$and":[1]}'), ('filters={"$not":1}'), ('filters={"$or":[{"a":1},{"b":{"$eq":{"x":1}}}]}'),
	('filters={"a":{"$gt":null}}'), ('filters={"a":{"$gt":[1]}}'), ('filters={"a":{"$in":{"x":1}}}'), ('filters={"a":{"$in":[[1]]}}'), ('filters={"a":[{"b":1}]}'), ('filters={"a":{"$null":"maybe"}}'),
	('filters={"a":{"$null":[true]}}'),
	('filters[a'), ('filters[a]b=1'), ('filters[a][=1'), ('filters]=1'), ('x[]=1'),
	('pagination=5'), ('pagination={"limit":-1}'), ('pagination={"limit":1.5}'), ('pagination={"limit":"many"}'), ('pagination[limit]=99999999999'), ('pagination={"limits":1}'), ('pagination={"limit":1,"limit":2}'),
	('pagination[limit]=1&pagination[limit]=2'), ('pagination[limit]=1&pagination[pageSize]=2'), ('pagination[page]=0'), ('pagination[page]=1&pagination[offset]=2'), ('pagination={"after":5}'),
	('pagination[limit]='),
	('options=5'), ('options=[1]'), ('wait=1&wait=2'),
	('a=%ff'), ('%ff=1'), ('a=%00'), ('a=%c0%80'), ('a=%ed%a0%80'), ('filters[%fe]=x')) v (q);

-- bounds
SELECT what || ': ' || pg_temp.said(q) FROM (VALUES
	('length', 'a=' || repeat('x', 65535)),
	('pairs', repeat('a&', 1001)),
	('brackets', 'filters' || repeat('[a]', 21) || '=1'),
	('JSON', 'filters=' || repeat('{"a":', 21) || '1' || repeat('}', 21)),
	('deep JSON', 'filters=' || repeat('[', 60000)),
	('logic', 'filters=' || repeat('{"$not":', 9) || '{"a":1}' || repeat('}', 9)),
	('logic in brackets', 'filters' || repeat('[$or][0]', 9) || '[a]=1'),
	('conditions', 'filters={"$or":[' || repeat('{"a":1},', 100) || '{"a":1}]}'),
	('conditions in two parameters', 'filters={"$or":[' || repeat('{"a":1},', 99) || '{"a":1}]}&filters[b]=1'),
	('values', 'filters={"a":[' || repeat('1,', 1000) || '1]}')) v (what, q);
SELECT jsonb_array_length(_nuvopipe.parse_query('filters={"$or":[' || repeat('{"a":1},', 99) || '{"a":1}]}') #> '{filters,and,0,or}'),
	jsonb_array_length(_nuvopipe.parse_query('filters={"a":[' || repeat('1,', 999) || '1]}') #> '{filters,and,0,value}'),
	_nuvopipe.parse_query('filters=' || repeat('{"$not":', 8) || '{"a":1}' || repeat('}', 8)) IS NOT NULL;
