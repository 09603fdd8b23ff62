# What the unit tests share: the programs of the image on the PATH, and psql stood in.

setup() {
  root="$BATS_TEST_DIRNAME/../../../deploy/docker/root"
  PATH="$BATS_TEST_DIRNAME/../stand-in:$root/usr/bin:$PATH"
  export WALKBACK_LIBRARY="$root/usr/lib/walkback"
  export CALLS="$BATS_TEST_TMPDIR/calls"
  mkdir "$CALLS"
}

# Everything that psql was called with, and given.
calls() {
  cat "$CALLS"/call-* 2>/dev/null || true
}

number_of_calls() {
  find "$CALLS" -name 'call-*' | wc -l
}
