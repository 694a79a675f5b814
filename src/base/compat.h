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

#endif							/* NVP_COMPAT_H */
