
-- the workers of this database come when CREATE EXTENSION commits, not when the launcher happens to look
SELECT _nuvopipe.wake();
