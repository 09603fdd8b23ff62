import { readFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { recoveryText } from '../../src/cli/output/recovery-status-text.ts';
import { recoveredText, standingText } from '../../src/cli/output/recovery-text.ts';
import type { ForwardedPort } from '../../src/kubernetes/api/kubernetes-api.ts';
import { startScriptedServer } from '../../src/kubernetes/api/testing/api-server.ts';
import { keepObjects } from '../../src/kubernetes/api/testing/kept-objects.ts';
import { namespacePlan } from '../../src/kubernetes/carry/testing/namespace-plan.ts';
import { compareRoles } from '../../src/kubernetes/recover/compare-roles.ts';
import { swapContext } from '../../src/kubernetes/recover/testing/swap-context.ts';
import type { RehearsalChecks, RehearsalRef } from '../../src/kubernetes/rehearse/rehearsal.ts';
import { rehearsalsIn } from '../../src/kubernetes/rehearse/rehearsals-in.ts';
import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { checkRehearsal } from '../../src/recovery/check-rehearsal.ts';
import { factsOf, type StepFacts } from '../../src/recovery/journal.ts';
import type { Plan } from '../../src/recovery/plan-value.ts';
import { cutOver, openRecovery, rehearse } from '../../src/recovery/recover.ts';
import type { RecoveryContext } from '../../src/recovery/recovery-context.ts';
import { recoveryStatus } from '../../src/recovery/status.ts';
import type { TestServer } from '../support/postgres.ts';
import { screen } from '../support/protected-cluster.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';

let live: Recoverable;
let plan: Plan;

async function working(work: (context: RecoveryContext) => Promise<void>): Promise<StepFacts> {
  await using recovery = await openRecovery(live.uses, plan.id);
  await work(recovery.context);
  return factsOf(recovery.context.journal.entries, 'replay') ?? {};
}

async function begin(major: number): Promise<void> {
  live = await startRecoverable({ major });
  await live.server.sql(`
    create role app login password 'of then'; create role same login password 'the same';
    create role report login password 'reads'; create role guest login; create role readers nologin;
    create role legacy login password 'md5c0ffee00c0ffee00c0ffee00c0ffee00';
    create table orders (id int primary key); insert into orders select generate_series(1, 100)`);
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  await live.server.sql(`
    alter role app password 'of now'; drop role report; create role intern login; create role "Web App" login password 'x';
    alter role guest nologin; alter role readers createdb; alter role same createdb; create role writers nologin;
    alter role legacy valid until '2039-01-01 00:00:00+00'`);
  await archiveTail(live.uses);
  plan = await live.plan({ kind: 'xid', xid: row?.xid ?? 0, inclusive: false });
}

const OTHERS =
  '"Web App" (not there); app (password set since); guest (may log in again); intern (not there); legacy (its password does not end); report (there again)';

afterEach(async () => live[Symbol.asyncDispose]());

describe.each([14, 17])('roles that were changed behind the target, on PostgreSQL %i', (major) => {
  beforeEach(async () => begin(major));

  it('are named by the rehearsal, those alone, with what to do, and again once it is swapped in', async () => {
    expect(await working(rehearse)).toMatchObject({ otherRoles: OTHERS });
    const standing = await recoveryStatus(live.uses.cluster, plan.id);
    const warning = /ROLES MAY LOG IN OTHERWISE[^:]*: .*app \(password set since\).*ALTER ROLE … PASSWORD/s;
    expect(standingText(standing, [], 'postgres', screen)).toMatch(warning);
    expect(recoveryText(standing, 'postgres', screen).replaceAll(/\s+/g, ' ')).toMatch(warning);
    await working(cutOver);
    const recovered = await recoveryStatus(live.uses.cluster, plan.id);
    expect(recoveredText(recovered, screen)).toMatch(warning);
    const journal = await readFile(join(live.uses.cluster.recoveryFolder(plan.id), 'journal.jsonl'), 'utf8');
    expect(journal).toContain('password set since');
    expect(journal).not.toMatch(/SCRAM|md5|[0-9a-f]{64}|c0ffee/);
  });
});

/** A port of the loopback that leads to a server's socket, as one leads to a pod's. */
async function forwardTo(server: TestServer): Promise<ForwardedPort> {
  const forward = createServer((client) => {
    const socket = createConnection(join(server.socketDirectory, `.s.PGSQL.${server.port}`));
    client.pipe(socket).pipe(client);
    for (const one of [client, socket]) one.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => void forward.listen(0, '127.0.0.1', resolve));
  const address = forward.address();
  if (address === null || typeof address === 'string') throw new TypeError('a server without a port');
  return { port: address.port, [Symbol.asyncDispose]: async () => void forward.close() };
}

const REF: RehearsalRef = { id: '7f3a', job: 'walkback-7f3a', claim: 'c', claimUid: 'u', place: 'newClaim' };

/** In a namespace whose one pod runs, as the live server does, and whose rehearsal is the one of this host. */
async function comparedInNamespace(context: RecoveryContext, setAgain: readonly string[]): Promise<StepFacts> {
  const pod = { metadata: { name: 'shop-0' }, status: { phase: 'Running' } };
  const { answer } = keepObjects({ '/api/v1/namespaces/shop/pods/shop-0': pod });
  await using scripted = await startScriptedServer(answer, { attemptIdleMs: 2000, callMs: 5000 });
  const api = { ...scripted.api, forwardPort: () => forwardTo(live.server) };
  const swap = { ...namespacePlan.swap, roles: [], rolesSetAgain: setAgain };
  const rehearsals = {
    ...rehearsalsIn(api),
    check: (_ref: unknown, request: RehearsalChecks) => checkRehearsal(context, request),
  };
  const uses = {
    rehearsals,
    superuserPassword: async () => ({ password: undefined, why: 'none is needed', remedy: '' }),
  };
  // The server is closed when this returns.
  return await compareRoles(await swapContext(api, { ...namespacePlan, swap }, [], uses), REF);
}

describe('a rehearsal in a namespace', () => {
  beforeEach(async () => begin(17));

  it('names them too, but for those that the image sets again by itself', async () => {
    await working(async (context) => {
      await rehearse(context);
      expect(await comparedInNamespace(context, [])).toEqual({ otherRoles: OTHERS });
      expect(await comparedInNamespace(context, ['app', 'intern', 'Web App'])).toEqual({
        otherRoles: 'guest (may log in again); legacy (its password does not end); report (there again)',
      });
    });
  });
});

describe('a rehearsal that stands', () => {
  beforeEach(async () => begin(17));

  it('is compared once more when it is asked for again', async () => {
    await working(rehearse);
    await live.server.sql(`alter role same password 'another one'; drop role intern; drop role "Web App"`);
    expect(await working(rehearse)).toMatchObject({
      otherRoles: expect.stringMatching(/^app \(password set since\); guest .*; same \(password set since\)$/),
      socketDirectory: expect.any(String),
    });
    await live.server.stop();
    const facts = await working(rehearse);
    expect(facts).toMatchObject({ rolesNotCompared: 'the live server does not run' });
    expect(facts).not.toHaveProperty('otherRoles');
    const standing = await recoveryStatus(live.uses.cluster, plan.id);
    expect(standingText(standing, [], 'postgres', screen)).toMatch(/not compared with those of now: the live server/);
  });
});
