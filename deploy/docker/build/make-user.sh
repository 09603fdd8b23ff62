#!/bin/sh
# The user that the image starts as, and the places that any user of group 0 may write to.
set -eu

# 101 and 103 are those of Spilo's image: what it wrote stays readable. Whoever of Debian has the numbers moves.
userdel postgres 2>/dev/null || true
groupdel postgres 2>/dev/null || true
taken=$(getent passwd 101 | cut -d: -f1 || true)
if [ -n "$taken" ]; then usermod -u 901 "$taken"; fi
taken=$(getent group 103 | cut -d: -f1 || true)
if [ -n "$taken" ]; then groupmod -g 903 "$taken"; fi
groupadd -g 103 postgres
useradd --system -u 101 -g 103 -G ssl-cert -d /home/postgres -M -s /bin/bash postgres

# A user without a name in /etc/passwd gets one in a file that can be written while the root cannot: see start.
sed -i 's/^passwd:.*/passwd:         extrausers files/' /etc/nsswitch.conf
mkdir -p /var/lib/extrausers
ln -sf /run/walkback/passwd /var/lib/extrausers/passwd

# Group 0 is what OpenShift gives to a user it made up. /run is empty: an engine that copies it into a tmpfs copies no rights.
rm -rf /run/adduser /run/postgresql
for place in /home/postgres /home/postgres/pgdata /run; do
  install -d -o 101 -g 0 -m 0775 "$place"
done
