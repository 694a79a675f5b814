/*-------------------------------------------------------------------------
 *
 * bookcheck.c
 *		Workbooks made in memory, read every way, compared with one text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "bookcheck.h"
#include "render.h"

int			failures = 0;
int			checks = 0;

void
check_text(const char *name, const char *actual, const char *expected)
{
	checks++;
	if (strcmp(actual, expected) == 0)
		return;
	failures++;
	printf("not ok: %s\n--- expected\n%s\n--- actual\n%s\n", name, expected, actual);
}

void
check_bytes(const char *name, const char *data, size_t len, const NvpFormat *format, const char *expected)
{
	static const int windows[] = {65536, 64, 7, 1};

	for (int i = 0; i < lengthof(windows) * 2; i++)
	{
		char	   *actual = render(data, len, format, windows[i / 2], (i & 1) != 0);

		check_text(name, actual, expected);
		/* one failure says enough */
		if (strcmp(actual, expected) != 0)
			break;
		pfree(actual);
	}
}

void
check_book(const char *name, const ZipMake *zip, const NvpFormat *format, const char *expected)
{
	check_bytes(name, zip->data.data, zip->data.len, format, expected);
}

NvpFormat
book_format(NvpFormatKind kind)
{
	NvpFormat	format;

	nvp_format_defaults(&format);
	format.kind = kind;
	return format;
}

void
add(ZipMake *zip, const char *name, const char *text)
{
	zipmake_add(zip, name, text, strlen(text), true, NULL);
}
