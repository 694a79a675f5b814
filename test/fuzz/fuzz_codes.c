/*-------------------------------------------------------------------------
 *
 * fuzz_codes.c
 *		Any bytes in a cell of any code type: no crash, and outputs are stable.
 *
 * The first byte of the input picks type and options, the second one the kind
 * of the cell; the rest, up to 64 KiB, is the cell.  An output that is fed back
 * in must be good and, but for telephone numbers, come out the same.  The quick
 * and the thorough path of e-mail must agree.
 *
 * Built with libFuzzer (clang), or with -DNVP_FUZZ_MAIN as a program that
 * damages known cells: fuzz_codes [rounds [seed]].
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/model.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_CELL		65536

static const struct
{
	const char *type;
	const char *standard;		/* option of language_code */
	const char *country;		/* option of phone, vat_eu */
	const char *sample;
}			setups[] = {
	{"email", NULL, NULL, "mailto:Max.Muster_mann+x@Sub-1.B\xc3\x9c" "cher.xn--a.DE"},
	{"url", NULL, NULL, "HTTPS://www.Ex\xc3\xa4mple.com:8080/a%20b?x=1#\xc3\xa4"},
	{"url", NULL, NULL, "http://[2001:DB8::1.2.3.4]:80/x"},
	{"url_https", NULL, NULL, "https://192.168.0.1/x"},
	{"url_www", NULL, NULL, "www.example.com/x"},
	{"hostname", NULL, NULL, "\xd0\x9f\xd1\x80.\xd1\x80\xd1\x84."},
	{"ipv4", NULL, NULL, "192.168.10.255"},
	{"ipv6", NULL, NULL, "2001:0DB8:0:0::ffff:1.2.3.4"},
	{"phone", NULL, NULL, "tel:+49 (0)40 1234\xe2\x80\x91" "56 ext. 12"},
	{"phone", NULL, "US", "011 49 040 123456"},
	{"phone", NULL, "IT", "06 1234567"},
	{"phone", NULL, "HU", "06 1 234 5678"},
	{"zip_code_de", NULL, NULL, "DE - 20095"},
	{"country_code_alpha_2", NULL, NULL, "de"},
	{"country_code_alpha_3", NULL, NULL, "deu"},
	{"currency_code", NULL, NULL, "eur"},
	{"language_code", "639-1", NULL, "DE"},
	{"language_code", "639-3", NULL, "DEU"},
	{"language_code", "bcp47", NULL, "zh-cmn-hant-TW-1994-rozaj-u-ca-gregory-a-bb-x-1"},
	{"language_code", "bcp47", NULL, "sgn-276"},
	{"time_zone", NULL, NULL, "utc"},
	{"bic", NULL, NULL, "BIC: DEUT DE FF 500"},
	{"iban", NULL, NULL, "IBAN: DE89 3704-0044.0532 0130 00"},
	{"iban", NULL, NULL, "MT84MALT011000012345MTLCAST001S"},
	{"gtin", NULL, NULL, "4-006381-333931"},
	{"vat_eu", NULL, NULL, "BE 776.091.951"},
	{"vat_eu", NULL, "ES", "X2482300W"},
	{"vat_eu", NULL, "FR", "K7399859412"},
	{"uuid", NULL, NULL, "{550e8400-e29b-41d4-a716-446655440000}"},
	{"json", NULL, NULL, "{\"a\" : [1.5e-3, null, true, {\"b\": \"\\ud83d\\ude00\\n\"}]}"},
	{"hex_colour", NULL, NULL, "#fA08"},
	{"latitude", NULL, NULL, "52\xc2\xb0" "31\xe2\x80\xb2" "12,5\" N"},
	{"longitude", NULL, NULL, "W 13.405"},
};

static NvpArena arena;
static NvpColumn columns[lengthof(setups)];

static void
make_columns(void)
{
	nvp_arena_init(&arena);
	for (int i = 0; i < lengthof(setups); i++)
	{
		NvpColumn  *column = &columns[i];

		nvp_column_defaults(column);
		column->type = nvp_type_find(setups[i].type);
		column->country = setups[i].country;
		if (setups[i].standard)
			column->standard = setups[i].standard;
		if (column->type->prepare && column->type->prepare(column) != NULL)
			abort();
	}
}

static void
demand(bool fact, const char *what, const NvpColumn *column, const char *text, size_t len)
{
	if (fact)
		return;
	fprintf(stderr, "%s: %s: \"%.*s\"\n", column->type->name, what, (int) len, text);
	abort();
}

