/**
 * A member as `walkback recover` needs it: the settings of its host, with commands that stop and start its Patroni.
 *
 * @module
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { quoted } from '../archived-cluster.ts';
import { runWalkback, type Ended } from '../walkback-process.ts';
import type { PatroniTestCluster } from './patroni-cluster.ts';
import type { PatroniMember } from './patroni-member.ts';

/** As a supervisor would: it comes back while Patroni runs, in a session of its own, with the log it had. */
function startScript(member: PatroniMember, patroni: string): string {
  const { PGHOST, PGPORT, PGUSER, PGDATABASE, ...environment } = member.environment;
  void [PGHOST, PGPORT, PGUSER, PGDATABASE];
  const words = Object.entries({ LANG: 'C.UTF-8', ...environment }).map(([name, value]) => quoted(`${name}=${value}`));
  const command = `env -i ${words.join(' ')} ${quoted(patroni)} ${quoted(member.configFile)}`;
  return `#!/bin/sh\ncd ${quoted(member.root)} || exit 1\nsetsid ${command} >>log 2>&1 </dev/null &\n`;
}

/** Those whose command line names the file are Patroni's, but for walkback's own look into the DCS. */
function stopScript(member: PatroniMember): string {
  const file = quoted(member.configFile);
  return [
    '#!/bin/sh',
    'for one in /proc/[0-9]*; do',
    `  if tr '\\0' '\\n' <"$one/cmdline" 2>/dev/null | grep -qxF -e ${file} && grep -q python "$one/cmdline" && ! grep -q dcs.py "$one/cmdline"; then`,
    '    kill -TERM "${one#/proc/}"',
    '  fi',
    'done',
    'exit 0',
    '',
  ].join('\n');
}

/** The environment in which walkback runs on the member's host. */
export async function recoverySettings(
  cluster: PatroniTestCluster,
  member: PatroniMember,
): Promise<Record<string, string>> {
  const scripts = { start: startScript(member, cluster.programs.patroni), stop: stopScript(member) };
  for (const [name, text] of Object.entries(scripts)) {
    await writeFile(join(member.root, `${name}-patroni`), text, { mode: 0o755 });
  }
  return {
    PATH: member.environment['PATH'] ?? '',
    WALKBACK_ARCHIVE: `file://${cluster.archive}`,
    WALKBACK_CLUSTER_KIND: 'patroni',
    WALKBACK_PATRONI_CONFIG: member.configFile,
    WALKBACK_PATRONI_PYTHON: cluster.programs.python,
    WALKBACK_PATRONI_START_COMMAND: join(member.root, 'start-patroni'),
    WALKBACK_PATRONI_STOP_COMMAND: join(member.root, 'stop-patroni'),
  };
}

/** Runs walkback on the member's host. */
export async function walkbackOn(
  cluster: PatroniTestCluster,
  member: PatroniMember,
  args: readonly string[],
): Promise<Ended> {
  return runWalkback(args, await recoverySettings(cluster, member));
}
