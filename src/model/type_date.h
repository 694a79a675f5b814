/*-------------------------------------------------------------------------
 *
 * type_date.h
 *		The routines of the date and time types; see NvpTypeRoutine.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TYPE_DATE_H
#define NVP_TYPE_DATE_H

#include "model/date_format.h"
#include "model/date_read.h"
#include "model/model.h"

/* type_date.c: date, date_dmy, date_mdy, date_iso */
extern const char *nvp_date_prepare_type(NvpColumn *column);
extern void nvp_date_convert(const NvpColumn *column, const NvpCell *cells, int n,
							 NvpValue *values, NvpArena *arena);
extern void nvp_date_vote(const NvpColumn *column, const NvpCell *cells, int n, NvpVote *vote);
extern NvpText nvp_date_render(const NvpColumn *column, const NvpValue *value, NvpArena *arena);

/* shared by date and datetime */
extern const char *nvp_date_grammar(const NvpColumn *column, NvpDateGrammar *grammar);
extern uint8 nvp_date_order(const NvpColumn *column);
extern void nvp_date_count(NvpVote *vote, uint8 only);

/* type_datetime.c */
extern const char *nvp_datetime_prepare_type(NvpColumn *column);
extern void nvp_datetime_convert(const NvpColumn *column, const NvpCell *cells, int n,
								 NvpValue *values, NvpArena *arena);
extern void nvp_datetime_vote(const NvpColumn *column, const NvpCell *cells, int n, NvpVote *vote);
extern NvpText nvp_datetime_render(const NvpColumn *column, const NvpValue *value, NvpArena *arena);

/* type_time.c: time_hms, time_hm, time_hms_24, time_hm_24 */
extern const char *nvp_time_prepare_type(NvpColumn *column);
extern void nvp_time_convert(const NvpColumn *column, const NvpCell *cells, int n,
							 NvpValue *values, NvpArena *arena);
extern NvpText nvp_time_render(const NvpColumn *column, const NvpValue *value, NvpArena *arena);

#endif							/* NVP_TYPE_DATE_H */
