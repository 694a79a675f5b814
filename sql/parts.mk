# The install script is these parts in this order; nothing is found by wildcard.
# schema/ runs once; routine/ is CREATE OR REPLACE in source and stripped for install.
SQL_SCHEMA = \
	sql/schema/010-header.sql \
	sql/schema/020-schema.sql

SQL_ROUTINE =
