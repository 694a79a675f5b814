#!/bin/bash
# 84-fuzz-http.t - random and spoilt requests: always an answer, never another tenant's, never a crash, no growth
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/http.sh"

start_server ftp
# what waits for others is cut short
start_listener "nuvopipe.rate_limit_auth = 0" "nuvopipe.rate_limit_read = 0" "nuvopipe.rate_limit_write = 0" \
	"nuvopipe.request_statement_timeout = '10s'" "nuvopipe.connect_timeout = '10s'"
in_perl fuzz.pl
