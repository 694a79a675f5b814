/*
 * Runners keep compiled pipelines.  Whatever changes a row that one is made of
 * tells them with its commit (src/pipeline/plan_cache.h), whoever it is; new rows
 * change none.
 */
CREATE FUNCTION _nuvopipe.forget_plans() RETURNS trigger
	AS 'MODULE_PATHNAME', 'nuvopipe_forget_plans' LANGUAGE C;

CREATE TRIGGER forget_plans AFTER UPDATE OR DELETE OR TRUNCATE ON _nuvopipe.organization
	FOR EACH STATEMENT EXECUTE FUNCTION _nuvopipe.forget_plans();
CREATE TRIGGER forget_plans AFTER UPDATE OR DELETE OR TRUNCATE ON _nuvopipe.principal
	FOR EACH STATEMENT EXECUTE FUNCTION _nuvopipe.forget_plans();
CREATE TRIGGER forget_plans AFTER UPDATE OR DELETE OR TRUNCATE ON _nuvopipe.tdm
	FOR EACH STATEMENT EXECUTE FUNCTION _nuvopipe.forget_plans();
CREATE TRIGGER forget_plans AFTER UPDATE OR DELETE OR TRUNCATE ON _nuvopipe.connector
	FOR EACH STATEMENT EXECUTE FUNCTION _nuvopipe.forget_plans();
CREATE TRIGGER forget_plans AFTER UPDATE OR DELETE OR TRUNCATE ON _nuvopipe.pipeline_configuration
	FOR EACH STATEMENT EXECUTE FUNCTION _nuvopipe.forget_plans();
CREATE TRIGGER forget_plans AFTER UPDATE OR DELETE OR TRUNCATE ON _nuvopipe.pipeline
	FOR EACH STATEMENT EXECUTE FUNCTION _nuvopipe.forget_plans();

