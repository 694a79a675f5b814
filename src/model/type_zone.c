/*-------------------------------------------------------------------------
 *
 * type_zone.c
 *		Column type time_zone: names of the server's own time zone database.
 *
 * Whatever the server can use as a zone is accepted, in any case, and comes out
 * as the database spells it; links stay what they are.  POSIX rules, offsets
 * and abbreviations without a file of their own are not names.
 *
 * Memory: the sorted list of names (about 600) is made once per process and
 *		   kept.
 * Errors: converting returns; the first prepare may throw what reading the
 *		   time zone directory throws.
 * Purity: outside the server only UTC is known.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#ifndef FRONTEND
#include "pgtime.h"
#include "utils/memutils.h"
#endif

#include "model/codes.h"

#define ZONE_MAX_BYTES	255		/* TZ_STRLEN_MAX */

typedef struct ZoneList
{
	int			n;
	const char **names;			/* sorted without regard to case */
} ZoneList;

/* Orders len bytes of text against a name; ASCII case does not count. */
static int
compare_name(const char *text, uint32 len, const char *name)
{
	for (uint32 i = 0; i < len; i++)
	{
		int			order = (uint8) nvp_ascii_lower(text[i]) - (uint8) nvp_ascii_lower(name[i]);

		if (order != 0)
			return order;
	}
	return name[len] == '\0' ? 0 : -1;
}

#ifndef FRONTEND

static int
compare_names(const void *a, const void *b)
{
	const char *text = *(const char *const *) a;

	return compare_name(text, strlen(text), *(const char *const *) b);
}

/* Files of the database that are no zones of their own. */
static bool
is_zone(const char *name)
{
	static const char *const others[] = {"posixrules", "localtime", "Factory"};

	for (int i = 0; i < lengthof(others); i++)
	{
		if (strcmp(name, others[i]) == 0)
			return false;
	}
	return strncmp(name, "posix/", 6) != 0 && strncmp(name, "right/", 6) != 0;
}

static ZoneList *
read_zones(void)
{
	ZoneList   *list = palloc0(sizeof(ZoneList));
	int			size = 1024;
	pg_tzenum  *scan = pg_tzenumerate_start();
	pg_tz	   *zone;

	list->names = palloc(size * sizeof(char *));
	while ((zone = pg_tzenumerate_next(scan)) != NULL)
	{
		const char *name = pg_get_timezone_name(zone);

		if (!is_zone(name))
			continue;
		if (list->n == size)
		{
			size *= 2;
			list->names = repalloc(list->names, size * sizeof(char *));
		}
		list->names[list->n++] = pstrdup(name);
	}
	pg_tzenumerate_end(scan);
	qsort(list->names, list->n, sizeof(char *), compare_names);
	return list;
}

/* Reads the names once; if that throws, nothing is left behind. */
static const ZoneList *
all_zones(void)
{
	static const ZoneList *zones = NULL;

	if (zones == NULL)
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
													  "nuvopipe time zones",
													  ALLOCSET_SMALL_SIZES);
		MemoryContext caller = MemoryContextSwitchTo(context);
		const ZoneList *list = read_zones();

		MemoryContextSwitchTo(caller);
		MemoryContextSetParent(context, TopMemoryContext);
		zones = list;
	}
	return zones;
}

#else

static const ZoneList *
all_zones(void)
{
	static const char *names[] = {"UTC"};
	static const ZoneList zones = {lengthof(names), names};

	return &zones;
}

#endif							/* FRONTEND */

/* nvp_time_zone_prepare gives the column the list of names. */
const char *
nvp_time_zone_prepare(NvpColumn *column)
{
	column->state = unconstify(ZoneList *, all_zones());
	return NULL;
}

static NvpCode
read_time_zone(const NvpCodeCell *in)
{
	const ZoneList *zones = in->column->state;
	int			low = 0;
	int			high = zones->n;

	while (low < high && in->len <= ZONE_MAX_BYTES)
	{
		int			middle = (low + high) / 2;
		int			order = compare_name(in->t, in->len, zones->names[middle]);

		if (order == 0)
			return nvp_code_give(in, zones->names[middle], in->len);
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NVP_CODE_INVALID_TIME_ZONE;
}

/* nvp_time_zone_convert converts a column of time zone names. */
void
nvp_time_zone_convert(const NvpColumn *column, const NvpCell *cells, int n,
					  NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, false, read_time_zone);
}
