/*-------------------------------------------------------------------------
 *
 * types_basic.h
 *		What the basic column types give to their table, types_basic.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TYPES_BASIC_H
#define NVP_TYPES_BASIC_H

#include "model/model.h"

#define NVP_CONVERT_ARGS \
	const NvpColumn *column, const NvpCell *cells, int n, NvpValue *values, NvpArena *arena
#define NVP_VOTE_ARGS \
	const NvpColumn *column, const NvpCell *cells, int n, NvpVote *vote

/* type_string.c */
extern const char *nvp_string_prepare(NvpColumn *column);
extern void nvp_string_convert(NVP_CONVERT_ARGS);

/* type_number.c */
extern void nvp_int_convert(NVP_CONVERT_ARGS);
extern void nvp_float_convert(NVP_CONVERT_ARGS);
extern const char *nvp_decimal_prepare(NvpColumn *column);
extern void nvp_decimal_convert(NVP_CONVERT_ARGS);
extern void nvp_plain_vote(NVP_VOTE_ARGS);

/* type_money.c */
extern const char *nvp_percentage_prepare(NvpColumn *column);
extern void nvp_percentage_convert(NVP_CONVERT_ARGS);
extern void nvp_percentage_vote(NVP_VOTE_ARGS);
extern const char *nvp_currency_prepare(NvpColumn *column);
extern void nvp_currency_convert(NVP_CONVERT_ARGS);
extern void nvp_currency_vote(NVP_VOTE_ARGS);

/* type_boolean.c */
extern const char *nvp_boolean_prepare(NvpColumn *column);
extern void nvp_boolean_convert(NVP_CONVERT_ARGS);

/* type_category.c */
extern const char *nvp_category_prepare(NvpColumn *column);
extern void nvp_category_convert(NVP_CONVERT_ARGS);

#endif							/* NVP_TYPES_BASIC_H */
