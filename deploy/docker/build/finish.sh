#!/bin/sh
# Puts programs on the PATH, and writes down what is in the image.
set -eu

for program in walkback wal-g wal-e; do ln -s "/opt/walkback/bin/$program" "/usr/local/bin/$program"; done
# What the server itself calls: archive_command and restore_command.
for program in walkback-archive walkback-restore; do ln -s "/opt/walkback/dist/sh/$program" "/usr/local/bin/$program"; done
for program in patroni patronictl; do ln -s "/opt/patroni/bin/$program" "/usr/local/bin/$program"; done

patroni --version
walkback --version
for program in walkback-archive walkback-restore; do [ -x "/usr/local/bin/$program" ]; done
node /build/write-sbom.mjs /usr/share/walkback/sbom.cdx.json
rm -rf /build /tmp/*
