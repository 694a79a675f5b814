// exceljs.mjs write ROWS.json BOOK.xlsx | read BOOK.xlsx : a workbook of rows, one JSON array a line; and how
// long its streaming reader takes for every cell, in hundredths of a second of the processor
import ExcelJS from 'exceljs';
import fs from 'fs';
import readline from 'readline';

const [mode, from, to] = process.argv.slice(2);
if (mode === 'write') {
	const book = new ExcelJS.stream.xlsx.WorkbookWriter({ filename: to, useSharedStrings: true });
	const sheet = book.addWorksheet('Data');
	for await (const line of readline.createInterface({ input: fs.createReadStream(from) })) sheet.addRow(JSON.parse(line)).commit();
	await book.commit();
} else {
	let cells = 0;
	const reader = new ExcelJS.stream.xlsx.WorkbookReader(from, { worksheets: 'emit', sharedStrings: 'cache', styles: 'cache', hyperlinks: 'ignore' });
	for await (const sheet of reader) for await (const row of sheet) row.eachCell(() => { cells++; });
	const used = process.resourceUsage();
	console.log(cells > 0 ? Math.round((used.userCPUTime + used.systemCPUTime) / 1e4) : 'nothing was read');
}
