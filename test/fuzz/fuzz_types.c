/*-------------------------------------------------------------------------
 *
 * fuzz_types.c
 *		Any bytes as cells of any column type: no crash, and the promises of
 *		the types hold.
 *
 * The first byte picks the type, the second its options, the third the kinds
 * of the cells and how many (1 to 4) the rest is cut into.
 *
 * Promises: a text cell becomes valid text or an error; a double's text reads
 * back as the double; the output of a type in canonical form, fed back, is OK
 * and the same.
 *
 * Built with libFuzzer: clang -fsanitize=fuzzer,address,undefined, this file
 * and the sources of test/unit's tests of types (without vector.c and json.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/text.h"

#define MAX_CELLS	4
#define MAX_TYPES	100

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* section 12: types whose output is their own canonical form */
static const char *const canonical[] = {
	"email", "url", "url_https", "url_www", "hostname", "iban", "bic", "gtin", "vat_eu", "uuid",
	"ipv4", "ipv6", "hex_colour", "int", "bigint", "float", "decimal", "boolean", "date", "string",
	"country_code_alpha_2", "country_code_alpha_3", "currency_code", "language_code", "time_zone"
};

static bool
is_canonical(const char *name)
{
	for (int i = 0; i < lengthof(canonical); i++)
	{
		if (strcmp(canonical[i], name) == 0)
			return true;
	}
	return false;
}

static NvpText words[] = {{"n/a", 3}, {"-", 1}, {"ja", 2}, {"\xc3\xbc" "ber", 5}};
static NvpOption options[] = {
	{{"Germany", 7}, {"DE", 2}, false, {4, words}},
	{{"a, b", 4}, {"1.50", 4}, true, {0, NULL}},
	{{"Gr\xc3\xb6\xc3\x9f" "e", 7}, {"x\"y", 3}, false, {0, NULL}}
};

/* Bits of the second byte set options; 0 leaves all at their defaults. */
static void
set_options(NvpColumn *column, uint8 bits)
{
	column->noptions = lengthof(options);
	column->options = options;
	column->number_format = (bits & 3) % 3;
	column->default_number_format = bits & 4 ? NVP_NUMBER_EU : NVP_NUMBER_US;
	column->trim = bits & 8;
	column->is_multi_select = bits & 8;
	column->allow_custom_options = bits & 16;
	column->fuzzy = bits & 32;
	column->fuzzy_threshold = 0.3;
	if (bits & 16)
	{
		column->precision = 8;
		column->scale = 2;
		column->min_length = 2;
		column->max_length = 5;
		column->percentage_output = "fraction";
		column->currency_output = "object";
		column->date_order = NVP_DATE_MDY;
	}
	if (bits & 64)
	{
		column->empty_values = (NvpTextList) {2, words};
		column->true_values = (NvpTextList) {1, words + 3};
	}
}

/* Columns are made once: type by type, options by options. */
static NvpColumn *
get_column(uint8 type, uint8 bits)
{
	static NvpColumn *columns[MAX_TYPES][128];
	static int	ntypes = 0;
	NvpColumn **slot;

	while (ntypes == 0 || nvp_type_at(ntypes))
		ntypes++;
	slot = &columns[type % ntypes][bits & 127];
	if (*slot == NULL)
	{
		*slot = palloc(sizeof(NvpColumn));
		nvp_column_defaults(*slot);
		(*slot)->key = "fuzz";
		(*slot)->type = nvp_type_at(type % ntypes);
		set_options(*slot, bits & 127);
		if ((*slot)->type->prepare && (*slot)->type->prepare(*slot) != NULL)
			abort();
	}
	return *slot;
}

static void
check_canonical(const NvpColumn *column, const NvpValue *value, NvpText text, NvpArena *arena)
{
	NvpCell		cell = {text.ptr, text.len, NVP_CELL_TEXT, 0, 0};
	NvpValue	again;
	NvpText		same;

	column->type->convert(column, &cell, 1, &again, arena);
	same = nvp_value_text(column, &again, arena);
	if (again.status != NVP_OK || same.len != text.len || memcmp(same.ptr, text.ptr, same.len) != 0)
	{
		fprintf(stderr, "%s: \"%.*s\" came back as %s \"%.*s\"\n", column->type->name, (int) text.len, text.ptr,
				again.status == NVP_ERROR ? nvp_code_name(again.code) : "", (int) same.len, same.ptr ? same.ptr : "");
		abort();
	}
}

static void
check_value(const NvpColumn *column, uint8 bits, const NvpCell *cell, const NvpValue *value, NvpArena *arena)
{
	NvpCell		out = nvp_value_cell(column, value, arena);
	NvpText		text = nvp_value_text(column, value, arena);
	char		copy[64];

	if (value->status == NVP_ERROR && (value->code == 0 || value->code >= NVP_CODE_COUNT))
		abort();
	if (value->status != NVP_OK)
		return;
	if (text.ptr == NULL || out.len != text.len)
		abort();
	if (cell->kind == NVP_CELL_TEXT && !nvp_utf8_valid(text.ptr, text.len))
		abort();
	if (value->kind == NVP_VALUE_FLOAT)
	{
		if (text.len >= sizeof(copy))
			abort();
		memcpy(copy, text.ptr, text.len);
		copy[text.len] = '\0';
		if (strtod(copy, NULL) != value->v.f64)
			abort();
	}
	if ((bits & 127) == 0 && cell->kind == NVP_CELL_TEXT && is_canonical(column->type->name))
		check_canonical(column, value, text, arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8 kinds[] = {NVP_CELL_TEXT, NVP_CELL_TEXT, NVP_CELL_NUMBER, NVP_CELL_BOOL};
	NvpColumn  *column;
	NvpArena	arena;
	NvpCell		cells[MAX_CELLS];
	NvpValue	values[MAX_CELLS];
	NvpVote		vote = {0, 0, 0, 0};
	char	   *copies[MAX_CELLS];
	int			n;

	if (size < 4)
		return 0;
	column = get_column(data[0], data[1]);
	n = 1 + data[2] % MAX_CELLS;
	for (int i = 0; i < n; i++)
	{
		size_t		from = 3 + (size - 3) * i / n;
		size_t		len = 3 + (size - 3) * (i + 1) / n - from;

		copies[i] = palloc(len ? len : 1);
		memcpy(copies[i], data + from, len);
		cells[i] = (NvpCell) {copies[i], len, kinds[data[2] >> 2 & 3], 0, 0};
		if (cells[i].kind == NVP_CELL_BOOL)
			cells[i] = (NvpCell) {"false", 5, NVP_CELL_BOOL, 0, 0};
	}
	nvp_arena_init(&arena);
	if (column->type->vote)
		column->type->vote(column, cells, n, &vote);
	nvp_column_settle(column, &vote);
	memset(values, 0xA5, sizeof(values));
	nvp_column_convert(column, cells, n, values, &arena);

	/* what goes back in is a column of its own */
	nvp_column_settle(column, NULL);
	for (int i = 0; i < n; i++)
		check_value(column, data[1], &cells[i], &values[i], &arena);
	nvp_arena_free(&arena);
	for (int i = 0; i < n; i++)
		pfree(copies[i]);
	return 0;
}
