#!/bin/sh
# Installs Debian packages without what they merely recommend.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io "$@"
