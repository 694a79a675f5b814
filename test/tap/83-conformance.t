#!/bin/bash
# 83-conformance.t - every route over HTTP: success, refusals, shapes; and what tenants see of each other
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/http.sh"

start_server ftp
start_listener "nuvopipe.rate_limit_auth = 0" "nuvopipe.rate_limit_read = 0" "nuvopipe.rate_limit_write = 0"
in_perl conformance.pl
