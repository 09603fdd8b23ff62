#!/usr/bin/env bash
# The bed's network and control groups. Wants common.sh.

# A pair of devices between the machine and the node, and nothing else: the machine forwards nothing for it.
make_network() {
  ip netns add "$namespace"
  ip link add "${namespace}0" type veth peer name eth0 netns "$namespace"
  ip addr add "$host_address/30" dev "${namespace}0"
  ip link set "${namespace}0" up
  # The way back to pods, which come as themselves; it goes with the device.
  ip route add "$pod_network" via "$node_address" dev "${namespace}0"
  local inside=(nsenter --net="/run/netns/$namespace")
  "${inside[@]}" ip link set lo up
  "${inside[@]}" ip addr add "$node_address/30" dev eth0
  "${inside[@]}" ip link set eth0 up
  "${inside[@]}" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=1
  # Addresses of services are routable only where there is a default route, even if it leads nowhere.
  "${inside[@]}" ip route add default via "$host_address"
}

# Control groups of version 1, as far as the machine has them. A cpuset without processors takes no process.
make_cgroups() {
  local controller file
  for controller in /sys/fs/cgroup/*/; do
    if [ "$controller" != /sys/fs/cgroup/unified/ ]; then mkdir -p "$controller$namespace"; fi
  done
  for file in cpuset.cpus cpuset.mems; do
    cat "/sys/fs/cgroup/cpuset/$file" >"/sys/fs/cgroup/cpuset/$namespace/$file" 2>/dev/null || true
  done
}
