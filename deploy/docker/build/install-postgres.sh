#!/bin/sh
# The majors of POSTGRES_MAJORS with pgTAP, from PGDG or from Debian, and what the image's own programs need.
set -eu
export DEBIAN_FRONTEND=noninteractive

fail() {
  echo "cannot build: $1" >&2
  exit 1
}

install() {
  apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io "$@"
}

# What a server does not need is not unpacked at all.
{
  printf 'path-exclude=%s\n' '/usr/share/man/*' '/usr/share/info/*' '/usr/share/locale/*' '/usr/share/doc/*'
  echo 'path-include=/usr/share/doc/*/copyright'
  if [ "$WITH_JIT" = no ]; then
    # PostgreSQL looks for llvmjit.so and, without it, runs as with jit=off.
    printf 'path-exclude=%s\n' '/usr/lib/postgresql/*/lib/llvmjit*' '/usr/lib/postgresql/*/lib/bitcode/*' '/usr/lib/*/libLLVM*' '/usr/lib/llvm-*' '/usr/lib/*/libz3*'
  fi
} >/etc/dpkg/dpkg.cfg.d/small

apt-get update
apt-get upgrade -y
# libatomic1 is Node's; openssl makes PostgreSQL's certificate where none is given.
install ca-certificates libatomic1 libnss-extrausers locales openssl postgresql-common python3 tini tzdata
sed -i 's/^#\? *create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
grep -q '^create_main_cluster = false' /etc/postgresql-common/createcluster.conf || fail 'postgresql-common would make a cluster'

# pgdg_answers: leaves PGDG's source in place if its mirror answers.
pgdg_answers() {
  # shellcheck source=/dev/null
  . /etc/os-release
  key=$(find /usr/share/postgresql-common/pgdg -name 'apt.postgresql.org.*' ! -name '*.sh' | sort | tail -n 1)
  source=/etc/apt/sources.list.d/pgdg.sources
  printf 'Types: deb\nURIs: %s\nSuites: %s-pgdg\nComponents: main\nSigned-By: %s\n' "$PGDG_MIRROR" "$VERSION_CODENAME" "$key" >"$source"
  set -- -o Acquire::Retries=0 -o Acquire::https::Timeout=15 -o Acquire::http::Timeout=15
  if [ -s /run/secrets/ca ]; then set -- "$@" -o Acquire::https::CAInfo=/run/secrets/ca; fi
  if apt-get update "$@" --error-on=any; then return 0; fi
  rm "$source"
  return 1
}

case $POSTGRES_SOURCE in
  debian) from=debian ;;
  pgdg) pgdg_answers || fail "$PGDG_MIRROR does not answer; try POSTGRES_SOURCE=debian" ; from=pgdg ;;
  auto) if pgdg_answers; then from=pgdg; else from=debian; fi ;;
  *) fail "POSTGRES_SOURCE is pgdg, debian or auto, not '$POSTGRES_SOURCE'" ;;
esac

packages=
for major in $POSTGRES_MAJORS; do
  for package in "postgresql-$major" "postgresql-client-$major" "postgresql-$major-pgtap"; do
    apt-cache policy "$package" | grep -q 'Candidate: [0-9]' || fail "no source has $package (PostgreSQL comes from $from)"
    packages="$packages $package"
  done
done
# shellcheck disable=SC2086  # lists of words
install $packages $EXTRA_PACKAGES

mkdir -p /usr/share/walkback
echo "$from" >/usr/share/walkback/postgres-source
# en_US.UTF-8 is the image's own (LC_ALL).
for locale in en_US $LOCALES; do
  localedef -i "${locale%.*}" -f UTF-8 "${locale%.*}.UTF-8"
done
rm /etc/dpkg/dpkg.cfg.d/small
