#!/usr/bin/env bats

load unit

@test "alter-role takes two arguments" {
  run alter-role foo
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'Passed 1 parameters. Expected 2.' ]
  run alter-role foo createrole more
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'Passed 3 parameters. Expected 2.' ]
  [ "$(number_of_calls)" -eq 0 ]
}

@test "alter-role calls psql, with neither argument on its command line" {
  run alter-role 'S3cretName' "password 'S3cret'"
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(number_of_calls)" -eq 2 ]
  run calls
  [[ "$output" != *S3cret* ]]
  [[ "$output" == *"format('alter role %I %s', :'user', :'privilege')"* ]]
}

@test "alter-role refuses a second command" {
  for privilege in 'login; drop table x' 'login -- x' 'login /* x' $'login\nx'; do
    run alter-role foo "$privilege"
    [ "$status" -eq 1 ]
    [[ "$output" == 'ERROR: '* ]]
  done
  [ "$(number_of_calls)" -eq 0 ]
}

@test "alter-role shows an error of the server, and exits with 1" {
  echo 3 >"$CALLS/code"
  echo 'ERROR:  role "foo" does not exist' >"$CALLS/answer"
  run alter-role foo createrole
  [ "$status" -eq 1 ]
  [ "$output" = 'ERROR:  role "foo" does not exist' ]
}

@test "alter-role exits with 1 when a worker failed" {
  # What the second question would answer; the first prints it too, without harm.
  echo 'Error on worker one: ERROR:  no' >"$CALLS/answer"
  run alter-role foo createrole
  [ "$status" -eq 1 ]
  [ "$output" = 'Error on worker one: ERROR:  no' ]
}
