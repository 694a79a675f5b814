-- Plain CREATE SCHEMA: a schema planted under one of these names makes the install fail.
CREATE SCHEMA nuvopipe;
COMMENT ON SCHEMA nuvopipe IS 'nuvopipe: the public contract (typed functions and views)';
CREATE SCHEMA _nuvopipe;
COMMENT ON SCHEMA _nuvopipe IS 'nuvopipe: private tables and helpers; no access but through schema nuvopipe';

