/**
 * A recovery begun on the host of a member that does not lead: the agent of the leader runs it, on a real cluster.
 */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { AgentProcess } from '../support/agent-process.ts';
import { until } from '../support/archived-cluster.ts';
import { TestAuthority } from '../support/certificates.ts';
import { startPatroniCluster, type PatroniTestCluster } from '../support/patroni/patroni-cluster.ts';
import type { PatroniMember } from '../support/patroni/patroni-member.ts';
import { recoverySettings } from '../support/patroni/recoverable-member.ts';
import { freePort } from '../support/programs.ts';
import { runWalkback, type Ended } from '../support/walkback-process.ts';

let root = '';
let port = 0;
let cluster: PatroniTestCluster | undefined;
let control: Record<string, string> = {};
let served: Record<string, string> = {};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-patroni-control-'));
  port = await freePort();
  const authority = await TestAuthority.make(join(root, 'ca'));
  const { cert, key } = await authority.sign('agent', 'IP:127.0.0.1');
  const token = join(root, 'token');
  await writeFile(token, randomBytes(32).toString('hex'), { mode: 0o600 });
  control = { WALKBACK_CONTROL_TOKEN_FILE: token, WALKBACK_CONTROL_CA: authority.cert };
  served = {
    WALKBACK_CONTROL_ADDRESS: `127.0.0.1:${port}`,
    WALKBACK_CONTROL_CERTIFICATE: cert,
    WALKBACK_CONTROL_KEY: key,
  };
  // Both members have the tag; the agent that listens there is the leader's.
  const tags = { walkback_control: `https://127.0.0.1:${port}` };
  cluster = await startPatroniCluster({ members: 2, overrides: { tags } });
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

async function on(member: PatroniMember, args: readonly string[], more: Record<string, string> = {}): Promise<Ended> {
  if (cluster === undefined) throw new Error('there is no cluster');
  return runWalkback(args, { ...(await recoverySettings(cluster, member)), ...more });
}

const count = async (member: PatroniMember) =>
  (await member.sql<{ n: number }>('SELECT count(*)::int AS n FROM t'))[0]?.n;

async function archiveAll(member: PatroniMember): Promise<void> {
  const [row] = await member.sql<{ name: string }>(
    'SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS name, pg_switch_wal()',
  );
  const last = async () =>
    (await member.sql<{ last: string | null }>('SELECT last_archived_wal AS last FROM pg_stat_archiver'))[0]?.last ??
    '';
  await until(`${row?.name} is archived`, async () => (await last()) >= (row?.name ?? ''), 120_000);
}

describe('a recovery on the host of a member that does not lead', () => {
  let line: string[] = [];
  let id = '';
  let agent: AgentProcess | undefined;
  afterAll(() => agent?.end());

  async function members(): Promise<{ readonly leader: PatroniMember; readonly other: PatroniMember }> {
    const leader = await cluster?.leader();
    const [other] = (await cluster?.replicas()) ?? [];
    if (leader === undefined || other === undefined) throw new Error('there are no two members');
    return { leader, other };
  }

  it('is refused with the host of the leader, where the agent there cannot be called', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const { leader, other } = await members();
    await leader.sql('CREATE TABLE t (i int)');
    expect(await on(leader, ['backup', 'take'])).toMatchObject({ code: 0 });
    await leader.sql('INSERT INTO t SELECT generate_series(1, 10)');
    const [row] = await leader.sql<{ xid: number }>(
      'WITH gone AS (DELETE FROM t RETURNING 1) SELECT txid_current()::int AS xid',
    );
    await archiveAll(leader);
    line = ['recover', 'run', '--before-xid', String(row?.xid), '--yes'];
    const alone = await on(other, line);
    expect(alone.code).toBe(80);
    expect(alone.err).toContain(`on the host of ${leader.name}`);
    const nobody = await on(other, line, control);
    expect(nobody).toMatchObject({ code: 69, err: expect.stringContaining('cannot reach the agent') });
  });

  it('is run by the agent of the leader', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const { leader, other } = await members();
    const environment = { ...(await recoverySettings(cluster, leader)), ...control, ...served };
    const { dataDirectory, spool } = leader;
    agent = new AgentProcess({ dataDirectory, spool, environment });
    await agent.says(/control: served at/);
    const ran = await on(other, line, control);
    if (ran.code !== 0) throw new Error(`${ran.out}\n${ran.err}\n${await cluster.logTails()}`);
    expect(ran.err).toContain(`${leader.name} is the leader: its agent runs this`);
    id = /walkback undo (\w+)/.exec(ran.out)?.[1] ?? '';
    await cluster.untilHealthy();
    expect([await count(leader), await count(other)]).toEqual([10, 10]);
  });

  it('is undone by the agent of a member that is named', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const { leader, other } = await members();
    const undone = await on(other, ['undo', id, '--yes', '--via-member', leader.name], control);
    expect(undone).toMatchObject({ code: 0, out: expect.stringContaining('Undone.') });
    await cluster.untilHealthy();
    expect([await count(leader), await count(other)]).toEqual([0, 0]);
  });
});
