/**
 * The Patroni of this host: its processes, and the Python that it runs with.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import { Failure } from '../../base/failure.ts';

/** One process of Patroni. As process 1 of a container it has two: it starts itself once more. */
export interface PatroniProcess {
  readonly pid: number;
  /** What it was started with, the interpreter first. */
  readonly argv: readonly string[];
}

/** `python3 /usr/bin/patroni /etc/patroni.yml`, or `python3 -m patroni …`; not patronictl, nor an editor on the file. */
function isPatroni(argv: readonly string[]): boolean {
  const [program = '', script = '', module = ''] = argv;
  const isPython = /^python[\d.]*$/.test(basename(program));
  return isPython && (basename(script) === 'patroni' || (script === '-m' && module === 'patroni'));
}

async function processOf(pid: number, configFile: string): Promise<PatroniProcess | undefined> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const argv = text.split('\0').slice(0, -1);
  if (!isPatroni(argv)) return undefined;
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => '/');
  return argv.slice(2).some((word) => resolve(folder, word) === configFile) ? { pid, argv } : undefined;
}

/** The processes of the Patroni with this configuration file. Empty also where there is no `/proc`. */
export async function patroniProcesses(configFile: string): Promise<PatroniProcess[]> {
  const wanted = resolve(configFile);
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => processOf(pid, wanted)));
  return found.filter((one) => one !== undefined);
}

/** The systemd unit that a process belongs to; `undefined` for none, as in a container. Source: cgroups(7). */
export async function systemdUnitOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  return unitIn(text);
}

/** The unit in the text of a `/proc/PID/cgroup`. */
export function unitIn(cgroup: string): string | undefined {
  return /\/system\.slice\/(?:[^\s/]+\.slice\/)*([^\s/]+\.service)(?:\/|$)/m.exec(cgroup)?.[1];
}

/**
 * The interpreter in the first lines of a Python program: `#!/usr/bin/python3`, `#!/usr/bin/env python3`, or, where that
 * would be too long for the kernel, pip's `#!/bin/sh` with an `exec` behind it.
 */
export function interpreterIn(head: string): readonly string[] | undefined {
  const [first = '', second = ''] = head.split('\n');
  const words = first.startsWith('#!') ? first.slice(2).trim().split(/\s+/) : [];
  const [program = ''] = words;
  if (basename(program) !== 'sh') return program === '' ? undefined : words;
  const quoted = /^'''exec'\s+(?:"([^"]+)"|(\S+))/.exec(second);
  const path = quoted?.[1] ?? quoted?.[2];
  return path === undefined ? undefined : [path];
}

function commandPath(program: string): Promise<string | undefined> {
  return new Promise((answer) => {
    execFile('sh', ['-c', 'command -v "$1"', 'sh', program], (error, output) => {
      answer(error === null && output.startsWith('/') ? output.trim() : undefined);
    });
  });
}

/**
 * The Python that has Patroni's library: that of the Patroni which runs with this configuration file, otherwise that of the
 * `patroni` or `patronictl` on the PATH.
 *
 * @throws {Failure} `usage` if there is neither.
 */
export async function findPatroniPython(configFile: string): Promise<readonly string[]> {
  const [running] = await patroniProcesses(configFile);
  const [program = ''] = running?.argv ?? [];
  if (program.startsWith('/')) return [program];
  for (const name of ['patroni', 'patronictl']) {
    const path = await commandPath(name);
    const head = path === undefined ? '' : (await readFile(path, 'utf8').catch(() => '')).slice(0, 1024);
    const found = interpreterIn(head);
    if (found !== undefined) return found;
  }
  throw new Failure('usage', {
    message: `cannot find the Python of Patroni: none runs with ${configFile}, and the PATH has neither patroni nor patronictl`,
    remedy: 'Put the folder of patronictl on the PATH, or set patroni-python to the interpreter in its first line.',
  });
}
