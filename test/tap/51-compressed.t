#!/bin/bash
# 51-compressed.t - compressed files: the same rows, limits with a cure, progress in bytes as stored
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster -c nuvopipe.max_object_size=20MB
in=$NVP_TMP/in
install -d -m 755 "$in"
qx 'CREATE TABLE t (id int, name text)'
qx "SELECT nuvopipe.create_tdm('pair', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"}]')"
table_connector t OUTPUT '"relation": "public.t"'
file_connector in INPUT "\"directory_path\": \"$in\""

# arrives NAME [OPTIONS] : standard input is what the directory holds
arrives() {
	rm -f "$in"/*
	qx 'TRUNCATE t'
	cat >"$in/$1" && chmod 644 "$in/$1"
	pipeline "$1" in pair t "options => '${2:-{\}}'"
	execute "$1"
}
failed() {
	like "$(outcome) $(said)" "^FAILED.$1.$2 .*$3" "$4"
	is "$(q 'SELECT count(*) FROM t')" 0 "$4: nothing is written"
}
came() { is "$(outcome) $(counts)" "SUCCEEDED $1" "$2" || diag "$(said)"; }
compression() { q "SELECT sniff ->> 'compression' FROM nuvopipe.execution_runs WHERE execution = '$EXEC'"; }
rows() { echo 'id,name'; seq 1 "$1" | sed 's/.*/&,name &/'; }

for tool in gzip zstd bzip2 xz; do
	rows 30000 | $tool -c >"$NVP_TMP/packed"
	arrives "rows.csv.$tool" <"$NVP_TMP/packed"
	came "30000 30000 0 0 0" "$tool"
	is "$(q "SELECT count(*) || ' ' || sum(id) || ' ' || max(length(name)) FROM t")" "30000 450015000 10" "$tool: every row"
	is "$(compression)" $tool "$tool is told"
	is "$(q "SELECT input_bytes FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")" "$(stat -c %s "$NVP_TMP/packed")" "$tool: bytes are those stored"
	(rows 1000 | $tool -c; seq 1001 2000 | sed 's/.*/&,name &/' | $tool -c) >"$NVP_TMP/packed"
	arrives "two.csv.$tool" <"$NVP_TMP/packed"
	came "2000 2000 0 0 0" "$tool: two members are one file"
	rows 30000 | $tool -c | head -c 5000 >"$NVP_TMP/packed"
	arrives "cut.csv.$tool" <"$NVP_TMP/packed"
	failed PARSING_FAILURE 22P04 "$tool data ends early" "$tool, cut off"
done

# ---- what is not quite right

arrives rest.csv.gz < <(rows 10 | gzip; echo 'and some more')
came "10 10 0 0 0" "bytes behind the last member"
is "$(of_exec note)" "14 bytes behind the compressed data are none of it and were not read" "are told"
arrives padded.csv.gz < <(rows 10 | gzip; head -c 1000 /dev/zero)
is "$(outcome) $(of_exec note)" "SUCCEEDED " "zeros behind it are padding"
arrives bad.csv.gz < <(rows 1000 | gzip | (head -c 500; printf '\0\0\0\0'; tail -c +505))
failed PARSING_FAILURE 22P04 'gzip data is damaged near byte' "damaged"
arrives not.csv.gz '{"format": {"compression": "gzip"}}' < <(rows 10)
failed PARSING_FAILURE 22P04 'the data is not gzip' "not what it was said to be"
arrives plain.csv.gz < <(rows 10)
came "10 10 0 0 0" "only the name says that it is compressed"
arrives empty.csv.gz < <(gzip </dev/null)
failed SOURCE_DATA_EMPTY 02000 'holds nothing' "nothing inside"
arrives raw.gz '{"format": {"compression": "none"}}' < <(rows 10 | gzip)
failed PARSING_FAILURE '(22P04|42703)' . "taken as it is"

# ---- limits

arrives bomb.csv.gz < <((rows 1; head -c 15000000 /dev/zero | tr '\0' '\n') | gzip -1)
came "15000001 1 0 0 15000000" "two hundred times larger"
arrives bomb.csv.xz < <((rows 1; head -c 15000000 /dev/zero | tr '\0' '\n') | xz -0)
failed PARSING_FAILURE 54000 'grows more than 1000 times.*HINT.*nuvopipe.max_expansion' "more than a thousand times larger"
arrives large.csv.gz < <(rows 1500000 | gzip -1)
failed PARSING_FAILURE 54000 'becomes more than 20971520 bytes.*HINT.*nuvopipe.max_object_size' "larger than nuvopipe.max_object_size"
arrives twice.csv.gz.gz < <(rows 10 | gzip | gzip)
came "10 10 0 0 0" "compressed twice"
arrives thrice.csv.gz.gz.gz < <(rows 10 | gzip | gzip | gzip)
failed PARSING_FAILURE 54000 'more than 2 times.*HINT' "compressed three times"

# ---- archives

# archive FILE... : a zip of files below $NVP_TMP/pack, on standard output
archive() { (cd "$NVP_TMP/pack" && perl -MIO::Compress::Zip=:all -e 'zip [@ARGV] => "-" or die $ZipError' "$@"); }
install -d "$NVP_TMP/pack/deep" "$NVP_TMP/pack/__MACOSX"
rows 20 >"$NVP_TMP/pack/twenty.csv"
rows 30 | gzip >"$NVP_TMP/pack/deep/thirty.csv.gz"
printf '{"id": 1, "name": "one"}\n' >"$NVP_TMP/pack/one.jsonl"
echo x >"$NVP_TMP/pack/__MACOSX/._twenty.csv"
arrives one.zip < <(archive twenty.csv __MACOSX/._twenty.csv)
came "20 20 0 0 0" "an archive of one file, and what the system put beside it"
is "$(compression)" zip "zip is told"
arrives named.zip '{"format": {"member": "one.jsonl"}}' < <(archive twenty.csv one.jsonl)
came "1 1 0 0 0" "a named member"
arrives deep.zip '{"format": {"member": "deep/thirty.csv.gz"}}' < <(archive twenty.csv deep/thirty.csv.gz)
came "30 30 0 0 0" "a member that is compressed itself"
arrives missing.zip '{"format": {"member": "three.csv"}}' < <(archive twenty.csv one.jsonl)
failed PARSING_FAILURE 58P01 'no file "three.csv".*HINT: It has: "twenty.csv", "one.jsonl"' "a member that is not there"
archive one.jsonl >"$NVP_TMP/pack/inner.zip"
arrives nested.zip < <(archive inner.zip)
failed PARSING_FAILURE 0A000 'archive within another.*HINT' "an archive in an archive"
arrives cut.zip < <(archive twenty.csv one.jsonl | head -c 300)
failed PARSING_FAILURE 22P04 'zip archive.*HINT' "an archive that is cut off"

# ---- other kinds within

arrives lines.jsonl.gz < <(seq 1 1000 | sed 's/.*/{"id": &, "name": "n&"}/' | gzip)
came "1000 1000 0 0 0" "JSON Lines"
arrives tabs.tsv.gz < <(printf 'id\tname\n1\tone\n' | gzip)
is "$(outcome) $(q "SELECT sniff ->> 'format' FROM nuvopipe.execution_runs WHERE execution = '$EXEC'")" "SUCCEEDED tsv" "TSV"

done_testing
