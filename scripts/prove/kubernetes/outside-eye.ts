/**
 * A look at the volumes from outside: a pod of its own mounts the folder that they are made in, and says which data directories
 * there are. A data directory keeps its number (inode) through every rename and under every claim, so the data from before
 * and the recovered data are known wherever they are.
 *
 * @module
 */

import { dirname } from 'node:path';

import { bedImageName } from '../../../tests/support/kubernetes/bed-image.ts';
import type { Bed } from '../../../tests/support/kubernetes/bed.ts';
import type { TestNamespace } from '../../../tests/support/kubernetes/namespace.ts';

/** A data directory that has all that a server needs to begin with. */
export interface SeenData {
  readonly inode: string;
  /** Below the folder of volumes. */
  readonly path: string;
}

/** It. Disposing removes its pod. */
export interface OutsideEye extends AsyncDisposable {
  /** Data directories on volumes that were made for this namespace. */
  look(namespace: string): Promise<readonly SeenData[]>;
}

const POD = 'eye';

/** Control file, version, WAL and the files of the catalogs: one that misses any of them is no data. */
const LOOK = `
cd /volumes || exit 1
for v in *_"$1"_*; do
  [ -d "$v" ] || continue
  find "$v" -path '*/global/pg_control' 2>/dev/null | while read -r f; do
    d=\${f%/global/pg_control}
    [ -s "$f" ] && [ -s "$d/PG_VERSION" ] && [ -d "$d/pg_wal" ] && [ -d "$d/base/1" ] || continue
    echo "$(stat -c %i "$d") $d"
  done
done
exit 0
`;

function podOf(image: string, folder: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: POD },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: POD,
          image,
          imagePullPolicy: 'Never',
          command: ['sleep', '86400'],
          securityContext: { runAsUser: 0 },
          volumeMounts: [{ name: 'volumes', mountPath: '/volumes', readOnly: true }],
        },
      ],
      volumes: [{ name: 'volumes', hostPath: { path: folder } }],
    },
  };
}

/** Where the bed makes volumes, as one that is there says. */
async function folderOfVolumes(bed: Bed): Promise<string> {
  const list = await bed.get('persistentvolumes');
  const items: unknown = list['items'];
  for (const item of Array.isArray(items) ? items : []) {
    const path: unknown = item?.spec?.local?.path;
    if (typeof path === 'string') return dirname(path);
  }
  throw new Error('the bed has no volume yet');
}

/** Opens it. There must be a volume already. */
export async function openEye(bed: Bed): Promise<OutsideEye> {
  const namespace: TestNamespace = await bed.namespace('faults-eye', { security: 'privileged' });
  const pod = podOf(await bedImageName(bed), await folderOfVolumes(bed));
  await namespace.kubectl(['apply', '--server-side', '--filename', '-'], JSON.stringify(pod));
  await namespace.kubectl(['wait', '--for=condition=Ready', `pod/${POD}`, '--timeout=120s']);
  return {
    look: async (name) => {
      const told = await namespace.kubectl(['exec', POD, '--', 'sh', '-c', LOOK, 'sh', name]);
      return told.split('\n').flatMap((line) => {
        const space = line.indexOf(' ');
        return space < 0 ? [] : [{ inode: line.slice(0, space), path: line.slice(space + 1) }];
      });
    },
    [Symbol.asyncDispose]: () => namespace[Symbol.asyncDispose](),
  };
}
