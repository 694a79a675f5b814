# The install script is these parts in this order; nothing is found by wildcard.
# schema/ runs once; routine/ is CREATE OR REPLACE in source and stripped for install.
SQL_SCHEMA = \
	sql/schema/010-header.sql \
	sql/schema/020-schema.sql \
	sql/schema/025-role.sql \
	sql/schema/030-type.sql \
	sql/schema/035-execution-type.sql \
	sql/schema/036-alert-type.sql \
	sql/schema/040-catalogue.sql \
	sql/schema/045-api.sql \
	sql/schema/050-run.sql \
	sql/schema/055-storage.sql \
	sql/schema/056-event.sql \
	sql/schema/057-schedule.sql \
	sql/schema/058-trigger.sql \
	sql/schema/059-retention.sql \
	sql/schema/060-dump.sql \
	sql/schema/065-plan.sql \
	sql/schema/080-rls.sql

# privilege.sql is the last: it looks at all routines and views
SQL_ROUTINE = \
	sql/routine/format.sql \
	sql/routine/model.sql \
	sql/routine/recurrence.sql \
	sql/routine/identity.sql \
	sql/routine/lookup.sql \
	sql/routine/api_list.sql \
	sql/routine/check.sql \
	sql/routine/calendar.sql \
	sql/routine/describe.sql \
	sql/routine/tdm.sql \
	sql/routine/secret.sql \
	sql/routine/connector.sql \
	sql/routine/remote.sql \
	sql/routine/template.sql \
	sql/routine/pipeline.sql \
	sql/routine/partition.sql \
	sql/routine/storage.sql \
	sql/routine/download.sql \
	sql/routine/digest.sql \
	sql/routine/retention.sql \
	sql/routine/execution.sql \
	sql/routine/queue.sql \
	sql/routine/run.sql \
	sql/routine/planned.sql \
	sql/routine/schedule.sql \
	sql/routine/schedule_view.sql \
	sql/routine/pgcron.sql \
	sql/routine/signal.sql \
	sql/routine/trigger.sql \
	sql/routine/validate.sql \
	sql/routine/view.sql \
	sql/routine/header.sql \
	sql/routine/rights.sql \
	sql/routine/organization.sql \
	sql/routine/principal.sql \
	sql/routine/token.sql \
	sql/routine/webhook.sql \
	sql/routine/monitor.sql \
	sql/routine/alert_process.sql \
	sql/routine/alert_run.sql \
	sql/routine/alert_schedule.sql \
	sql/routine/alert.sql \
	sql/routine/stream.sql \
	sql/routine/route.sql \
	sql/routine/api_request.sql \
	sql/routine/api_event.sql \
	sql/routine/api_metrics.sql \
	sql/routine/api_openapi.sql \
	sql/routine/api_identity.sql \
	sql/routine/rls.sql \
	sql/routine/api_tdm.sql \
	sql/routine/api_connector.sql \
	sql/routine/api_template.sql \
	sql/routine/api_pipeline.sql \
	sql/routine/api_execution.sql \
	sql/routine/api_schedule.sql \
	sql/routine/api_operation.sql \
	sql/routine/api_issue.sql \
	sql/routine/api_download.sql \
	sql/routine/api_upload.sql \
	sql/routine/api_receive.sql \
	sql/routine/api_preview.sql \
	sql/routine/api_view.sql \
	sql/routine/privilege.sql \
	sql/routine/start.sql
