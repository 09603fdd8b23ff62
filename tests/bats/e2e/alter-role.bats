#!/usr/bin/env bats

load server

setup() {
  user=foo
  db=foodb
  on_server create-user-db -u "$user" -d "$db" -p foopass --owner
}

teardown() {
  drop "$db" "$user"
}

@test "alter-role alters a user and adds the createrole permission" {
  run sql postgres "select rolcreaterole from pg_roles where rolname = '$user'"
  [ "$output" = f ]
  on_server alter-role "$user" createrole
  run sql postgres "select rolcreaterole from pg_roles where rolname = '$user'"
  echo "$output"
  [ "$output" = t ]
}

@test "alter-role exits with 1 for a role that is not there" {
  run on_server alter-role nobody_of_this_name createrole
  echo "$output"
  [ "$status" -eq 1 ]
  [ "$output" = 'ERROR:  role "nobody_of_this_name" does not exist' ]
}
