#!/usr/bin/env bash
# What the bed's scripts share. Sets the addresses; wants `state` and `bin`.

# Read by the scripts that source this one.
# shellcheck disable=SC2034
{
  namespace=k8sbed
  host_address=10.123.0.1
  node_address=10.123.0.2
  pod_network=10.124.0.0/16
  service_network=10.96.0.0/16
  names_address=10.96.0.10
}
began_ms=$(date +%s%3N)

say() {
  printf '%6d ms  %s\n' $(($(date +%s%3N) - began_ms)) "$*"
}

# await SECONDS WHAT COMMAND…: runs the command until it succeeds.
await() {
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$until" ]; then
      printf 'not in time: %s; the logs are in %s\n' "$what" "$state/log" >&2
      exit 1
    fi
    sleep 0.1
  done
  say "$what"
}

# component NAME COMMAND…: writes down how a component is started, and starts it in the bed's network.
component() {
  local name=$1
  shift
  { printf 'exec' && printf ' %q' "$@" && printf '\n'; } >"$state/components/$name.sh"
  launch "$name"
}

# launch NAME: setsid and exec keep the recorded pid the pid of the component itself.
launch() {
  setsid nsenter --net="/run/netns/$namespace" bash "$state/components/$1.sh" >>"$state/log/$1.log" 2>&1 </dev/null &
  printf '%s\n' "$!" >"$state/pids/$1"
}

# is_running PID: a zombie does not run.
is_running() {
  local status
  status=$(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null) && [ "${status%% *}" != Z ]
}

launch_keeper() {
  setsid bash "$here/keep.sh" "$state" >>"$state/log/keeper.log" 2>&1 </dev/null &
  printf '%s\n' "$!" >"$state/keeper.pid"
}
