#!/usr/bin/env bats

load unit

@test "create-user-db calls psql" {
  run create-user-db --user foo --db bar --password foopass --owner --enable-citus
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(number_of_calls)" -gt 3 ]
}

@test "create-user-db without --password says so and exits with 1" {
  run create-user-db --user foo --db bar
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'The --password parameter is required.' ]
  [ "$(number_of_calls)" -eq 0 ]
}

@test "create-user-db asks for the user, then the password, then the database" {
  run create-user-db
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'The --user parameter is required.' ]
  run create-user-db -u foo
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'The --password parameter is required.' ]
  run create-user-db -u foo -p foopass
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'The --db parameter is required.' ]
  [ "$(number_of_calls)" -eq 0 ]
}

@test "create-user-db shows how it is used, and exits with 0, when asked" {
  run create-user-db --help
  [ "$status" -eq 0 ]
  [[ "$output" == *'Usage: create-user-db '* ]]
  [ "$(number_of_calls)" -eq 0 ]
}

@test "create-user-db goes on without an option that it does not know, and says so" {
  run create-user-db --frobnicate -u foo -d bar -p foopass
  [ "$status" -eq 0 ]
  [[ "$output" == *'unknown option --frobnicate is ignored'* ]]
}

@test "create-user-db reads no option behind the first word, nor behind --" {
  run create-user-db -u foo -d bar word -p foopass
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'The --password parameter is required.' ]
  run create-user-db -u foo -d bar -- -p foopass
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'The --password parameter is required.' ]
}

@test "create-user-db puts the password into no argument and no SQL" {
  run create-user-db -u foo -d bar -p 'S3cret!' --schemas a --privileges select --enable-citus
  [ "$status" -eq 0 ]
  calls >"$BATS_TEST_TMPDIR/all"
  # Twice, as the answers to psql's questions, and nowhere else.
  [ "$(grep -c 'S3cret!' "$BATS_TEST_TMPDIR/all")" -eq 2 ]
  [ "$(grep -c '^input: S3cret!$' "$BATS_TEST_TMPDIR/all")" -eq 2 ]
  grep -q '^script: .password :"user"$' "$BATS_TEST_TMPDIR/all"
}

@test "create-user-db reads the password from a file or from standard input" {
  printf 'from a file\nsecond line\n' >"$BATS_TEST_TMPDIR/password"
  run create-user-db -u foo -d bar --password-file "$BATS_TEST_TMPDIR/password"
  [ "$status" -eq 0 ]
  calls | grep -q '^input: from a file$'
  rm "$CALLS"/*
  run create-user-db -u foo -d bar --password-stdin <<<'from standard input'
  [ "$status" -eq 0 ]
  calls | grep -q '^input: from standard input$'
}

@test "create-user-db refuses a password file that is not there" {
  run create-user-db -u foo -d bar --password-file "$BATS_TEST_TMPDIR/absent"
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = "The password file '$BATS_TEST_TMPDIR/absent' cannot be read." ]
}

@test "create-user-db hands names over as variables, and quotes them" {
  name="a'\"; drop table x; --"
  run create-user-db -u "$name" -d bar -p foopass
  [ "$status" -eq 0 ]
  calls >"$BATS_TEST_TMPDIR/all"
  [ "$(grep '^arguments:' "$BATS_TEST_TMPDIR/all" | grep -cF "[user=$name]")" -ge 3 ]
  ! grep -E '^(input|script): .*drop table' "$BATS_TEST_TMPDIR/all"
}

@test "create-user-db refuses what is no privilege, before anything is done" {
  run create-user-db -u foo -d bar -p foopass --schemas a --privileges 'select,usage on schema x to public; --'
  [ "$status" -eq 1 ]
  [[ "${lines[0]}" == 'The --privileges parameter has '*', which is no privilege on tables.' ]]
  [ "$(number_of_calls)" -eq 0 ]
}

@test "create-user-db ends with psql's exit code, and what psql said" {
  echo 3 >"$CALLS/code"
  echo 'ERROR:  no' >"$CALLS/answer"
  run create-user-db -u foo -d bar -p foopass
  [ "$status" -eq 3 ]
  [ "$output" = 'ERROR:  no' ]
  [ "$(number_of_calls)" -eq 1 ]
}

@test "create-user-db --enable-citus shows what psql said, wherever it failed" {
  # The name of a worker; where failures are asked for, one that says nothing.
  echo node1 >"$CALLS/answer"
  for failing in \
    "format('create database %I', :'db') as command" \
    "format('create role %I login', :'user') as command" \
    'grant connect on database' \
    'alter role %I with password' \
    'citus_get_active_worker_nodes' \
    'create extension if not exists citus' \
    'citus_add_node' \
    'select unnest(array['; do
    rm -f "$CALLS"/call-*
    echo "$failing" >"$CALLS/failing"
    run create-user-db -u foo -d bar -p foopass --schemas a --privileges select --enable-citus
    echo "$failing: $status: $output"
    [ "$status" -eq 3 ]
    [[ "$output" == *'ERROR:  that failed' ]]
  done
}
