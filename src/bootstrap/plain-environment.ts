/**
 * Variables for PostgreSQL's programs.
 *
 * @module
 */

/** Without `PG…`: those that lead to a server would lead the programs to another one. */
export function plainEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('PG')));
}
