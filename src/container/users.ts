/**
 * The roles of the cluster and their passwords.
 *
 * Spilo has a password for each role when none is given (zalando, standby, cola), and everybody can read them in its
 * sources. Here a password that is not given is refused; one that is given is taken, be it one of these.
 *
 * Source: Spilo `configure_spilo.py` (`get_placeholders`, the template's `users` and `authentication`).
 *
 * @module
 */

import type { ConfigMap, ConfigValue, PlannedUser, PlannedUsers } from './container-plan.ts';
import type { Reading } from './reading.ts';
import { Secret } from './secret.ts';
import { isMapping } from './user-yaml.ts';
import { valueAt } from './value-at.ts';

interface Login {
  readonly name: string;
  readonly password: Secret;
}

interface LoginVariables {
  readonly role: 'superuser' | 'replication';
  readonly user: string;
  readonly userDefault: string;
  readonly password: string;
  readonly wellKnown: string;
}

const SUPERUSER: LoginVariables = {
  role: 'superuser',
  user: 'PGUSER_SUPERUSER',
  userDefault: 'postgres',
  password: 'PGPASSWORD_SUPERUSER',
  wellKnown: 'zalando',
};
const REPLICATION: LoginVariables = {
  role: 'replication',
  user: 'PGUSER_STANDBY',
  userDefault: 'standby',
  password: 'PGPASSWORD_STANDBY',
  wellKnown: 'standby',
};

function secretOf(value: ConfigValue | undefined): Secret | undefined {
  if (value instanceof Secret) return value;
  return typeof value === 'string' || typeof value === 'number' ? new Secret(String(value)) : undefined;
}

/** Spilo escaped passwords as for a web page, so a role made by it may have another one than the variable says. */
function warnOfEscapes(reading: Reading, name: string): void {
  if (reading.facts.dataVersion === undefined || !/[&<>"']/.test(reading.get(name) ?? '')) return;
  reading.warn(
    `${name} holds one of & < > " ': Spilo wrote these as in HTML, so a cluster that it made may have another password; set the role's password again`,
  );
}

function login(reading: Reading, variables: LoginVariables, user: ConfigMap): Login {
  const place = ['postgresql', 'authentication', variables.role];
  const name = valueAt(user, ...place, 'username');
  const configured = secretOf(valueAt(user, ...place, 'password'));
  const given = configured ?? reading.secret(variables.password);
  warnOfEscapes(reading, variables.password);
  if (given === undefined)
    reading.refuse({
      of: variables.password,
      found: `it is not set, and the password that Spilo would have given the role is known to everybody`,
      remedy: `Set ${variables.password} from a Secret. A cluster that was made without it has ${JSON.stringify(variables.wellKnown)}: set that, start, then change it.`,
    });
  else if (given.reveal() === variables.wellKnown)
    reading.warn(`${variables.password} is the password that is written in Spilo's sources: change it`);
  return {
    name: typeof name === 'string' ? name : (reading.get(variables.user) ?? variables.userDefault),
    password: given ?? new Secret(''),
  };
}

function administrator(reading: Reading): readonly PlannedUser[] {
  const isAsked = reading.has('USE_ADMIN') ? reading.isOn('USE_ADMIN') : reading.has('PGPASSWORD_ADMIN');
  if (!isAsked) return [];
  const password = reading.secret('PGPASSWORD_ADMIN');
  warnOfEscapes(reading, 'PGPASSWORD_ADMIN');
  if (password === undefined)
    reading.refuse({
      of: reading.has('USE_ADMIN') ? 'USE_ADMIN' : 'PGPASSWORD_ADMIN',
      found: 'no password is given for the administrator, and the one that Spilo has for it is known to everybody',
      remedy: 'Set PGPASSWORD_ADMIN, or take both out for no administrator.',
    });
  else if (password.reveal() === 'cola')
    reading.warn("PGPASSWORD_ADMIN is the password that is written in Spilo's sources: change it");
  return [{ name: reading.get('PGUSER_ADMIN') ?? 'admin', password, options: ['createrole', 'createdb'] }];
}

/** `bootstrap.users`, which Patroni from 4.0 on passes over; post_init makes them. */
function namedUsers(user: ConfigMap): readonly PlannedUser[] {
  const users = valueAt(user, 'bootstrap', 'users');
  if (!isMapping(users)) return [];
  return Object.entries(users).map(([name, value]) => {
    const options = isMapping(value) ? value['options'] : undefined;
    return {
      name,
      password: secretOf(isMapping(value) ? value['password'] : undefined),
      options: Array.isArray(options) ? options.map(String) : [],
    };
  });
}

/** The roles. `user`: what SPILO_CONFIGURATION holds. */
export function planUsers(reading: Reading, user: ConfigMap): PlannedUsers {
  const ofConfiguration = namedUsers(user);
  const names = ofConfiguration.map(({ name }) => name);
  return {
    superuser: login(reading, SUPERUSER, user),
    replication: login(reading, REPLICATION, user),
    others: [...administrator(reading).filter(({ name }) => !names.includes(name)), ...ofConfiguration],
    human: reading.get('HUMAN_ROLE') ?? 'zalandos',
  };
}
