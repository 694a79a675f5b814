# The install script is these parts in this order; nothing is found by wildcard.
# schema/ runs once; routine/ is CREATE OR REPLACE in source and stripped for install.
SQL_SCHEMA = \
	sql/schema/010-header.sql \
	sql/schema/020-schema.sql \
	sql/schema/025-role.sql \
	sql/schema/035-execution-type.sql \
	sql/schema/040-catalogue.sql \
	sql/schema/050-run.sql \
	sql/schema/060-dump.sql

# privilege.sql is the last: it looks at all routines
SQL_ROUTINE = \
	sql/routine/privilege.sql
