/**
 * The bed: a real Kubernetes of one node that tests work in. It is root who starts one (`scripts/run.mjs` for tasks that need
 * it, or `up.sh`); a test finds it by BED_STATE.
 *
 * Addresses are fixed, so one bed runs at a time, and files that run together share it: each works in namespaces of its own.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { cacheFolder } from '../programs.ts';
import { importImage } from './images.ts';
import { makeNamespace, type NamespaceOptions, type TestNamespace } from './namespace.ts';

/** The machine's end of the bed's only link: a server that listens here is reached from pods. */
export const HOST_ADDRESS = '10.123.0.1';

/** A bed that answers. Disposing leaves it as it is: whoever started it ends it. */
export interface Bed extends AsyncDisposable {
  /** What `up.sh` was given. */
  readonly state: string;
  /** Of an administrator of the whole cluster. */
  readonly kubeconfig: string;
  /** The folder with `kubectl` and `helm`. */
  readonly programs: string;
  /** Runs kubectl as administrator; what it printed. `input` is its standard input. @throws with both outputs if it fails. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Runs helm as administrator, with a home of its own. */
  helm(args: readonly string[]): Promise<string>;
  /** Creates or changes objects, given as YAML or as values. */
  apply(objects: string | readonly object[]): Promise<void>;
  /** An object, or a list of some, as JSON. */
  get(...args: readonly string[]): Promise<Record<string, unknown>>;
  /** Makes a namespace as OpenShift makes a project. */
  namespace(prefix: string, options?: NamespaceOptions): Promise<TestNamespace>;
  /** Hands an archive of images (`podman save`) to containerd. */
  importImage(archive: string): Promise<void>;
}

/** Runs a program to its end; its standard output alone. @throws with everything it printed if it fails. */
async function runWithInput(
  file: string,
  args: readonly string[],
  { input = '', environment = {} }: { input?: string; environment?: Record<string, string> },
): Promise<string> {
  const child = spawn(file, args, { env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  // A program that ends without reading its input closes the pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const { promise, resolve, reject } = Promise.withResolvers<number | string>();
  child.on('error', reject);
  child.on('close', (code, signal) => resolve(code ?? signal ?? 'nothing'));
  const ended = await promise;
  const text = Buffer.concat(output).toString();
  if (ended === 0) return text;
  throw new Error(`${file} ${args.join(' ')} ended with ${ended}:\n${text}${Buffer.concat(errors).toString()}`);
}

function bedOf(state: string): Bed {
  const programs = process.env['BED_PROGRAMS'] ?? join(dirname(cacheFolder()), 'kubernetes', 'bin');
  const kubeconfig = join(state, 'pki', 'admin.conf');
  const home = join(state, 'helm');
  const environment = {
    KUBECONFIG: kubeconfig,
    HELM_CACHE_HOME: join(home, 'cache'),
    HELM_CONFIG_HOME: join(home, 'config'),
    HELM_DATA_HOME: join(home, 'data'),
  };
  const kubectl = (args: readonly string[], input?: string): Promise<string> =>
    runWithInput(join(programs, 'kubectl'), args, { environment, ...(input === undefined ? {} : { input }) });
  const bed: Bed = {
    state,
    kubeconfig,
    programs,
    kubectl,
    helm: (args) => runWithInput(join(programs, 'helm'), args, { environment }),
    apply: async (objects) => {
      const text = typeof objects === 'string' ? objects : objects.map((one) => JSON.stringify(one)).join('\n---\n');
      await kubectl(['apply', '--server-side', '--force-conflicts', '--filename', '-'], text);
    },
    get: async (...args) => {
      const found: unknown = JSON.parse(await kubectl(['get', '--output', 'json', ...args]));
      if (typeof found !== 'object' || found === null)
        throw new Error(`kubectl get ${args.join(' ')} answered no object`);
      return { ...found };
    },
    namespace: (prefix, options) => makeNamespace(bed, prefix, options),
    importImage: (archive) => importImage(state, archive),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return bed;
}

/** The bed. `undefined`, and said so, where none runs: the tests are then skipped. */
export async function startBed(): Promise<Bed | undefined> {
  const state = process.env['BED_STATE'];
  if (state === undefined) {
    process.stderr.write('SKIPPED: tests on a real Kubernetes, since no bed runs (BED_STATE is not set)\n');
    return undefined;
  }
  if (!existsSync(join(state, 'pki', 'admin.conf'))) throw new Error(`there is no bed in ${state}`);
  const bed = bedOf(state);
  await bed.kubectl(['get', '--raw', '/readyz']);
  return bed;
}
