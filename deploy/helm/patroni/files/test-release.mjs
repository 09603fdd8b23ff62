// `helm test`: the primary takes connections and writes, every member is ready, WAL is archived; a new release has its first backup.
import { execFileSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';

const WITHIN_MS = 580_000;
const { MEMBERS, MEMBER_COUNT, HAS_ARCHIVE, IS_NEW } = process.env;
const { hostname, port } = new URL(MEMBERS);
const lastBackup = /^walkback_backup_last_success_timestamp_seconds(?:\{.*\})? (\S+)$/m;

function query(text) {
  return execFileSync('psql', ['-XAtq', '-d', 'postgres', '-c', text], { encoding: 'utf8' }).trim();
}

async function members() {
  const addresses = await lookup(hostname, { all: true, family: 4 });
  return Promise.all(
    addresses.map(async ({ address }) => {
      const status = await (await fetch(`http://${address}:${port}/status`)).json();
      const metrics = await (await fetch(`http://${address}:${port}/metrics`)).text();
      return { address, status, backupAt: Number(lastBackup.exec(metrics)?.[1] ?? 0) };
    }),
  );
}

const ARCHIVED = `select last_archived_time > coalesce(last_failed_time, '-infinity') from pg_stat_archiver`;
let hasSwitched = false;

// A segment is closed once, so that there is one to archive.
function isArchived() {
  if (!hasSwitched) query('select pg_switch_wal()');
  hasSwitched = true;
  return query(ARCHIVED) === 't';
}

// What is still missing, in words; an empty list when all is well.
async function missing() {
  if (query('select pg_is_in_recovery()') !== 'f') return ['the Service leads to a server that cannot be written to'];
  query('create temporary table walkback_test as select 1');
  const found = await members();
  const waiting = found.filter(({ status }) => !status.ready);
  const lacking = waiting.map(({ address, status }) => `${address} is not ready: ${status.phase}: ${status.why}`);
  if (found.length < Number(MEMBER_COUNT)) lacking.push(`${found.length} of ${MEMBER_COUNT} members are there`);
  if (HAS_ARCHIVE === 'true' && !isArchived()) lacking.push('WAL is not archived yet');
  // An agent tells of backups since it began: after an upgrade the next one may be a day away.
  if (HAS_ARCHIVE === 'true' && IS_NEW === 'true' && !found.some(({ backupAt }) => backupAt > 0))
    lacking.push('there is no backup yet');
  return lacking;
}

const endMs = Date.now() + WITHIN_MS;
let said = '';
for (;;) {
  const lacking = await missing().catch((error) => [String(error.stderr ?? error.message).trim()]);
  if (lacking.length === 0) break;
  const text = lacking.join('\n');
  if (text !== said) console.log(text);
  said = text;
  if (Date.now() > endMs) process.exit(1);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
}
console.log(`${MEMBER_COUNT} members are ready; ${HAS_ARCHIVE === 'true' ? 'WAL is archived' : 'there is no archive'}`);
