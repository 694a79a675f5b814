/*-------------------------------------------------------------------------
 *
 * mend.c
 *		Messages that quote text of a file, and may have cut it.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/mend.h"

void
nvp_mend_utf8(char *text)
{
	int			left = strlen(text);

	while (left > 0)
	{
		int			good = pg_encoding_verifymbstr(PG_UTF8, text, left);

		text += good;
		left -= good;
		if (left > 0)
		{
			*text++ = '?';
			left--;
		}
	}
}
