-- Target data models proposed from tables and queries.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nuvopipe;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE ROLE regress_np_carol IN ROLE nuvopipe_user;
CREATE SCHEMA regress_np_t AUTHORIZATION regress_np_carol;
SET ROLE regress_np_carol;
SET search_path = regress_np_t;

CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
CREATE DOMAIN plate AS varchar(12) NOT NULL;
CREATE DOMAIN size AS text CHECK (VALUE IN ('S', 'M', 'L'));
CREATE TABLE everything (
	id bigint GENERATED ALWAYS AS IDENTITY,
	email text NOT NULL UNIQUE,
	code char(3),
	"Odd Name" varchar(40) DEFAULT 'x' NOT NULL,
	any_varchar varchar,
	small smallint,
	n int CHECK (n > 0),
	big bigint,
	f real,
	price numeric(12, 2),
	tens numeric(5, -1),
	plain numeric,
	yes boolean,
	d date,
	at timestamptz(3),
	t time,
	u uuid,
	doc jsonb,
	mood mood,
	plate plate,
	size size,
	colour text CHECK (colour IN ('red', 'it''s, "blue"', '')),
	short varchar(5) CHECK (short IN ('a', 'b')),
	"Level" int CHECK ("Level" IN (1, 2, -3)),
	single text CHECK (single IN ('only')),
	pattern text CHECK (pattern ~ 'x'),
	either text CHECK (either IN ('a', 'b') OR either IS NULL),
	doubled numeric GENERATED ALWAYS AS (price * 2) STORED,
	half_unique text,
	gone int,
	UNIQUE (half_unique, n),
	PRIMARY KEY (u)
);
CREATE UNIQUE INDEX ON everything (half_unique) WHERE n > 0;
ALTER TABLE everything DROP COLUMN gone;
COMMENT ON COLUMN everything.email IS 'where bills go';

SELECT jsonb_array_elements(nuvopipe.tdm_from_table('everything'));

-- what is proposed is accepted, and leads back to an equal table
SELECT nuvopipe.create_tdm('everything', nuvopipe.tdm_from_table('everything')) IS NOT NULL AS created;
SELECT nuvopipe.tdm_to_ddl('everything', 'again') AS ddl \gset
\echo :ddl
:ddl
SELECT nuvopipe.tdm_to_ddl('everything', 'no good');
SELECT nuvopipe.tdm_to_ddl('nothing', 'x');
CREATE TABLE empty ();
SELECT nuvopipe.tdm_from_table('empty');

-- queries: read with the caller's rights and search_path, never run
SELECT jsonb_array_elements(nuvopipe.tdm_from_query('SELECT email, price, count(*) AS n, 1 / 0 AS never_run FROM everything GROUP BY 1, 2'));
SELECT jsonb_array_elements(nuvopipe.tdm_from_query('VALUES (1, ''sad''::mood)'));
SELECT nuvopipe.tdm_from_query('SELECT 1 AS a, 2 AS a');
SELECT nuvopipe.tdm_from_query('SELECT nothing FROM everything');
SELECT nuvopipe.tdm_from_query('INSERT INTO empty DEFAULT VALUES RETURNING 1 AS x');
SELECT nuvopipe.tdm_from_query('WITH i AS (INSERT INTO empty DEFAULT VALUES RETURNING 1 AS x) SELECT * FROM i');
SELECT nuvopipe.tdm_from_query('CREATE TABLE x ()');
SELECT nuvopipe.tdm_from_query('');
SELECT nuvopipe.tdm_from_query('SELECT 1; DROP TABLE everything');
SELECT nuvopipe.tdm_from_query('SELECT $1');
SELECT nuvopipe.tdm_from_query('SELECT');
SELECT count(*) FROM empty;

SELECT nuvopipe.delete_tdm('everything');
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA regress_np_t CASCADE;
DROP ROLE regress_np_carol;
