/*-------------------------------------------------------------------------
 *
 * types.h
 *		The groups of column types, each the table of one family.
 *
 * A group is an array that ends with a NULL name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TYPES_H
#define NVP_TYPES_H

#include "model/model.h"

/* outside the server a program links the families it tests; the others are empty */
#ifdef FRONTEND
#define NVP_GROUP	__attribute__((weak))
#else
#define NVP_GROUP
#endif

/* string, int, bigint, float, decimal, percentage, currency_*, boolean, category */
extern const NvpTypeRoutine nvp_types_basic[] NVP_GROUP;

/* date*, datetime, time_* */
extern const NvpTypeRoutine nvp_types_date[] NVP_GROUP;

/* e-mail, addresses, codes, identifiers, coordinates */
extern const NvpTypeRoutine nvp_types_code[] NVP_GROUP;

#endif							/* NVP_TYPES_H */
