#!/bin/sh
# The browser tests, and those behind a real nginx: installs Chromium and nginx
# with apt-get where there are none, then runs them. Arguments go to go test of
# the browser tests, for instance -run Nick -args -shots DIR.
set -eu
cd "$(dirname "$0")"
../.ci/need browser nginx
PATH=$PATH:/usr/sbin go test -count=1 ./proxy
exec go test -count=1 . "$@"
