/**
 * CLONE_METHOD and what belongs to it: how a cluster that is not initialised begins as a copy of another, or of itself at
 * another moment.
 *
 * With Spilo every slip in these variables ends in a new, empty database that looks healthy and begins to archive over the
 * WAL that was to be restored (F-03). Here none does: what is not understood is refused.
 *
 * Source: Spilo `configure_spilo.py` (`get_placeholders`, `set_extended_wale_placeholders`).
 *
 * @module
 */

import { nearestName } from '../base/nearest-name.ts';
import { PREFIX_VARIABLES } from './archive-store.ts';
import { cloneAddresses } from './clone-addresses.ts';
import { cloneTarget } from './clone-target.ts';
import { environmentPath } from './container-paths.ts';
import type { PlannedArchive, PlannedClone } from './container-plan.ts';
import { formArchive } from './form-archive.ts';
import type { ChosenMajor } from './postgres-major.ts';
import type { Reading } from './reading.ts';
import { checkScope } from './scope.ts';
import { Secret } from './secret.ts';

const METHOD = 'CLONE_METHOD';
const METHODS = ['CLONE_WITH_WALE', 'CLONE_WITH_BASEBACKUP'];
const TARGET_VARIABLES = ['CLONE_TARGET_TIME', 'CLONE_TARGET_TIMELINE', 'CLONE_TARGET_INCLUSIVE'];

/** What the directories of variables hold beside those of an archive. */
export type SharedVariables = Readonly<Record<string, string | Secret>>;

function methodOf(reading: Reading): string | undefined {
  const text = reading.get(METHOD);
  if (text === undefined || METHODS.includes(text)) return text;
  const near = nearestName(text, METHODS);
  const what =
    near === undefined
      ? `Set it to ${METHODS.join(' or ')}`
      : `Did you mean ${near}? Otherwise set it to one of ${METHODS.join(', ')}`;
  reading.refuse({
    of: METHOD,
    found: `there is no method ${JSON.stringify(text)}; Spilo would have made a new, empty database of it`,
    remedy: `${what}, or take it out for a new, empty database.`,
  });
  return undefined;
}

/** Variables of a clone without a method: half of them was taken out, or the method was forgotten. */
function refuseWithoutMethod(reading: Reading): void {
  const left = Object.keys(reading.environment).filter(
    (name) => name.startsWith('CLONE_') && reading.get(name) !== undefined,
  );
  if (left.length === 0 || reading.get(METHOD) !== undefined) return;
  if (reading.facts.dataVersion !== undefined) {
    reading.warn(`${left.join(', ')} without ${METHOD} mean nothing`);
    return;
  }
  reading.refuse({
    of: left.join(', '),
    found: `${METHOD} is not set, so they mean nothing, and the database would be new and empty`,
    remedy: `Set ${METHOD}=${METHODS[0] ?? ''}, or take them out.`,
  });
}

function refuseUnusable(reading: Reading): undefined {
  reading.refuse({
    of: `${METHOD}=CLONE_WITH_WALE`,
    found: 'no variable says where the archive of the clone is; Spilo would have made a new, empty database',
    remedy:
      'Set CLONE_WALG_S3_PREFIX, CLONE_WALG_GS_PREFIX, CLONE_WALG_AZ_PREFIX or CLONE_WALG_SSH_PREFIX, or CLONE_WAL_S3_BUCKET or CLONE_WAL_GS_BUCKET with CLONE_SCOPE.',
  });
  return undefined;
}

