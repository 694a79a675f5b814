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

/* string, int, bigint, float, decimal, percentage, currency_*, boolean, category */
extern const NvpTypeRoutine nvp_types_basic[];

/* date*, datetime, time_* */
extern const NvpTypeRoutine nvp_types_date[];

/* e-mail, addresses, codes, identifiers, coordinates */
extern const NvpTypeRoutine nvp_types_code[];

#endif							/* NVP_TYPES_H */
