/**
 * `walkback backup delete`: one base backup, or all before one with the WAL that only they needed.
 *
 * @module
 */

import { refuseBackupsInUse } from '../../app/backups-in-use.ts';
import { openArchive } from '../../app/open-archive.ts';
import { namesOf, prepareDelete, runDelete, type PreparedDelete } from '../../backup/delete.ts';
import type { DeleteRequest } from '../../backup/delete-plan.ts';
import { Failure } from '../../base/failure.ts';
import { defineCommand } from '../command.ts';
import { flag, text } from '../options.ts';
import { countOf, formatBytes } from '../output/format.ts';

function requestFrom(name: string | undefined, before: string | undefined): DeleteRequest {
  if (name !== undefined && before === undefined) return { kind: 'one', name };
  if (name === undefined && before !== undefined) return { kind: 'before', name: before };
  throw new Failure('usage', {
    message: 'cannot tell what to delete: give either the name of a backup or --before',
    remedy: 'walkback backup delete NAME, or walkback backup delete --before NAME',
  });
}

function planText({ plan, keys, sizeBytes }: PreparedDelete): string {
  const lines = [
    ...namesOf(plan).map((name) => `  delete  ${name}`),
    ...plan.kept.map(({ name }) => `  keep    ${name}, which is permanent or needed by one that stays`),
    ...(plan.wal === undefined ? [] : [`  delete  WAL before segment ${plan.wal.firstKept} that nothing above needs`]),
  ];
  return `${[...lines, `${countOf(keys.length, 'object')}, ${formatBytes(sizeBytes)}`].join('\n')}\n`;
}

/** The command. */
export const backupDelete = defineCommand({
  path: ['backup', 'delete'],
  summary: 'Delete a base backup, or all before one',
  description:
    'Backups that are kept, and what they need, stay. History files always stay. WAL goes with --before only, and only what no backup that stays can need.',
  settings: ['archive'],
  operands: { name: { placeholder: 'NAME', summary: 'the backup to delete', isOptional: true } },
  options: {
    before: text('Delete every backup older than this one, and the WAL that only they needed', 'NAME'),
    dryRun: flag('Only show what would be deleted'),
    yes: flag('Delete without asking'),
  },
  examples: [
    { line: 'walkback backup delete base_00000001000000000000000A', does: 'one backup; WAL stays' },
    { line: 'walkback backup delete --before base_0000000100000000000000F0 --dry-run', does: 'what would go' },
  ],
  run: async ({ name, before, dryRun, yes }, { settings, questions }) => {
    await using archive = await openArchive(settings);
    const prepared = await prepareDelete(archive.store, requestFrom(name, before));
    const names = namesOf(prepared.plan);
    await refuseBackupsInUse(settings, archive, names);
    const json = {
      backups: names,
      kept: prepared.plan.kept.map((backup) => backup.name),
      objects: prepared.keys.length,
      sizeBytes: prepared.sizeBytes,
    };
    const shown = planText(prepared);
    if (dryRun) return { text: () => shown, json: { ...json, deleted: false } };
    const question = `${shown}This cannot be undone.\nType the cluster's name, ${archive.clusterName}, to delete: `;
    if (!yes && !(await questions.confirm({ question, word: archive.clusterName, flag: '--yes' }))) {
      return { text: () => 'Nothing has been deleted.\n', json: { ...json, deleted: false } };
    }
    // Somebody may have planned with one of them while the question was open.
    await refuseBackupsInUse(settings, archive, names);
    await runDelete(archive.store, prepared);
    return { text: () => `Deleted ${countOf(prepared.keys.length, 'object')}.\n`, json: { ...json, deleted: true } };
  },
});
