
/*
 * Privileges of all routines: nothing to PUBLIC, the public contract to
 * nuvopipe_user.  Private routines are reached through public ones, which run as
 * their owner; the few that views and invoker functions call by themselves are
 * granted one by one, and need no USAGE on their schema, for they are bound when
 * those are created.
 */
REVOKE ALL ON ALL ROUTINES IN SCHEMA nuvopipe, _nuvopipe FROM PUBLIC;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA nuvopipe TO nuvopipe_user;
