/**
 * The steps by which a standing rehearsal becomes data that a cluster can start on.
 *
 * @module
 */

import { readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { writeFileDurably } from '../../archive/durable-file.ts';
import { Failure } from '../../base/failure.ts';
import { cleanAutoConf } from '../../bootstrap/auto-conf.ts';
import { openSteps } from '../../bootstrap/build-steps.ts';
import type { Step } from '../../bootstrap/runner.ts';
import type { NeededRole } from '../../cluster/patroni-control.ts';
import { withInclusions } from '../../instance/configuration-files.ts';
import { isThere, makeFolder, syncFolder } from '../../instance/durable-rename.ts';
import type { StepFacts } from '../../recovery/journal.ts';
import { NO_RESTORE, reopen } from '../../recovery/promote.ts';
import { rehearsalServer } from '../../recovery/recovery-context.ts';
import { carryConfiguration, preparePrivateServers } from '../../recovery/rehearsal-files.ts';
import { setPasswords } from '../../recovery/set-passwords.ts';
import { archivedTimelines } from '../../recovery/timeline-numbers.ts';
import type { VolumeContext, VolumeUses } from './volume-context.ts';
import type { VolumePlan } from './volume-plan.ts';

const AUTO_CONF = 'postgresql.auto.conf';
const CONFIGURATION_FILES = ['pg_hba.conf', 'pg_ident.conf', 'postgresql.conf'];

/** The roles with the passwords that they are to have. */
export async function rolesOf(
  uses: Pick<VolumeUses, 'passwordOf'>,
  plan: Pick<VolumePlan, 'roles'>,
): Promise<NeededRole[]> {
  return Promise.all(
    plan.roles.map(async (role) => ({
      purpose: role.purpose,
      user: role.user,
      password: role.password === null ? undefined : await uses.passwordOf(role),
    })),
  );
}

/**
 * A history file that was not there when it was planned is a failover, or another recovery.
 *
 * @throws {Failure} `refused`, before a number is reserved.
 */
export async function checkNoNewTimeline({ plan, uses }: VolumeContext): Promise<void> {
  const known = new Set(plan.archivedTimelines);
  const fresh = (await archivedTimelines(uses.store)).filter((timeline) => !known.has(timeline));
  if (fresh.length === 0) return;
  throw new Failure('refused', {
    message: `cannot finish rehearsal ${plan.id}: timeline ${fresh.join(', ')} has appeared in ${uses.store.address} since it was planned`,
    remedy:
      'A failover or another recovery has happened. Look at "walkback window", throw this rehearsal away, and plan again.',
  });
}

/** They are those of the target's time, and whoever runs the cluster could not connect. */
async function setRolesPasswords(context: VolumeContext): Promise<StepFacts> {
  const roles = await rolesOf(context.volume, context.plan);
  if (roles.length === 0) return { changed: '' };
  await preparePrivateServers(context.replay);
  await using connection = await reopen(rehearsalServer(context.replay, NO_RESTORE));
  // The connection is closed when this returns.
  return await setPasswords(connection, roles);
}

/** On a claim of its own there is no live configuration to go on with: that of the backup's time, without its ties. */
async function ownConfiguration({ places, plan }: VolumeContext): Promise<StepFacts> {
  const data = places.placeOf(plan.id, 'rehearsal');
  const saved = join(places.recoveryFolder(plan.id), 'configuration-of-the-backup', AUTO_CONF);
  const before = (await isThere(saved)) ? await readFile(saved, 'utf8') : '';
  const { text, leftOut } = cleanAutoConf(before);
  await writeFileDurably(join(data, AUTO_CONF), Buffer.from(text));
  await rm(join(data, 'postmaster.opts'), { force: true });
  await syncFolder(data);
  return { leftOut: leftOut.join(', ') };
}

async function liveConfiguration(context: VolumeContext): Promise<StepFacts> {
  const { places, plan, replay } = context;
  const configurationFiles = await withInclusions(places.dataDirectory, CONFIGURATION_FILES);
  const carried = { ...replay, plan: { ...replay.plan, configurationFiles } };
  await carryConfiguration(carried, places.dataDirectory, places.placeOf(plan.id, 'rehearsal'));
  return {};
}

async function configure(context: VolumeContext): Promise<StepFacts> {
  await rm(join(context.uses.place.data, 'standby.signal'), { force: true });
  return context.volume.place === 'inVolume' ? liveConfiguration(context) : ownConfiguration(context);
}

/** Only where nothing is: an image may have left an empty folder there. */
async function putInPlace({ places, plan }: VolumeContext): Promise<StepFacts> {
  const { dataDirectory } = places;
  if (await places.isPresent(plan.id, 'rehearsal')) {
    await makeFolder(dirname(dataDirectory));
    await rmdir(dataDirectory).catch(() => {});
  }
  await places.move(plan.id, 'rehearsal', 'live');
  return { dataDirectory };
}

/** In their order. What is in the live volume stays beside the live data until it is swapped in. */
export function finishSteps(context: VolumeContext): Step[] {
  const place: Step[] =
    context.volume.place === 'newClaim' ? [{ name: 'putInPlace', do: () => putInPlace(context) }] : [];
  return [
    ...openSteps(context, [{ name: 'setPasswords', do: () => setRolesPasswords(context) }]),
    { name: 'configure', do: () => configure(context) },
    ...place,
  ];
}
