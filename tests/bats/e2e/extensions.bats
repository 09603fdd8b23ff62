#!/usr/bin/env bats

load server

available() {
  sql postgres "select default_version from pg_available_extensions where name = '$1'"
}

enabled() {
  sql postgres "select extversion from pg_extension where extname = '$1'"
}

@test "libxml is loaded" {
  run sql postgres "select '<foo>bar</foo>'::xml"
  [ "$status" -eq 0 ]
  [ "$output" = '<foo>bar</foo>' ]
}

@test "pgcrypto is installed" {
  run available pgcrypto
  echo "$output"
  # 1.3 up to PostgreSQL 17, 1.4 in 18.
  [[ "$output" =~ ^1\.[34]$ ]]
}

@test "pgcrypto is not enabled by default" {
  run enabled pgcrypto
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "plpgsql is installed" {
  run available plpgsql
  [ "$output" = 1.0 ]
}

@test "plpgsql is enabled by default" {
  run enabled plpgsql
  [ "$output" = 1.0 ]
}

@test "pgtap is installed" {
  run available pgtap
  echo "$output"
  [[ "$output" =~ ^1\.[0-9.]+$ ]]
}

@test "pgtap is not enabled by default" {
  run enabled pgtap
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "pgtap runs a test" {
  sql postgres 'create database taps'
  run sql taps "create extension pgtap; select plan(1); select ok(true, 'it runs'); select * from finish()"
  sql postgres 'drop database taps'
  echo "$output"
  [ "$status" -eq 0 ]
  [[ "$output" == *'ok 1 - it runs'* ]]
}
