# verdict.awk - medians of the lines "JOB wall cpu kB", ratios, and how they stand to the bars
function median(name, what,    n, i, j, t, a) {
	n = count[name]
	for (i = 1; i <= n; i++) a[i] = value[name, i, what]
	for (i = 2; i <= n; i++) for (j = i; j > 1 && a[j - 1] > a[j]; j--) { t = a[j]; a[j] = a[j - 1]; a[j - 1] = t }
	return n % 2 ? a[(n + 1) / 2] : n ? (a[n / 2] + a[n / 2 + 1]) / 2 : 0
}
# bar NO WHAT JOB BASE LIMIT MORE : job / base <= limit; with MORE base / job >= limit; LESS is taken off the base
function bar(no, what, job, base, limit, more, less,    w, c) {
	if (!count[job] || !count[base]) return
	w = (median(job, "wall")) / (median(base, "wall") - (less ? median(less, "wall") : 0))
	c = (median(job, "cpu")) / (median(base, "cpu") - (less ? median(less, "cpu") : 0))
	if (more) { w = 1 / w; c = 1 / c }
	printf "%-4s %-46s %8.2f %8.2f   %s %.2f  %s\n", no, what, w, c, more ? ">=" : "<=", limit, verdict(w, c, limit, more)
}
function verdict(w, c, limit, more,    worst) {
	worst = more ? limit / (w < c ? w : c) : (w > c ? w : c) / limit
	return worst <= 1 ? "ok" : sprintf("short by %.0f %%", (worst - 1) * 100)
}
function plain(no, what, got, limit, unit) {
	printf "%-4s %-46s %17.2f   <= %.2f %s  %s\n", no, what, got, limit, unit, got <= limit ? "ok" : sprintf("short by %.0f %%", (got / limit - 1) * 100)
}
# memory beyond what COPY takes
function over(no, what, job, base, mb) { if (count[job] && count[base]) plain(no, what, (median(job, "kB") - median(base, "kB")) / 1024, mb, "MB") }
function memory(no, what, job, mb) { if (count[job]) plain(no, what, median(job, "kB") / 1024, mb, "MB") }

{ n = ++count[$1]; if (n == 1) order[++jobs] = $1; value[$1, n, "wall"] = $2; value[$1, n, "cpu"] = $3; value[$1, n, "kB"] = $4 }
END {
	printf "\n%-24s %6s %8s %8s %8s %8s %8s\n", "job", "times", "wall s", "cpu s", "wall/C", "cpu/C", "MB"
	for (i = 1; i <= jobs; i++) {
		j = order[i]
		c = j ~ /^big_/ ? "big_copy" : j ~ /^dirty_/ ? "dirty_copy" : "copy"
		printf "%-24s %6d %8.3f %8.2f %8.2f %8.2f %8s\n", j, count[j], median(j, "wall"), median(j, "cpu"),
			count[c] ? median(j, "wall") / median(c, "wall") : 0, count[c] ? median(j, "cpu") / median(c, "cpu") : 0,
			median(j, "kB") ? sprintf("%.0f", median(j, "kB") / 1024) : ""
	}
	printf "\n%-4s %-46s %8s %8s   %s\n", "bar", "", "wall", "cpu", "wanted"
	bar(1, "validate, error rows, to C", "validate", "copy", 0.30)
	bar(1, "validate, DuckDB's report to it", "validate", "duckdb_report", 4, 1, "duckdb_start")
	bar(2, "counts, to C", "counts", "copy", 0.27)
	bar(2, "counts, DuckDB's to it", "counts", "duckdb_counts", 2.5, 1, "duckdb_start")
	bar(3, "csv to logged typed table, to C", "table", "copy", 0.70)
	bar(3, "csv to logged typed table, SQL to it", "table", "sql", 8, 1)
	bar(3, "csv to logged typed table, to C, big", "big_table", "big_copy", 0.75)
	bar("3", "csv to typed table, 10 % bad cells, to its C", "dirty_table", "dirty_copy", 0.70)
	bar(4, "into an empty table with a key, to COPY", "key", "copy_key", 0.50)
	bar(5, "csv to csv, to C", "file", "copy", 0.40)
	bar(5, "csv to csv, DuckDB to it", "file", "duckdb_full", 4, 1, "duckdb_start")
	bar(5, "csv to csv, to C, big", "big_file", "big_copy", 0.50)
	over(6, "memory beyond COPY's, no unique rule", "plain_memory", "copy_memory", 8)
	over(6, "memory beyond COPY's, no unique rule, big", "big_plain_memory", "big_copy_memory", 8)
	memory(7, "memory, one unique rule, validate", "validate_memory", 32)
	memory(7, "memory, one unique rule, to table", "table_memory", 32)
	memory(7, "memory, one unique rule, big", "big_validate_roomy", 160)
	memory(7, "memory, one unique rule, big, capped", "big_validate_memory", 64)
	bar(7, "big, capped at 64 MB to not capped", "big_validate_memory", "big_validate_roomy", 2)
	bar(8, "ndjson, validate, error rows, to C", "ndjson_validate", "copy", 0.50)
	bar(8, "ndjson, DuckDB's report to it", "ndjson_validate", "duckdb_ndjson", 2.5, 1, "duckdb_start")
	bar(8, "ndjson, PostgreSQL's json path to it", "ndjson_validate", "ndjson_sql", 8, 1)
	bar(10, "tsv, validate, to its csv time", "tsv_validate", "validate", 1)
	if (count["regex"] && count["counts"])
		plain(11, "one regex rule, cpu a cell", (median("regex", "cpu") - median("counts", "cpu")) / rows * 1e6, 0.15, "us")
	if (count["big_validate"] && count["validate"])
		plain(17, "validate, big to small, cpu a row", median("big_validate", "cpu") / big / (median("validate", "cpu") / rows), 1.2, "")
	if (count["big_file"] && count["file"])
		plain(17, "csv to csv, big to small, cpu a row", median("big_file", "cpu") / big / (median("file", "cpu") / rows), 1.2, "")
	if (count["big_table"] && count["table"])
		plain("", "csv to table, big to small, cpu a row", median("big_table", "cpu") / big / (median("table", "cpu") / rows), 1.2, "")
}
