/**
 * Where tests and proofs put what they make: in memory, where the machine has enough of it. They start some hundred
 * database servers, each of which writes files and has them on disk before it goes on; in memory that is a fifth of the time
 * and half of the processors' work. `TMPDIR` names another place, and is then used as it is.
 *
 * Plain JavaScript, built-in modules only, as all that runs before the project's own Node is there.
 *
 * @module
 */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

import { isAlive } from './lock.mjs';

const MEMORY = '/dev/shm';
const PREFIX = 'walkback-tests-';
const OF_PROCESS = new RegExp(`^${PREFIX}(\\d+)-`);
const GIB = 2 ** 30;
/** So much must be free of both: the longest proofs write some GiB. */
const NEEDED_BYTES = 12 * GIB;

function availableBytes() {
  const { bavail, bsize } = statfsSync(MEMORY);
  const [, kib = '0'] = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return Math.min(bavail * bsize, Number(kib) * 1024);
}

/** Tests write programs and run them; some containers forbid that there. */
function mayRunPrograms() {
  return /^\S+ \/dev\/shm \S+ \S+/m.exec(readFileSync('/proc/mounts', 'utf8'))?.[0].includes('noexec') === false;
}

/** What killed runs have left, which would be kept in memory until the machine starts anew. */
function removeLeftOvers() {
  for (const name of readdirSync(MEMORY)) {
    const [, pid] = OF_PROCESS.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(MEMORY, name), { recursive: true, force: true });
  }
}

/** @returns {{ environment: Record<string, string>, close: () => void }} where to put them, and what removes it all. */
export function temporaryFolder() {
  const none = { environment: {}, close: () => {} };
  if (process.env.TMPDIR !== undefined) return none;
  try {
    removeLeftOvers();
    if (availableBytes() < NEEDED_BYTES || !mayRunPrograms()) return none;
    const folder = mkdtempSync(join(MEMORY, `${PREFIX}${process.pid}-`));
    // Whoever the task goes on as.
    chmodSync(folder, 0o1777);
    return { environment: { TMPDIR: folder }, close: () => rmSync(folder, { recursive: true, force: true }) };
  } catch {
    // No such place, or none that this user may write: the system's own is used.
    return none;
  }
}
