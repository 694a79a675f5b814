/*-------------------------------------------------------------------------
 *
 * test_xls.c
 *		Workbooks of Excel 5 to 2003: every trap as a named case.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "bookcheck.h"
#include "xlsmake.h"

/* a workbook that is being made */
typedef struct Book
{
	StringInfoData stream;
	int			sheet_at;		/* where BOUNDSHEET has the place of the sheet */
} Book;

static void
begin_book(Book *book, int version)
{
	initStringInfo(&book->stream);
	xls_record(&book->stream, 0x0809, "hhhhww", version, 5, 0, 0, 0, 0);
}

static void
put_sheet(Book *book, int state, int type, const char *name)
{
	book->sheet_at = book->stream.len + 4;
	xls_record(&book->stream, 0x0085, "wbbbbs", 0, state, type, (int) strlen(name), 0, name);
}

/* end the records of the workbook and begin those of the sheet that was put last */
static void
begin_sheet(Book *book)
{
	uint32		place;

	xls_record(&book->stream, 0x000A, "");
	place = book->stream.len;
	for (int i = 0; i < 4; i++)
		book->stream.data[book->sheet_at + i] = (char) (place >> (8 * i));
	xls_record(&book->stream, 0x0809, "hhhhww", 0x0600, 0x0010, 0, 0, 0, 0);
}

static void
label(Book *book, int row, int col, const char *text)
{
	xls_record(&book->stream, 0x0204, "hhhhbs", row, col, 0, (int) strlen(text), 0, text);
}

static void
check_stream(const char *name, Book *book, const char *stream_name, const char *expected)
{
	NvpFormat	format = book_format(NVP_FORMAT_XLS);
	StringInfoData file;

	xls_wrap(&file, stream_name, &book->stream);
	check_bytes(name, file.data, file.len, &format, expected);
	pfree(file.data);
	pfree(book->stream.data);
}

static void
end_book(const char *name, Book *book, const char *expected)
{
	xls_record(&book->stream, 0x000A, "");
	check_stream(name, book, "Workbook", expected);
}

/* a sheet of a plain workbook with a header a, b */
static void
begin_plain(Book *book)
{
	begin_book(book, 0x0600);
	put_sheet(book, 0, 0, "s");
	begin_sheet(book);
	label(book, 0, 0, "a");
	label(book, 0, 1, "b");
}

static void
test_cells(void)
{
	Book		book;

	begin_book(&book, 0x0600);
	xls_record(&book.stream, 0x041E, "hhbs", 164, 10, 0, "dd.mm.yyyy");
	for (int format = 0; format < 4; format++)
		xls_record(&book.stream, 0x00E0, "hhz", 0, (const int[]) {0, 164, 46, 9}[format], 16, 0);
	put_sheet(&book, 0, 0, "s");
	begin_sheet(&book);
	label(&book, 0, 0, "a");
	label(&book, 0, 1, "b");
	xls_record(&book.stream, 0x0203, "hhhd", 1, 0, 0, 0.1);
	xls_record(&book.stream, 0x0203, "hhhd", 1, 1, 1, 45351.5);
	xls_record(&book.stream, 0x027E, "hhhw", 2, 0, 0, (uint32) (12345 << 2 | 3));
	xls_record(&book.stream, 0x027E, "hhhw", 2, 1, 2, (uint32) (-3 * 4 | 2));
	xls_record(&book.stream, 0x00BD, "hhhwhwh", 3, 0, 3, 0x3FE00000U, 1, (uint32) (60 << 2 | 2), 1);
	xls_record(&book.stream, 0x0205, "hhhbb", 4, 0, 0, 1, 0);
	xls_record(&book.stream, 0x0205, "hhhbb", 4, 1, 0, 0x2A, 1);
	xls_record(&book.stream, 0x0006, "hhhdhwh", 5, 0, 0, 2.5, 0, 0, 0);
	xls_record(&book.stream, 0x0006, "hhhbzhhwh", 5, 1, 0, 0, 5, 0, 0xFFFF, 0, 0, 0);
	xls_record(&book.stream, 0x0221, "z", 20, 0);
	xls_record(&book.stream, 0x0207, "hbu", 3, 1, "abc");
	xls_record(&book.stream, 0x0006, "hhhbbbzhhwh", 6, 0, 0, 1, 0, 1, 3, 0, 0xFFFF, 0, 0, 0);
	xls_record(&book.stream, 0x0006, "hhhbbbzhhwh", 6, 1, 0, 2, 0, 7, 3, 0, 0xFFFF, 0, 0, 0);
	xls_record(&book.stream, 0x0006, "hhhbzhhwh", 7, 0, 0, 3, 5, 0, 0xFFFF, 0, 0, 0);
	xls_record(&book.stream, 0x0201, "hhh", 7, 1, 0);
	xls_record(&book.stream, 0x0203, "hhhd", 9, 1, 99, -1e300);
	end_book("all kinds of cells", &book,
			 "a,b\nL2 w2 #0.1 <2024-02-29T12:00:00>\nL3 w2 #123.45 <-72:00:00>\nL4 w2 #0.5% <1900-02-29>\n"
			 "L5 w2 ?true !#N/A!\nL6 w2 #2.5 <abc>\nL7 w2 ?true !#DIV/0!!\nL10 w2 ~ #-1E+300\nend rows=7 blank=2 skipped=1\n");

	begin_book(&book, 0x0600);
	xls_record(&book.stream, 0x0022, "h", 1);
	xls_record(&book.stream, 0x00E0, "hhz", 0, 14, 16, 0);
	put_sheet(&book, 0, 0, "s");
	begin_sheet(&book);
	label(&book, 0, 0, "d");
	xls_record(&book.stream, 0x0203, "hhhd", 1, 0, 0, 43889.0);
	end_book("the 1904 system", &book, "d\nL2 w1 <2024-02-29>\nend rows=1 blank=0 skipped=1\n");
}

