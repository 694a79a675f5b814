
-- Users fill every table, so every table is dumped whole; but not when it was
-- installed.  No table has a sequence.  Of issue and event those partitions
-- are meant that are the extension's; the others are dumped as tables of the user, with their definition.
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.organization', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.principal', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.license_key', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.signing_key', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.token', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.tdm', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.credential', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.connector', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.pipeline_template', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.pipeline_configuration', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.pipeline', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.calendar', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.schedule', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.planned_run', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.run', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.execution', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.execution_attempt', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.blob', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.blob_chunk', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.upload', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.receiver', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.preview', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.download_ticket', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.issue_default', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.input_ledger', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.accepted_header', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.event_default', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.idempotency', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.webhook', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.outbox', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.trigger', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.signal', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.retention', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.uncounted', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.tally', '');
SELECT pg_catalog.pg_extension_config_dump('_nuvopipe.digest', '');
