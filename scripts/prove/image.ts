/**
 * The image: built of this checkout from Debian's packages, and run as OpenShift would.
 *
 * Seed `s` is one of four cases: a server of each major, started as a user that was made up (another for each seed); root; and the
 * image built again without anything of before, which must be the same bytes. Each run builds the image first.
 *
 * @module
 */

import { podman } from '../../tests/support/containers.ts';
import { runHealthy, runRefusal } from './image/run-image.ts';
import { buildTestImage, testImage, type TestImage } from './image/test-image.ts';
import type { Proof, ProofRun } from './proof.ts';

const AGAIN = 'localhost/walkback:prove-again';

async function inspect(tag: string, format: string): Promise<string> {
  return (await podman('image', 'inspect', '--format', format, tag)).trim();
}

async function buildAgain(image: TestImage): Promise<readonly string[]> {
  await buildTestImage(AGAIN, false);
  const [first, second] = [await inspect(image.tag, '{{.Id}}'), await inspect(AGAIN, '{{.Id}}')];
  return first === second ? [] : [`built again, the image is ${second} and not ${first}`];
}

interface Totals {
  readonly startedMs: number[];
  wrong: number;
}

async function runCase(image: TestImage, seed: number, totals: Totals): Promise<string> {
  switch (seed % 4) {
    case 0:
      return `built again: ${tell(await buildAgain(image), totals)}`;
    case 1:
      return `root: ${tell(await runRefusal(image), totals)}`;
    default: {
      const { problems, startedMs, text } = await runHealthy(image, seed);
      totals.startedMs.push(startedMs);
      return `${text}: ready after ${(startedMs / 1000).toFixed(1)} s: ${tell(problems, totals)}`;
    }
  }
}

function tell(problems: readonly string[], totals: Totals): string {
  if (problems.length > 0) totals.wrong += 1;
  return problems.length === 0 ? 'as it must be' : problems.join('; ');
}

async function figureOf(image: TestImage, count: number, totals: Totals): Promise<string> {
  const sizeMb = Number(await inspect(image.tag, '{{.Size}}')) / 1e6;
  const seconds = totals.startedMs.map((ms) => (ms / 1000).toFixed(1)).join(', ');
  const started = seconds === '' ? '' : `, ready after ${seconds} s`;
  return `${sizeMb.toFixed(0)} MB, built in ${(image.builtMs / 1000).toFixed(0)} s; ${count} cases${started}: ${totals.wrong} not as they must be`;
}

async function run({ seed, count, log }: ProofRun) {
  const image = await testImage();
  if (typeof image === 'string') {
    log(`SKIPPED: the image: ${image}`);
    return { holds: false, figure: `the image was not built: ${image}` };
  }
  const totals: Totals = { startedMs: [], wrong: 0 };
  for (let one = seed; one < seed + count; one += 1) log(`${one}: ${await runCase(image, one, totals)}`);
  return { holds: totals.wrong === 0, figure: await figureOf(image, count, totals) };
}

/** The proof. */
export const proof: Proof = {
  name: 'image',
  shows:
    'the image builds from packages; as a made-up user, without rights, on a read-only root, its server becomes healthy',
  defaultCount: 2,
  group: 'containers',
  budgetMs: 240_000,
  run,
};
