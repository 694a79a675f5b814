/*-------------------------------------------------------------------------
 *
 * cell_format.h
 *		What a number in a spreadsheet is: its number format tells.
 *
 * A date is stored as a number of days.  Only the format of the cell says that
 * it is one; so formats are read, and numbers are written as what they show:
 *
 *	 - a date, a time or both become ISO text, 2024-02-29, 13:45:00 or
 *	   2024-02-29T13:45:00, with .123 where there are milliseconds;
 *	 - elapsed time, as in [h]:mm, becomes hours, minutes and seconds, 36:15:00;
 *	 - all others stay numbers, written with the fewest digits that mean the
 *	   same number.
 *
 * The serial number is taken apart as decimal digits, in integers, and rounded
 * to the millisecond once.  Days that never were are written as the spreadsheet
 * shows them, 1900-02-29 and 1900-01-00, and so are refused by whoever wants a
 * date; numbers that are no day at all stay numbers.
 *
 * Memory: none; text goes into a buffer of the caller's.
 * Errors: none.
 * Purity: no allocation, no server.
 * Source: ECMA-376 part 1, 18.8.30 and 18.8.31 (numFmt), 18.17.4 (dates);
 *		   [MS-XLS] 2.4.126 and 2.5.165 for what is older.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CELL_FORMAT_H
#define NVP_CELL_FORMAT_H

/* bits of what a format shows; 0 = a number, a text, anything */
#define NVP_SHOWS_DATE		0x01
#define NVP_SHOWS_TIME		0x02
#define NVP_SHOWS_ELAPSED	0x04
#define NVP_SHOWS_PERCENT	0x08
#define NVP_SHOWS_MOMENT	(NVP_SHOWS_DATE | NVP_SHOWS_TIME | NVP_SHOWS_ELAPSED)

#define NVP_NUMBER_TEXT		32	/* bytes that any number or moment needs at most */

/* what a format code shows; what a built-in format shows that has no code in the file */
extern uint8 nvp_cell_format_code(const char *code, uint32 len);
extern uint8 nvp_cell_format_builtin(int id);

/*
 * The number literal as moment into text; returns its length, 0 if it is none
 * that can be shown (negative, or behind the year 9999): it is a number then.
 */
extern uint32 nvp_cell_moment_text(const char *literal, uint32 len, uint8 shows, bool date1904, char *text);

/* hours, minutes and seconds, and milliseconds if there are any; returns the length */
extern uint32 nvp_cell_clock_text(int64 msecs, char *text);

/*
 * Is the literal written as we write numbers?  Then it is its own text; others
 * are rewritten by nvp_cell_number_text, 0 if it is no number.
 */
extern bool nvp_cell_number_is_plain(const char *literal, uint32 len);
extern uint32 nvp_cell_number_text(const char *literal, uint32 len, char *text);
extern uint32 nvp_cell_double_text(double value, char *text);

#endif							/* NVP_CELL_FORMAT_H */
