/**
 * Which cluster is meant, and as whom: kubeconfig files as kubectl and oc read them, or a pod's own service account.
 *
 * Of several files, the first that says something wins, and files that are not there are passed over:
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';

import type { Cluster, Context, User } from '@kubernetes/client-node';
import { parse } from 'yaml';

import { Failure, messageOf } from '../../base/failure.ts';
import { impersonationOf, type Impersonation } from './impersonation.ts';

/** Where kubeconfig is looked for. */
export interface KubeconfigPlace {
  /** A file that must be there (`--kubeconfig`), or a list as in `KUBECONFIG`. `undefined`: the file in the home directory. */
  readonly files?: string;
  readonly home?: string;
}

/** One context, with what it names. */
export interface KubeContext {
  readonly cluster: Cluster;
  readonly user: User;
  readonly context: Context;
  /** Whom the user acts as; absent: as itself. */
  readonly actsAs?: Impersonation;
}

type Fields = Readonly<Record<string, unknown>>;

/** The named entries of a list in a kubeconfig, each with the directory of the file it is in. */
type Named = ReadonlyMap<string, { readonly entry: Fields; readonly directory: string }>;

interface Merged {
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly clusters: Named;
  readonly users: Named;
  readonly contexts: Named;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textAt(entry: Fields | undefined, key: string): string | undefined {
  const value = entry?.[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

async function readFileOf(path: string): Promise<Fields | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
  try {
    const value: unknown = parse(text);
    return isFields(value) ? value : {};
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): Failure {
  return new Failure('usage', {
    message: `cannot read the kubeconfig ${path}: ${messageOf(error)}`,
    remedy: 'Name a kubeconfig that this user may read, with --kubeconfig or KUBECONFIG.',
    cause: error,
  });
}

function addNamed(into: Map<string, { entry: Fields; directory: string }>, list: unknown, key: string, path: string) {
  for (const item of Array.isArray(list) ? list : []) {
    const name = isFields(item) ? textAt(item, 'name') : undefined;
    const entry: unknown = isFields(item) ? item[key] : undefined;
    if (name !== undefined && isFields(entry) && !into.has(name)) into.set(name, { entry, directory: dirname(path) });
  }
}

async function readMerged(paths: readonly string[]): Promise<Merged | undefined> {
  const clusters = new Map<string, { entry: Fields; directory: string }>();
  const users: typeof clusters = new Map();
  const contexts: typeof clusters = new Map();
  const files: string[] = [];
  let currentContext: string | undefined;
  for (const path of paths) {
    const value = await readFileOf(path);
    if (value === undefined) continue;
    files.push(path);
    currentContext ??= textAt(value, 'current-context');
    addNamed(clusters, value['clusters'], 'cluster', path);
    addNamed(users, value['users'], 'user', path);
    addNamed(contexts, value['contexts'], 'context', path);
  }
  return files.length === 0 ? undefined : { files, currentContext, clusters, users, contexts };
}

/** The files that are read, in the order in which they win. */
function pathsOf({ files, home }: KubeconfigPlace): string[] {
  if (files !== undefined) return files.split(delimiter).filter((path) => path !== '');
  return home === undefined ? [] : [join(home, '.kube', 'config')];
}

function beside(directory: string, path: string | undefined): string | undefined {
  return path === undefined || isAbsolute(path) ? path : join(directory, path);
}

/** `undefined` values left out. */
function present<T extends Record<string, unknown>>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fromEntries forgets the keys
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

function clusterOf(name: string, entry: Fields, directory: string, files: readonly string[]): Cluster {
  const server = textAt(entry, 'server');
  if (server === undefined) throw notThere(`the cluster "${name}" has no server`, files);
  return present({
    name,
    server: server.replace(/\/$/, ''),
    caData: textAt(entry, 'certificate-authority-data'),
    caFile: beside(directory, textAt(entry, 'certificate-authority')),
    skipTLSVerify: entry['insecure-skip-tls-verify'] === true,
    tlsServerName: textAt(entry, 'tls-server-name'),
    proxyUrl: textAt(entry, 'proxy-url'),
  });
}

/** An exec plugin is a path beside the file if it has a separator, and a name to look for otherwise. */
function pluginOf(plugin: unknown, directory: string): unknown {
  if (!isFields(plugin)) return undefined;
  const command = textAt(plugin, 'command') ?? '';
  return command.includes('/') && !isAbsolute(command) ? { ...plugin, command: join(directory, command) } : plugin;
}

async function userOf(name: string, entry: Fields, directory: string): Promise<User> {
  const tokenFile = beside(directory, textAt(entry, 'tokenFile'));
  const token = tokenFile === undefined ? textAt(entry, 'token') : (await readFile(tokenFile, 'utf8')).trim();
  return present({
    name,
    token,
    certData: textAt(entry, 'client-certificate-data'),
    certFile: beside(directory, textAt(entry, 'client-certificate')),
    keyData: textAt(entry, 'client-key-data'),
    keyFile: beside(directory, textAt(entry, 'client-key')),
    username: textAt(entry, 'username'),
    password: textAt(entry, 'password'),
    exec: pluginOf(entry['exec'], directory),
    authProvider: entry['auth-provider'],
  });
}

function notThere(found: string, files: readonly string[], contexts: readonly string[] = []): Failure {
  return new Failure('usage', {
    message: `cannot choose a Kubernetes cluster: ${found}`,
    remedy:
      'Log in (`oc login`, or as your cluster asks), or name a context with --context and a file with --kubeconfig.',
    facts: [
      `read: ${files.join(', ') || 'no kubeconfig'}`,
      ...(contexts.length === 0 ? [] : [`contexts there: ${contexts.join(', ')}`]),
    ],
  });
}

/**
 * The context that is asked for, or the current one.
 *
 * @returns `undefined` if there is no kubeconfig at all.
 * @throws {Failure} `usage` for a file that cannot be read, or a context that is not whole.
 */
export async function readKubeconfig(
  place: KubeconfigPlace,
  asked: string | undefined,
): Promise<KubeContext | undefined> {
  const merged = await readMerged(pathsOf(place));
  if (merged === undefined) {
    if (place.files === undefined && asked === undefined) return undefined;
    throw notThere('there is no such kubeconfig', pathsOf(place));
  }
  const { files, currentContext, clusters, users, contexts } = merged;
  const name = asked ?? currentContext;
  if (name === undefined) throw notThere('no context is current', files, [...contexts.keys()]);
  const context = contexts.get(name)?.entry;
  if (context === undefined) throw notThere(`there is no context "${name}"`, files, [...contexts.keys()]);
  const clusterName = textAt(context, 'cluster') ?? '';
  const cluster = clusters.get(clusterName);
  if (cluster === undefined) throw notThere(`context "${name}" names the cluster "${clusterName}"`, files);
  const userName = textAt(context, 'user') ?? '';
  const user = users.get(userName);
  const actsAs = impersonationOf(user?.entry ?? {});
  return {
    ...(actsAs === undefined ? {} : { actsAs }),
    cluster: clusterOf(clusterName, cluster.entry, cluster.directory, files),
    user: await userOf(userName, user?.entry ?? {}, user?.directory ?? '.'),
    context: present({ name, cluster: clusterName, user: userName, namespace: textAt(context, 'namespace') }),
  };
}
