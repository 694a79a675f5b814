/*-------------------------------------------------------------------------
 *
 * types_date.c
 *		The group of date and time types.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/type_date.h"
#include "model/types.h"

const NvpTypeRoutine nvp_types_date[] = {
	{"date", NVP_VALUE_DATE, NVP_CODE_INVALID_DATE,
	nvp_date_prepare_type, nvp_date_convert, nvp_date_vote, nvp_date_render},
	{"date_dmy", NVP_VALUE_DATE, NVP_CODE_INVALID_DATE_DMY,
	nvp_date_prepare_type, nvp_date_convert, NULL, nvp_date_render},
	{"date_mdy", NVP_VALUE_DATE, NVP_CODE_INVALID_DATE_MDY,
	nvp_date_prepare_type, nvp_date_convert, NULL, nvp_date_render},
	{"date_iso", NVP_VALUE_DATE, NVP_CODE_INVALID_DATE_ISO,
	nvp_date_prepare_type, nvp_date_convert, NULL, nvp_date_render},
	{"datetime", NVP_VALUE_TIMESTAMP, NVP_CODE_INVALID_DATETIME,
	nvp_datetime_prepare_type, nvp_datetime_convert, nvp_datetime_vote, nvp_datetime_render},
	{"time_hms", NVP_VALUE_TIME, NVP_CODE_INVALID_TIME_HMS,
	nvp_time_prepare_type, nvp_time_convert, NULL, nvp_time_render},
	{"time_hm", NVP_VALUE_TIME, NVP_CODE_INVALID_TIME_HM,
	nvp_time_prepare_type, nvp_time_convert, NULL, nvp_time_render},
	{"time_hms_24", NVP_VALUE_TIME, NVP_CODE_INVALID_TIME_HMS_24,
	nvp_time_prepare_type, nvp_time_convert, NULL, nvp_time_render},
	{"time_hm_24", NVP_VALUE_TIME, NVP_CODE_INVALID_TIME_HM_24,
	nvp_time_prepare_type, nvp_time_convert, NULL, nvp_time_render},
	{NULL}
};
