#!/usr/bin/env bats

load server

setup() {
  if [ -z "$(sql postgres "select 1 from pg_available_extensions where name = 'citus'")" ]; then
    skip 'SKIPPED: the image has no Citus: it is in no package that Debian or the registries have'
  fi
}

teardown() {
  drop foodb foo
}

@test "create-user-db --enable-citus makes a Citus database" {
  on_server create-user-db -u foo -d foodb -p foopass --owner --enable-citus
  run sql foodb "select count(*) from pg_extension where extname = 'citus'"
  [ "$output" = 1 ]
}
