/**
 * The commands of WAL-G's command line that are answered, each loaded when it runs, and those that are refused by name.
 *
 * @module
 */

import type { WalgCommand } from './walg-command.ts';
import { isWalgVariable, variableOfFlag } from './walg-variables.ts';

/** One command, by its words. */
export interface WalgEntry {
  readonly words: string;
  readonly load: () => Promise<WalgCommand>;
}

function entry(words: string, load: () => Promise<WalgCommand>): WalgEntry {
  return { words, load };
}

/** In the order of help. */
export const WALG_PROGRAM: readonly WalgEntry[] = [
  entry('backup-fetch', async () => (await import('./commands/backup-fetch.ts')).backupFetch),
  entry('backup-list', async () => (await import('./commands/backup-list.ts')).backupList),
  entry('backup-mark', async () => (await import('./commands/backup-mark.ts')).backupMark),
  entry('backup-push', async () => (await import('./commands/backup-push.ts')).backupPush),
  entry('copy', async () => (await import('./commands/copy.ts')).copy),
  entry('delete before', async () => (await import('./commands/delete-before.ts')).deleteBefore),
  entry('delete everything', async () => (await import('./commands/delete-everything.ts')).deleteEverything),
  entry('delete garbage', async () => (await import('./commands/delete-garbage.ts')).deleteGarbage),
  entry('delete retain', async () => (await import('./commands/delete-retain.ts')).deleteRetain),
  entry('delete target', async () => (await import('./commands/delete-target.ts')).deleteTarget),
  entry('st cat', async () => (await import('./commands/st-cat.ts')).stCat),
  entry('st check', async () => (await import('./commands/st-check.ts')).stCheck),
  entry('st get', async () => (await import('./commands/st-get.ts')).stGet),
  entry('st ls', async () => (await import('./commands/st-ls.ts')).stLs),
  entry('st put', async () => (await import('./commands/st-put.ts')).stPut),
  entry('st rm', async () => (await import('./commands/st-rm.ts')).stRm),
  entry('st stat', async () => (await import('./commands/st-stat.ts')).stStat),
  entry('wal-e-backup-list', async () => (await import('./commands/wal-e-backup-list.ts')).walEBackupList),
  entry('wal-fetch', async () => (await import('./commands/wal-fetch.ts')).walFetch),
  entry('wal-prefetch', async () => (await import('./commands/wal-prefetch.ts')).walPrefetch),
  entry('wal-push', async () => (await import('./commands/wal-push.ts')).walPush),
  entry('wal-show', async () => (await import('./commands/wal-show.ts')).walShow),
  entry('wal-verify', async () => (await import('./commands/wal-verify.ts')).walVerify),
];

/** WAL-G's commands that are not answered, with what to do instead. */
export const REFUSED_COMMANDS: ReadonlyMap<string, string> = new Map([
  ['catchup-fetch', 'Rebuild the replica with pg_basebackup or patronictl reinit.'],
  ['catchup-list', 'Rebuild the replica with pg_basebackup or patronictl reinit.'],
  ['catchup-push', 'Rebuild the replica with pg_basebackup or patronictl reinit.'],
  ['catchup-receive', 'Rebuild the replica with pg_basebackup or patronictl reinit.'],
  ['catchup-send', 'Rebuild the replica with pg_basebackup or patronictl reinit.'],
  ['daemon', 'Run "walkback agent": it pushes ahead, and its archive command starts no program for each segment.'],
  ['pgbackrest', 'Use pgBackRest for archives that it wrote.'],
  ['wal-receive', 'Archive with archive_command, or run "walkback agent" beside the server.'],
  [
    'wal-restore',
    'Set restore_command = \'wal-g wal-fetch "%f" "%p"\' in postgresql.conf of the target, and run pg_rewind -c: it fetches what it misses, from any directory.',
  ],
  ['st transfer', 'Copy backups with their WAL: wal-g copy --from FILE --to FILE.'],
  ['st copy', 'Copy backups with their WAL: wal-g copy --from FILE --to FILE.'],
]);

/** What the first arguments name. */
export type FoundWalg =
  | { readonly kind: 'command'; readonly entry: WalgEntry; readonly rest: readonly string[] }
  | { readonly kind: 'group'; readonly words: string }
  | { readonly kind: 'refused'; readonly words: string; readonly instead: string }
  | { readonly kind: 'unknown'; readonly word: string };

/** Flags that come before the command's own words: those with a value take the next argument along. */
const LEADING_WITH_VALUE: ReadonlySet<string> = new Set(['--config', '-t', '--target']);

function takesNext(flag: string): boolean {
  const isSetting = flag.startsWith('--') && isWalgVariable(variableOfFlag(flag));
  return LEADING_WITH_VALUE.has(flag) || isSetting;
}

/** The arguments with flags that stand before the command's words moved behind them. */
function wordsFirst(args: readonly string[]): string[] {
  const leading: string[] = [];
  const words: string[] = [];
  for (let at = 0; at < args.length && words.length < 2; at += 1) {
    const arg = args[at] ?? '';
    if (!arg.startsWith('-')) {
      words.push(arg);
      if (words.length === 2 || !isGroup(arg)) return [...words, ...leading, ...args.slice(at + 1)];
      continue;
    }
    leading.push(arg);
    if (takesNext(arg) && args[at + 1] !== undefined) {
      leading.push(args[at + 1] ?? '');
      at += 1;
    }
  }
  return [...words, ...leading];
}

function isGroup(word: string): boolean {
  return WALG_PROGRAM.some(({ words }) => words.startsWith(`${word} `));
}

/** Finds the command. Nothing named at all is the group of all commands. */
export function findWalgCommand(given: readonly string[]): FoundWalg {
  const args = wordsFirst(given);
  const [first = '', second = ''] = args;
  if (first === '' || first.startsWith('-')) return { kind: 'group', words: '' };
  const two = `${first} ${second}`;
  const refused = [two, first].find((words) => REFUSED_COMMANDS.has(words));
  if (refused !== undefined) {
    return { kind: 'refused', words: refused, instead: REFUSED_COMMANDS.get(refused) ?? '' };
  }
  for (const words of [two, first]) {
    const found = WALG_PROGRAM.find((one) => one.words === words);
    if (found !== undefined) return { kind: 'command', entry: found, rest: args.slice(words.split(' ').length) };
  }
  if (!isGroup(first)) return { kind: 'unknown', word: first };
  return second === '' || second.startsWith('-') ? { kind: 'group', words: first } : { kind: 'unknown', word: two };
}