static void
test_strings(void)
{
	Book		book;

	begin_book(&book, 0x0600);
	/* plain; in runs; with a hint; cut within its characters, where they change their width; cut before its runs */
	xls_record(&book.stream, 0x00FC, "wwhbshbhswhbwuwhbs", 6, 6, 1, 0, "h", 4, 8, 1, "rich", 0,
			   3, 5, 4, "\xFC" "bc", 0, 8, 0, "abc");
	xls_record(&book.stream, 0x003C, "bu", 1, "defgh");
	xls_record(&book.stream, 0x003C, "hbhs", 2, 8, 1, "xy");
	xls_record(&book.stream, 0x003C, "whbhhhhh", 0, 5, 1, 0xD83D, 0xDE00, 0xD83D, 0x20AC, 0xDE00);
	put_sheet(&book, 0, 0, "s");
	begin_sheet(&book);
	for (int i = 0; i < 6; i++)
		xls_record(&book.stream, 0x00FD, "hhhw", i, 0, 0, i);
	end_book("shared strings", &book,
			 "h\nL2 w1 <rich>\nL3 w1 <\\xc3\\xbcbc>\nL4 w1 <abcdefgh>\nL5 w1 <xy>\n"
			 "L6 w1 <\\xf0\\x9f\\x98\\x80\\xef\\xbf\\xbd\\xe2\\x82\\xac\\xef\\xbf\\xbd>\nend rows=5 blank=0 skipped=1\n");

	begin_plain(&book);
	xls_record(&book.stream, 0x00FD, "hhhw", 1, 0, 0, 0);
	end_book("a string that is not there", &book,
			 "a,b\nbad L0 the workbook cannot be read: a cell names a text that is not there at byte 85\n");

	begin_book(&book, 0x0500);
	xls_record(&book.stream, 0x0042, "h", 1252);
	book.sheet_at = book.stream.len + 4;
	xls_record(&book.stream, 0x0085, "wbbbs", 0, 0, 0, 2, "\xDC" "1");
	begin_sheet(&book);
	xls_record(&book.stream, 0x0204, "hhhhs", 0, 0, 0, 4, "\x80 in");
	xls_record(&book.stream, 0x00D6, "hhhhsbbb", 1, 0, 0, 4, "f\xFCr!", 1, 0, 0);
	xls_record(&book.stream, 0x0006, "hhhbzhhwh", 2, 0, 0, 0, 5, 0, 0xFFFF, 0, 0, 0);
	xls_record(&book.stream, 0x0207, "hs", 1, "\xE4");
	xls_record(&book.stream, 0x000A, "");
	check_stream("Excel 5, in code page 1252", &book, "Book",
				 "\\xe2\\x82\\xac in\nL2 w1 <f\\xc3\\xbcr!>\nL3 w1 <\\xc3\\xa4>\nend rows=2 blank=0 skipped=1\n");
}

static void
test_books(void)
{
	Book		book;
	NvpFormat	format = book_format(NVP_FORMAT_XLS);
	StringInfoData file;

	begin_book(&book, 0x0600);
	put_sheet(&book, 0, 2, "chart");
	put_sheet(&book, 1, 0, "hidden");
	put_sheet(&book, 0, 0, "s");
	begin_sheet(&book);
	label(&book, 0, 0, "a");
	xls_record(&book.stream, 0x0809, "hhhhww", 0x0600, 0x0020, 0, 0, 0, 0);
	label(&book, 7, 0, "of a chart");
	xls_record(&book.stream, 0x000A, "");
	label(&book, 1, 0, "x");
	end_book("charts, hidden sheets, a chart within the sheet", &book, "a\nL2 w1 <x>\nend rows=1 blank=0 skipped=1\n");

	begin_book(&book, 0x0600);
	xls_record(&book.stream, 0x002F, "hhh", 0, 1, 2);
	end_book("encrypted", &book, "\nbad L0 the workbook is encrypted: it cannot be read without its password\n");

	begin_book(&book, 0x0600);
	check_stream("an encrypted workbook of a later version", &book, "EncryptedPackage", "\nbad L0 the workbook is encrypted: it cannot be read without its password\n");
	begin_book(&book, 0x0600);
	check_stream("a text document", &book, "WordDocument", "\nbad L0 the file holds no workbook\n");

	begin_plain(&book);
	for (int row = 1; row < 2000; row++)
		xls_record(&book.stream, 0x0203, "hhhd", row, row & 1, 0, (double) row);
	xls_record(&book.stream, 0x0203, "hh", 2000, 0);
	xls_wrap(&file, "Workbook", &book.stream);
	check_text("too large for one sector of its table", file.len > 128 * 512 ? "no" : "fits", "fits");
	check_bytes("a cell that is cut off", file.data, 20000, &format, "\nbad L0 the workbook cannot be read: its sectors are in disorder at byte 0\n");
	check_bytes("not even a header", file.data, 100, &format, "\nbad L0 the workbook cannot be read: it is cut off at byte 0\n");
	check_bytes("a bare stream of records", "\x09\x02\x06\x00\x00\x02\x10\x00", 8, &format, "\nbad L0 workbooks of Excel 4 and older are not supported\n");

	/* the chain of the stream bites its tail */
	file.data[512 + 4 * 3 + 4] = 3;
	check_bytes("sectors in a circle", file.data, file.len, &format, "\nbad L0 the workbook cannot be read: its sectors are in disorder at byte 0\n");
}

int
main(void)
{
	test_cells();
	test_strings();
	test_books();
	printf("%d checks, %d failed\n", checks, failures);
	return failures > 0;
}
