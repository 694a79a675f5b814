#!/usr/bin/python3
# make_workbooks.py FOLDER : the same orders as XLSX, XLS and ODS, by three independent writers, and odd workbooks
import datetime
import sys
import zipfile

import odf.opendocument
import odf.number
import odf.style
import odf.table
import odf.text
import openpyxl
import xlwt
from openpyxl.comments import Comment

folder = sys.argv[1]
D, T = datetime.date, datetime.datetime
HEADER = ['id', 'name', 'born', 'at', 'amount', 'active', 'share']
ROWS = [
    [1, 'M\u00fcller & S\u00f6hne <GmbH>', D(1980, 2, 29), T(2024, 1, 2, 3, 4, 5), 12.5, True, 0.125],
    [2, '=1+1', D(1900, 3, 1), T(1999, 12, 31, 23, 59, 59), -0.1, False, 0.5],
    [3, '  two  blanks', D(2024, 12, 31), T(2000, 1, 1), 1e15, True, 1.0],
    [4, '\u65e5\u672c\u8a9e \U0001f600', D(1999, 12, 31), T(2038, 1, 19, 3, 14, 7), 0.3, False, 0.0725],
]


def xlsx(name, fill, **options):
    book = openpyxl.Workbook(**options)
    fill(book)
    book.save(f'{folder}/{name}')


def put_orders(sheet, rows=ROWS):
    sheet.append(HEADER)
    for row in rows:
        sheet.append(row)
        sheet.cell(sheet.max_row, 7).number_format = '0.00%'
        if str(row[1]).startswith('='):
            sheet.cell(sheet.max_row, 2).data_type = 's'


def orders(book):
    sheet = book.active
    sheet.title = 'Orders'
    sheet['A1'] = 'Orders of the year'
    sheet.merge_cells('A1:G1')
    sheet['A2'] = D(2024, 5, 1)
    sheet['A2'].comment = Comment('printed', 'nobody')
    put_orders(sheet)
    hidden = book.create_sheet('Lists')
    hidden.sheet_state = 'hidden'
    hidden.append(['code'])
    hidden.append(['secret'])


def months(book):
    book.active.title = 'January'
    for n, name in enumerate(['January', 'February', 'March']):
        sheet = book.active if n == 0 else book.create_sheet(name)
        sheet.append(['id', 'name'])
        for i in range(3):
            sheet.append([n * 10 + i, f'{name} {i}'])
    book['February']['A3'] = 'eleven'
    book.create_sheet('Empty')


def errors(book):
    sheet = book.active
    sheet.title = "It's 3rd"
    sheet.append(['id', 'name'])
    sheet.append([1, 'one'])
    sheet.append(['#N/A', 'two'])
    sheet['A3'].data_type = 'e'
    sheet.append([3, '#DIV/0!'])
    sheet['B4'].data_type = 'e'
    sheet.append(['x', 'four'])
    sheet['D6'] = 'far right'
    sheet['A6'] = 5


def early(book):
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    put_orders(book.active, [r for r in ROWS if r[2].year > 1904])


def large(book):
    sheet = book.create_sheet('Large')
    sheet.append(['id', 'name'])
    for i in range(50000):
        sheet.append([i, f'name {i % 1000}'])


def xls(name):
    book = xlwt.Workbook()
    sheet = book.add_sheet('Orders')
    date, moment, percent = (xlwt.easyxf(num_format_str=f) for f in ('YYYY-MM-DD', 'YYYY-MM-DD HH:MM:SS', '0.00%'))
    for r, row in enumerate([HEADER] + ROWS):
        for c, value in enumerate(row):
            style = percent if c == 6 else moment if isinstance(value, T) else date if isinstance(value, D) else xlwt.Style.default_style
            sheet.write(r, c, value, style)
    book.save(f'{folder}/{name}')


def ods(name):
    book = odf.opendocument.OpenDocumentSpreadsheet()
    table = odf.table.Table(name='Orders')
    book.spreadsheet.addElement(table)
    for row in [HEADER] + ROWS:
        line = odf.table.TableRow()
        table.addElement(line)
        for c, value in enumerate(row):
            if isinstance(value, bool):
                cell = odf.table.TableCell(valuetype='boolean', booleanvalue=str(value).lower())
            elif isinstance(value, (D, T)):
                cell = odf.table.TableCell(valuetype='date', datevalue=value.isoformat())
            elif isinstance(value, (int, float)):
                cell = odf.table.TableCell(valuetype='percentage' if c == 6 else 'float', value=repr(value))
            else:
                cell = odf.table.TableCell(valuetype='string')
            if isinstance(value, str):
                paragraph = odf.text.P()
                for n, part in enumerate(value.split(' ')):
                    if n > 0:
                        paragraph.addElement(odf.text.S())
                    paragraph.addText(part)
                cell.addElement(paragraph)
            line.addElement(cell)
    book.save(f'{folder}/{name}')


def rewrite(source, target, change):
    with zipfile.ZipFile(f'{folder}/{source}') as old, zipfile.ZipFile(f'{folder}/{target}', 'w', zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)


xlsx('orders.xlsx', orders)
xlsx('months.xlsx', months)
xlsx('errors.xlsx', errors)
xlsx('early.xlsx', early)
xlsx('large.xlsx', large, write_only=True)
xls('orders.xls')
ods('orders.ods')
rewrite('orders.xlsx', 'nosheet.xlsx', lambda n, d: None if n == 'xl/worksheets/sheet1.xml' else d)
rewrite('orders.xlsx', 'broken.xlsx', lambda n, d: d[:len(d) // 2] if n == 'xl/worksheets/sheet1.xml' else d)
rewrite('orders.xlsx', 'bomb.xlsx', lambda n, d: b' ' * 40000000 + d if n == 'xl/worksheets/sheet1.xml' else d)
rewrite('orders.xlsx', 'laughs.xlsx', lambda n, d: b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]>' + d if n == 'xl/worksheets/sheet1.xml' else d)
rewrite('orders.xlsx', 'word.docx', lambda n, d: b'<document xmlns="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>' if n == 'xl/workbook.xml' else d)
rewrite('orders.xlsx', 'binary.xlsb', lambda n, d: d.replace(b'workbook.xml"', b'workbook.bin"') if n == '_rels/.rels' else d)
with zipfile.ZipFile(f'{folder}/many.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.write(f'{folder}/orders.xlsx', 'orders.xlsx')
    archive.write(f'{folder}/months.xlsx', 'months.xlsx')