/** Where Spilo would look in a bucket needs the scope of the cluster that wrote there. */
function checkBucket(reading: Reading, scope: string | undefined): void {
  const buckets = reading.setOf(['CLONE_WAL_S3_BUCKET', 'CLONE_WAL_GS_BUCKET', 'CLONE_WAL_GCS_BUCKET']);
  const explicit = reading.setOf(PREFIX_VARIABLES.map((name) => `CLONE_${name}`));
  const [bucket] = buckets;
  if (bucket === undefined || explicit.length > 0) return;
  if (scope === undefined)
    reading.refuse({
      of: bucket,
      found: 'CLONE_SCOPE is not set, and the folder in the bucket is called after it',
      remedy: 'Set CLONE_SCOPE to the SCOPE of the cluster whose archive it is.',
    });
  const own = reading.get('NAMESPACE') ?? reading.get('POD_NAMESPACE') ?? '';
  if (own !== '' && own !== 'default' && !reading.has('CLONE_WAL_BUCKET_SCOPE_PREFIX'))
    reading.warn(
      `CLONE_WAL_BUCKET_SCOPE_PREFIX is not set: an archive that was written in the namespace ${own} is below ${own}-${scope ?? ''}, and is looked for below ${scope ?? ''}`,
    );
}

function cloneOfArchive(reading: Reading, chosen: ChosenMajor, shared: SharedVariables): PlannedClone | undefined {
  const scope = reading.get('CLONE_SCOPE');
  checkBucket(reading, scope);
  const version = reading.get('CLONE_PGVERSION') ?? '';
  const archive: PlannedArchive | undefined = formArchive(reading, 'CLONE_', {
    path: {
      scope,
      scopePrefix: reading.get('CLONE_WAL_BUCKET_SCOPE_PREFIX') ?? '',
      scopeSuffix: reading.get('CLONE_WAL_BUCKET_SCOPE_SUFFIX') ?? '',
      version,
    },
    environmentPath: environmentPath(reading, 'CLONE_', scope),
    variables: shared,
    checksFiles: !chosen.hasData,
  });
  if (archive === undefined) return refuseUnusable(reading);
  const majors = reading.facts.installed.map(({ major }) => major);
  if (!chosen.isMajorNamed && majors.length > 1)
    reading.warn(
      `PGVERSION is not set: the clone gets the major of its backup, if that is one of ${majors.toSorted((a, b) => a - b).join(', ')}; ${chosen.major} stands for it until the archive is looked at`,
    );
  return {
    kind: 'archive',
    scope,
    archive,
    addresses: cloneAddresses(archive.address, majors, chosen.major),
    target: cloneTarget(reading),
  };
}

function cloneOfServer(reading: Reading, shared: SharedVariables): PlannedClone | undefined {
  const names = ['CLONE_SCOPE', 'CLONE_HOST', 'CLONE_USER', 'CLONE_PASSWORD'];
  const [scope, host, user, password] = names.map((name) => reading.get(name));
  const missing = names.filter((name) => reading.get(name) === undefined);
  const aimed = reading.setOf(TARGET_VARIABLES);
  if (aimed.length > 0)
    reading.refuse({
      of: aimed.join(', '),
      found: `${METHOD} is CLONE_WITH_BASEBACKUP, which copies a server as it is now`,
      remedy: `Take them out, or clone from the archive: ${METHOD}=CLONE_WITH_WALE.`,
    });
  const port = reading.integer('CLONE_PORT', 1, 65_535) ?? 5432;
  if (scope === undefined || host === undefined || user === undefined || password === undefined) {
    reading.refuse({
      of: `${METHOD}=CLONE_WITH_BASEBACKUP`,
      found: `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set; Spilo would have made a new, empty database`,
      remedy: `Set ${missing.join(', ')}.`,
    });
    return undefined;
  }
  const connection = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: new Secret(password) };
  return {
    kind: 'basebackup',
    scope,
    environment: {
      path: environmentPath(reading, 'CLONE_', scope),
      variables: { ...shared, ...connection },
    },
  };
}

/** The clone; `undefined` if none is asked for. What is wrong is in the reading's refusals. */
export function planClone(reading: Reading, chosen: ChosenMajor, shared: SharedVariables): PlannedClone | undefined {
  refuseWithoutMethod(reading);
  const method = methodOf(reading);
  if (method === undefined) return undefined;
  checkScope(reading, 'CLONE_SCOPE');
  return method === 'CLONE_WITH_WALE' ? cloneOfArchive(reading, chosen, shared) : cloneOfServer(reading, shared);
}
