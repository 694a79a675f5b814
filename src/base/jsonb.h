/*-------------------------------------------------------------------------
 *
 * jsonb.h
 *		Typed readers of definitions whose errors name the JSON path.
 *
 * A definition is walked with a NvpPath, a linked list on the C stack; its text
 * is only made when an error is raised: "columns[2].validations[0].regex".
 *
 * Errors: 22023 (invalid_parameter_value) for wrong types and values, 22023
 *		   with a closest-match hint for unknown members.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_JSONB_H
#define NVP_JSONB_H

#include "utils/jsonb.h"

#include "base/compat.h"

typedef struct NvpPath
{
	const struct NvpPath *parent;	/* NULL at the root */
	const char *member;			/* name, or NULL for an array element */
	int			index;			/* of an array element, from 0 */
} NvpPath;

extern char *nvp_path_text(const NvpPath *path);

/* ereport(ERROR, 22023) with the path and an optional hint (may be NULL) */
pg_noreturn extern void nvp_path_error(const NvpPath *path, const char *hint, const char *fmt,...) pg_attribute_printf(3, 4);

/* member of an object; NULL when absent or JSON null (has_* tell the two apart is not needed) */
extern JsonbValue *nvp_jsonb_get(JsonbContainer *object, const char *member);

/* typed getters: absent or null gives the default; a wrong type throws */
extern char *nvp_jsonb_text(JsonbContainer *object, const NvpPath *path, const char *member, const char *def);
extern bool nvp_jsonb_bool(JsonbContainer *object, const NvpPath *path, const char *member, bool def);
extern int64 nvp_jsonb_int(JsonbContainer *object, const NvpPath *path, const char *member, int64 def, int64 min, int64 max);
extern double nvp_jsonb_number(JsonbContainer *object, const NvpPath *path, const char *member, double def, double min, double max);
extern JsonbContainer *nvp_jsonb_object(JsonbContainer *object, const NvpPath *path, const char *member);	/* NULL if absent */
extern JsonbContainer *nvp_jsonb_array(JsonbContainer *object, const NvpPath *path, const char *member);	/* NULL if absent */

/* throws for a member of object that is not in allowed (NULL-terminated), with a closest-match hint */
extern void nvp_jsonb_check_members(JsonbContainer *object, const NvpPath *path, const char *const *allowed);

/* the word of a NULL-terminated list nearest to word, or NULL if none is near */
extern const char *nvp_closest(const char *word, const char *const *list);

#endif							/* NVP_JSONB_H */
