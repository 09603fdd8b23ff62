/**
 * Commands: what one is, and how to add one.
 *
 * To add `walkback NOUN VERB`:
 *
 * 1. Write `src/cli/commands/<noun>-<verb>.ts` with one export, made by {@link defineCommand}:
 *
 *    ```ts
 *    export const backupKeep = defineCommand({
 *      path: ['backup', 'keep'],
 *      summary: 'Keep a backup, whatever prune would do',
 *      settings: ['archive'],
 *      operands: { name: { placeholder: 'NAME', summary: 'the backup' } },
 *      options: { undo: flag('Let prune take it again') },
 *      examples: [{ line: 'walkback backup keep base_00000001000000000000000A', does: 'for ever' }],
 *      run: async (given, session) => {
 *        await using archive = await openArchive(session.settings);     // src/app/open-archive.ts
 *        const backup = await keepBackup(archive.store, given.name, !given.undo);
 *        return { text: () => `Kept ${backup.name}.\n`, json: { name: backup.name } };
 *      },
 *    });
 *    ```
 *
 * 2. Add its line to the table in `program.ts`, and run `npm run reference`.
 *
 * A command reads options, calls one use case and returns an {@link Answer}: both the text for a person and the object
 * for `--json`. It prints nothing itself; what happens meanwhile goes to `session.reporter` (see `output/reporter.ts`),
 * long calls get `session.signal` (SIGINT and SIGTERM), and failures are thrown as `Failure`. It imports no other command.
 * Flags come from `options` and from the settings of the groups in `settings`; never read the environment.
 *
 * @module
 */

import type { SettingGroup } from '../config/setting.ts';
import type { Listener } from './exit-code.ts';
import type { Option } from './options.ts';
import type { Screen } from './output/screen.ts';
import { relayedCommand } from './relay/relayed-table.ts';
import type { Session } from './session.ts';

/** Options by their name in camel case. */
export type OptionTable = Readonly<Record<string, Option>>;

/** An argument without a flag. */
export interface Operand {
  readonly placeholder: string;
  readonly summary: string;
  /** What to do when it is left out and must not be. */
  readonly whenMissing?: string;
  /** May be left out; `run` then gets `undefined`. */
  readonly isOptional?: true;
  /** Takes all that remain (at least one unless optional); `run` gets a list. Only the last operand can. */
  readonly isRest?: true;
}

/** Operands by name, in order. */
export type OperandTable = Readonly<Record<string, Operand>>;

type OptionValue<O> = O extends Option<infer T> ? T : never;
type OperandValue<P> = P extends { readonly isRest: true }
  ? readonly string[]
  : P extends { readonly isOptional: true }
    ? string | undefined
    : string;

/** What `run` is given: the value of each option and operand. */
export type Given<O extends OptionTable, P extends OperandTable> = {
  readonly [K in keyof O]: OptionValue<O[K]>;
} & { readonly [K in keyof P]: OperandValue<P[K]> };

/** What a command answers. */
export interface Answer {
  /** For a person, ending with a newline (or empty); `screen` knows width, zone, marks and the present time. */
  readonly text: (screen: Screen) => string;
  /** For `--json`: one object. `bigint` is written as decimal text, `Date` as RFC 3339. */
  readonly json: unknown;
  /** All of it was given to `session.write` already; nothing is added. */
  readonly isWritten?: boolean;
  /** Where the answer itself means something to the caller, as for `wal fetch` and `status`. 0 otherwise. */
  readonly exitCode?: number;
}

/** An example for help and the reference page. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** What {@link defineCommand} takes. */
export interface CommandDefinition<O extends OptionTable, P extends OperandTable> {
  readonly path: readonly string[];
  /** One line, no full stop. */
  readonly summary: string;
  /** A few lines more for its own help. */
  readonly description?: string;
  /** Which settings it reads; `general` ones always. */
  readonly settings: readonly SettingGroup[];
  readonly options?: O;
  readonly operands?: P;
  readonly examples: readonly Example[];
  /** It reads the environment as it is, whatever directory of variables that names; `--env-dir` counts. */
  readonly ownEnvironment?: true;
  /** Who reads the exit code of a failure. An operator, if absent. */
  readonly listener?: Listener;
  readonly run: (given: Given<O, P>, session: Session) => Promise<Answer>;
}

/** A command, as the program handles it. */
export interface Command {
  readonly path: readonly string[];
  readonly summary: string;
  readonly description: string | undefined;
  readonly settings: readonly SettingGroup[];
  readonly options: OptionTable;
  readonly operands: OperandTable;
  readonly examples: readonly Example[];
  readonly ownEnvironment: boolean;
  readonly listener: Listener;
  /** `given` must come from `readGiven` for this very command. */
  readonly run: (given: ReadonlyMap<string, unknown>, session: Session) => Promise<Answer>;
}

/** Commands that an agent runs for callers elsewhere take the settings that say where. */
const CONTROL: readonly SettingGroup[] = ['control'];

/** Makes a command; the types of its options and operands reach `run`. */
export function defineCommand<const O extends OptionTable = {}, const P extends OperandTable = {}>(
  definition: CommandDefinition<O, P>,
): Command {
  const isRelayed = relayedCommand(definition.path) !== undefined;
  return {
    path: definition.path,
    summary: definition.summary,
    description: definition.description,
    settings: [...new Set<SettingGroup>(['general', ...definition.settings, ...(isRelayed ? CONTROL : [])])],
    options: definition.options ?? {},
    operands: definition.operands ?? {},
    examples: definition.examples,
    ownEnvironment: definition.ownEnvironment === true,
    listener: definition.listener ?? 'operator',
    // The parser fills exactly the keys of this command's two tables, each by its own `read`: the one place where that
    // agreement is beyond the type system.
    run: (given, session) => definition.run(Object.fromEntries(given) as Given<O, P>, session),
  };
}
