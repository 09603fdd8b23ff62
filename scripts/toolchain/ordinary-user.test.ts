import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { asOrdinaryUser } from './ordinary-user.mjs';

const MODULE = join(import.meta.dirname, 'ordinary-user.mjs');
const ROOT = join(import.meta.dirname, '../..');
const AS_ROOT = ['--user', '--map-root-user'];

const canBeRoot = spawnSync('unshare', [...AS_ROOT, 'true']).status === 0;
if (!canBeRoot) process.stderr.write('SKIPPED: what root does: there are no user namespaces here\n');

describe('a line of an ordinary user', () => {
  it('stays as it is', () => {
    const asked = asOrdinaryUser(['postgres', '-V'], { root: ROOT, node: process.execPath });
    expect(asked).toEqual({ line: ['postgres', '-V'], options: {}, environment: {} });
  });
});

describe.skipIf(!canBeRoot)('a line of root', () => {
  it('runs in a user namespace as user 1000', () => {
    const asked = askedByRoot(`['id', '-u'], { root, node }`);
    expect(asked.line.slice(-2)).toEqual(['id', '-u']);
    const { stdout } = spawnSync('unshare', [...AS_ROOT, ...asked.line], { encoding: 'utf8' });
    expect(stdout.trim()).toBe('1000');
  });

  it('is refused with what to do when there is neither a namespace nor a user that can read the tree', () => {
    expect(askedByRoot(`['id'], { root, node, mayUnshare: false }`).message).toMatch(
      /user "nobody" cannot read .*\nRun this as an ordinary user, or move the folder/,
    );
  });
});

/** What `asOrdinaryUser` answers, or its message, in a process that is root of a namespace in which there is no `nobody`. */
function askedByRoot(call: string): { line: string[]; message: string } {
  const script = `
    import { asOrdinaryUser } from ${JSON.stringify(MODULE)};
    const [root, node] = [${JSON.stringify(ROOT)}, process.execPath];
    let answer;
    try { answer = asOrdinaryUser(${call}); } catch (error) { answer = { line: [], message: error.message }; }
    process.stdout.write(JSON.stringify(answer));`;
  const { stdout } = spawnSync('unshare', [...AS_ROOT, process.execPath, '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  return JSON.parse(stdout);
}
