/*-------------------------------------------------------------------------
 *
 * flatjson.c
 *		Rows of cells as jsonb objects, at the speed of copying.
 *
 * See flatjson.h for calls and memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "format/encode.h"
#include "model/text.h"
#include "pipeline/flatjson.h"

struct NvpFlatJson
{
	int			n;
	char	  **names;
	int		   *order;			/* member i of the jsonb is cell order[i] */
	int		   *name_len;		/* by member */
	size_t		names_bytes;
	char	   *names_data;		/* all names, in member order */
};

/* sort key of jsonb objects: length, then bytes */
typedef struct MemberName
{
	const char *name;
	int			len;
	int			index;
} MemberName;

static int
compare_member(const void *a, const void *b)
{
	const MemberName *x = a;
	const MemberName *y = b;

	if (x->len != y->len)
		return x->len - y->len;
	return memcmp(x->name, y->name, x->len);
}

/*
 * nvp_flatjson_create prepares for rows of n cells with these distinct names.
 */
NvpFlatJson *
nvp_flatjson_create(char *const *names, int n)
{
	NvpFlatJson *flat = palloc0(sizeof(NvpFlatJson));
	MemberName *members = palloc(sizeof(MemberName) * Max(n, 1));
	char	   *p;

	flat->n = n;
	flat->names = palloc(sizeof(char *) * Max(n, 1));
	flat->order = palloc(sizeof(int) * Max(n, 1));
	flat->name_len = palloc(sizeof(int) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		char	   *name = palloc(strlen(names[i]) * 4 + 1);
		int			len = nvp_storable_text(names[i], strlen(names[i]), name);

		name[len] = '\0';
		flat->names[i] = name;
		members[i] = (MemberName) {name, len, i};
		flat->names_bytes += len;
	}
	qsort(members, n, sizeof(MemberName), compare_member);
	p = flat->names_data = palloc(flat->names_bytes + 1);
	for (int i = 0; i < n; i++)
	{
		flat->order[i] = members[i].index;
		flat->name_len[i] = members[i].len;
		memcpy(p, members[i].name, members[i].len);
		p += members[i].len;
	}
	pfree(members);
	return flat;
}

/*
 * nvp_storable_text copies text and writes each byte that no text value can
 * hold (U+0000, invalid UTF-8) as \xHH; of text in another encoding its own
 * bytes, see encode.h.  out has room for 4 * len bytes.
 */
int
nvp_storable_text(const char *text, int len, char *out)
{
	const char *p = text;
	const char *end = text + len;
	char	   *q = out;

	if (nvp_utf8_valid(text, len))
	{
		memcpy(out, text, len);
		return len;
	}
	while (p < end)
	{
		uint32		cp;
		int			n = nvp_utf8_decode(p, end, &cp);

		if (n > 0 && cp != 0)
		{
			memcpy(q, p, n);
			p += n;
			q += n;
		}
		else
		{
			int			raw = nvp_raw_byte(p, end - p);

			snprintf(q, 5, "\\x%02x", raw >= 0 ? (unsigned) raw : (unsigned char) *p);
			p += raw >= 0 ? NVP_RAW_BYTES : 1;
			q += 4;
		}
	}
	return q - out;
}

/* numbers and nested JSON go through the server's own builder */
static Jsonb *
build_slowly(NvpFlatJson *flat, const NvpCell *cells)
{
	JsonbParseState *state = NULL;
	JsonbValue *result;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < flat->n; i++)
	{
		const NvpCell *cell = &cells[i];
		JsonbValue	key = {.type = jbvString};
		JsonbValue	value = {.type = jbvNull};

		key.val.string.val = flat->names[i];
		key.val.string.len = strlen(flat->names[i]);
		pushJsonbValue(&state, WJB_KEY, &key);
		if (cell->kind == NVP_CELL_NULL)
			value.type = jbvNull;
		else if (cell->kind == NVP_CELL_BOOL)
		{
			value.type = jbvBool;
			value.val.boolean = cell->len == 4;
		}
		else
		{
			/* a number stays the text it was: digits must not be lost */
			char	   *text = palloc(cell->len * (Size) 4 + 1);

			value.type = jbvString;
			value.val.string.len = nvp_storable_text(cell->ptr, cell->len, text);
			value.val.string.val = text;
		}
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(result);
}

static bool
is_plain(const NvpFlatJson *flat, const NvpCell *cells, size_t *bytes)
{
	*bytes = 0;
	for (int i = 0; i < flat->n; i++)
	{
		if (cells[i].kind > NVP_CELL_TEXT || !nvp_utf8_valid(cells[i].ptr, cells[i].len))
			return false;
		*bytes += cells[i].len;
	}
	return true;
}

/* a JEntry holds a length, but every JB_OFFSET_STRIDE-th the end offset */
static JEntry
make_entry(int index, uint32 type, uint32 len, uint32 end)
{
	if (index % JB_OFFSET_STRIDE == 0)
		return type | JENTRY_HAS_OFF | end;
	return type | len;
}

/*
 * nvp_flatjson_row makes the object of one row; NULL cells become null,
 * everything else a string, but booleans stay booleans.
 */
Jsonb *
nvp_flatjson_row(NvpFlatJson *flat, const NvpCell *cells)
{
	size_t		bytes;
	size_t		fixed;
	Jsonb	   *jsonb;
	JEntry	   *entries;
	char	   *data;
	uint32		offset = 0;
	int			n = flat->n;

	if (!is_plain(flat, cells, &bytes))
		return build_slowly(flat, cells);
	bytes += flat->names_bytes;
	if (bytes > JENTRY_OFFLENMASK)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("a rejected row of %zu bytes is too large to be kept", bytes),
				errhint("Lower options.format.max_record_bytes so that such a record is refused when read."));
	fixed = VARHDRSZ + sizeof(uint32) + sizeof(JEntry) * 2 * n;
	jsonb = palloc(fixed + bytes);
	SET_VARSIZE(jsonb, fixed + bytes);
	jsonb->root.header = JB_FOBJECT | n;
	entries = jsonb->root.children;
	data = (char *) jsonb + fixed;
	memcpy(data, flat->names_data, flat->names_bytes);
	for (int i = 0; i < n; i++)
	{
		offset += flat->name_len[i];
		entries[i] = make_entry(i, JENTRY_ISSTRING, flat->name_len[i], offset);
	}
	for (int i = 0; i < n; i++)
	{
		const NvpCell *cell = &cells[flat->order[i]];

		memcpy(data + offset, cell->ptr ? cell->ptr : "", cell->len);
		offset += cell->len;
		entries[n + i] = make_entry(n + i, cell->kind == NVP_CELL_NULL ? JENTRY_ISNULL : JENTRY_ISSTRING,
									cell->len, offset);
	}
	return jsonb;
}
