/*-------------------------------------------------------------------------
 *
 * listing.c
 *		Names at a source: which are taken, and what becomes of them after.
 *
 * Rules shared by every kind that has folders and files.  With "file_name"
 * exactly that file is taken; without it every file whose name holds one of
 * the inclusion tags (if there are any) and none of the exclusion tags.
 *
 * After a successful run the source may be left (NONE), removed (DELETE),
 * given another name in its folder (RENAME: new_name is that name, in which
 * {name} and {extension} stand for those of the file) or carried to another
 * folder (MOVE: new_name is that folder).  Nothing is ever overwritten: where
 * the name is taken, the time is put into it.
 *
 * Memory: the current context.  Errors: check throws 22023 with the JSON path.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/jsonb.h"
#include "connector/listing.h"
#include "connector/option.h"

static const NvpPath root_path = {NULL, "configuration", 0};
static const NvpPath advance_path = {&root_path, "advance_config", 0};

/* nvp_listing_add makes room for one more object, all zero. */
NvpObject *
nvp_listing_add(NvpObjectList *list)
{
	if (list->n == list->size)
	{
		list->size = Max(64, list->size * 2);
		list->objects = list->objects ?
			repalloc_huge(list->objects, list->size * sizeof(NvpObject)) :
			palloc(list->size * sizeof(NvpObject));
	}
	memset(&list->objects[list->n], 0, sizeof(NvpObject));
	return &list->objects[list->n++];
}

/*
 * nvp_listing_set_version makes the version of a file: size and seconds since
 * 1970, which no setting of the session changes; with microseconds where the
 * source tells them, for a file may be replaced twice in a second.
 */
void
nvp_listing_set_version(NvpObject *object)
{
	int			micros = (int) (object->modified_at % USECS_PER_SEC);

	if (object->bytes >= 0 && object->modified_at != 0)
		object->version = psprintf(INT64_FORMAT "-" INT64_FORMAT "%s", object->bytes,
								   (int64) timestamptz_to_time_t(object->modified_at),
								   micros == 0 ? "" : psprintf(".%06d", abs(micros)));
}

/* nvp_name_is_plain: one part of a path, not "." or "..", no control characters? */
bool
nvp_name_is_plain(const char *name)
{
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if ((unsigned char) *name < ' ' || *name == 0x7f || *name == '/')
			return false;
	return true;
}

/* A path without control characters and without ".." in it? */
static bool
path_is_plain(const char *path)
{
	const char *part = path;

	for (const char *p = path;; p++)
	{
		if (*p != '\0' && ((unsigned char) *p < ' ' || *p == 0x7f))
			return false;
		if (*p == '/' || *p == '\0')
		{
			if (p - part == 2 && part[0] == '.' && part[1] == '.')
				return false;
			if (*p == '\0')
				return true;
			part = p + 1;
		}
	}
}

/*
 * nvp_listing_printable gives a name of a remote listing in a form that can be
 * stored; ok says whether it is the name itself.
 */
char *
nvp_listing_printable(const char *name, bool *ok)
{
	char	   *shown;

	*ok = nvp_name_is_plain(name) &&
		pg_verify_mbstr(GetDatabaseEncoding(), name, strlen(name), true);
	if (*ok)
		return pstrdup(name);
	shown = pstrdup(name);
	for (char *p = shown; *p; p++)
		if ((unsigned char) *p < ' ' || (unsigned char) *p >= 0x7f)
			*p = '?';
	return shown;
}

/* nvp_listing_join puts a folder (may be empty) and a name together. */
char *
nvp_listing_join(const char *directory, const char *name)
{
	size_t		n = strlen(directory);

	return psprintf("%s%s%s", directory, n > 0 && directory[n - 1] != '/' ? "/" : "", name);
}

