#!/usr/bin/env bats
# Names and passwords that SQL and shells read in another way.

load server

user="O'Brien \"x\"; drop table y; --"
db='My-App "db" $1'
password="p'a\"s\$s \\ ü|;"
schema='Sales-2024 "eu"'

teardown() {
  drop "${db//\"/\"\"}" "${user//\"/\"\"}" limited
}

@test "create-user-db takes names and passwords as they are" {
  run on_server create-user-db -u "$user" -d "$db" --password-stdin --owner <<<"$password"
  echo "$output"
  [ "$status" -eq 0 ]
  run sql_as "$user" "$password" "$db" 'select current_user, current_database()'
  [ "$output" = "$user|$db" ]
}

@test "create-user-db takes names of schemas as they are" {
  on_server create-user-db -u "$user" -d "$db" --password-stdin --owner <<<"$password"
  sql "$db" "create schema \"${schema//\"/\"\"}\"; create table \"${schema//\"/\"\"}\".t (i int)"
  on_server create-user-db -u limited -d "$db" -p x --schemas "$schema" --privileges 'SELECT, insert'
  run sql_as limited x "$db" "insert into \"${schema//\"/\"\"}\".t values (7) returning i"
  echo "$output"
  [ "$output" = 7 ]
  run sql_as limited x "$db" "delete from \"${schema//\"/\"\"}\".t"
  [[ "$output" == *'permission denied'* ]]
}

@test "the server never sees the password" {
  sql postgres "alter system set log_statement = 'all'"
  sql postgres 'select pg_reload_conf()'
  on_server create-user-db -u "$user" -d "$db" -p 'S3cret-in-clear' --owner
  sql postgres 'alter system reset log_statement'
  sql postgres 'select pg_reload_conf()'
  run sql postgres "select pg_read_file(coalesce(pg_current_logfile('csvlog'), pg_current_logfile()))"
  [ "$status" -eq 0 ]
  [[ "$output" == *'alter database'* ]]
  [[ "$output" != *S3cret-in-clear* ]]
}
