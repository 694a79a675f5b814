/*-------------------------------------------------------------------------
 *
 * workbook.c
 *		Is it a workbook, and where is the table in it?
 *
 * See workbook.h; where the table begins, sniff_sheet.c finds.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/compound.h"
#include "format/sniff_impl.h"
#include "format/workbook.h"

/* ---- kinds ----------------------------------------------------------------- */

NvpFormatKind
nvp_workbook_in_zip(const NvpZip *zip)
{
	if (nvp_zip_find(zip, "[Content_Types].xml") && nvp_zip_find(zip, "_rels/.rels"))
		return NVP_FORMAT_XLSX;
	if (nvp_zip_find(zip, "xl/workbook.xml") || nvp_zip_find(zip, "xl/workbook.bin"))
		return NVP_FORMAT_XLSX;
	if (nvp_zip_find(zip, "content.xml") &&
		(nvp_zip_find(zip, "mimetype") || nvp_zip_find(zip, "META-INF/manifest.xml")))
		return NVP_FORMAT_ODS;
	return NVP_FORMAT_UNKNOWN;
}

bool
nvp_workbook_is_compound(const char *first, size_t len)
{
	/* a BOF record of BIFF 2 to 4: type, length, version, kind of sheet */
	static const char *const ancient[] = {"\x09\x00\x04\x00", "\x09\x02\x06\x00", "\x09\x04\x06\x00"};

	if (len >= 8 && memcmp(first, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) == 0)
		return true;
	for (int i = 0; i < lengthof(ancient); i++)
		if (len >= 4 && memcmp(first, ancient[i], 4) == 0)
			return true;
	return false;
}

bool
nvp_workbook_is_locked(NvpSource *source)
{
	char		first[8];
	int			len = 0;
	int64		n;
	NvpCompound *compound;
	bool		is_locked;

	if (source->read_at == NULL)
		return false;
	while (len < sizeof(first) && (n = source->read_at(source, first + len, sizeof(first) - len, len)) > 0)
		len += n;
	if (len < sizeof(first) || !nvp_workbook_is_compound(first, len))
		return false;
	compound = nvp_compound_open(source);
	is_locked = nvp_compound_find(compound, NVP_COMPOUND_LOCKED);
	nvp_compound_close(compound);
	return is_locked;
}

const char *
nvp_workbook_name(NvpFormatKind kind)
{
	return kind == NVP_FORMAT_XLSX ? "xlsx" : kind == NVP_FORMAT_ODS ? "ods" : "xls";
}

/* ---- sheets ----------------------------------------------------------------- */

static void
list_sheets(const NvpReader *reader, NvpSniff *sniff)
{
	const char *name;
	int			n = 0;

	while (nvp_reader_sheet(reader, n, NULL, NULL))
		n++;
	sniff->nsheets = n;
	sniff->sheets = palloc0(sizeof(NvpSniffSheet) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		NvpSniffSheet *sheet = &sniff->sheets[i];

		name = nvp_reader_sheet(reader, i, &sheet->is_hidden, &sheet->is_read);
		sheet->name = pstrdup(name);
	}
}

bool
nvp_workbook_sniff(NvpSource *source, const NvpSniffPins *pins, NvpSniff *sniff, NvpReadError *error)
{
	NvpFormat	bare = sniff->format;
	NvpReader  *reader;

	bare.has_header = false;
	reader = nvp_reader_open(source, &bare);
	list_sheets(reader, sniff);
	if (reader->error.message[0] == '\0')
		(void) nvp_sniff_sheet(reader, pins, sniff);
	*error = reader->error;
	nvp_reader_close(reader);
	return error->message[0] == '\0';
}