/* Does name hold one of the tags?  Without tags: def. */
static bool
has_tag(JsonbContainer *tags, const char *name, bool def)
{
	uint32		n = tags ? JsonContainerSize(tags) : 0;

	for (uint32 i = 0; i < n; i++)
	{
		JsonbValue *tag = getIthJsonbValueFromContainer(tags, i);

		if (tag->type == jbvString &&
			strstr(name, pnstrdup(tag->val.string.val, tag->val.string.len)))
			return true;
	}
	return n == 0 ? def : false;
}

/*
 * nvp_listing_judge sets taken and reason of an object, unless the kind gave a
 * reason already.
 */
void
nvp_listing_judge(const NvpConnector *connector, NvpObject *object)
{
	JsonbContainer *advance = nvp_option_object(connector, "advance_config");
	char	   *wanted = nvp_option_text(connector, "file_name", "");

	object->taken = false;
	if (object->reason)
		return;
	if (*wanted)
	{
		object->taken = strcmp(wanted, object->name) == 0;
		object->reason = object->taken ? NULL : pstrdup("not the configured file_name");
	}
	else if (advance && !has_tag(nvp_jsonb_array(advance, &advance_path, "inclusion_tag"), object->name, true))
		object->reason = pstrdup("no inclusion_tag in the name");
	else if (advance && has_tag(nvp_jsonb_array(advance, &advance_path, "exclusion_tag"), object->name, false))
		object->reason = pstrdup("exclusion_tag in the name");
	else
		object->taken = true;
}

/* ---- definition ---- */

static NvpAfter
parse_after(JsonbContainer *advance)
{
	static const char *const names[] = {"NONE", "DELETE", "RENAME", "MOVE", NULL};
	NvpPath		path = {&advance_path, "after_process_option", 0};
	char	   *option = advance ?
		nvp_jsonb_text(advance, &advance_path, "after_process_option", "NONE") : "NONE";
	const char *near;

	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], option) == 0)
			return (NvpAfter) i;
	near = nvp_closest(option, names);
	nvp_path_error(&path, near ? psprintf("Perhaps you meant \"%s\".", near) :
				   "Options are NONE, DELETE, RENAME and MOVE.",
				   "unknown option \"%s\"", option);
}

static void
check_tags(JsonbContainer *advance, const char *member)
{
	NvpPath		path = {&advance_path, member, 0};
	JsonbContainer *tags = nvp_jsonb_array(advance, &advance_path, member);

	for (uint32 i = 0; tags && i < JsonContainerSize(tags); i++)
	{
		NvpPath		item = {&path, NULL, i};
		JsonbValue *tag = getIthJsonbValueFromContainer(tags, i);

		if (tag->type != jbvString || tag->val.string.len == 0)
			nvp_path_error(&item, NULL, "must be text that is not empty");
	}
}

static void
check_new_name(JsonbContainer *advance, const char *file_name)
{
	NvpPath		path = {&advance_path, "new_name", 0};
	NvpAfter	after = parse_after(advance);
	char	   *new_name = nvp_jsonb_text(advance, &advance_path, "new_name", "");

	if (*new_name && !path_is_plain(new_name))
		nvp_path_error(&path, NULL, "must not hold \"..\" or control characters");
	if ((after == NVP_AFTER_RENAME || after == NVP_AFTER_MOVE) && !*new_name)
		nvp_path_error(&path, NULL, "must be given with after_process_option %s",
					   after == NVP_AFTER_RENAME ? "RENAME" : "MOVE");
	if (after != NVP_AFTER_RENAME)
		return;
	if (!nvp_name_is_plain(new_name))
		nvp_path_error(&path, "Use MOVE to carry files to another folder.",
					   "must be a file name without folders");
	if (!*file_name && !strstr(new_name, "{name}"))
		nvp_path_error(&path, "Put {name} into it: it stands for the name of the file without its extension.",
					   "would give the same name to every file");
}

/*
 * nvp_listing_check checks the members that all kinds with files share:
 * directory_path, file_name, advance_config.  Throws 22023.
 */
