/**
 * Builds the image from its context, with any engine that takes a Containerfile.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from '../toolchain.mjs';

/** A program that builds and runs images, and the environment by which it finds its store. */
export interface Engine {
  readonly program: 'podman' | 'docker';
  readonly environment: Readonly<Record<string, string>>;
}

/** What is to be built. */
export interface ImageBuild {
  readonly engine: Engine;
  readonly context: string;
  readonly tag: string;
  /** `POSTGRES_MAJORS=17` … */
  readonly buildArguments: readonly string[];
  /** The base is in the store already, and no other may be asked for. */
  readonly hasLocalBase: boolean;
  readonly usesCache: boolean;
}

/** The first engine on the PATH; podman speaks to CONTAINER_HOST where that is set. */
export function findEngine(): Engine | undefined {
  for (const program of ['podman', 'docker'] as const)
    if (spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0) return { program, environment: {} };
  return undefined;
}

/** Seconds since 1970 that the build gives to everything it writes: of the commit that is built. */
function sourceDateEpoch(): string | undefined {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) return given;
  const { status, stdout } = spawnSync('git', ['-c', `safe.directory=${ROOT}`, 'log', '-1', '--format=%ct'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : undefined;
}

/** Certificates of a proxy that ends TLS, as pip and curl are told of them. */
function certificates(): string | undefined {
  const file = process.env['PIP_CERT'] ?? process.env['SSL_CERT_FILE'];
  return file !== undefined && existsSync(file) ? file : undefined;
}

/** The words after `podman` or `docker`. */
function buildWords({ engine, context, tag, buildArguments, hasLocalBase, usesCache }: ImageBuild): string[] {
  const words = ['build', '--file', join(context, 'Containerfile'), '--tag', tag];
  const epoch = sourceDateEpoch();
  const given = epoch === undefined ? buildArguments : [`SOURCE_DATE_EPOCH=${epoch}`, ...buildArguments];
  for (const one of given) words.push('--build-arg', one);
  const file = certificates();
  if (file !== undefined) words.push('--secret', `id=ca,src=${file}`);
  if (engine.program === 'podman' && epoch !== undefined) words.push('--timestamp', epoch);
  if (engine.program === 'podman' && usesCache) words.push('--layers');
  if (hasLocalBase) words.push('--pull=never', '--network=host');
  if (!usesCache) words.push('--no-cache');
  return [...words, context];
}

/** Builds, and shows what the engine says; its exit code. */
export function buildImage(build: ImageBuild): number {
  const { status } = spawnSync(build.engine.program, buildWords(build), {
    env: { ...process.env, ...build.engine.environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status ?? 70;
}
