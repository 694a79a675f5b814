/* nuvopipe: install script, made from sql/schema and sql/routine; see sql/parts.mk */
\echo Use "CREATE EXTENSION nuvopipe" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_min_messages = warning;

