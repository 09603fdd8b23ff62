/**
 * The commands that start and stop the live server: those the operator uses, so that whatever supervises it agrees.
 *
 * A command is an argument list, never a shell line. `{dataDirectory}`, `{bin}` and `{logFile}` inside a word are replaced;
 * a word that is exactly `{options}` becomes the server options as one word (`pg_ctl -o`).
 *
 * @module
 */

import { join } from 'node:path';

import { Failure } from '../base/failure.ts';
import { quoteForShell } from './run-program.ts';

/** Which built-in templates to use. */
export type ServerCommandsSetting =
  | { readonly kind: 'pg_ctl' }
  | { readonly kind: 'systemctl'; readonly unit: string }
  | { readonly kind: 'pg_ctlcluster'; readonly major: number; readonly cluster: string }
  | {
      readonly kind: 'custom';
      readonly start: readonly string[];
      readonly stop: readonly string[];
      readonly status?: readonly string[];
    };

/** The three commands, as templates. `status` exits 0 when the server runs; without it, `postmaster.pid` alone is asked. */
export interface ServerCommands {
  readonly start: readonly string[];
  readonly stop: readonly string[];
  readonly status?: readonly string[];
}

/** What the placeholders stand for. */
export interface ServerCommandValues {
  readonly dataDirectory: string;
  readonly bin: string;
  readonly logFile: string;
  /** Server options, each a word of its own. */
  readonly options: readonly string[];
}

const PG_CTL = join('{bin}', 'pg_ctl');

/**
 * The templates of a kind. Every stop is a fast shutdown, which writes a checkpoint and archives the rest; none is ever
 * `immediate`. Waiting for the end is ours, so `pg_ctl stop` returns at once.
 */
export function serverCommands(setting: ServerCommandsSetting): ServerCommands {
  switch (setting.kind) {
    case 'pg_ctl':
      return {
        start: [PG_CTL, '-D', '{dataDirectory}', '-l', '{logFile}', '-W', '-o', '{options}', 'start'],
        stop: [PG_CTL, '-D', '{dataDirectory}', '-m', 'fast', '-W', 'stop'],
        status: [PG_CTL, '-D', '{dataDirectory}', 'status'],
      };
    case 'systemctl':
      return {
        start: ['systemctl', 'start', setting.unit],
        stop: ['systemctl', 'stop', setting.unit],
        status: ['systemctl', 'is-active', '--quiet', setting.unit],
      };
    case 'pg_ctlcluster': {
      const cluster = [String(setting.major), setting.cluster];
      return {
        start: ['pg_ctlcluster', ...cluster, 'start'],
        stop: ['pg_ctlcluster', ...cluster, 'stop', '-m', 'fast'],
        status: ['pg_ctlcluster', ...cluster, 'status'],
      };
    }
    case 'custom':
      return {
        start: checkTemplate('start', setting.start),
        stop: checkTemplate('stop', setting.stop),
        ...(setting.status === undefined ? {} : { status: checkTemplate('status', setting.status) }),
      };
  }
}

const PLACEHOLDER = /\{(\w+)\}/g;
const KNOWN = new Set(['dataDirectory', 'bin', 'logFile', 'options']);

function checkTemplate(name: string, template: readonly string[]): readonly string[] {
  const unknown = template
    .flatMap((word) => [...word.matchAll(PLACEHOLDER)])
    .find((match) => !KNOWN.has(match[1] ?? ''));
  if (template.length > 0 && template[0] !== '' && unknown === undefined) return template;
  throw new Failure('usage', {
    message:
      unknown === undefined
        ? `cannot use the ${name} command: it is empty`
        : `cannot use the ${name} command: ${unknown[0]} is no placeholder`,
    remedy: 'Give a program and its arguments; {dataDirectory}, {bin}, {logFile} and {options} are filled in.',
  });
}

/** A template with its placeholders filled in: what is run. */
export function fillCommand(template: readonly string[], values: ServerCommandValues): string[] {
  const texts: Readonly<Record<string, string>> = {
    dataDirectory: values.dataDirectory,
    bin: values.bin,
    logFile: values.logFile,
    options: values.options.map(quoteForShell).join(' '),
  };
  return template.map((word) => word.replaceAll(PLACEHOLDER, (whole, name: string) => texts[name] ?? whole));
}
