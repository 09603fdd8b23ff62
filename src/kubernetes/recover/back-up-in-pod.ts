/**
 * The fresh backup that a cutover and an undo end with, taken where the data is: by a program of the pod.
 *
 * @module
 */

import { listBackups } from '../../backup/list.ts';
import { Failure } from '../../base/failure.ts';
import { queryText } from '../../instance/connection.ts';
import { writtenTimeline } from '../../instance/written-timeline.ts';
import type { StepFacts } from '../../recovery/journal.ts';
import type { WorkContext } from './context.ts';
import { connectPatiently, podServer, untilPrimary } from './pod-server.ts';

/**
 * As the agent in our image, Spilo's cron job, or a person with wal-g would. `$1`: PGDATA, `$2`: the superuser, `$3`: not empty where the
 * input is the superuser's password. Where no directory of variables says how the server is reached, its own files do, with that login:
 * PGUSER and PGPASSWORD of the container may be an application's. Without a password, the image's variables are tried.
 */
export const TAKE_BACKUP = `
P=
if [ -n "$3" ]; then P=$(cat); fi
S() {
  export PGDATA="\${PGDATA:-$1}"
  if [ -n "$P" ]; then export PGUSER="$2"
  else P="\${PGPASSWORD:-\${POSTGRES_PASSWORD:-\${POSTGRESQL_PASSWORD:-}}}"; export PGUSER="\${PGUSER:-$2}"; fi
  if [ -n "$P" ]; then export PGPASSWORD="$P"; fi
  H=$(sed -n 5p "$1/postmaster.pid" 2>/dev/null)
  if [ -z "\${PGHOST:-}" ] && [ -n "$H" ]; then
    PGPORT=$(sed -n 4p "$1/postmaster.pid")
    export PGHOST="$H" PGPORT
  fi
}
E="\${WALE_ENV_DIR:-\${RW_DIR:-/run}/etc/wal-e.d/env}"
if command -v walkback >/dev/null 2>&1; then
  if [ -d "$E" ]; then exec walkback --env-dir="$E" backup take --full --allow-corrupt-pages
  else S "$1" "$2"; exec walkback backup take --full --allow-corrupt-pages; fi
fi
if [ -x /scripts/postgres_backup.sh ]; then exec envdir "$E" /scripts/postgres_backup.sh "$1"; fi
if command -v wal-g >/dev/null 2>&1; then S "$1" "$2"; exec wal-g backup-push "$1"; fi
echo "there is neither walkback nor wal-g in this container" >&2
exit 127
`;

/** A pod that went is back by then. */
const BACK_MS = 300_000;

/** A backup of ours that holds damaged pages ends so: it is there. */
const WITH_DAMAGE = 2;

/**
 * Takes it, and finds it in the archive.
 *
 * @throws {Failure} `unavailable` while its server takes no writes, `failed` with what the program says, or if there is none on this timeline afterwards.
 */
export async function backUpInPod(context: WorkContext, pod: string, timeline: number): Promise<StepFacts> {
  const { uses, plan } = context;
  const { live } = plan.swap;
  const on = new Set([timeline]);
  const found = async () => (await listBackups(uses.store, uses.signal)).findLast((backup) => on.has(backup.timeline));
  const already = await found();
  if (already !== undefined) return { backup: already.name, timeline };
  {
    // One that was evicted, or deleted, since it was proven is made again.
    await untilPrimary(podServer(context), pod, BACK_MS, uses.signal);
    await using connection = await connectPatiently(podServer(context), pod, uses.signal);
    if ((await queryText(connection, 'show archive_mode')) === 'off') return { skipped: 'archive_mode is off' };
    // A Patroni that works again may have restarted it since it was proven, which opens one more timeline.
    on.add(await writtenTimeline(connection));
  }
  uses.onProgress({ phase: 'backup', done: 0, unit: 'bytes', note: `in ${pod}` });
  const { password } = await uses.superuserPassword();
  const outcome = await uses.api.exec(
    pod,
    live.archiveContainer,
    ['sh', '-c', TAKE_BACKUP, 'sh', live.dataDirectory, plan.swap.superuser, password === undefined ? '' : 'password'],
    {
      ...(password === undefined ? {} : { stdin: password }),
      ...(uses.signal === undefined ? {} : { signal: uses.signal }),
    },
  );
  const taken = await found();
  if (taken !== undefined) return { backup: taken.name, timeline, hasDamage: outcome.exitCode === WITH_DAMAGE };
  throw new Failure('failed', {
    message: `cannot take a backup on timeline ${timeline}: the program in ${pod} ended with ${outcome.exitCode}, and the archive has none`,
    remedy:
      'Look at what it says, mend it, and go on: the cluster serves meanwhile, but nothing on the new line could be recovered to.',
    facts: outcome.stderr.trim().split('\n').slice(-5),
  });
}
