/**
 * Which commands an agent runs for callers elsewhere, and with which of their options. What is not here is refused.
 *
 * Left out on purpose: every option that names a file or a server of the host (`--check`, `--pg-wal`, `--names-from`), and
 * what only takes from an archive (`backup delete`, `prune`).
 *
 * @module
 */

/** How one command is run for a caller. */
export interface RelayedCommand {
  /** It changes something: one at a time, and it goes on without its caller. */
  readonly isChanging: boolean;
  /** Its options that a caller may give, by name. */
  readonly options: readonly string[];
}

const TARGET = [
  'toTime',
  'toLsn',
  'toXid',
  'beforeXid',
  'afterXid',
  'beforeDrop',
  'beforeDelete',
  'toName',
  'toLatest',
  'inclusive',
  'exclusive',
];
const CHECKS = ['sql', 'checkDatabase', 'writable'];
const SPAN = ['around', 'within', 'since', 'until', 'timeline'];
const FILTER = ['table', 'database', 'op', 'minRows', 'xid', 'aborted', 'largest', 'limit', 'follow', 'ndjson'];

const reads = (...options: readonly string[]): RelayedCommand => ({ isChanging: false, options });
const changes = (...options: readonly string[]): RelayedCommand => ({ isChanging: true, options });

/** The commands, by their words. */
export const RELAYED: ReadonlyMap<string, RelayedCommand> = new Map([
  ['status', reads()],
  ['window', reads()],
  ['log', reads(...SPAN, ...FILTER)],
  ['show', reads('timeline')],
  ['backup list', reads()],
  ['backup show', reads()],
  ['backup take', changes('delta', 'full', 'keep')],
  ['backup keep', changes('undo')],
  ['freeze', changes('reason', 'by', 'noWait')],
  ['unfreeze', changes()],
  ['config show', reads()],
  ['recover plan', reads(...TARGET, 'timeline', 'losses')],
  ['recover status', reads('all')],
  ['recover run', changes(...TARGET, 'timeline', ...CHECKS, 'holdWrites', 'yes')],
  ['rehearse', changes(...TARGET, 'timeline', ...CHECKS, 'discard')],
  ['rehearse step', changes(...TARGET)],
  ['undo', changes('yes')],
  ['release', changes('dryRun', 'yes')],
]);

/** How a command is run for a caller; `undefined` if it is not. */
export function relayedCommand(path: readonly string[]): RelayedCommand | undefined {
  return RELAYED.get(path.join(' '));
}
