#!/usr/bin/env bash
# Starts each component again when it has ended, but while STATE/held/NAME exists. usage: keep.sh STATE
# So whoever may send signals can make a component go away for as long as wanted, without being root: see faults.ts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
state=$(cd "$1" && pwd)
# shellcheck source=tests/support/kubernetes/parts/common.sh
. "$here/parts/common.sh"

while sleep 0.2; do
  for file in "$state"/components/*.sh; do
    name=$(basename "$file" .sh)
    if [ -e "$state/held/$name" ] || is_running "$(cat "$state/pids/$name")"; then continue; fi
    say "$name is started again"
    launch "$name"
  done
done
