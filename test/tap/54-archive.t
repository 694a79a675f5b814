#!/bin/bash
# 54-archive.t - a zip archive of several files: each is an input of its own
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/runs.sh"

start_cluster
in=$NVP_TMP/in
install -d -m 777 "$in"
pack=$NVP_TMP/pack
mkdir -p "$pack"
qx 'CREATE TABLE t (id int, name text)'
qx "SELECT nuvopipe.create_tdm('pair', '[{\"key\": \"id\", \"columnType\": \"int\"}, {\"key\": \"name\", \"columnType\": \"string\"}]')"
table_connector t OUTPUT '"relation": "public.t"'


# archive FILE... : what is in $pack, under these names
archive() { (cd "$pack" && rm -f ../all.zip && zip -q ../all.zip "$@"); chmod 666 "$NVP_TMP/all.zip"; }
rows() { echo 'id,name'; seq "$1" "$2" | sed 's/.*/&,name &/'; }

# ended PIPELINE : its last run, all executions of it
ended() {
	newest "$1"
	RUN=$(of_exec run)
	wait_until "SELECT bool_and(status NOT IN ('QUEUED', 'RUNNING')) FROM nuvopipe.executions WHERE run = '$RUN'" 60
}
# what became of each file of the run: member, state, rows
became() {
	q "SELECT string_agg(concat_ws(' ', input_member, status, rows_written), ', ' ORDER BY input_member COLLATE \"C\")
		FROM nuvopipe.executions WHERE run = '$RUN'"
}
# start PIPELINE : and carry its run to the end, all executions of it
start() {
	execute "$1"
	ended "$1"
}

mkdir -p "$pack/2024" "$pack/__MACOSX"
rows 1 1000 >"$pack/a.csv"
rows 1001 3000 >"$pack/2024/a.csv"
rows 3001 3010 | gzip >"$pack/c.csv.gz"
echo junk >"$pack/__MACOSX/._a.csv"

# ---- from a folder, from which it is taken away

file_connector folder INPUT "\"directory_path\": \"$in\", \"advance_config\": {\"after_process_option\": \"DELETE\"}"
pipeline of_folder folder pair t
archive a.csv 2024/a.csv c.csv.gz __MACOSX/._a.csv
mv "$NVP_TMP/all.zip" "$in/"
start of_folder
is "$(became)" '2024/a.csv SUCCEEDED 2000, a.csv SUCCEEDED 1000, c.csv.gz SUCCEEDED 10' 'each file has an execution'
is "$(q 'SELECT count(*), sum(id) FROM t')" '3010|4531555' 'and all rows are there'
is "$(q "SELECT string_agg(input_name, ' ' ORDER BY input_name COLLATE \"C\") FROM nuvopipe.executions WHERE run = '$RUN'")" '2024_a.csv a.csv c.csv.gz' 'which has a name of its own'
is "$(q "SELECT count(DISTINCT input) || ' ' || count(DISTINCT input_version) || ' ' || count(*) FILTER (WHERE input = '$in/all.zip') FROM nuvopipe.executions WHERE run = '$RUN'")" '3 1 1' 'a path, and the version of the archive'
ok 'the archive is taken away' [ ! -e "$in/all.zip" ]
is "$(q 'SELECT count(*) FROM _nuvopipe.broken_executions()')" 0 'counts balance'
wait_until "SELECT count(*) = 0 FROM _nuvopipe.execution WHERE input_id IS NOT NULL"
is $? 0 'nobody holds the stored archive any longer'

# ---- from where it stays

file_connector shelf INPUT "\"directory_path\": \"$in\""
pipeline of_shelf shelf pair t
qx 'TRUNCATE t'
printf 'id,name\n1,x\n2,"y\n' >"$pack/b.csv"
archive a.csv b.csv c.csv.gz
cp "$NVP_TMP/all.zip" "$in/"
start of_shelf
is "$(became)" 'a.csv SUCCEEDED 1000, b.csv FAILED 0, c.csv.gz SUCCEEDED 10' 'a file that cannot be read does not keep the others'
is "$(q 'SELECT count(*) FROM t')" 1010 'whose rows are there'
is "$(q "SELECT count(*) FROM nuvopipe.execute('of_shelf')")" 0 'the archive was taken'
EXEC=$(q "SELECT id FROM nuvopipe.executions WHERE input_member = 'b.csv'")
is "$(q "SELECT count(*) FROM _nuvopipe.execution WHERE id = '$EXEC' AND input_id IS NOT NULL")" 1 'the one that failed keeps its input'

# the first of them is the one that fails
qx 'TRUNCATE t'
archive b.csv a.csv c.csv.gz
cp "$NVP_TMP/all.zip" "$in/second.zip"
start of_shelf
is "$(became)" 'a.csv SUCCEEDED 1000, b.csv FAILED 0, c.csv.gz SUCCEEDED 10' 'nor does the first'
start of_shelf
is "$(became)" 'a.csv SUCCEEDED 0, b.csv FAILED 0, c.csv.gz SUCCEEDED 0' 'and what has come is not loaded again with it'
is "$(q 'SELECT count(*) FROM t')" 1010 'so that all is there once'

# ---- pushed

push_connector push
pipeline of_push push pair t
qx 'TRUNCATE t'
archive a.csv 2024/a.csv
ingest of_push "$NVP_TMP/all.zip"
ended of_push
is "$(became)" '2024/a.csv SUCCEEDED 2000, a.csv SUCCEEDED 1000' 'an archive that was pushed'
is "$(q 'SELECT count(*) FROM t')" 3000 'has all its rows'
pipeline of_one push pair t "options => '{\"format\": {\"member\": \"2024/a.csv\"}}'"
qx 'TRUNCATE t'
ingest of_one "$NVP_TMP/all.zip"
ended of_one
is "$(q "SELECT count(*) FROM nuvopipe.executions WHERE run = '$RUN'") $(counts)" '1 2000 2000 0 0 0' 'where a file of it is named, that is read alone'

# ---- out to files

install -d -m 777 "$NVP_TMP/out"
file_connector files OUTPUT "\"directory_path\": \"$NVP_TMP/out\", \"file_name\": \"clean.csv\""
pipeline to_files push pair files
ingest to_files "$NVP_TMP/all.zip"
ended to_files
is "$(ls "$NVP_TMP/out")" $'clean-2024_a.csv\nclean-a.csv' 'each has an output of its own'
is "$(cat "$NVP_TMP"/out/*.csv | wc -l)" 3002 'with all rows'

mkdir -p "$pack/x"
rows 1 10 >"$pack/x/y.csv"
rows 11 30 >"$pack/x_y.csv"
archive x/y.csv x_y.csv
rm -f "$NVP_TMP"/out/*
ingest to_files "$NVP_TMP/all.zip"
ended to_files
is "$(cd "$NVP_TMP/out" && echo *) $(cat "$NVP_TMP"/out/*.csv | wc -l)" 'clean-1_x_y.csv clean-2_x_y.csv 32' 'no output takes the place of another'
python3 -W ignore -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as z:
	z.writestr("a.csv", "id,name\n1,x\n"); z.writestr("a.csv", "id,name\n2,y\n")' "$NVP_TMP/all.zip"
qx 'TRUNCATE t'
ingest of_push "$NVP_TMP/all.zip"
like "$(outcome) $(said)" 'FAILED.PARSING_FAILURE.22P04 the zip archive has two files "a.csv"' 'two files of one name are told'
is "$(q 'SELECT count(*) FROM t')" 0 'and neither is loaded'

done_testing