static bool
same_text(NvpText a, NvpText b)
{
	return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* Feeds an output back in. */
static void
check_again(const NvpColumn *column, const NvpCell *cell, const NvpValue *value)
{
	NvpText		text = nvp_value_text(column, value, &arena);
	bool		is_number = value->kind == NVP_VALUE_FLOAT;
	NvpCell		again = {text.ptr, text.len, is_number ? NVP_CELL_NUMBER : NVP_CELL_TEXT, 0, 0};
	NvpValue	second;

	nvp_column_convert(column, &again, 1, &second, &arena);
	demand(second.status == NVP_OK, "output is refused", column, cell->ptr, cell->len);
	if (column->type->code != NVP_CODE_INVALID_PHONE)
		demand(same_text(text, nvp_value_text(column, &second, &arena)), "output is not stable",
			   column, cell->ptr, cell->len);
}

/* A word for "empty" that no trimmed cell matches keeps e-mail from its quick path. */
static void
check_paths(const NvpColumn *column, const NvpCell *cell, const NvpValue *value)
{
	NvpText		never = {" ", 1};
	NvpColumn	thorough = *column;
	NvpValue	other;

	thorough.empty_values = (NvpTextList) {1, &never};
	nvp_column_convert(&thorough, cell, 1, &other, &arena);
	demand(other.status == value->status, "paths differ", column, cell->ptr, cell->len);
	if (value->status == NVP_OK)
		demand(same_text(nvp_value_text(column, value, &arena),
						 nvp_value_text(column, &other, &arena)),
			   "paths differ", column, cell->ptr, cell->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8 kinds[] = {
		NVP_CELL_TEXT, NVP_CELL_TEXT, NVP_CELL_TEXT, NVP_CELL_NUMBER, NVP_CELL_JSON, NVP_CELL_BOOL
	};
	const NvpColumn *column;
	NvpCell		cell = {NULL};
	NvpValue	value;

	if (columns[0].type == NULL)
		make_columns();
	if (size < 2 || size > MAX_CELL + 2)
		return 0;
	column = &columns[data[0] % lengthof(setups)];
	cell.kind = kinds[data[1] % lengthof(kinds)];
	cell.ptr = (const char *) data + 2;
	cell.len = size - 2;
	memset(&value, 0xA5, sizeof(value));
	nvp_column_convert(column, &cell, 1, &value, &arena);
	demand(value.status <= NVP_ERROR, "no status", column, cell.ptr, cell.len);
	if (value.status == NVP_OK)
		check_again(column, &cell, &value);
	if (column->type->code == NVP_CODE_INVALID_EMAIL)
		check_paths(column, &cell, &value);
	nvp_arena_reset(&arena);
	return 0;
}

#ifdef NVP_FUZZ_MAIN

/* Replaces, drops or repeats a few bytes; sometimes makes the cell long. */
static size_t
damage(char *cell, size_t len)
{
	static const char alphabet[] = "0123456789abcxyzDEFNW@.-+:/()[]{}\"\\, _#%;\xc3\xa4\xc2\xa0\xe2\x80\x8b\x00\xff\xd9\xa1";

	for (int times = random() % 4; times > 0; times--)
	{
		size_t		i = len > 0 ? random() % len : 0;
		size_t		n = len - i > 8 ? random() % 8 : 1;

		switch (random() % 4)
		{
			case 0:
				memmove(cell + i, cell + i + (len > i), len - i - (len > i));
				len -= len > i;
				break;
			case 1:
				memmove(cell + i + n, cell + i, len - i);
				len += n;
				break;
			default:
				cell[i] = alphabet[random() % (sizeof(alphabet) - 1)];
		}
	}
	while (random() % 2000 == 0 && len > 0 && len < MAX_CELL / 2)
	{
		memcpy(cell + len, cell, len);
		len *= 2;
	}
	return len;
}

int
main(int argc, char **argv)
{
	long		rounds = argc > 1 ? atol(argv[1]) : 200000;
	char	   *buffer = malloc(MAX_CELL + 1024);

	srandom(argc > 2 ? atoi(argv[2]) : 1);
	for (long i = 0; i < rounds; i++)
	{
		int			setup = random() % lengthof(setups);
		size_t		len = strlen(setups[setup].sample);
		char	   *exact;

		memcpy(buffer, setups[setup].sample, len);
		len = damage(buffer, len);
		exact = malloc(len + 2);	/* sanitizers see reads beyond it */
		exact[0] = setup;
		exact[1] = random() % 6;
		memcpy(exact + 2, buffer, len);
		LLVMFuzzerTestOneInput((const uint8_t *) exact, len + 2);
		free(exact);
	}
	printf("ok - %ld rounds\n", rounds);
	return 0;
}

#endif							/* NVP_FUZZ_MAIN */
