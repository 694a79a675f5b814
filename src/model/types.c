/*-------------------------------------------------------------------------
 *
 * types.c
 *		The registry of column types.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/types.h"

/* other names that definitions use */
static const struct
{
	const char *alias;
	const char *name;
}			aliases[] = {
	{"single-select", "category"},
	{"domain", "hostname"},
	{"hex_color", "hex_colour"},
};

/* nvp_type_at walks all types; NULL after the last. */
const NvpTypeRoutine *
nvp_type_at(int i)
{
	const NvpTypeRoutine *groups[] = {nvp_types_basic, nvp_types_date, nvp_types_code};

	for (int g = 0; g < lengthof(groups); g++)
	{
		for (const NvpTypeRoutine *type = groups[g]; type && type->name; type++)
		{
			if (i-- == 0)
				return type;
		}
	}
	return NULL;
}

/* nvp_type_find looks a columnType or one of its aliases up; NULL if unknown. */
const NvpTypeRoutine *
nvp_type_find(const char *name)
{
	const NvpTypeRoutine *type;

	for (int i = 0; i < lengthof(aliases); i++)
	{
		if (strcmp(name, aliases[i].alias) == 0)
			name = aliases[i].name;
	}
	for (int i = 0; (type = nvp_type_at(i)) != NULL; i++)
	{
		if (strcmp(type->name, name) == 0)
			return type;
	}
	return NULL;
}
