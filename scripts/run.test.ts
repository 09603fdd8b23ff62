import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import manifest from '../package.json' with { type: 'json' };
import pins from './toolchain-integrity.json' with { type: 'json' };
import { MISSING_MAJORS, POSTGRES_VERSIONS } from './toolchain.mjs';

const ROOT = join(import.meta.dirname, '..');
const SCRIPTS = Object.entries(manifest.scripts);

function run(...args: readonly string[]) {
  return spawnSync(process.execPath, [join(ROOT, 'scripts/run.mjs'), ...args], { encoding: 'utf8' });
}

describe('the entry of the npm scripts', () => {
  it('answers a task that it does not know with 64 and those it does', () => {
    const { status, stderr } = run('constructor');
    expect(status).toBe(64);
    expect(stderr).toContain('usage: node scripts/run.mjs setup|setup:kubernetes|demo|ok|test|');
  });

  it('knows the task of every npm script, by the same name', () => {
    const tasks = run().stderr.match(/[\w:]+(?=[| ])/g);
    for (const [name, line] of SCRIPTS) {
      expect(line).toBe(`node scripts/run.mjs ${name}`);
      expect(tasks).toContain(name);
    }
  });

  it('passes on the exit code of what it runs', () => {
    expect(run('exec', 'node', '-e', 'process.exit(23)').status).toBe(23);
  });

  it('runs it as an ordinary user, on the Node that is pinned', () => {
    const { stdout } = run('exec', 'node', '-p', '`${process.getuid() > 0} ${process.version}`');
    expect(stdout.trim()).toBe(`true v${pins['linux-x64'].node.version}`);
  });
});

describe('the Makefile', () => {
  it('calls npm scripts that exist', () => {
    const text = readFileSync(join(ROOT, 'Makefile'), 'utf8');
    const called = Array.from(text.matchAll(/npm run --silent ([\w:]+)/g), (match) => match[1]);
    expect(called.length).toBeGreaterThan(10);
    expect(SCRIPTS.map(([name]) => name)).toEqual(expect.arrayContaining(called));
  });
});

describe('the pinned tools', () => {
  it('have one version for all platforms, and a sha512 each', () => {
    const versions = new Map<string, string>();
    for (const [name, tool] of Object.values(pins).flatMap((platform) => Object.entries(platform))) {
      expect(tool.integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
      expect(versions.get(name) ?? tool.version).toBe(tool.version);
      versions.set(name, tool.version);
    }
    expect([...versions.keys()].toSorted()).toEqual(
      ['node', ...[14, 15, 16, 17, 18].map((major) => `postgres-${major}`)].toSorted(),
    );
  });

  it('are a server of each major, or a major that is said to be missing', () => {
    const majors = [...Object.keys(POSTGRES_VERSIONS).map(Number), ...MISSING_MAJORS];
    expect(majors.toSorted((a, b) => a - b)).toEqual([14, 15, 16, 17, 18]);
  });
});
