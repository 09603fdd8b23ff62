/**
 * Who the superuser is, and which variables hold the password, by the rules of the images in use.
 *
 * | image | superuser | its password |
 * |---|---|---|
 * | Spilo, Patroni | as named | `PGPASSWORD_SUPERUSER`, `PATRONI_SUPERUSER_PASSWORD` |
 * | docker-library's | `POSTGRES_USER`: the only role there is at first | `POSTGRES_PASSWORD` |
 * | bitnami's | `postgres`; a user of another name owns a database, and is no superuser | `…_POSTGRES_PASSWORD`; `…_PASSWORD` where the user is `postgres` |
 * | sclorg's | `postgres`, likewise | `POSTGRESQL_ADMIN_PASSWORD` |
 *
 * Each variable of docker-library's and bitnami's images may be given as a file, by its name with `_FILE` behind.
 *
 * Source: docker-library/postgres `docker-entrypoint.sh` (`docker_setup_env`); bitnami/containers `postgresql-env.sh`,
 * `libpostgresql.sh` (`postgresql_initialize`, `postgresql_create_admin_user`); sclorg/postgresql-container `common.sh`.
 *
 * @module
 */

/** The value of a variable; `undefined` or empty: it is not set. */
export type Lookup = (name: string) => string | undefined;

/** What is known of the container that runs the server. */
export interface LoginFacts {
  readonly hasPatroni: boolean;
  readonly image: string | undefined;
  /** Of every variable that is set. */
  readonly names: readonly string[];
}

/** As whom to connect. */
export interface SuperuserLogin {
  readonly user: string;
  /** Variables that may hold the password: the first that is set does. */
  readonly passwords: readonly string[];
}

/** They say it outright, whatever the image is. */
const OUTRIGHT: Variables = {
  users: ['PGUSER_SUPERUSER', 'PATRONI_SUPERUSER_USERNAME'],
  passwords: ['PGPASSWORD_SUPERUSER', 'PATRONI_SUPERUSER_PASSWORD'],
};

interface Variables {
  readonly users: readonly string[];
  readonly passwords: readonly string[];
}

const BESIDE_PATRONI: Variables = {
  users: ['POSTGRES_USER', 'POSTGRESQL_USERNAME'],
  passwords: ['POSTGRES_PASSWORD', 'POSTGRESQL_PASSWORD'],
};

const OF_DOCKER_LIBRARY: Variables = { users: ['POSTGRES_USER'], passwords: ['POSTGRES_PASSWORD'] };

/** In the order in which bitnami's image reads them. */
const OF_BITNAMI: Variables = {
  users: ['POSTGRESQL_USERNAME', 'POSTGRES_USERNAME', 'POSTGRES_USER', 'POSTGRESQL_USER'],
  passwords: ['POSTGRESQL_PASSWORD', 'POSTGRES_PASSWORD'],
};

/** The password of `postgres`, where an image has a user of another name besides. */
const OF_POSTGRES = ['POSTGRESQL_POSTGRES_PASSWORD', 'POSTGRES_POSTGRES_PASSWORD', 'POSTGRESQL_ADMIN_PASSWORD'];

/** Those that may be given as a file. */
export const LOGIN_VARIABLES: readonly string[] = [...OF_BITNAMI.users, ...OF_BITNAMI.passwords, ...OF_POSTGRES];

/** Bitnami's chart may have been given this image, which pays no heed to bitnami's variables. */
const OFFICIAL_IMAGE = /^(?:docker\.io\/)?(?:library\/)?postgres(?:[:@]|$)/;

/** A variable of bitnami's image or chart, or of sclorg's image: images that archive are built of those, and called otherwise. */
const OF_FIXED_SUPERUSER =
  /^(?:BITNAMI_\w+|POSTGRESQL_(?:USERNAME|USER|PASSWORD|POSTGRES_PASSWORD|ADMIN_PASSWORD|VOLUME_DIR)(?:_FILE)?|POSTGRES_POSTGRES_PASSWORD(?:_FILE)?)$/;

function isFixed({ image = '', names }: LoginFacts): boolean {
  if (OFFICIAL_IMAGE.test(image)) return false;
  return /bitnami/i.test(image) || names.some((name) => OF_FIXED_SUPERUSER.test(name));
}

/** The first of these variables that is set. */
export function firstSet(get: Lookup, names: readonly string[]): string | undefined {
  return names.find((name) => (get(name) ?? '') !== '');
}

function valueOf(get: Lookup, names: readonly string[]): string | undefined {
  const name = firstSet(get, names);
  return name === undefined ? undefined : get(name);
}

function loginOfImage(get: Lookup, facts: LoginFacts): SuperuserLogin {
  if (!facts.hasPatroni && isFixed(facts)) {
    const isSuperuser = (valueOf(get, OF_BITNAMI.users) ?? 'postgres') === 'postgres';
    return { user: 'postgres', passwords: isSuperuser ? [...OF_BITNAMI.passwords, ...OF_POSTGRES] : OF_POSTGRES };
  }
  const { users, passwords } = facts.hasPatroni ? BESIDE_PATRONI : OF_DOCKER_LIBRARY;
  return { user: valueOf(get, users) ?? 'postgres', passwords };
}

/** Who it is. */
export function superuserLogin(get: Lookup, facts: LoginFacts): SuperuserLogin {
  const { user, passwords } = loginOfImage(get, facts);
  return {
    user: valueOf(get, OUTRIGHT.users) ?? user,
    passwords: [...OUTRIGHT.passwords, ...passwords, 'PGPASSWORD'],
  };
}
