import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Proof, ProofRun } from '../proof.ts';

import { findProofs } from './find-proofs.ts';
import { prove } from './prove.ts';

const PAGE = '# Proofs\n\n| proof | seeds | count | holds | figure | date |\n|---|---|---|---|---|---|\n';

let folder: string;
let page: string;
let progress: string[];
let figures: string[];
let runs: Pick<ProofRun, 'seed' | 'count'>[];
let clockMs: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-prove-'));
  page = join(folder, 'proofs.md');
  await writeFile(page, PAGE);
  [progress, figures, runs, clockMs] = [[], [], [], Date.parse('2026-03-03T12:00:00Z')];
});

afterEach(() => rm(folder, { recursive: true }));

describe('npm run prove', () => {
  it('lists the proofs with what they show', async () => {
    expect(await run([], proofNamed('kills'), proofNamed('outage'))).toBe(0);
    expect(figures).toEqual(['kills   kills is shown (default count 3)', 'outage  outage is shown (default count 3)']);
  });

  it('runs one from the seed asked for and prints its figure last, exit 0', async () => {
    expect(await run(['kills', '--seed', '11', '--count', '20'], proofNamed('kills'))).toBe(0);
    expect(runs).toEqual([{ seed: 11, count: 20 }]);
    expect(figures).toEqual(['kills: holds: 20 cases (seeds 11 to 30)']);
    expect(progress).toContain('kills: a line');
  });

  it('runs the default count from seed 1 when nothing is asked', async () => {
    await run(['kills'], proofNamed('kills'));
    expect(runs).toEqual([{ seed: 1, count: 3 }]);
  });

  it('exits 1 for a claim that does not hold', async () => {
    expect(await run(['kills'], proofNamed('kills', { holds: false }))).toBe(1);
    expect(figures).toEqual(['kills: DOES NOT HOLD: 3 cases (seeds 1 to 3)']);
  });

  it('exits 1 for a proof that throws, and still prints a figure', async () => {
    const throwing: Proof = { ...proofNamed('kills'), run: () => Promise.reject(new Error('no server')) };
    expect(await run(['kills'], throwing)).toBe(1);
    expect(figures).toEqual(['kills: DOES NOT HOLD: ended with an error: no server (seeds 1 to 3)']);
  });

  it('runs all, going on after one that does not hold, and names it', async () => {
    expect(await run(['all'], proofNamed('kills', { holds: false }), proofNamed('outage'))).toBe(1);
    expect(figures.at(-1)).toBe('all: 1 of 2 hold; not kills');
  });

  it.each([
    ['containers', 'containers: 1 of 1 hold'],
    ['namespaces', 'namespaces: 1 of 1 hold'],
    ['servers', 'servers: 1 of 2 hold; not kills'],
  ])('runs the proofs of the group %s', async (group, figure) => {
    const proofs = [proofNamed('kills', { holds: false }), proofNamed('outage')];
    const grouped = (['containers', 'namespaces'] as const).map((one) => ({ ...proofNamed(one), group: one }));
    await run([group], ...proofs, ...grouped);
    expect(figures.at(-1)).toBe(figure);
  });

  it('runs one that only few machines can run by its name, and with no group', async () => {
    const rare: Proof = { ...proofNamed('rare'), onlyByName: true };
    await run(['all'], proofNamed('kills'), rare);
    expect(figures.at(-1)).toBe('all: 1 of 1 hold');
    await run(['rare'], proofNamed('kills'), rare);
    expect(figures.at(-1)).toBe('rare: holds: 3 cases (seeds 1 to 3)');
  });

  it('says so when a default count takes more than 15 seconds', async () => {
    await run(['kills'], proofNamed('kills', { takesMs: 15_001 }));
    expect(progress.join('\n')).toContain('TOO SLOW');
  });

  it('allows more time to a group, which has another beside it', async () => {
    await run(['servers'], proofNamed('kills', { takesMs: 40_000 }));
    expect(progress.join('\n')).not.toContain('TOO SLOW');
    await run(['servers'], proofNamed('kills', { takesMs: 50_000 }));
    expect(progress.join('\n')).toContain('TOO SLOW');
  });

  it('takes the time that a proof says it needs', async () => {
    const building: Proof = { ...proofNamed('kills', { takesMs: 60_000 }), budgetMs: 60_000 };
    await run(['kills'], building);
    expect(progress.join('\n')).not.toContain('TOO SLOW');
  });

  it('allows any time to a count that was asked for', async () => {
    await run(['kills', '--count', '3'], proofNamed('kills', { takesMs: 15_001 }));
    expect(progress.join('\n')).not.toContain('TOO SLOW');
  });

  it.each([
    [['nosuch'], 'no proof named "nosuch"; there is kills'],
    [['kills', 'outage'], 'one proof at a time'],
    [['kills', '--count', '0'], '--count takes a whole number of 1 or more, not "0"'],
    [['kills', '--seed', '1.5'], '--seed takes a whole number of 0 or more, not "1.5"'],
    [['kills', '--cuont', '5'], "'--cuont'"],
    [['--seed', '1'], 'need the name of a proof'],
    [['all', '--record', '--seed', '-1'], "'--seed"],
  ])('refuses %j with exit 64', async (args, message) => {
    expect(await run(args, proofNamed('kills'))).toBe(64);
    expect(progress.join('\n')).toContain(message);
    expect(runs).toEqual([]);
  });
});

