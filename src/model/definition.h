/*-------------------------------------------------------------------------
 *
 * definition.h
 *		From the jsonb of a target data model to the model in memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_DEFINITION_H
#define NVP_DEFINITION_H

#include "base/jsonb.h"
#include "model/model.h"

/* definition.c */
extern NvpModel *nvp_model_compile(Jsonb *columns);
extern NvpColumn *nvp_column_compile(Jsonb *column);

/* definition_option.c: the options of section 5 */
extern void nvp_option_check_members(JsonbContainer *object, const NvpPath *path);
extern const char *nvp_option_at(int i, const char **types);
extern void nvp_option_compile(NvpColumn *column, JsonbContainer *object, const NvpPath *path);
extern NvpTextList nvp_option_text_list(JsonbContainer *object, const NvpPath *path, const char *member);
extern NvpText nvp_option_scalar_text(const JsonbValue *value, const NvpPath *path);

/* definition_category.c: the three ways to write the options of a category */
extern void nvp_category_compile(NvpColumn *column, JsonbContainer *object, const NvpPath *path);

/* definition_rule.c: validations, first generation */
extern const char *nvp_rule_at(int i, const char **parameter);
extern void nvp_rule_compile(NvpModel *model, NvpColumn *column, JsonbContainer *object,
							 const NvpPath *path);

#endif							/* NVP_DEFINITION_H */