void
nvp_listing_check(Jsonb *configuration, bool is_input)
{
	static const char *const members[] = {"inclusion_tag", "exclusion_tag", "new_name",
	"after_process_option", NULL};
	JsonbContainer *root = &configuration->root;
	NvpPath		directory_path = {&root_path, "directory_path", 0};
	NvpPath		name_path = {&root_path, "file_name", 0};
	char	   *directory = nvp_jsonb_text(root, &root_path, "directory_path", "");
	char	   *file_name = nvp_jsonb_text(root, &root_path, "file_name", "");
	JsonbContainer *advance = nvp_jsonb_object(root, &root_path, "advance_config");

	if (!path_is_plain(directory))
		nvp_path_error(&directory_path, NULL, "must not hold \"..\" or control characters");
	if (*file_name && !nvp_name_is_plain(file_name))
		nvp_path_error(&name_path, "Put the folder into directory_path.",
					   "must be a file name without folders");
	if (!advance)
		return;
	nvp_jsonb_check_members(advance, &advance_path, members);
	check_tags(advance, "inclusion_tag");
	check_tags(advance, "exclusion_tag");
	if (is_input)
		check_new_name(advance, file_name);
	else if (parse_after(advance) != NVP_AFTER_NONE)
		nvp_path_error(&advance_path, NULL, "after_process_option is for inputs only");
}

/* ---- after a run ---- */

/* nvp_listing_after says what is done with a source after success. */
NvpAfter
nvp_listing_after(const NvpConnector *connector)
{
	return parse_after(nvp_option_object(connector, "advance_config"));
}

/* Replace {name} and {extension} in a pattern. */
static char *
expand_name(const char *pattern, const char *name)
{
	const char *dot = strrchr(name, '.');
	int			stem = dot && dot > name ? (int) (dot - name) : (int) strlen(name);
	StringInfoData buf;

	initStringInfo(&buf);
	while (*pattern)
	{
		if (strncmp(pattern, "{name}", 6) == 0)
		{
			appendBinaryStringInfo(&buf, name, stem);
			pattern += 6;
		}
		else if (strncmp(pattern, "{extension}", 11) == 0)
		{
			appendStringInfoString(&buf, name[stem] ? name + stem + 1 : "");
			pattern += 11;
		}
		else
			appendStringInfoChar(&buf, *pattern++);
	}
	return buf.data;
}

/* "a.csv" becomes "a-20240229T123456Z.csv". */
static char *
add_time(const char *name)
{
	const char *dot = strrchr(name, '.');
	int			stem = dot && dot > name ? (int) (dot - name) : (int) strlen(name);
	time_t		now = time(NULL);
	struct tm	tm;
	char		stamp[32];

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	return psprintf("%.*s-%s%s", stem, name, stamp, name + stem);
}

/*
 * nvp_listing_after_path gives the path that RENAME or MOVE leads to; taken
 * asks for a variant, because a file of that name exists.
 */
char *
nvp_listing_after_path(const NvpConnector *connector, const NvpObject *object, bool taken)
{
	JsonbContainer *advance = nvp_option_object(connector, "advance_config");
	char	   *new_name = nvp_jsonb_text(advance, &advance_path, "new_name", "");
	char	   *directory = pnstrdup(object->path, strlen(object->path) - strlen(object->name));
	char	   *name = object->name;

	if (parse_after(advance) == NVP_AFTER_RENAME)
		name = expand_name(new_name, object->name);
	else if (*new_name == '/')
		directory = new_name;
	else
		directory = nvp_listing_join(directory, new_name);
	return nvp_listing_join(directory, taken ? add_time(name) : name);
}

/*
 * nvp_listing_part_name names the file that an output is written to until it
 * is complete.  The same delivery always takes the same name, so that a second
 * try overwrites what the first one left.
 */
char *
nvp_listing_part_name(const char *name, const char *key)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s.", name);
	for (int n = 0; key && *key && n < 40; key++, n++)
		appendStringInfoChar(&buf, strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", *key) ? *key : '-');
	appendStringInfoString(&buf, ".part");
	return buf.data;
}
