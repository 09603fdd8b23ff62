#!/usr/bin/env bats

load server

setup() {
  user=foo
  limited_user=not_the_owner
  db=foodb
  password=foopass
}

teardown() {
  drop "$db" "$user" "$limited_user"
}

@test "create-user-db exits with code 0" {
  run on_server create-user-db -u "$user" -d "$db" -p "$password" --owner
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "create-user-db creates a user that can log in to the db" {
  on_server create-user-db -u "$user" -d "$db" -p "$password" --owner
  run sql_as "$user" "$password" "$db" "select 'ok'"
  echo "$output"
  [ "$output" = ok ]
}

@test "create-user-db is idempotent" {
  on_server create-user-db -u "$user" -d "$db" -p "$password" --owner
  run on_server create-user-db -u "$user" -d "$db" -p "$password" --owner
  echo "$output"
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "create-user-db updates the password" {
  on_server create-user-db -u "$user" -d "$db" -p oldPassword --owner
  on_server create-user-db -u "$user" -d "$db" --password-stdin --owner <<<"$password"
  run sql_as "$user" "$password" "$db" "select 'ok'"
  echo "$output"
  [ "$output" = ok ]
}

@test "create-user-db creates a user that fails to log in with the wrong password" {
  on_server create-user-db -u "$user" -d "$db" -p "$password" --owner
  run sql_as "$user" wrongpassword "$db" "select 'ok'"
  echo "$output"
  [ "$status" -eq 2 ]
  [[ "$output" == *"password authentication failed for user \"$user\""* ]]
}

@test "create-user-db creates a user that only has specific privileges in the specified schemas" {
  on_server create-user-db -u "$user" -d "$db" -p "$password" --owner
  for schema in schema_foo schema_bar schema_baz; do
    sql "$db" "create schema $schema; create table $schema.foo (blah int)"
  done
  on_server create-user-db -u "$limited_user" -d "$db" -p "$password" --schemas schema_foo,schema_bar --privileges select,insert
  sql "$db" 'create table schema_bar.later (blah int)'
  run sql "$db" "select table_schema, table_name, privilege_type from information_schema.role_table_grants
    where grantee = '$limited_user' order by 1, 2, 3"
  echo "$output"
  [ "${#lines[@]}" -eq 6 ]
  [ "${lines[0]}" = 'schema_bar|foo|INSERT' ]
  [ "${lines[1]}" = 'schema_bar|foo|SELECT' ]
  [ "${lines[2]}" = 'schema_bar|later|INSERT' ]
  [ "${lines[3]}" = 'schema_bar|later|SELECT' ]
  [ "${lines[4]}" = 'schema_foo|foo|INSERT' ]
  [ "${lines[5]}" = 'schema_foo|foo|SELECT' ]
}
