/*-------------------------------------------------------------------------
 *
 * ftplist.c
 *		Reads what FTP servers answer to MLSD and LIST.
 *
 * MLSD is a standard and exact.  LIST is whatever the server's "ls -l" or "dir"
 * prints; only kind, size and name are taken from it, the time is asked for
 * file by file.
 *
 * Memory: none; names point into the line, which is cut up.
 * Errors: none; what cannot be read is NVP_FTP_OTHER.
 * Source: RFC 3659 section 7 (MLSD); the formats of Unix and Windows servers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "connector/ftplist.h"

/* Digits to a number that fits; -1 otherwise. */
static int64
parse_digits(const char *text, size_t n)
{
	int64		value = 0;

	if (n == 0 || n > 18)
		return -1;
	for (size_t i = 0; i < n; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* YYYYMMDDHHMMSS[.fraction] in UTC; 0 if it is none. */
static TimestampTz
parse_time(const char *text, size_t n)
{
	int			year;
	int			month;
	int			day;
	int64		seconds;

	if (n < 14 || parse_digits(text, 14) < 0)
		return 0;
	year = (int) parse_digits(text, 4);
	month = (int) parse_digits(text + 4, 2);
	day = (int) parse_digits(text + 6, 2);
	seconds = parse_digits(text + 8, 2) * 3600 + parse_digits(text + 10, 2) * 60 +
		parse_digits(text + 12, 2);
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31)
		return 0;
	return (TimestampTz) (date2j(year, month, day) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY +
		seconds * USECS_PER_SEC;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void
take_fact(NvpFtpEntry *entry, const char *fact, size_t n)
{
	const char *equals = memchr(fact, '=', n);
	const char *value;
	size_t		length;

	if (!equals)
		return;
	value = equals + 1;
	length = n - (value - fact);
	if (pg_strncasecmp(fact, "size=", 5) == 0)
		entry->bytes = parse_digits(value, length);
	else if (pg_strncasecmp(fact, "modify=", 7) == 0)
		entry->modified_at = parse_time(value, length);
	else if (pg_strncasecmp(fact, "type=", 5) == 0)
	{
		if (pg_strncasecmp(value, "file", 4) == 0)
			entry->kind = NVP_FTP_FILE;
		else if (pg_strncasecmp(value, "dir", 3) == 0)
			entry->kind = NVP_FTP_FOLDER;
		else if (pg_strncasecmp(value, "OS.unix=s", 9) == 0)
			entry->kind = NVP_FTP_LINK;
	}
}

/*
 * nvp_ftp_parse_mlsd reads one line "fact=value;fact=value; name".
 */
void
nvp_ftp_parse_mlsd(char *line, NvpFtpEntry *entry)
{
	char	   *fact = line;
	char	   *end;

	memset(entry, 0, sizeof(*entry));
	entry->kind = NVP_FTP_OTHER;
	entry->bytes = -1;
	while ((end = strpbrk(fact, "; ")) && *end == ';')
	{
		take_fact(entry, fact, end - fact);
		fact = end + 1;
	}
	if (*fact != ' ')
	{
		entry->kind = NVP_FTP_OTHER;
		return;
	}
	entry->name = fact + 1;
	if (*entry->name == '\0' || is_dots(entry->name))
		entry->kind = NVP_FTP_OTHER;
}

/* "02-29-24  12:34PM       <DIR>|1234 name" */
static bool
parse_windows(char *line, NvpFtpEntry *entry)
{
	char	   *p = line;
	char	   *word;

	if (!isdigit((unsigned char) p[0]) || !isdigit((unsigned char) p[1]) || p[2] != '-')
		return false;
	for (int skip = 0; skip < 2; skip++)
	{
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	word = p;
	p += strcspn(p, " ");
	if (*p == '\0')
		return false;
	*p++ = '\0';
	entry->kind = strcmp(word, "<DIR>") == 0 ? NVP_FTP_FOLDER : NVP_FTP_FILE;
	entry->bytes = parse_digits(word, strlen(word));
	if (entry->kind == NVP_FTP_FILE && entry->bytes < 0)
		return false;
	entry->name = p + strspn(p, " ");
	return true;
}

/* Is this word the English name of a month?  Servers print it in C locale. */
static bool
is_month(const char *word, size_t n)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; n == 3 && i < 12; i++)
		if (pg_strncasecmp(word, names + 3 * i, 3) == 0)
			return true;
	return false;
}

/*
 * "-rw-r--r-- 1 owner group 1234 Nov 21 21:25 name": the size stands before
 * the month, the name one blank after the third word from the month on.
 */
static bool
parse_unix(char *line, NvpFtpEntry *entry)
{
	char	   *p = line;
	char	   *last = line;
	size_t		last_length = 0;
	char	   *arrow;

	if (!strchr("-dl", *p))
		return false;
	while (*p)
	{
		size_t		n = strcspn(p, " ");

		if (last_length > 0 && is_month(p, n) && parse_digits(last, last_length) >= 0)
			break;
		last = p;
		last_length = n;
		p += n;
		p += strspn(p, " ");
	}
	if (*p == '\0')
		return false;
	entry->bytes = parse_digits(last, last_length);
	for (int skip = 0; skip < 3; skip++)
	{
		p += strspn(p, " ");
		p += strcspn(p, " ");
	}
	if (*p != ' ')
		return false;
	entry->name = p + 1;
	entry->kind = *line == 'd' ? NVP_FTP_FOLDER : *line == 'l' ? NVP_FTP_LINK : NVP_FTP_FILE;
	if (entry->kind == NVP_FTP_LINK && (arrow = strstr(entry->name, " -> ")))
		*arrow = '\0';
	return true;
}

/*
 * nvp_ftp_parse_list reads one line of a LIST.
 */
void
nvp_ftp_parse_list(char *line, NvpFtpEntry *entry)
{
	memset(entry, 0, sizeof(*entry));
	entry->bytes = -1;
	if ((!parse_unix(line, entry) && !parse_windows(line, entry)) ||
		*entry->name == '\0' || is_dots(entry->name))
		entry->kind = NVP_FTP_OTHER;
}
