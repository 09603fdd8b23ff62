#!/bin/sh
# Removes what installing left behind, and everything with a time or a chance in it: two builds of the same packages are the same.
set -eu

apt-get clean
rm -rf /var/lib/apt/lists/* /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/* /var/cache/apt/*.bin \
  /etc/*- /tmp/* /root/.cache /etc/apt/apt.conf.d/no-languages
find /var/log -type f -delete
# The day on which a password was last changed: nobody here has one.
sed -i 's/^\([^:]*:[^:]*\):[0-9]*:/\1::/' /etc/shadow
# A key that is made when a package is installed is everybody's key.
rm -f /etc/ssl/private/ssl-cert-snakeoil.key /etc/ssl/certs/ssl-cert-snakeoil.pem
find -L /etc/ssl/certs -type l -delete
# Compiled Python is checked by nothing: times of files change with the image, and a read-only root cannot compile anew.
find /usr/lib/python3* /usr/share/python3 -name __pycache__ -type d -prune -exec rm -rf {} +
python3 -m compileall -q --invalidation-mode unchecked-hash /usr/lib/python3*/
: >/etc/machine-id
