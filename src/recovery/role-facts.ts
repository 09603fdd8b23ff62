/**
 * Roles that will log in otherwise once a rehearsal is swapped in: they are those of its moment, with their passwords of then.
 * Applications would find out by failing.
 *
 * Names go into the journal, and what is other; no password, no hash and no digest of one.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';
import { queryText, type Connection } from '../instance/connection.ts';
import { loginRolesQuery, newRolesSalt, otherLogins, parseLoginRoles } from '../instance/login-roles.ts';
import type { StepFacts } from './journal.ts';
import type { RecoveryContext } from './recovery-context.ts';

/** Two servers of one cluster, at different moments. */
export interface ComparedServers {
  /** Asks the live server, and returns the only value; `undefined`: it does not run. */
  readonly live: (query: string) => Promise<string | undefined>;
  readonly rehearsed: (query: string) => Promise<string | undefined>;
  /** Roles that get the password of now in the cutover, or behind it. */
  readonly setAgain: readonly string[];
}

/** A journal is read by people. */
const MOST_NAMED = 60;

function namesText(found: readonly string[]): string {
  const more = found.length - MOST_NAMED;
  return [...found.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** Compares them: nothing if they are alike; never a failure, since nothing depends on it. */
export async function roleFacts({ live, rehearsed, setAgain }: ComparedServers): Promise<StepFacts> {
  const query = loginRolesQuery(newRolesSalt());
  try {
    const now = await live(query);
    if (now === undefined) return { rolesNotCompared: 'the live server does not run' };
    const found = otherLogins(parseLoginRoles(now), parseLoginRoles(await rehearsed(query)), setAgain);
    return found.length === 0 ? {} : { otherRoles: namesText(found) };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { rolesNotCompared: error.message };
  }
}

/** The facts of a step with those of a later comparison; `undefined` if it has found the same. */
export function newerFacts(before: StepFacts, roles: StepFacts): StepFacts | undefined {
  const { otherRoles, rolesNotCompared, ...others } = before;
  const isSame = otherRoles === roles['otherRoles'] && rolesNotCompared === roles['rolesNotCompared'];
  return isSame ? undefined : { ...others, ...roles };
}

/** Compares a standing rehearsal of this host with its live server. */
export async function compareRoles({ uses: { cluster } }: RecoveryContext, rehearsed: Connection): Promise<StepFacts> {
  return roleFacts({
    live: async (query) => {
      if ((await cluster.state()) !== 'running') return undefined;
      await using connection = await cluster.connect();
      // The connection is closed when this returns.
      return await queryText(connection, query);
    },
    rehearsed: (query) => queryText(rehearsed, query),
    // `setPasswords` sees to them.
    setAgain: (cluster.patroni?.neededRoles() ?? [])
      .filter(({ password }) => password !== undefined)
      .map(({ user }) => user),
  });
}
