#!/bin/bash
# 82-story.t - what clients do with the API over HTTP, from nuvo's guide by curl to signed webhooks
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/http.sh"

start_server ftp
start_server http
start_listener "nuvopipe.rate_limit_auth = 0" "nuvopipe.rate_limit_read = 0" "nuvopipe.rate_limit_write = 0"
in_perl story.pl
