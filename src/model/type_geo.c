/*-------------------------------------------------------------------------
 *
 * type_geo.c
 *		Column types latitude and longitude.
 *
 * Decimal degrees, or degrees, minutes and seconds; a sign or the letter of a
 * hemisphere, not both.
 *
 * Flow:   [letter] [sign] degrees [minutes [seconds]] [letter]
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: ISO 6709 annex D.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "model/codes.h"

#define PARTS_MAX	3

/* what one of the two types knows */
typedef struct Axis
{
	double		limit;
	const char *positive;		/* letters of its hemispheres */
	const char *negative;
	NvpCode		out_of_range;
} Axis;

static const Axis latitude = {90, "N", "S", NVP_CODE_LATITUDE_OUT_OF_RANGE};

/* O is German for east */
static const Axis longitude = {180, "EO", "W", NVP_CODE_LONGITUDE_OUT_OF_RANGE};

typedef struct GeoScan
{
	char	   *p;
	char	   *end;
	double		part[PARTS_MAX];
	int			nparts;
	bool		has_decimals;	/* the last part */
	int			sign;			/* -1, 1; 0 = none */
	int			hemisphere;		/* -1, 1; 0 = none */
} GeoScan;

/* Steps over one code point if it is cp. */
static bool
skip_char(GeoScan *scan, uint32 cp)
{
	uint32		found;
	int			n = nvp_utf8_decode(scan->p, scan->end, &found);

	if (n == 0 || found != cp)
		return false;
	scan->p += n;
	return true;
}

/* Returns whether there was a blank. */
static bool
skip_blanks(GeoScan *scan)
{
	uint32		cp;
	int			n;
	const char *start = scan->p;

	while ((n = nvp_utf8_decode(scan->p, scan->end, &cp)) > 0 && nvp_code_is_inner_blank(cp))
		scan->p += n;
	return scan->p > start;
}

static void
read_hemisphere(GeoScan *scan, const Axis *axis)
{
	char		c = scan->p < scan->end ? nvp_ascii_upper(*scan->p) : '\0';

	if (c == '\0')
		return;
	if (strchr(axis->positive, c))
		scan->hemisphere = 1;
	else if (strchr(axis->negative, c))
		scan->hemisphere = -1;
	else
		return;
	scan->p++;
}

static void
read_sign(GeoScan *scan)
{
	if (skip_char(scan, '-') || skip_char(scan, 0x2212))
		scan->sign = -1;
	else if (skip_char(scan, '+'))
		scan->sign = 1;
}

/* Digits with an optional decimal sign; scan->end is writable, see read_text. */
static bool
read_number(GeoScan *scan)
{
	char	   *start = scan->p;
	int			ndigits = 0;
	char		behind;

	scan->has_decimals = false;
	for (; scan->p < scan->end; scan->p++)
	{
		if (nvp_ascii_is(*scan->p, NVP_ASCII_DIGIT))
			ndigits++;
		else if ((*scan->p == '.' || *scan->p == ',') && !scan->has_decimals)
		{
			*scan->p = '.';
			scan->has_decimals = true;
		}
		else
			break;
	}
	if (ndigits == 0)
		return false;
	behind = *scan->p;
	*scan->p = '\0';
	scan->part[scan->nparts++] = strtod(start, NULL);
	*scan->p = behind;
	return true;
}

/* The mark behind degrees, minutes or seconds. */
static bool
skip_mark(GeoScan *scan, int part)
{
	static const uint32 marks[PARTS_MAX][2] = {{0xb0, 0xb0}, {'\'', 0x2032}, {'"', 0x2033}};

	return skip_char(scan, marks[part][0]) || skip_char(scan, marks[part][1]);
}

/* Degrees, minutes, seconds; each set off by its mark or a blank. */
static bool
read_parts(GeoScan *scan)
{
	for (;;)
	{
		bool		apart;

		if (!read_number(scan))
			return false;
		apart = skip_blanks(scan);
		apart |= skip_mark(scan, scan->nparts - 1);
		apart |= skip_blanks(scan);
		if (scan->p == scan->end || !nvp_ascii_is(*scan->p, NVP_ASCII_DIGIT))
			return true;
		if (!apart || scan->has_decimals || scan->nparts == PARTS_MAX)
			return false;
	}
}

/* Degrees of a scanned text; minutes and seconds are rounded to 9 decimals. */
static bool
degrees_of(const GeoScan *scan, double *degrees)
{
	if (scan->sign != 0 && scan->hemisphere != 0)
		return false;
	*degrees = scan->part[0];
	if (scan->nparts > 1)
	{
		double		seconds = scan->nparts > 2 ? scan->part[2] : 0;

		if (scan->part[1] >= 60 || seconds >= 60)
			return false;
		*degrees += scan->part[1] / 60 + seconds / 3600;
		*degrees = rint(*degrees * 1e9) / 1e9;
	}
	if (scan->sign < 0 || scan->hemisphere < 0)
		*degrees = -*degrees;
	return true;
}

static bool
read_text(const NvpCodeCell *in, const Axis *axis, double *degrees)
{
	char		buffer[NVP_CELL_MAX_BYTES + 1];
	GeoScan		scan = {.p = buffer};
	int			n = nvp_code_digits(in->t, in->len, buffer);

	if (n < 0)
		return false;
	buffer[n] = '\0';
	scan.end = buffer + n;
	read_hemisphere(&scan, axis);
	skip_blanks(&scan);
	read_sign(&scan);
	if (!read_parts(&scan))
		return false;
	if (scan.hemisphere == 0)
		read_hemisphere(&scan, axis);
	return scan.p == scan.end && degrees_of(&scan, degrees);
}

/* A JSON number, with its exponent. */
static bool
read_typed(const NvpCell *cell, double *degrees)
{
	char		buffer[NVP_CELL_MAX_BYTES + 1];
	char	   *end;

	if (cell->len == 0 || cell->len > NVP_CELL_MAX_BYTES ||
		!(nvp_ascii_is(cell->ptr[0], NVP_ASCII_DIGIT) || cell->ptr[0] == '-'))
		return false;
	memcpy(buffer, cell->ptr, cell->len);
	buffer[cell->len] = '\0';
	*degrees = strtod(buffer, &end);
	return end == buffer + cell->len && !isnan(*degrees);
}

static NvpCode
read_coordinate(const NvpCodeCell *in)
{
	const NvpCode wrong = in->column->type->code;
	const Axis *axis = wrong == NVP_CODE_INVALID_LATITUDE ? &latitude : &longitude;
	double		degrees;

	if (!(in->cell->kind == NVP_CELL_NUMBER ? read_typed(in->cell, &degrees) :
		  read_text(in, axis, &degrees)))
		return wrong;
	if (fabs(degrees) > axis->limit)
		return axis->out_of_range;
	return nvp_code_give_float(in, degrees);
}

/* nvp_coordinate_convert converts a column of latitudes or longitudes. */
void
nvp_coordinate_convert(const NvpColumn *column, const NvpCell *cells, int n,
					   NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, true, read_coordinate);
}
