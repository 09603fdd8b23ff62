#!/usr/bin/env bash
# Starts a Kubernetes of one node inside a network namespace of its own. usage: up.sh BIN STATE [IMAGE.tar…]
# BIN is what build.sh made, STATE a folder for everything that is kept, each IMAGE.tar an archive of images that pods may use.
# Needs root, and the programs that Debian's containerd, runc, containernetworking-plugins, iptables, nftables, conntrack, openssl
# and curl have. Then: KUBECONFIG=STATE/pki/admin.conf
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
mkdir -p "$2"
state=$(cd "$2" && pwd)
shift 2

# shellcheck source=tests/support/kubernetes/parts/common.sh
. "$here/parts/common.sh"
# shellcheck source=tests/support/kubernetes/parts/machine.sh
. "$here/parts/machine.sh"
# shellcheck source=tests/support/kubernetes/parts/keys.sh
. "$here/parts/keys.sh"
# shellcheck source=tests/support/kubernetes/parts/control-plane.sh
. "$here/parts/control-plane.sh"
# shellcheck source=tests/support/kubernetes/parts/node.sh
. "$here/parts/node.sh"

mkdir -p "$state"/{pki,log,pids,held,components,etcd,volumes,cni,kubelet}
if ip netns list | grep -qw "^$namespace"; then
  printf 'a bed runs already, or one was left: %s; end it with down.sh STATE\n' "/run/netns/$namespace" >&2
  exit 1
fi
make_network
make_cgroups
make_keys
start_api_server
start_containerd
import_images "$bin/pause.tar" "$@"
await_api_server
start_controllers
start_node
start_names_and_volumes
await_node
launch_keeper
say 'up'
