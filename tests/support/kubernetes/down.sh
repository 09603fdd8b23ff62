#!/usr/bin/env bash
# Ends everything that up.sh started, and removes STATE. usage: down.sh STATE
# By recorded pids, then by the bed's own control groups: whatever else runs on the machine is left alone.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
state=$(cd "$1" 2>/dev/null && pwd) || exit 0
[ -d "$state/pids" ] || exit 0
# shellcheck source=tests/support/kubernetes/parts/common.sh
. "$here/parts/common.sh"

# end NAME [SIGNAL]
end() {
  kill "-${2:-TERM}" "$(cat "$state/pids/$1" 2>/dev/null)" 2>/dev/null
}

end_pods() {
  local try processes
  for try in 1 2 3 4 5; do
    mapfile -t processes < <(find /sys/fs/cgroup/pids/"$namespace" -name cgroup.procs -exec cat {} + 2>/dev/null)
    [ "${#processes[@]}" -gt 0 ] || return 0
    kill -KILL "${processes[@]}" 2>/dev/null
    sleep 0.3
  done
  return "$try"
}

# What watches a container outlives containerd; its command line names our socket.
end_shims() {
  local process
  for process in /proc/[0-9]*; do
    if { tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null | grep -qF -- "-address $state/containerd.sock"; then
      kill -KILL "${process#/proc/}" 2>/dev/null
    fi
  done
}

kill "$(cat "$state/keeper.pid" 2>/dev/null)" 2>/dev/null
components=(kubelet proxy coredns provisioner scheduler controllers apiserver etcd)
# A component that was stopped takes no other signal before it goes on.
for name in "${components[@]}"; do end "$name" CONT; end "$name"; done
sleep 1
# The API server does not end while it waits for an etcd that is gone.
for name in "${components[@]}"; do end "$name" KILL; done
end_pods
end_shims
end containerd CONT
end containerd
sleep 0.5
end containerd KILL

awk -v folder="$state/" 'index($2, folder) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount -l
for name in $(ip netns list | awk '/^cni-/ { print $1 }'); do
  [ -n "$(ip netns pids "$name")" ] || ip netns delete "$name"
done
ip link delete "${namespace}0" 2>/dev/null
ip netns delete "$namespace" 2>/dev/null
for _ in 1 2 3; do find /sys/fs/cgroup/*/"$namespace" -depth -type d -exec rmdir {} + 2>/dev/null; done
rm -rf "$state"
