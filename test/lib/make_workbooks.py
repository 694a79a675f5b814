#!/usr/bin/python3
# make_workbooks.py FOLDER : the same orders as XLSX, XLS and ODS, by three independent writers, and odd workbooks
import datetime
import struct
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


# a title, groups in merged cells above names, rows: SALES in cells, None where a cell is merged or empty
SALES = [
    ['Sales', None, None, None, None],
    [None, None, None, None, None],
    ['Region', 2023, None, 2024, None],
    [None, 'Q1', 'Q2', 'Q1', 'Q2'],
    ['North', 1.5, 2.5, 3.5, 4.5],
    ['South', 10, 20, 30, 40],
]
MERGED = [(0, 0, 0, 4), (2, 0, 3, 0), (2, 1, 2, 2), (2, 3, 2, 4)]  # from row and column to row and column


def sales(book):
    for row in SALES:
        book.active.append(row)
    for r, c, last_r, last_c in MERGED:
        book.active.merge_cells(start_row=r + 1, start_column=c + 1, end_row=last_r + 1, end_column=last_c + 1)


def sales_xls(name):
    book = xlwt.Workbook()
    sheet = book.add_sheet('Sales')
    merged = {(r, c): (last_r, last_c) for r, c, last_r, last_c in MERGED}
    for r, row in enumerate(SALES):
        for c, value in enumerate(row):
            if value is not None and (r, c) in merged:
                sheet.write_merge(r, merged[r, c][0], c, merged[r, c][1], value)
            elif value is not None:
                sheet.write(r, c, value)
    book.save(f'{folder}/{name}')


def sales_ods(name):
    book = odf.opendocument.OpenDocumentSpreadsheet()
    table = odf.table.Table(name='Sales')
    book.spreadsheet.addElement(table)
    merged = {(r, c): (last_r - r + 1, last_c - c + 1) for r, c, last_r, last_c in MERGED}
    covered = {(r, c) for first_r, first_c, last_r, last_c in MERGED for r in range(first_r, last_r + 1) for c in range(first_c, last_c + 1)} - merged.keys()
    for r, row in enumerate(SALES):
        line = odf.table.TableRow()
        table.addElement(line)
        for c, value in enumerate(row):
            rows, columns = merged.get((r, c), (1, 1))
            span = {'numberrowsspanned': rows, 'numbercolumnsspanned': columns} if rows * columns > 1 else {}
            if (r, c) in covered:
                cell = odf.table.CoveredTableCell()
            elif isinstance(value, (int, float)):
                cell = odf.table.TableCell(valuetype='float', value=repr(value), **span)
            else:
                cell = odf.table.TableCell(**span)
                if value is not None:
                    cell.addElement(odf.text.P(text=value))
            line.addElement(cell)
    book.save(f'{folder}/{name}')


def transposed(book):
    for row in (['name', 'Alpha', 'Beta', 'Gamma'], ['founded', D(2001, 1, 31), D(2010, 5, 5), D(2020, 12, 1)], ['staff', 7, 12, 140],
                ['listed', True, False, True]):
        book.active.append(row)


# encrypted workbooks, as far as can be told without the key
def locked_xls(name):
    book = xlwt.Workbook()
    book.add_sheet('Orders').write(0, 0, 'id')
    data = book.get_biff_data()
    at = 4 + struct.unpack('<H', data[2:4])[0]
    filepass = struct.pack('<HHHHH', 0x2F, 54, 1, 1, 1) + bytes(range(48))
    xlwt.CompoundDoc.XlsDoc().save(f'{folder}/{name}', data[:at] + filepass + data[at:])


def locked_xlsx(name):
    def entry(text):
        text = text.encode('utf-16le') + b'\0\0'
        return text.ljust(64, b'\0') + struct.pack('<H', len(text))
    with open(f'{folder}/orders.xls', 'rb') as source, open(f'{folder}/{name}', 'wb') as target:
        data = source.read()
        assert data.count(entry('Workbook')) == 1
        target.write(data.replace(entry('Workbook'), entry('EncryptedPackage')))


def locked_ods(name, data):
    if name == 'META-INF/manifest.xml':
        at = data.index(b'full-path="content.xml"')
        at = data.index(b'/>', at)
        return data[:at] + b'><manifest:encryption-data/></manifest:file-entry>' + data[at + 2:]
    return bytes(range(256)) * 8 if name == 'content.xml' else data


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
xlsx('sales.xlsx', sales)
sales_xls('sales.xls')
sales_ods('sales.ods')
xlsx('transposed.xlsx', transposed)
locked_xls('locked.xls')
locked_xlsx('locked.xlsx')
rewrite('orders.ods', 'locked.ods', locked_ods)
rewrite('orders.xlsx', 'nosheet.xlsx', lambda n, d: None if n == 'xl/worksheets/sheet1.xml' else d)
rewrite('orders.xlsx', 'broken.xlsx', lambda n, d: d[:len(d) // 2] if n == 'xl/worksheets/sheet1.xml' else d)
rewrite('orders.xlsx', 'bomb.xlsx', lambda n, d: b' ' * 40000000 + d if n == 'xl/worksheets/sheet1.xml' else d)
rewrite('orders.xlsx', 'laughs.xlsx', lambda n, d: b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]>' + d if n == 'xl/worksheets/sheet1.xml' else d)
rewrite('orders.xlsx', 'word.docx', lambda n, d: b'<document xmlns="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>' if n == 'xl/workbook.xml' else d)
rewrite('orders.xlsx', 'binary.xlsb', lambda n, d: d.replace(b'workbook.xml"', b'workbook.bin"') if n == '_rels/.rels' else d)
with zipfile.ZipFile(f'{folder}/many.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.write(f'{folder}/orders.xlsx', 'orders.xlsx')
    archive.write(f'{folder}/months.xlsx', 'months.xlsx')
