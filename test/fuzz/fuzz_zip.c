/*-------------------------------------------------------------------------
 *
 * fuzz_zip.c
 *		Whatever the bytes: no crash, and a member that is read to its end has
 *		the size the directory tells.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/zip.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_member(NvpZip *zip, const NvpZipMember *member)
{
	NvpSource  *source = nvp_zip_source(zip, member);
	char		buf[4096];
	int64		total = 0;
	int64		n;

	if (source == NULL)
	{
		if (zip->message[0] == '\0')
			abort();
		return;
	}
	while ((n = source->read(source, buf, sizeof(buf))) > 0)
		total += n;
	if (n == 0 && total != member->bytes)
		abort();
	source->close(source);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	NvpZipLimits limits = {.max_entries = 50, .max_bytes = 1024 * 1024};
	NvpSource  *source = nvp_source_memory((const char *) data, size);
	NvpZip	   *zip = nvp_zip_open(source, &limits);

	if ((zip->status == NVP_ZIP_FINE) != (zip->message[0] == '\0'))
		abort();
	for (int i = 0; zip->status == NVP_ZIP_FINE && i < zip->nmembers; i++)
	{
		read_member(zip, &zip->members[i]);
		zip->status = NVP_ZIP_FINE;
	}
	nvp_zip_close(zip);
	source->close(source);
	return 0;
}
