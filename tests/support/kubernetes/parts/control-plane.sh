#!/usr/bin/env bash
# etcd, the API server, the controllers and the scheduler. Wants common.sh and keys.sh.

start_api_server() {
  component etcd "$bin/etcd" --data-dir "$state/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380
  component apiserver "$bin/kube-apiserver" --etcd-servers http://127.0.0.1:2379 \
    --advertise-address "$node_address" --bind-address 0.0.0.0 --secure-port 6443 \
    --service-cluster-ip-range "$service_network" --authorization-mode Node,RBAC \
    --tls-cert-file "$state/pki/server.crt" --tls-private-key-file "$state/pki/server.key" \
    --client-ca-file "$state/pki/ca.crt" --token-auth-file "$state/pki/tokens.csv" \
    --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$state/pki/accounts.key" \
    --service-account-signing-key-file "$state/pki/accounts.key" \
    --kubelet-preferred-address-types InternalIP --allow-privileged --cert-dir "$state/pki/apiserver" --v 1
}

await_api_server() {
  await 30 'the API server is ready' curl -skf --max-time 2 "https://$node_address:6443/readyz"
}

# controller NAME PROGRAM: how one is told of the API server, and of who may ask it.
controller() {
  printf '%s\n' --kubeconfig "$state/pki/$1.conf" --authentication-kubeconfig "$state/pki/$1.conf" \
    --authorization-kubeconfig "$state/pki/$1.conf" --leader-elect=false --cert-dir "$state/pki/$1" --bind-address 127.0.0.1
}

# Only once the API server is ready: the controllers end when they cannot read what it serves.
start_controllers() {
  local flags
  mapfile -t flags < <(controller controllers)
  component controllers "$bin/kube-controller-manager" "${flags[@]}" --use-service-account-credentials \
    --service-account-private-key-file "$state/pki/accounts.key" --root-ca-file "$state/pki/ca.crt" \
    --cluster-cidr "$pod_network" --allocate-node-cidrs=false
  mapfile -t flags < <(controller scheduler)
  component scheduler "$bin/kube-scheduler" "${flags[@]}"
}
