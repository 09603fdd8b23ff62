/**
 * What a recovery needs of a member's own configuration: where its data is, and which roles Patroni connects as.
 *
 * Source: Patroni's documentation, "YAML Configuration Settings"; patroni/postgresql/config.py for the defaults.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { NeededRole } from '../patroni-control.ts';
import { objectOr, textOr, type JsonObject } from './dcs-keys.ts';

/** One member's configuration. */
export interface PatroniConfiguration {
  readonly scope: string;
  readonly memberName: string;
  readonly dataDirectory: string;
  readonly binDirectory: string | undefined;
  /** Of its REST API, as other members reach it. */
  readonly restUrl: string;
  readonly roles: readonly NeededRole[];
}

const REST_ADDRESS = '127.0.0.1:8008';

/** Without a user of its own, pg_rewind connects as the superuser. */
function rolesOf(authentication: JsonObject): NeededRole[] {
  return (['superuser', 'replication', 'rewind'] as const).flatMap((purpose) => {
    const role = objectOr(authentication[purpose]);
    const user = textOr(role['username']) ?? (purpose === 'superuser' ? 'postgres' : undefined);
    return user === undefined ? [] : [{ purpose, user, password: textOr(role['password']) }];
  });
}

function required(value: unknown, name: string, configFile: string): string {
  const text = textOr(value);
  if (text !== undefined) return text;
  throw new Failure('usage', {
    message: `cannot use ${configFile} as the configuration of a member: it has no ${name}`,
    remedy: `Give the file that Patroni on this host is started with (patroni-config), and the PATRONI_ variables that it has.`,
  });
}

/** The configuration in what `dcs.py configuration` answers. @throws {Failure} `usage` if it is no member's. */
export function parseConfiguration(answer: JsonObject, configFile: string): PatroniConfiguration {
  const postgresql = objectOr(answer['postgresql']);
  const rest = objectOr(answer['restapi']);
  const address = textOr(rest['connect_address']) ?? textOr(rest['listen']) ?? REST_ADDRESS;
  return {
    scope: required(answer['scope'], 'scope', configFile),
    memberName: required(answer['name'], 'name', configFile),
    dataDirectory: required(postgresql['data_dir'], 'postgresql.data_dir', configFile),
    binDirectory: textOr(postgresql['bin_dir']),
    restUrl: `${textOr(rest['certfile']) === undefined ? 'http' : 'https'}://${address}`,
    roles: rolesOf(objectOr(postgresql['authentication'])),
  };
}
