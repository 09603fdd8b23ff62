#!/usr/bin/env bash
# Starts each component again when it has ended, but while STATE/held/NAME exists and holds the pid of a process that runs: what a
# test has taken away does not stay away when the test was killed. usage: keep.sh STATE
# So whoever may send signals can make a component go away for as long as wanted, without being root: see faults.ts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
state=$(cd "$1" && pwd)
# shellcheck source=tests/support/kubernetes/parts/common.sh
. "$here/parts/common.sh"

while sleep 0.2; do
  for file in "$state"/components/*.sh; do
    name=$(basename "$file" .sh)
    if is_running "$(cat "$state/pids/$name")"; then continue; fi
    if holder=$(cat "$state/held/$name" 2>/dev/null) && { [ -z "$holder" ] || is_running "$holder"; }; then continue; fi
    say "$name is started again"
    launch "$name"
  done
done
