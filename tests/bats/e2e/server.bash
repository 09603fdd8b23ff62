# Where the programs run that the end-to-end tests call:
#   OC, OC_PROJECT, PROJECT_PREFIX  the pod with the leader on OpenShift (OC=kubectl does too)
#   CONTAINER                       a running container, by ENGINE (podman if not set)

# find_pod: the leader's, tried five times.
find_pod() {
  local tries=5 pod
  while [ "$tries" -gt 0 ]; do
    pod=$("$OC" -n "$OC_PROJECT" get pods --selector "app=${PROJECT_PREFIX}postgres-patroni,spilo-role=master" \
      --field-selector status.phase=Running -o name | cut -d / -f 2)
    if [ -n "$pod" ]; then
      echo "$pod"
      return
    fi
    sleep 5
    tries=$((tries - 1))
  done
  echo "couldn't get pod" >&2
  exit 1
}

# Runs before the first test of each file.
setup_file() {
  if [ -n "${OC:-}" ]; then
    POD=$(find_pod)
    export POD
  elif [ -z "${CONTAINER:-}" ]; then
    echo 'name a container (CONTAINER), or a project of OpenShift (OC, OC_PROJECT, PROJECT_PREFIX)' >&2
    exit 1
  fi
}

# on_server PROGRAM [ARGUMENT…]
on_server() {
  if [ -n "${OC:-}" ]; then
    "$OC" -n "$OC_PROJECT" exec -i "$POD" -- "$@"
  else
    "${ENGINE:-podman}" exec -i "$CONTAINER" "$@"
  fi
}

# sql DATABASE SQL: as the superuser.
sql() {
  on_server psql -XqtA -v ON_ERROR_STOP=1 -d "$1" -c "$2" </dev/null
}

# sql_as USER PASSWORD DATABASE SQL: over TCP, where passwords are asked for.
sql_as() {
  on_server env PGPASSWORD="$2" psql -XqtA -v ON_ERROR_STOP=1 -h 127.0.0.1 -U "$1" -d "$3" -c "$4" </dev/null
}

# drop DATABASE USER…: those that are there.
drop() {
  local commands=(-c "drop database if exists \"$1\"") user
  shift
  for user in "$@"; do commands+=(-c "drop role if exists \"$user\""); done
  on_server env PGOPTIONS=--client-min-messages=warning psql -XqtA -v ON_ERROR_STOP=1 -d postgres "${commands[@]}" </dev/null
}
