/**
 * What helm would install beside objects that are there already, with the notes that it would print. Helm asks a server that has
 * nothing but these objects; nothing is installed.
 *
 * @module
 */

import { createServer, type Server } from 'node:http';

import { parseAllDocuments } from 'yaml';

import type { Bed } from './bed.ts';
import type { Rendered } from './render-chart.ts';

/** An object that is there. */
export interface ThereObject {
  readonly kind: string;
  /** It is not the release's, as what a hook made. */
  readonly isForeign?: true;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [member: string]: unknown;
}

/** A release that is only rendered. */
export interface RenderedRelease {
  /** Hooks among them. */
  readonly objects: readonly Rendered[];
  readonly notes: string;
}

/** What the charts look for or render, by the folder of its API. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'api/v1': ['Secret', 'Pod', 'Service', 'ServiceAccount', 'PersistentVolumeClaim', 'ConfigMap', 'Endpoints'],
  'apis/apps/v1': ['StatefulSet'],
  'apis/batch/v1': ['Job'],
  'apis/policy/v1': ['PodDisruptionBudget'],
  'apis/networking.k8s.io/v1': ['NetworkPolicy'],
  'apis/rbac.authorization.k8s.io/v1': ['Role', 'RoleBinding'],
};

const pluralOf = (kind: string): string =>
  kind
    .toLowerCase()
    .replace(/y$/, 'ie')
    .replace(/(?<!s)$/, 's');

const versionOf = (folder: string): string => folder.replace(/^apis?\//, '');

function groups(): unknown {
  const versions = Object.keys(KINDS).filter((folder) => folder.startsWith('apis/'));
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: versions.map((folder) => {
      const version = { groupVersion: versionOf(folder), version: 'v1' };
      return { name: versionOf(folder).split('/')[0], versions: [version], preferredVersion: version };
    }),
  };
}

function resources(folder: string): unknown {
  const all = KINDS[folder]?.map((kind) => ({
    name: pluralOf(kind),
    singularName: '',
    namespaced: true,
    kind,
    verbs: ['get', 'list'],
  }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: versionOf(folder), resources: all };
}

/** Helm goes on with an object only if it is the release's own. */
function ofRelease({ isForeign, metadata, ...object }: ThereObject, namespace: string): unknown {
  if (isForeign === true) return { ...object, metadata };
  const annotations = { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': namespace };
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { ...annotations, ...metadata.annotations },
    },
  };
}

function answer(path: string, there: readonly ThereObject[], namespace: string): unknown {
  if (path === '/version') return { major: '1', minor: '36', gitVersion: 'v1.36.0' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') return groups();
  if (path.slice(1) in KINDS) return resources(path.slice(1));
  const found = there.find(({ kind, metadata }) =>
    path.endsWith(`/namespaces/${namespace}/${pluralOf(kind)}/${metadata.name}`),
  );
  return found === undefined ? undefined : ofRelease(found, namespace);
}

async function serve(there: readonly ThereObject[], namespace: string): Promise<{ server: Server; address: string }> {
  const server = createServer((request, response) => {
    const found = answer(new URL(request.url ?? '', 'http://api').pathname, there, namespace);
    const missing = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? missing));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('a server without a port');
  return { server, address: `http://127.0.0.1:${bound.port}` };
}

interface HelmRelease {
  readonly manifest: string;
  readonly hooks?: readonly { readonly manifest: string }[];
  readonly info: { readonly notes?: string };
}

/** The release `shop`, in a namespace where `there` is. @throws what helm says of values that it refuses. */
export async function renderRelease(
  bed: Pick<Bed, 'helm'>,
  chart: string,
  flags: readonly string[],
  { there = [], namespace = 'dev' }: { readonly there?: readonly ThereObject[]; readonly namespace?: string } = {},
): Promise<RenderedRelease> {
  const { server, address } = await serve(there, namespace);
  try {
    const asked = ['--kube-apiserver', address, '--namespace', namespace, '--disable-openapi-validation'];
    const words = ['install', 'shop', chart, ...asked, '--dry-run=server', '--output', 'json', ...flags];
    const release = JSON.parse(await bed.helm(words)) as HelmRelease;
    const texts = [release.manifest, ...(release.hooks ?? []).map(({ manifest }) => manifest)];
    const objects = texts.flatMap((text) => parseAllDocuments(text).map((one): Rendered => one.toJS()));
    return { objects: objects.filter((one) => one !== null), notes: release.info.notes ?? '' };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
