/**
 * One process at a time, by a folder: making a folder succeeds for exactly one of any number of processes.
 *
 * A holder that died is noticed by its process id, and its lock taken over. Synchronous, as installing is.
 *
 * @module
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const POLL_MS = 100;
/** A folder with no owner in it after this long was left by a process that died between two calls. */
const OWNERLESS_MS = 10_000;

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Makes the folder; false if it is there already. */
function claim(folder) {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function ageMs(folder) {
  try {
    return Date.now() - statSync(folder).mtimeMs;
  } catch {
    return 0;
  }
}

function ownerOf(lock) {
  try {
    return Number(readFileSync(join(lock, 'owner'), 'utf8'));
  } catch {
    return undefined;
  }
}

/** True if a process with this id exists. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function isAbandoned(lock) {
  const owner = ownerOf(lock);
  return owner === undefined ? ageMs(lock) > OWNERLESS_MS : !isAlive(owner);
}

/** Removes an abandoned lock. Done under a second folder, so that no two processes remove one after another and the later one a new lock. */
function clearAbandoned(lock) {
  const broom = `${lock}.clearing`;
  if (!claim(broom)) {
    if (ageMs(broom) > OWNERLESS_MS) rmSync(broom, { recursive: true, force: true });
    return;
  }
  if (isAbandoned(lock)) rmSync(lock, { recursive: true, force: true });
  rmSync(broom, { recursive: true, force: true });
}

/**
 * Runs `work` while holding the lock folder, waiting for whoever holds it.
 *
 * @template T
 * @param {string} lock a folder that does not exist while nobody holds it
 * @param {() => T} work
 * @param {(owner: number | undefined) => void} onWait called once, if somebody else holds it
 * @returns {T}
 */
export function withLock(lock, work, onWait = () => {}) {
  mkdirSync(dirname(lock), { recursive: true });
  let hasWaited = false;
  while (!claim(lock)) {
    if (!hasWaited) onWait(ownerOf(lock));
    hasWaited = true;
    if (isAbandoned(lock)) clearAbandoned(lock);
    else sleep(POLL_MS);
  }
  try {
    writeFileSync(join(lock, 'owner'), String(process.pid));
    return work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
