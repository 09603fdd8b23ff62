/**
 * The superuser of a cluster that was found, and the password as variables and files of its pods have it now.
 *
 * @module
 */

import type { FoundCluster } from '../find/find-cluster.ts';
import { firstSet, superuserLogin, type Lookup, type SuperuserLogin } from '../find/superuser-login.ts';

/** A password, or why there is none to be had. Never shown. */
export type SuperuserPassword =
  | { readonly password: string }
  | {
      readonly password: undefined;
      /** Follows a colon: what was looked for. */
      readonly why: string;
      readonly remedy: string;
    };

/** A file wins over the variable of its name, as in the images; one that cannot be had is passed over. */
function lookupIn({ environment, files }: FoundCluster): Lookup {
  return (name) => files.get(name)?.secretValue || environment.get(name)?.secretValue;
}

/** Who the superuser is, and which variables may hold the password. */
export function loginOf(found: FoundCluster): SuperuserLogin {
  const { cluster, container, environment } = found;
  const names = [...environment.values()].flatMap(({ name, secretValue }) => (secretValue === '' ? [] : [name]));
  return superuserLogin(lookupIn(found), {
    hasPatroni: cluster.patroni !== undefined,
    image: container.image,
    names,
  });
}

/** What was named and could not be had. */
function problemsOf({ environment, files }: FoundCluster, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const [file, variable] = [files.get(name), environment.get(name)];
    return [
      ...(file?.problem === undefined ? [] : [`${name}_FILE names ${file.from}: ${file.problem}`]),
      ...(variable?.problem === undefined ? [] : [`${name} is ${variable.from}: ${variable.problem}`]),
    ];
  });
}

/** The superuser's present password. A server may let that user in without one. */
export function superuserPasswordOf(found: FoundCluster): SuperuserPassword {
  const { user, passwords } = loginOf(found);
  const get = lookupIn(found);
  const password = get(firstSet(get, passwords) ?? '');
  if (password !== undefined) return { password };
  const problems = problemsOf(found, passwords);
  const where = `container ${found.container.name} of StatefulSet ${found.cluster.name}`;
  if (problems.length > 0) {
    return {
      password,
      why: problems.join('; '),
      remedy: `Mend what ${where} names there, as a Secret of this namespace that you may read; or name the password in PGPASSWORD_SUPERUSER besides.`,
    };
  }
  return {
    password,
    why: `none of ${passwords.join(', ')} is set in ${where}`,
    remedy: `Give ${user} a password (alter role), and name it there by one of these variables, or by one with _FILE behind its name. In bitnami's chart that is auth.enablePostgresUser.`,
  };
}
