/**
 * What the charts render, as values.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { parseAllDocuments } from 'yaml';

import { cacheFolder } from '../programs.ts';
import type { Bed } from './bed.ts';

const run = promisify(execFile);

const HELM = join(import.meta.dirname, '../../../deploy/helm');
export const PATRONI = join(HELM, 'patroni');
export const CAS_POSTGRES = join(HELM, 'cas-postgres');

/** One object. */
export interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  // oxlint-disable-next-line typescript/no-explicit-any -- objects of any kind, looked into by tests
  readonly [member: string]: any;
}

/** `--set` for each. */
export function set(...values: readonly string[]): string[] {
  return values.flatMap((value) => ['--set', value]);
}

/** helm without a Kubernetes. `undefined`, and said so, where it has not been built. */
export function helmAlone(): Pick<Bed, 'helm'> | undefined {
  const helm = join(process.env['BED_PROGRAMS'] ?? join(dirname(cacheFolder()), 'kubernetes', 'bin'), 'helm');
  if (existsSync(helm)) return { helm: async (args) => (await run(helm, args)).stdout };
  process.stderr.write(`SKIPPED: tests of what charts render, since there is no ${helm} (make a bed once)\n`);
  return undefined;
}

/** The objects of the release `shop` in the namespace `dev`. @throws what helm says of values that it refuses. */
export async function renderChart(
  bed: Pick<Bed, 'helm'>,
  chart: string,
  flags: readonly string[],
): Promise<readonly Rendered[]> {
  const words = ['template', 'shop', chart, '--namespace', 'dev', '--kube-version', '1.36.0', ...flags];
  const documents = parseAllDocuments(await bed.helm(words));
  return documents.map((one): Rendered => one.toJS()).filter((one) => one !== null);
}
