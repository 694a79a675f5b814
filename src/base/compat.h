/*-------------------------------------------------------------------------
 *
 * compat.h
 *		The only file that reads PG_VERSION_NUM.
 *
 * Call sites use the newest API name; each shim says which release changed
 * what, and goes when the older release is dropped.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_COMPAT_H
#define NVP_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "nuvopipe supports PostgreSQL 15 to 18"
#endif

/* 16: varatt.h was split from postgres.h */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18: pg_attribute_noreturn() became pg_noreturn, in front of the declaration */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/*
 * 17: a wait event set is owned by a resource owner, before by a memory
 * context; ours are always freed by whoever made them.  Not under the
 * server's name, which would spoil its prototype where storage/latch.h comes
 * later.
 */
#if PG_VERSION_NUM >= 170000
#define nvp_create_wait_event_set(nevents) CreateWaitEventSet(NULL, nevents)
#else
#define nvp_create_wait_event_set(nevents) CreateWaitEventSet(CurrentMemoryContext, nevents)
#endif

/* 17: wait events of extensions have names */
#if PG_VERSION_NUM < 170000
#define WaitEventExtensionNew(name)		PG_WAIT_EXTENSION
#endif

/* 16: PG_FUNCTION_INFO_V1 exports the function as well; we hide symbols by default */
#if PG_VERSION_NUM < 160000 && !defined(FRONTEND)
#include "fmgr.h"
#undef PG_FUNCTION_INFO_V1
#define PG_FUNCTION_INFO_V1(funcname) \
extern PGDLLEXPORT Datum funcname(PG_FUNCTION_ARGS); \
extern PGDLLEXPORT const Pg_finfo_record * CppConcat(pg_finfo_,funcname)(void); \
const Pg_finfo_record * \
CppConcat(pg_finfo_,funcname) (void) \
{ \
	static const Pg_finfo_record my_finfo = { 1 }; \
	return &my_finfo; \
} \
extern int no_such_variable
#endif

/* 17: a process is known by its number, MyProc->pgprocno has gone */
#if PG_VERSION_NUM >= 170000
#define nvp_my_procno()		((int) MyProcNumber)
#else
#define nvp_my_procno()		((int) MyProc->pgprocno)
#endif

#ifndef FRONTEND
#include "catalog/index.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#endif
#include "utils/acl.h"
#include "utils/regproc.h"

/*
 * 16: input functions can return a bad value's message instead of throwing.
 * Before, they throw, and *why is never set.
 */
static inline bool
nvp_input_call(FmgrInfo *input, char *text, Oid io_param, int32 typmod, Datum *datum, char **why)
{
#if PG_VERSION_NUM >= 160000
	ErrorSaveContext soft = {T_ErrorSaveContext};

	soft.details_wanted = true;
	if (InputFunctionCallSafe(input, text, io_param, typmod, (Node *) &soft, datum))
		return true;
	*why = soft.error_data->message;
	return false;
#else
	*datum = InputFunctionCall(input, text, io_param, typmod);
	return true;
#endif
}

/* 16: ExecInsertIndexTuples was told whether only summarizing indexes matter */
static inline List *
nvp_insert_index_tuples(ResultRelInfo *result, TupleTableSlot *slot, EState *estate)
{
#if PG_VERSION_NUM >= 160000
	return ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL, false);
#else
	return ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL);
#endif
}

/* 16: who looks again at changed rows is told which relations are written */
#if PG_VERSION_NUM >= 160000
#define nvp_init_epq(epq, estate)	EvalPlanQualInit(epq, estate, NULL, NIL, -1, NIL)
#else
#define nvp_init_epq(epq, estate)	EvalPlanQualInit(epq, estate, NULL, NIL, -1)
#endif

/* 18: index scans are counted for EXPLAIN */
#if PG_VERSION_NUM >= 180000
#define nvp_index_beginscan(heap, index, snapshot, nkeys)	index_beginscan(heap, index, snapshot, NULL, nkeys, 0)
#else
#define nvp_index_beginscan(heap, index, snapshot, nkeys)	index_beginscan(heap, index, snapshot, nkeys, 0)
#endif

/* 16: stringToQualifiedNameList can return errors softly; we let it throw */
#if PG_VERSION_NUM >= 160000
#define nvp_qualified_name_list(name)	stringToQualifiedNameList(name, NULL)
#else
#define nvp_qualified_name_list(name)	stringToQualifiedNameList(name)
#endif

/* 17: reindex_relation takes the statement that event triggers are told about */
static inline bool
nvp_reindex_relation(Oid relid, int flags)
{
	ReindexParams params = {0};

#if PG_VERSION_NUM >= 170000
	return reindex_relation(NULL, relid, flags, &params);
#else
	return reindex_relation(relid, flags, &params);
#endif
}

/* 16: one function tells ownership of every class of object; ours are databases and extensions */
static inline bool
nvp_owns_object(Oid class_id, Oid object_id)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(class_id, object_id, GetUserId());
#else
	return class_id == DatabaseRelationId ? pg_database_ownercheck(object_id, GetUserId()) :
		pg_extension_ownercheck(object_id, GetUserId());
#endif
}

/* 18: a CHECK constraint can be NOT ENFORCED */
#if PG_VERSION_NUM >= 180000
#define nvp_check_is_enforced(check)	((check)->ccenforced)
#else
#define nvp_check_is_enforced(check)	true
#endif
#endif							/* !FRONTEND */

#endif							/* NVP_COMPAT_H */
