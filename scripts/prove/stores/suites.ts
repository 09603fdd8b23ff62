/**
 * The stores, each with the tests that run its contract and its faults on a real server. The quick ones stand first.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One file of tests, on one store. */
export interface StoreSuite {
  readonly store: string;
  readonly project: 'unit' | 'extra';
  readonly file: string;
}

/** All suites. */
export const SUITES: readonly StoreSuite[] = [
  { store: 'a folder', project: 'unit', file: 'src/storage/file/file-store.test.ts' },
  { store: 'tokens of Google (fake-gcs-server)', project: 'extra', file: 'tests/objectstore/gcs-credentials.test.ts' },
  { store: 'tokens of Azure', project: 'unit', file: 'src/storage/azure/token-source.test.ts' },
  { store: 'failing tokens of Azure', project: 'unit', file: 'src/storage/azure/token-failure.test.ts' },
  { store: 'the region of a bucket of S3', project: 'extra', file: 'tests/objectstore/s3-region.test.ts' },
  { store: 'ways to S3 (MinIO)', project: 'extra', file: 'tests/objectstore/s3-access.test.ts' },
  { store: "a pod's token for S3 (MinIO)", project: 'extra', file: 'tests/objectstore/s3-web-identity.test.ts' },
  { store: 'versions in S3 (MinIO)', project: 'extra', file: 'tests/objectstore/s3-versions.test.ts' },
  { store: 'SFTP (OpenSSH)', project: 'extra', file: 'tests/objectstore/ssh.test.ts' },
  { store: 'S3 (versitygw)', project: 'extra', file: 'tests/objectstore/versitygw.test.ts' },
  { store: 'Google Cloud Storage (fake-gcs-server)', project: 'extra', file: 'tests/objectstore/gcs.test.ts' },
  { store: 'Azure (azurite)', project: 'extra', file: 'tests/objectstore/azure.test.ts' },
  { store: 'S3 (MinIO)', project: 'extra', file: 'tests/objectstore/s3.test.ts' },
  { store: 'faults of S3 (MinIO)', project: 'extra', file: 'tests/objectstore/s3-faults.test.ts' },
  {
    store: 'faults of Google Cloud Storage (fake-gcs-server)',
    project: 'extra',
    file: 'tests/objectstore/gcs-faults.test.ts',
  },
  { store: 'faults of Azure (azurite)', project: 'extra', file: 'tests/objectstore/azure-faults.test.ts' },
];

/** How a suite came out. */
export interface SuiteOutcome {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: number;
}

const ROOT = join(import.meta.dirname, '..', '..', '..');

function count(report: object, name: string): number {
  const value: unknown = Reflect.get(report, name);
  return typeof value === 'number' ? value : 0;
}

function failedNames(report: object): string[] {
  const files: unknown = Reflect.get(report, 'testResults');
  const tests = Array.isArray(files)
    ? files.flatMap((file: { assertionResults?: unknown }) => file.assertionResults)
    : [];
  return tests
    .filter((test: unknown): test is { status: string; fullName: string } => typeof test === 'object' && test !== null)
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => fullName);
}

/** Runs a suite with vitest. @throws if it left no report. */
export async function runSuite({ project, file }: StoreSuite): Promise<SuiteOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'walkback-suite-'));
  const path = join(folder, 'report.json');
  try {
    const options = [
      'run',
      '--configLoader',
      'native',
      '--project',
      project,
      '--reporter=json',
      `--outputFile=${path}`,
    ];
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const child = spawn(process.execPath, [vitest, ...options, file], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await once(child, 'exit');
    if (!existsSync(path)) throw new Error(`the tests in ${file} left no report`);
    const report: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof report !== 'object' || report === null) throw new Error(`the report of ${file} is none`);
    const failed = failedNames(report);
    const isWhole = Reflect.get(report, 'success') === true || failed.length > 0;
    return {
      passed: count(report, 'numPassedTests'),
      failed: isWhole ? failed : [`${file} did not run to its end`],
      skipped: count(report, 'numPendingTests'),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
