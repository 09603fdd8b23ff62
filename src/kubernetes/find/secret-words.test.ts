import { describe, expect, it } from 'vitest';

import { isSecretVariable, shownWords } from './secret-words.ts';

describe('a variable that is not shown', () => {
  it.each([
    ['PGPASSWORD_SUPERUSER', 'x'],
    ['APP_PWD', 'x'],
    ['REDIS_PASS', 'x'],
    ['DATADOG_API_KEY', 'x'],
    ['AZURE_STORAGE_CONNECTION_STRING', 'x'],
    ['DATABASE_URL', 'postgres://app:hush@db/shop'],
    ['DATA_SOURCE_NAME', 'host=db user=app password=hush'],
    ['STORAGE', 'AccountName=a;AccountKey=aHVzaA==;EndpointSuffix=b'],
    ['SPILO_CONFIGURATION', 'postgresql:\n  authentication:\n    superuser: {password: hush}'],
    ['CREDENTIALS', '{"type":"service_account","private_key":"-----BEGIN"}'],
    ['CERTIFICATE', '-----BEGIN EC PRIVATE KEY-----\nhush'],
  ])('%s=%s', (name, value) => {
    expect(isSecretVariable(name, value)).toBe(true);
  });

  it.each([
    ['WALG_S3_PREFIX', 's3://bucket/wal'],
    ['PGDATA', '/home/postgres/pgdata'],
    ['SCOPE', 'shop'],
    ['CLONE_TARGET_TIME', '2026-06-05T15:02:11Z'],
    ['BYPASS_CACHE', 'true'],
    ['WAL_S3_ENDPOINT', 'http://store:9000'],
    ['AUTH_FILE', '/run/passwords'],
  ])('but %s=%s is', (name, value) => {
    expect(isSecretVariable(name, value)).toBe(false);
  });
});

describe('a command that is shown', () => {
  it.each([
    ['psql postgres://app:hush@db/shop', 'psql postgres://app:***@db/shop'],
    ['PGPASSWORD=hush pg_isready -U app', 'PGPASSWORD=*** pg_isready -U app'],
    [`sh -c exec env PGPASSWORD="hush two" pg_isready`, 'sh -c exec env PGPASSWORD=*** pg_isready'],
    ['redis-cli --password hush ping', 'redis-cli --password *** ping'],
    ['ask --token=hush', 'ask --token=***'],
    ['PGPASSWORD=$POSTGRES_PASSWORD pg_isready', 'PGPASSWORD=$POSTGRES_PASSWORD pg_isready'],
    ['pg_isready -h 127.0.0.1 -p 5432', 'pg_isready -h 127.0.0.1 -p 5432'],
  ])('%s', (command, shown) => {
    expect(shownWords(command)).toBe(shown);
  });
});
