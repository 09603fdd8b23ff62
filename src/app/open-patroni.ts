/**
 * From settings to a member of a cluster that Patroni runs.
 *
 * @module
 */

import type { Cluster } from '../cluster/cluster.ts';
import { patroniCluster } from '../cluster/patroni/patroni-cluster.ts';
import type { OwnPatroni } from '../cluster/patroni/own-patroni.ts';
import {
  findCommands,
  NO_COMMANDS,
  type CommandSources,
  type PatroniCommands,
} from '../cluster/patroni/patroni-commands.ts';
import { whyNotAccepted } from '../cluster/accept-member.ts';
import type { DcsMember } from '../cluster/patroni/dcs-keys.ts';
import { connectToMember, superuserOf } from '../cluster/patroni/member-connection.ts';
import { restAccessOf } from '../cluster/patroni/rest-access.ts';
import { openMemberRest, type MemberRest } from '../cluster/patroni/rest-client.ts';
import { Failure } from '../base/failure.ts';
import { localCluster } from '../cluster/local/local-cluster.ts';
import { recoveriesFolderOf } from '../cluster/local-places.ts';
import type { Settings } from '../config/load-settings.ts';
import { connectToLive, type LiveServer } from '../instance/live-server.ts';
import { formatCommand } from '../instance/run-program.ts';
import { fillCommand } from '../instance/server-commands.ts';
import type { NamedPatroni } from './patroni-settings.ts';

function setCommands(settings: Settings): PatroniCommands | undefined {
  const stop = settings.get('patroniStopCommand');
  const start = settings.get('patroniStartCommand');
  if (stop === undefined && start === undefined) return undefined;
  if (stop !== undefined && start !== undefined) return { stop, start };
  const missing = stop === undefined ? 'patroni-stop-command' : 'patroni-start-command';
  throw new Failure('usage', {
    message: `cannot stop and start Patroni: ${missing} is not set, and the other one is`,
    remedy: `Set ${missing} too. What is stopped in one way and started in another confuses what supervises it.`,
  });
}

async function linesOf(sources: CommandSources): Promise<{ stop: string; start: string }> {
  const commands = await findCommands(sources);
  if (commands === undefined) return { stop: NO_COMMANDS.message, start: NO_COMMANDS.message };
  return { stop: formatCommand(commands.stop), start: formatCommand(commands.start) };
}

/** Both servers are asked, as Patroni's superuser. */
async function proveMember({ raw }: NamedPatroni, server: LiveServer, member: DcsMember): Promise<string | undefined> {
  if (member.connUrl === undefined) return `${member.name} does not say where its server is`;
  await using leader = await connectToLive(server);
  await using connection = await connectToMember(member.connUrl, superuserOf(raw));
  const isCascaded = typeof member.tags['replicatefrom'] === 'string';
  return await whyNotAccepted({ leader, member: connection, memberName: member.name, isCascaded });
}

/** The member of this host. Nothing is asked of Patroni yet. */
export async function openPatroniCluster(patroni: NamedPatroni, server: LiveServer): Promise<Cluster> {
  const { configFile, dcs, configuration, raw, settings } = patroni;
  const { dataDirectory } = configuration;
  const sources = { configFile, recoveriesFolder: recoveriesFolderOf(dataDirectory), set: setCommands(settings) };
  const access = restAccessOf(raw);
  const restOf = ({ apiUrl }: DcsMember): MemberRest | undefined =>
    apiUrl === undefined ? undefined : openMemberRest(apiUrl, access);
  const own: OwnPatroni = {
    sources,
    dataDirectory,
    dcs,
    api: openMemberRest(configuration.restUrl, access),
    stopTimeoutMs: settings.get('serverStopTimeout'),
    startTimeoutMs: settings.get('serverStartTimeout'),
    commandLines: () => linesOf(sources),
  };
  const lines = await linesOf(sources);
  const stopLine = formatCommand(fillCommand(server.commands.stop, server.values));
  return patroniCluster(
    {
      local: localCluster({ name: configuration.scope, server }),
      configuration,
      dcs,
      own,
      restOf,
      whyNotAccepted: (member) => proveMember(patroni, server, member),
    },
    { stop: `${stopLine}; then ${lines.stop}`, start: `${lines.start}; Patroni starts the server` },
  );
}
