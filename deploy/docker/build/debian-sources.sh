#!/bin/sh
# Writes apt's sources anew: the base's own suite from the mirrors given, older suites for what only they have.
set -eu

# shellcheck source=/dev/null
. /etc/os-release
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d
mkdir -p /etc/apt/sources.list.d /etc/apt/preferences.d

# Nobody reads translations of descriptions here.
echo 'Acquire::Languages "none";' >/etc/apt/apt.conf.d/no-languages

# A snapshot of Debian's archive says that it is out of date, which is its purpose.
valid_until() {
  case $1 in *snapshot*) echo no ;; *) echo yes ;; esac
}

# source URI SUITE…
source_of() {
  uri=$1
  shift
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\nCheck-Valid-Until: %s\n\n' \
    "$uri" "$*" "$keyring" "$(valid_until "$uri")"
}

# shellcheck disable=SC2153  # VERSION_CODENAME is of os-release
for suite in "$VERSION_CODENAME" ${DEBIAN_OLDER_SUITES:-}; do
  source_of "$DEBIAN_MIRROR" "$suite" "$suite-updates"
  source_of "$DEBIAN_SECURITY_MIRROR" "$suite-security"
done >/etc/apt/sources.list.d/debian.sources

# Below what is installed and what the base's suite has: only packages that no other suite has come from there.
for suite in ${DEBIAN_OLDER_SUITES:-}; do
  for release in "$suite" "$suite-updates" "$suite-security"; do
    printf 'Package: *\nPin: release n=%s\nPin-Priority: 90\n\n' "$release"
  done
done >/etc/apt/preferences.d/older-suites
