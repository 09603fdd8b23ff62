#!/usr/bin/env bash
# Keys, tokens and kubeconfig files. Wants common.sh.

# make_config NAME TOKEN: the kubeconfig of one user of the API server.
make_config() {
  cat >"$state/pki/$1.conf" <<YAML
apiVersion: v1
kind: Config
clusters:
  - name: bed
    cluster:
      server: https://$node_address:6443
      certificate-authority-data: $(base64 -w0 "$state/pki/ca.crt")
users:
  - name: $1
    user: { token: $2 }
contexts:
  - name: bed
    context: { cluster: bed, user: $1 }
current-context: bed
YAML
}

make_keys() {
  (
    cd "$state/pki"
    curve=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
    openssl req -x509 "${curve[@]}" -keyout ca.key -out ca.crt -days 30 -subj /CN=k8sbed \
      -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign
    openssl req "${curve[@]}" -keyout server.key -out server.csr -subj /CN=kube-apiserver
    # 127.0.0.1: a test may put a proxy of its own in front.
    names="IP:$node_address,IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
    openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out server.crt \
      -extfile <(printf 'subjectAltName=%s\n' "$names")
    openssl genrsa -out accounts.key 2048
  ) >>"$state/log/keys.log" 2>&1
  local number=0 name user groups
  while read -r name user groups; do
    number=$((number + 1))
    printf '%s-token,%s,%d%s\n' "$name" "$user" "$number" "${groups:+,\"$groups\"}" >>"$state/pki/tokens.csv"
    make_config "$name" "$name-token"
  done <<'USERS'
admin admin system:masters
controllers system:kube-controller-manager
scheduler system:kube-scheduler
proxy system:kube-proxy
node system:node:node1 system:nodes
USERS
}
