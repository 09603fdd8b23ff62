#!/usr/bin/env bash
# containerd, the kubelet, kube-proxy, DNS and volumes. Wants common.sh and keys.sh.

start_containerd() {
  cat >"$state/cni/10-bed.conflist" <<JSON
{ "cniVersion": "1.0.0", "name": "k8sbed", "plugins": [
  { "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipMasq": false,
    "ipam": { "type": "host-local", "dataDir": "$state/cni/leases",
      "ranges": [[{ "subnet": "$pod_network" }]], "routes": [{ "dst": "0.0.0.0/0" }] } },
  { "type": "portmap", "capabilities": { "portMappings": true } } ] }
JSON
  cat >"$state/containerd.toml" <<TOML
version = 2
root = "$state/containerd"
state = "$state/containerd-run"
disabled_plugins = ["io.containerd.nri.v1.nri"]
[grpc]
  address = "$state/containerd.sock"
[ttrpc]
  address = "$state/containerd.sock.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "k8sbed.local/pause:1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
TOML
  component containerd containerd --config "$state/containerd.toml"
  await 20 'containerd answers' ctr --address "$state/containerd.sock" version
}

import_images() {
  local archive
  for archive in "$@"; do
    ctr --address "$state/containerd.sock" --namespace k8s.io images import "$archive" >>"$state/log/import.log" 2>&1
  done
  say "$# archives of images are imported"
}

start_node() {
  : >"$state/resolv.conf"
  # 100 and "0%": images that nobody can pull again must not be collected, however full the disk is.
  cat >"$state/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: /$namespace
cgroupsPerQOS: true
enforceNodeAllocatable: []
oomScoreAdj: 0
makeIPTablesUtilChains: false
failSwapOn: false
authentication: { anonymous: { enabled: true }, webhook: { enabled: false } }
authorization: { mode: AlwaysAllow }
clusterDNS: [$names_address]
clusterDomain: cluster.local
resolvConf: $state/resolv.conf
containerRuntimeEndpoint: unix://$state/containerd.sock
podLogsDir: $state/pod-logs
imageGCHighThresholdPercent: 100
evictionHard:
  { memory.available: 100Mi, nodefs.available: "0%", imagefs.available: "0%", nodefs.inodesFree: "0%", imagefs.inodesFree: "0%" }
syncFrequency: 10s
nodeStatusUpdateFrequency: 2s
YAML
  component kubelet "$bin/kubelet" --config "$state/kubelet.yaml" --kubeconfig "$state/pki/node.conf" \
    --root-dir "$state/kubelet" --node-ip "$node_address" --hostname-override node1 --cert-dir "$state/pki/kubelet" --v 2
  cat >"$state/proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: { kubeconfig: $state/pki/proxy.conf }
mode: nftables
clusterCIDR: $pod_network
hostnameOverride: node1
conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s }
metricsBindAddress: 127.0.0.1:10249
YAML
  component proxy "$bin/kube-proxy" --config "$state/proxy.yaml"
}

# CoreDNS is a process of the node, behind the address that pods ask.
start_names_and_volumes() {
  component provisioner "$bin/provisioner" --kubeconfig "$state/pki/admin.conf" --root "$state/volumes"
  cat >"$state/Corefile" <<COREFILE
.:53 {
  bind $node_address
  errors
  ready 127.0.0.1:8181
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $state/pki/admin.conf bed
    pods insecure
    ttl 1
  }
}
COREFILE
  component coredns "$bin/coredns" "$state/Corefile"
  "$bin/kubectl" --kubeconfig "$state/pki/admin.conf" apply --filename - >>"$state/log/objects.log" 2>&1 <<YAML
apiVersion: v1
kind: Service
metadata: { name: kube-dns, namespace: kube-system }
spec:
  clusterIP: $names_address
  ports: [{ name: dns, port: 53, protocol: UDP }, { name: dns-tcp, port: 53, protocol: TCP }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: kube-dns-1, namespace: kube-system, labels: { kubernetes.io/service-name: kube-dns } }
addressType: IPv4
ports: [{ name: dns, port: 53, protocol: UDP }, { name: dns-tcp, port: 53, protocol: TCP }]
endpoints: [{ addresses: [$node_address] }]
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: dir, annotations: { storageclass.kubernetes.io/is-default-class: "true" } }
provisioner: k8sbed.local/dir
volumeBindingMode: WaitForFirstConsumer
reclaimPolicy: Delete
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: refuses }
provisioner: k8sbed.local/dir
parameters: { refuse: no space is left for volumes of this class }
volumeBindingMode: WaitForFirstConsumer
reclaimPolicy: Delete
YAML
}

await_node() {
  local ask=("$bin/kubectl" --kubeconfig "$state/pki/admin.conf")
  await 20 'the node is registered' "${ask[@]}" get node node1
  await 60 'the node is ready' "${ask[@]}" wait --for=condition=Ready node/node1 --timeout=2s
  await 20 'namespaces get their accounts' "${ask[@]}" --namespace default get serviceaccount default
}
