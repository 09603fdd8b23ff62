#!/bin/sh
# Puts programs on the PATH, and writes down what is in the image.
set -eu

for program in walkback wal-g; do ln -s "/opt/walkback/bin/$program" "/usr/local/bin/$program"; done
for program in patroni patronictl; do ln -s "/opt/patroni/bin/$program" "/usr/local/bin/$program"; done

patroni --version
walkback --version
node /build/write-sbom.mjs /usr/share/walkback/sbom.cdx.json
rm -rf /build /tmp/*
