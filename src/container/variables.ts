/**
 * Every variable of Spilo's, and what it is here: supported, or refused with the reason. None is passed over.
 *
 * The reference page is made of this table, and names are checked by it.
 *
 * @module
 */

import type { ContainerVariable, VariableGroup } from './container-variable.ts';
import { ARCHIVE_GROUPS } from './variables-archive.ts';
import { CLONE_VARIABLES, STANDBY_VARIABLES } from './variables-bootstrap.ts';
import { CERTIFICATE_VARIABLES, OTHER_VARIABLES, ROLE_VARIABLES, SERVER_VARIABLES } from './variables-cluster.ts';
import { DCS_GROUPS, KUBERNETES_VARIABLES } from './variables-dcs.ts';

/** All of them, in the order of the reference page. */
export const VARIABLE_GROUPS: readonly VariableGroup[] = [
  SERVER_VARIABLES,
  ROLE_VARIABLES,
  ...ARCHIVE_GROUPS,
  CLONE_VARIABLES,
  STANDBY_VARIABLES,
  KUBERNETES_VARIABLES,
  ...DCS_GROUPS,
  CERTIFICATE_VARIABLES,
  OTHER_VARIABLES,
];

/** All of them, those of another archive under their own names too. */
export const CONTAINER_VARIABLES: ReadonlyMap<string, ContainerVariable> = new Map(
  VARIABLE_GROUPS.flatMap(({ variables }) => variables).flatMap((variable): [string, ContainerVariable][] =>
    variable.ofArchive === true
      ? ['', 'CLONE_', 'STANDBY_'].map((prefix) => [
          prefix + variable.name,
          { ...variable, name: prefix + variable.name },
        ])
      : [[variable.name, variable]],
  ),
);
