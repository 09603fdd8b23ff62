/**
 * `walkback post-init`: the roles of a cluster, after a bootstrap and on each new leader.
 *
 * @module
 */

import { connectionSettings } from '../../app/open-instance.ts';
import { Failure } from '../../base/failure.ts';
import { settingsOfConninfo } from '../../instance/conninfo.ts';
import { makeRoles } from '../../supervise/make-roles.ts';
import { readRolesFile } from '../../supervise/roles-file.ts';
import { defineCommand } from '../command.ts';
import { path } from '../options.ts';
import { countOf } from '../output/format.ts';

/** The command. */
export const postInit = defineCommand({
  path: ['post-init'],
  summary: 'Make the roles that the container’s environment names, with their passwords',
  description:
    'Patroni’s bootstrap.post_init: superuser, replication, administrator, the group of people and what bootstrap.users names are made, or given the passwords and rights of the environment anew. It can be run again at any time. The file has the passwords that this container was started with, whatever its Secret has become: a password is changed by ALTER ROLE on the leader first. Passwords are in no argument and no log.',
  settings: ['server'],
  options: { roles: path('The file of roles that "walkback entrypoint" has written') },
  operands: {
    conninfo: {
      placeholder: 'CONNINFO',
      summary: 'how the server is reached, as libpq has it; Patroni gives it. Otherwise as the settings say',
      isOptional: true,
    },
  },
  examples: [
    {
      line: 'walkback post-init --roles /run/walkback/roles.json',
      does: 'on the leader: the passwords that it was started with',
    },
  ],
  run: async ({ roles, conninfo }, { settings, reporter }) => {
    if (roles === undefined) {
      throw new Failure('usage', {
        message: 'cannot make roles: --roles is missing',
        remedy: 'In a container of walkback:  walkback post-init --roles /run/walkback/roles.json',
      });
    }
    const users = await readRolesFile(roles);
    const [first] = conninfo === undefined ? [await connectionSettings(settings)] : await settingsOfConninfo(conninfo);
    const made = await makeRoles(first ?? (await connectionSettings(settings)), users);
    for (const warning of made.warnings) reporter.warn(warning);
    const words = `${countOf(made.created.length, 'role')} made, ${made.updated.length} updated`;
    return { text: () => `${words}.\n`, json: made };
  },
});
