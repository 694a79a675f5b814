/*-------------------------------------------------------------------------
 *
 * xlsmake.c
 *		Excel 97 workbooks made in memory.
 *
 * Source: [MS-CFB], [MS-XLS] 2.1.4.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "xlsmake.h"

#define SECTOR	512
#define FREE	0xFFFFFFFFU
#define LAST	0xFFFFFFFEU
#define FAT		0xFFFFFFFDU

static void
put16(StringInfo out, uint32 value)
{
	appendStringInfoCharMacro(out, (char) (value & 0xFF));
	appendStringInfoCharMacro(out, (char) (value >> 8 & 0xFF));
}

static void
put32(StringInfo out, uint32 value)
{
	put16(out, value & 0xFFFF);
	put16(out, value >> 16);
}

static void
put_double(StringInfo out, double value)
{
	uint64		bits;

	memcpy(&bits, &value, sizeof(bits));
	put32(out, (uint32) bits);
	put32(out, (uint32) (bits >> 32));
}

static void
put_wide(StringInfo out, const char *text)
{
	for (; *text; text++)
		put16(out, (unsigned char) *text);
}

void
xls_record(StringInfo stream, uint16 type, const char *format,...)
{
	int			start = stream->len;
	int			len;
	va_list		args;

	put16(stream, type);
	put16(stream, 0);
	va_start(args, format);
	for (; *format; format++)
	{
		switch (*format)
		{
			case 'b':
				appendStringInfoChar(stream, (char) va_arg(args, int));
				break;
			case 'h':
				put16(stream, va_arg(args, int));
				break;
			case 'w':
				put32(stream, va_arg(args, uint32));
				break;
			case 'd':
				put_double(stream, va_arg(args, double));
				break;
			case 's':
				appendStringInfoString(stream, va_arg(args, const char *));
				break;
			case 'u':
				put_wide(stream, va_arg(args, const char *));
				break;
			case 'z':
				for (int n = va_arg(args, int), c = va_arg(args, int); n > 0; n--)
					appendStringInfoChar(stream, (char) c);
				break;
		}
	}
	va_end(args);
	len = stream->len - start - 4;
	stream->data[start + 2] = (char) (len & 0xFF);
	stream->data[start + 3] = (char) (len >> 8);
}

static void
pad(StringInfo out, int unit, char with)
{
	while (out->len % unit != 0)
		appendStringInfoChar(out, with);
}

static void
put_entry(StringInfo out, const char *name, int type, uint32 first, uint32 size)
{
	int			start = out->len;

	put_wide(out, name);
	while (out->len < start + 64)
		appendStringInfoChar(out, '\0');
	put16(out, *name ? (strlen(name) + 1) * 2 : 0);
	appendStringInfoChar(out, (char) type);
	appendStringInfoChar(out, 1);
	put32(out, FREE);
	put32(out, FREE);
	put32(out, type == 5 ? 1 : FREE);
	while (out->len < start + 116)
		appendStringInfoChar(out, '\0');
	put32(out, first);
	put32(out, size);
	put32(out, 0);
}

/* sectors: allocation table, directory, mini allocation table, then the stream */
void
xls_wrap(StringInfo out, const char *name, const StringInfoData *stream)
{
	bool		is_mini = stream->len < 4096;
	int			nstream = (stream->len + SECTOR - 1) / SECTOR;
	int			nmini = (stream->len + 63) / 64;
	int			first = 3;

	initStringInfo(out);
	appendBinaryStringInfo(out, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8);
	for (int i = 0; i < 16; i++)
		appendStringInfoChar(out, '\0');
	put16(out, 0x3E);
	put16(out, 3);
	put16(out, 0xFFFE);
	put16(out, 9);
	put16(out, 6);
	for (int i = 0; i < 10; i++)
		appendStringInfoChar(out, '\0');
	put32(out, 1);				/* sectors of the allocation table */
	put32(out, 1);				/* directory */
	put32(out, 0);
	put32(out, 4096);
	put32(out, 2);				/* mini allocation table */
	put32(out, 1);
	put32(out, LAST);
	put32(out, 0);
	put32(out, 0);				/* the allocation table is in sector 0 */
	while (out->len < SECTOR)
		put32(out, FREE);

	put32(out, FAT);
	put32(out, LAST);
	put32(out, LAST);
	for (int i = 0; i < nstream; i++)
		put32(out, i == nstream - 1 ? LAST : first + i + 1);
	while (out->len < 2 * SECTOR)
		put32(out, FREE);
	put_entry(out, "Root Entry", 5, is_mini ? first : LAST, is_mini ? nmini * 64 : 0);
	put_entry(out, name, 2, is_mini ? 0 : first, stream->len);
	pad(out, SECTOR, '\0');
	for (int i = 0; is_mini && i < nmini; i++)
		put32(out, i == nmini - 1 ? LAST : i + 1);
	while (out->len < 4 * SECTOR)
		put32(out, FREE);
	appendBinaryStringInfo(out, stream->data, stream->len);
	pad(out, SECTOR, '\0');
}
