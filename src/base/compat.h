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

#endif							/* NVP_COMPAT_H */
