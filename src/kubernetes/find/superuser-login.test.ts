import { describe, expect, it } from 'vitest';

import { firstSet, superuserLogin } from './superuser-login.ts';

type Variables = Readonly<Record<string, string>>;

/** Who the superuser is, and the variable whose value is taken for the password. */
function loginWith(
  variables: Variables,
  image = 'registry.test/db:17',
  hasPatroni = false,
): readonly [string, string | undefined] {
  const get = (name: string): string | undefined => variables[name];
  const login = superuserLogin(get, { hasPatroni, image, names: Object.keys(variables) });
  return [login.user, firstSet(get, login.passwords)];
}

describe('the superuser of the docker-library image', () => {
  it('is postgres, or the user that it was told', () => {
    expect(loginWith({ POSTGRES_PASSWORD: 'a' })).toEqual(['postgres', 'POSTGRES_PASSWORD']);
    expect(loginWith({ POSTGRES_USER: 'shop', POSTGRES_PASSWORD: 'a' })).toEqual(['shop', 'POSTGRES_PASSWORD']);
  });

  it("is that also in bitnami's chart", () => {
    const ofChart = {
      POSTGRES_USER: 'shop',
      POSTGRES_PASSWORD: 'a',
      POSTGRES_POSTGRES_PASSWORD: 'b',
      BITNAMI_DEBUG: '',
    };
    for (const image of ['postgres:17', 'docker.io/library/postgres@sha256:abc', 'library/postgres']) {
      expect(loginWith(ofChart, image)).toEqual(['shop', 'POSTGRES_PASSWORD']);
    }
  });

  it('has no password where none is set', () => {
    expect(loginWith({ POSTGRES_HOST_AUTH_METHOD: 'trust' })).toEqual(['postgres', undefined]);
    expect(loginWith({ POSTGRES_PASSWORD: '' })).toEqual(['postgres', undefined]);
  });
});

describe("the superuser of bitnami's image", () => {
  it.each([
    [{ POSTGRESQL_PASSWORD: 'a' }, 'POSTGRESQL_PASSWORD'],
    [{ POSTGRESQL_USERNAME: 'postgres', POSTGRESQL_PASSWORD: 'a' }, 'POSTGRESQL_PASSWORD'],
    [{ POSTGRES_PASSWORD: 'a', BITNAMI_DEBUG: 'false' }, 'POSTGRES_PASSWORD'],
    [{ POSTGRESQL_PASSWORD: 'a', POSTGRES_PASSWORD: 'b' }, 'POSTGRESQL_PASSWORD'],
    [
      { POSTGRESQL_USERNAME: 'shop', POSTGRESQL_PASSWORD: 'a', POSTGRESQL_POSTGRES_PASSWORD: 'b' },
      'POSTGRESQL_POSTGRES_PASSWORD',
    ],
    [{ POSTGRES_USER: 'shop', POSTGRES_PASSWORD: 'a', POSTGRES_POSTGRES_PASSWORD: 'b' }, 'POSTGRES_POSTGRES_PASSWORD'],
    [
      { POSTGRES_USERNAME: 'shop', POSTGRES_PASSWORD: 'a', POSTGRES_POSTGRES_PASSWORD: 'b' },
      'POSTGRES_POSTGRES_PASSWORD',
    ],
  ])('is postgres with %j', (variables, password) => {
    expect(loginWith(variables as Variables)).toEqual(['postgres', password]);
  });

  it("has no password that is an application's", () => {
    const ofApplication = { POSTGRES_USER: 'shop', POSTGRES_PASSWORD: 'a' };
    expect(loginWith(ofApplication, 'registry.test/bitnami/postgresql:17')).toEqual(['postgres', undefined]);
    expect(loginWith({ ...ofApplication, POSTGRESQL_VOLUME_DIR: '/bitnami/postgresql' })).toEqual([
      'postgres',
      undefined,
    ]);
    expect(loginWith({ POSTGRESQL_USER: 'shop', POSTGRESQL_PASSWORD: 'a' })).toEqual(['postgres', undefined]);
  });

  it('is known by a variable that is given as a file too', () => {
    const files = { POSTGRES_POSTGRES_PASSWORD_FILE: '/b', POSTGRES_PASSWORD_FILE: '/a' };
    const values = { POSTGRES_USER: 'shop', POSTGRES_PASSWORD: 'a', POSTGRES_POSTGRES_PASSWORD: 'b' };
    expect(loginWith({ ...files, ...values })).toEqual(['postgres', 'POSTGRES_POSTGRES_PASSWORD']);
  });
});

it("the superuser of sclorg's image is postgres with the administrator's password", () => {
  expect(loginWith({ POSTGRESQL_USER: 'shop', POSTGRESQL_PASSWORD: 'a', POSTGRESQL_ADMIN_PASSWORD: 'b' })).toEqual([
    'postgres',
    'POSTGRESQL_ADMIN_PASSWORD',
  ]);
  expect(loginWith({ POSTGRESQL_ADMIN_PASSWORD: 'b' })).toEqual(['postgres', 'POSTGRESQL_ADMIN_PASSWORD']);
});

it("the superuser that Spilo's or Patroni's variables name wins over the image's", () => {
  expect(loginWith({ PGPASSWORD_SUPERUSER: 'a', POSTGRES_PASSWORD: 'b' }, 'spilo', true)).toEqual([
    'postgres',
    'PGPASSWORD_SUPERUSER',
  ]);
  const named = { PATRONI_SUPERUSER_USERNAME: 'root', PATRONI_SUPERUSER_PASSWORD: 'a', POSTGRESQL_USERNAME: 'shop' };
  expect(loginWith(named, 'bitnami/postgresql')).toEqual(['root', 'PATRONI_SUPERUSER_PASSWORD']);
});
