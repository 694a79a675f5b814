// duckdb.mjs start|counts|report|full FILE OUT - the same rules in DuckDB, one thread; prints what it found
import { createRequire } from 'node:module';
const { DuckDBInstance } = createRequire(process.cwd() + '/')('@duckdb/node-api');
const [job, file, out] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const db = await instance.connect();
const one = async (sql) => (await db.runAndReadAll(sql)).getRows()[0].join('|');
if (job === 'start') { console.log(await one('SELECT 1')); process.exit(0); }
const mail = "^[A-Za-z0-9_%+-]+(\\.[A-Za-z0-9_%+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z]{2,}$";
const rules = {
	company_id: 'company_id IS NULL OR same > 1',
	company_name: 'company_name IS NULL AND company_id IS NOT NULL',
	full_name: 'full_name IS NULL',
	email_address: `email_address IS NULL OR NOT regexp_full_match(email_address, '${mail}')`,
	city: 'city IS NULL',
	country: 'country IS NULL',
	total_costs: 'total_costs IS NOT NULL AND try_cast(total_costs AS DOUBLE) IS NULL',
	// strptime takes days that the month does not have: print back and compare
	close_date: "close_date IS NOT NULL AND coalesce(strftime(try_strptime(close_date, '%d.%m.%Y'), '%d.%m.%Y') <> close_date, true)"
};
const names = ['company_id', 'company_name', 'full_name', 'email_address', 'street', 'city', 'country', 'total_costs', 'close_date'];
const source = file.endsWith('.ndjson')
	? `read_json('${file}', format = 'newline_delimited', columns = {${names.map((n) => `${n}: 'VARCHAR'`).join(', ')}})`
	: `read_csv('${file}', all_varchar = true, header = true, delim = ',', quote = '"', escape = '"', parallel = false)`;
await db.run(`CREATE TEMP TABLE checked AS
	SELECT *, ${Object.entries(rules).map(([c, r]) => `coalesce(${r}, false) AS bad_${c}`).join(', ')}
	FROM (SELECT *, row_number() OVER () AS row_no, count(*) OVER (PARTITION BY company_id) AS same
		FROM ${source})`);
const sum = Object.keys(rules).map((c) => `bad_${c}::int`).join(' + ');
if (job !== 'counts') {
	const cells = Object.keys(rules).map((c) => `SELECT row_no, '${c}' AS col, ${c} AS value FROM checked WHERE bad_${c}`).join(' UNION ALL ');
	await db.run(`COPY (${cells}) TO '${out}.issues' (FORMAT csv, HEADER)`);
}
if (job === 'full')
	await db.run(`COPY (SELECT company_id, company_name, full_name, email_address, street, city, country, total_costs, close_date
		FROM checked WHERE ${sum} = 0) TO '${out}' (FORMAT csv, HEADER)`);
console.log(await one(`SELECT sum(${sum}), count(*) FILTER (WHERE ${sum} > 0) FROM checked`));
process.exit(0);