describe('npm run prove -- --record', () => {
  it('appends one row a run to the table', async () => {
    await run(['kills', '--record'], proofNamed('kills'));
    await run(['kills', '--seed', '4', '--record'], proofNamed('kills', { holds: false, figure: 'a | b' }));
    expect(await readFile(page, 'utf8')).toBe(
      `${PAGE}| kills | 1–3 | 3 | yes | 3 cases | 2026-03-03 |\n| kills | 4–6 | 3 | **no** | a \\| b | 2026-03-03 |\n`,
    );
  });

  it('refuses a page that does not end with the table', async () => {
    await writeFile(page, `${PAGE}\nmore words\n`);
    await expect(run(['kills', '--record'], proofNamed('kills'))).rejects.toThrow('does not end with the table');
  });
});

describe('the proofs of a folder', () => {
  it('are its files other than main.ts and proof.ts and tests, by name', async () => {
    await writeProof('outage.ts', 'outage');
    await writeProof('kills.ts', 'kills');
    for (const other of ['main.ts', 'proof.ts', 'kills.test.ts']) await writeFile(join(folder, other), 'throw 1;\n');
    expect((await findProofs(folder)).map((proof) => proof.name)).toEqual(['kills', 'outage']);
  });

  it('are refused when a file exports none', async () => {
    await writeFile(join(folder, 'shared.ts'), 'export const other = 1;\n');
    await expect(findProofs(folder)).rejects.toThrow('shared.ts exports no proof');
  });

  it('are refused when the name is not the file’s', async () => {
    await writeProof('kills.ts', 'kill');
    await expect(findProofs(folder)).rejects.toThrow('exports a proof named "kill"');
  });
});

function run(args: readonly string[], ...proofs: readonly Proof[]): Promise<number> {
  const output = {
    progress: (line: string) => void progress.push(line),
    figure: (line: string) => void figures.push(line),
    nowMs: () => clockMs,
  };
  return prove(args, { proofs, page, output });
}

function proofNamed(name: string, outcome: { holds?: boolean; takesMs?: number; figure?: string } = {}): Proof {
  return {
    name,
    shows: `${name} is shown`,
    defaultCount: 3,
    run: async ({ seed, count, log }) => {
      log('a line');
      runs.push({ seed, count });
      clockMs += outcome.takesMs ?? 0;
      return { holds: outcome.holds ?? true, figure: outcome.figure ?? `${count} cases` };
    },
  };
}

function writeProof(file: string, name: string): Promise<void> {
  const text = `export const proof = { name: '${name}', shows: 's', defaultCount: 1, run: async () => ({ holds: true, figure: 'f' }) };\n`;
  return writeFile(join(folder, file), text);
}
