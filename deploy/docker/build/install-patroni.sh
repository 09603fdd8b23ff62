#!/bin/sh
# install-patroni.sh REQUIREMENTS PLACE: Patroni in a virtual environment, every package by its sha256, those that come as
# source built with Debian's setuptools.
set -eu
requirements=$1 place=$2
wheels=$(mktemp -d)

if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi
python3 -m pip wheel --no-cache-dir --no-build-isolation --require-hashes --no-deps -w "$wheels" -r "$requirements"
python3 -m venv --without-pip "$place"
python3 -m pip --python "$place/bin/python" install --no-index --no-deps --no-compile "$wheels"/*.whl
# Checked by hash, not by time: the same bytes in every build, and nothing to write on a read-only root.
python3 -m compileall -q --invalidation-mode unchecked-hash "$place"
# Says where the wheel was built, in a folder of a random name.
find "$place" -name direct_url.json -delete
