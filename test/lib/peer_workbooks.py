#!/usr/bin/python3
# peer_workbooks.py FOLDER : the same rows by XlsxWriter, in three ways (peer_workbooks.pl writes them by two libraries of Perl)
import datetime
import sys

import xlsxwriter

folder = sys.argv[1]
D, T, C = datetime.date, datetime.datetime, datetime.time
HEADER = ['id', 'name', 'rich', 'born', 'at', 'clock', 'amount', 'active', 'total', 'label', 'share', 'note']
ROWS = [
    [1, 'M\u00fcller & S\u00f6hne <GmbH>', ('bold', ' and plain'), D(1980, 2, 29), T(2024, 1, 2, 3, 4, 5), C(6, 30), 12.5, True, 25, 'done!', 0.125],
    [2, '=1+1', ('\u65e5\u672c\u8a9e', ' \U0001f600'), D(1999, 12, 31), T(2038, 1, 19, 3, 14, 7), C(23, 59, 59), -0.1, False, -0.2, '  x ', 0.5],
]


def write(name, **options):
    book = xlsxwriter.Workbook(f'{folder}/{name}', options)
    sheet = book.add_worksheet('Daten \u00fc')
    bold, date, moment, clock, percent = (book.add_format(f) for f in (
        {'bold': True}, {'num_format': 'dd.mm.yyyy'}, {'num_format': 'yyyy-mm-dd hh:mm:ss'}, {'num_format': 'h:mm:ss'}, {'num_format': '0.0%'}))
    for col, title in enumerate(HEADER):
        sheet.write_string(0, col, title, bold)
    for r, row in enumerate(ROWS, 1):
        sheet.write_number(r, 0, row[0])
        sheet.write_string(r, 1, row[1])
        sheet.write_rich_string(r, 2, bold, row[2][0], row[2][1])
        sheet.write_datetime(r, 3, row[3], date)
        sheet.write_datetime(r, 4, row[4], moment)
        sheet.write_datetime(r, 5, row[5], clock)
        sheet.write_number(r, 6, row[6])
        sheet.write_boolean(r, 7, row[7])
        sheet.write_formula(r, 8, f'=2*G{r + 1}', None, row[8])
        sheet.write_formula(r, 9, f'=T(B{r + 1})', None, row[9])
        sheet.write_number(r, 10, row[10], percent)
        if r == 1:
            sheet.merge_range(r, 11, r, 12, 'both')
    sheet.protect('secret')
    book.add_worksheet('Lists').hide()
    book.close()


write('xlsxwriter.xlsx')
write('xlsxwriter_inline.xlsx', constant_memory=True)
write('xlsxwriter_1904.xlsx', date_1904=True)
