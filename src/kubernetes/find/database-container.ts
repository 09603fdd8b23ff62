/**
 * Which StatefulSets are PostgreSQL, which container of one runs it, and where its data is.
 *
 * @module
 */

import type { V1Container, V1Probe } from '@kubernetes/client-node';

import type { Json, StatefulSet } from '../api/kubernetes-objects.ts';
import type { DataPlace, FoundProbe } from './kubernetes-cluster.ts';
import { shownWords } from './secret-words.ts';

export type Container = Json<V1Container>;

const POSTGRES_PORT = 5432;
const POSTGRES_IMAGE = /postgres|spilo|patroni|timescale/i;
const POSTGRES_VARIABLE = /^(?:PGDATA|PGROOT|SCOPE|PATRONI_\w+|POSTGRES_\w+|POSTGRESQL_\w+)$/;
/** Exporters, poolers and the like name PostgreSQL, and do not run it. */
const BESIDE = /exporter|bouncer|pgpool|backup|agent|metrics/i;

/** Where images keep their data unless told otherwise. */
const USUAL_PLACES: readonly { readonly image: RegExp; readonly path: string }[] = [
  { image: /bitnami/i, path: '/bitnami/postgresql/data' },
  { image: /spilo|patroni|cas-postgres/i, path: '/home/postgres/pgdata/pgroot/data' },
  { image: /postgres/i, path: '/var/lib/postgresql/data' },
];

/** What says where the data is when nothing else does. */
export const USUAL_PLACE = 'the usual place of this image';

/** Literal variables of a container, by name. */
export type LiteralVariables = ReadonlyMap<string, string>;

function templateOf({ spec }: StatefulSet) {
  return spec?.template.spec;
}

/** The name of the volume that members' data is on: that of a claim template. */
function claimVolumesOf({ spec }: StatefulSet): readonly string[] {
  return (spec?.volumeClaimTemplates ?? []).flatMap(({ metadata }) =>
    metadata?.name === undefined ? [] : [metadata.name],
  );
}

function scoreOf(container: Container, claims: readonly string[]): number {
  const listens = (container.ports ?? []).some(({ containerPort }) => containerPort === POSTGRES_PORT);
  const isTold = (container.env ?? []).some(({ name }) => POSTGRES_VARIABLE.test(name));
  const isPostgres = POSTGRES_IMAGE.test(container.image ?? '');
  const hasData = (container.volumeMounts ?? []).some(({ name }) => claims.includes(name));
  const isBeside = BESIDE.test(container.name);
  if (!listens && !isTold && !isPostgres) return 0;
  return Number(listens) * 2 + Number(isTold) * 2 + Number(isPostgres) + Number(hasData) * 3 - Number(isBeside) * 3;
}

/** The container that runs PostgreSQL; `undefined`: none looks as if it did. */
export function databaseContainer(statefulSet: StatefulSet): Container | undefined {
  const claims = claimVolumesOf(statefulSet);
  const scored = (templateOf(statefulSet)?.containers ?? [])
    .map((container) => ({ container, score: scoreOf(container, claims) }))
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score);
  return scored[0]?.container;
}

function pathFrom(container: Container, variables: LiteralVariables): { readonly path: string; readonly from: string } {
  for (const name of ['PGDATA', 'PATRONI_POSTGRESQL_DATA_DIR', 'POSTGRESQL_DATA_DIR']) {
    const path = variables.get(name);
    if (path !== undefined && path.startsWith('/')) return { path, from: name };
  }
  const root = variables.get('PGROOT');
  if (root !== undefined && root.startsWith('/')) return { path: `${root.replace(/\/$/, '')}/data`, from: 'PGROOT' };
  const usual = USUAL_PLACES.find(({ image }) => image.test(container.image ?? ''));
  return { path: usual?.path ?? '/var/lib/postgresql/data', from: USUAL_PLACE };
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/**
 * Where the data is: by the running server, by variables, or by the image.
 *
 * @param running the data directory of the server that runs, where it could be asked.
 */
export function dataPlace(
  statefulSet: StatefulSet,
  container: Container,
  variables: LiteralVariables,
  running?: string,
): DataPlace {
  const { path, from } =
    running === undefined ? pathFrom(container, variables) : { path: running, from: 'the running server' };
  const claims = claimVolumesOf(statefulSet);
  const mounts = (container.volumeMounts ?? []).filter(({ mountPath }) => isBelow(path, mountPath));
  const mount = mounts.toSorted((a, b) => b.mountPath.length - a.mountPath.length)[0];
  const isOnClaim = mount !== undefined && claims.includes(mount.name);
  return {
    dataDirectory: path,
    from,
    mountPath: isOnClaim ? mount.mountPath : undefined,
    subPath: isOnClaim ? mount.subPath : undefined,
    volume: isOnClaim ? mount.name : undefined,
  };
}

function wordsOfProbe(probe: Json<V1Probe>): string {
  const { httpGet, exec, tcpSocket, grpc } = probe;
  if (httpGet !== undefined) return `GET ${httpGet.path ?? '/'} :${httpGet.port}`;
  if (exec !== undefined) return `exec ${shownWords((exec.command ?? []).join(' '))}`;
  if (tcpSocket !== undefined) return `tcp :${tcpSocket.port}`;
  return grpc === undefined ? 'nothing' : `grpc :${grpc.port}`;
}

/** The probes of a container. Defaults are those of the API. */
export function probesOf(container: Container): readonly FoundProbe[] {
  const given: readonly [FoundProbe['kind'], Json<V1Probe> | undefined][] = [
    ['liveness', container.livenessProbe],
    ['readiness', container.readinessProbe],
    ['startup', container.startupProbe],
  ];
  return given.flatMap(([kind, probe]) =>
    probe === undefined
      ? []
      : [
          {
            kind,
            does: wordsOfProbe(probe),
            failsAfterS: (probe.initialDelaySeconds ?? 0) + (probe.periodSeconds ?? 10) * (probe.failureThreshold ?? 3),
          },
        ],
  );
}
