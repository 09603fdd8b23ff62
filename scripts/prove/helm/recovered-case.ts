/**
 * `helm upgrade` of a release that was recovered, with what the plan says is to be put into the values, and of one that is being
 * recovered.
 *
 * @module
 */

import { clusterExpectations, differencesOf } from './look.ts';
import type { CaseOutcome } from './install-case.ts';
import { RecoveredRelease } from './recovered-release.ts';
import type { HelmBed } from './release.ts';
import { changesOf, whatStays } from './what-stays.ts';

const ROWS_BEFORE = '5000';
const ROWS_AFTER = '1';

/** What a plan says is to be set: `walE.prefix=gs://bucket/wal-7f3a`. */
function advisedIn(drift: readonly string[]): string {
  const [, value] = /\bset (\S+=\S+)/.exec(drift.join(' ')) ?? [];
  if (value === undefined) throw new Error(`the plan names no value to be set: ${drift.join(' ')}`);
  return value;
}

/** What is not as it must be, in words. */
function unlike(what: string, found: string | undefined, expected: string): string[] {
  return found === expected ? [] : [`${what} must be ${expected}, and is ${found}`];
}

async function templateOf(release: RecoveredRelease): Promise<string> {
  const found = await release.statefulSet();
  return (found?.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? '').join(' ');
}

/** An upgrade that must be refused. @returns what is wrong. */
async function refusedUpgrade(release: RecoveredRelease): Promise<string[]> {
  const said = await release.upgrade('refused').then(
    () => 'it was done',
    (error: unknown) => String(error),
  );
  return said.includes('updates to statefulset spec') ? [] : [`an upgrade without the value must be refused: ${said}`];
}

/** An upgrade that must leave everything as it is. @returns what is wrong. */
async function keepingUpgrade(
  release: RecoveredRelease,
  note: string,
  ...values: readonly string[]
): Promise<string[]> {
  const { namespace, app, members } = release;
  const before = await whatStays(namespace, app);
  await release.upgrade(note, ...values);
  await release.untilUpgraded();
  const changed = changesOf(before, await whatStays(namespace, app));
  const wrong = await differencesOf(await clusterExpectations(namespace, app, members));
  return [...changed, ...wrong].map((one) => `${note}: ${one}`);
}

/** Recovered, upgraded with what the plan says, undone, upgraded as before. */
export async function runRecovered(given: HelmBed, way: 'recreate' | 'clone'): Promise<CaseOutcome> {
  await using release = await RecoveredRelease.install(given);
  const templateBefore = await templateOf(release);
  const { recovery, swap } = await release.plan(way);
  const value = advisedIn(swap.drift);
  await release.walkback('recover', 'run', recovery.id, '--yes');
  const recovered = await release.orders();
  // The chart goes on with the archive that the release writes to, and cannot with another claim template.
  const without = way === 'recreate' ? await refusedUpgrade(release) : await keepingUpgrade(release, 'without-value');
  const upgraded = await keepingUpgrade(release, 'with-value', value);
  const kept = await release.orders();
  await release.walkback('undo', recovery.id, '--yes');
  const undone = await keepingUpgrade(release, 'after-undo');
  return {
    differences: [
      ...unlike('the rows after the recovery', recovered, ROWS_BEFORE),
      ...without,
      ...upgraded,
      ...unlike('the rows after its upgrade', kept, ROWS_BEFORE),
      ...undone,
      ...unlike('the rows after the undo and its upgrade', await release.orders(), ROWS_AFTER),
      ...unlike('the claims’ template after the undo', await templateOf(release), templateBefore),
    ],
    text: `upgrades after a recovery by ${way} with ${value.replace(/=.*/, '')}, and after its undo`,
  };
}

/** What `status` says of a recovery in the middle: that it is there, at which step, and what to type. */
async function explained(release: RecoveredRelease, id: string, step: string): Promise<string[]> {
  const text = await release.walkback('recover', 'status', id);
  return ['CUTOVER NOT FINISHED', step, `walkback recover run ${id}`, `walkback undo ${id}`].flatMap((words) =>
    text.includes(words) ? [] : [`status does not say ${JSON.stringify(words)}: ${text}`],
  );
}

/** It is gone on with, and the upgrade that came in between is made again. */
async function goOn(release: RecoveredRelease, id: string, ...values: readonly string[]): Promise<string[]> {
  await release.walkback('recover', 'run', id, '--yes');
  const recovered = unlike('the rows after the recovery', await release.orders(), ROWS_BEFORE);
  const upgraded = await keepingUpgrade(release, 'again', ...values);
  return [...recovered, ...upgraded, ...unlike('the rows after its upgrade', await release.orders(), ROWS_BEFORE)];
}

/** Upgraded while a recovery by *rebind* has it scaled to 0 and is about to exchange volumes; the recovery goes on meanwhile. */
export async function runAmidRebind(given: HelmBed): Promise<CaseOutcome> {
  await using release = await RecoveredRelease.install(given);
  const { recovery } = await release.plan('rebind');
  const run = release.signalledAt(recovery.id, 'exchangeVolumes', 'SIGSTOP');
  await run.begun;
  await release.upgrade('amid');
  const scaled = (await release.statefulSet())?.spec?.replicas;
  run.goOn();
  const { code, err } = await run.ended;
  const ended = code === 0 ? 'went through' : 'stopped, was explained, and went on';
  const told = code === 0 ? [] : await explained(release, recovery.id, 'exchangeVolumes');
  given.log(`  the recovery that was upgraded in the middle ended with ${code}: ${err.slice(-600)}`);
  return {
    differences: [
      ...unlike('the replicas after the upgrade', String(scaled), String(release.members)),
      ...told,
      ...(await goOn(release, recovery.id)),
    ],
    text: `an upgrade while a recovery by rebind has it scaled to 0: the recovery ${ended}`,
  };
}

/** Upgraded where a recovery by *recreate* was killed: Helm finds no StatefulSet, and makes it as it was. */
export async function runAmidRecreate(given: HelmBed): Promise<CaseOutcome> {
  await using release = await RecoveredRelease.install(given);
  const { recovery, swap } = await release.plan('recreate');
  const run = release.signalledAt(recovery.id, 'recreateStatefulSet', 'SIGKILL');
  await run.begun;
  await run.ended;
  // The next thing that it would have done, if it has not.
  await release.namespace.kubectl(['delete', 'statefulset', release.app, '--cascade=orphan', '--ignore-not-found']);
  await release.upgrade('amid');
  const told = await explained(release, recovery.id, 'recreateStatefulSet');
  return {
    differences: [...told, ...(await goOn(release, recovery.id, advisedIn(swap.drift)))],
    text: 'an upgrade while a recovery by recreate has taken the StatefulSet away: it was explained, and went on',
  };
}
