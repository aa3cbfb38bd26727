#!/bin/sh
# The browser tests: installs Chromium with apt-get where there is none, then
# runs them. Arguments go to go test, for instance -run Nick -args -shots DIR.
set -eu
cd "$(dirname "$0")"
../.ci/need browser
exec go test -count=1 ./... "$@"
