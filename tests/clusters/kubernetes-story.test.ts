/**
 * What `kubectl describe` tells of a StatefulSet through a recovery by *recreate*, which makes it anew, its undo and its release. One
 * cluster, in this order.
 */

import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { archiveSoFar, badTransaction, untilFirstBackup, walkbackIn } from '../../scripts/prove/kubernetes/operate.ts';
import type { Event, StatefulSet } from '../../src/kubernetes/api/kubernetes-objects.ts';
import { statefulSetRef } from '../../src/kubernetes/recover/pods-gone.ts';
import { startBed } from '../support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../support/kubernetes/patroni-database.ts';
import { walkbackAtTerminal } from '../support/walkback-terminal.ts';

const bed = await startBed();

const OTHER_ROLES = 'app (password set since); intern (not there); report (there again)';
const onOneLine = (screen: string): string => stripVTControlCharacters(screen).replaceAll(/\s+/g, ' ');

describe.skipIf(bed === undefined)('the story of a StatefulSet', () => {
  let database: PatroniDatabase;
  let target: readonly string[];
  let id: string;
  /** Context, namespace and cluster. */
  let meant: string;

  const walkback = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await walkbackIn(database, args);
    if (code !== 0) throw new Error(`walkback ${args.join(' ')} ended with ${code}: ${err.slice(-2000)}`);
    return out;
  };
  /** As it is now: the annotation, and the Events that are shown with it. */
  const told = async (): Promise<{ story: string; reasons: (string | undefined)[] }> => {
    const { metadata } = (await database.api.get<StatefulSet>(statefulSetRef(database.name))) ?? expect.unreachable();
    const fields = `involvedObject.uid=${metadata?.uid}`;
    const events = await database.api.list<Event>({ apiVersion: 'v1', kind: 'Event' }, { fields });
    const ours = events.filter(({ reportingComponent }) => reportingComponent === 'walkback');
    return { story: metadata?.annotations?.['walkback/story'] ?? '', reasons: ours.map(({ reason }) => reason) };
  };

  const inDatabase = async (statements: string): Promise<void> => {
    const client = await database.connect(await database.untilLeader());
    try {
      await client.query(statements);
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    database = await startPatroniDatabase(bed ?? expect.unreachable(), { replicas: 1, prefix: 'story' });
    await untilFirstBackup(database);
    await inDatabase(`create role app login password 'of then'; create role report login password 'reads'`);
    target = ['--before-xid', String(await badTransaction(database)), '--way', 'recreate'];
    // What Patroni and the image set again themselves is changed as well.
    await inDatabase(`alter role app password 'of now'; drop role report; create role intern login;
      alter role standby password 'of now'; alter role admin password 'of now'`);
    await archiveSoFar(database);
  }, 1_200_000);

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
  }, 300_000);

  /** Runs the recovery at a terminal, where this is typed when it asks which cluster is meant. */
  const runAndType = async (line: string): Promise<string> => {
    const environment = { HOME: process.env['HOME'] ?? '', ...database.environment };
    const typed = { when: 'to go on: ', line };
    const { code, screen } = await walkbackAtTerminal(['recover', 'run', id], environment, typed);
    expect(code, screen.slice(-2000)).toBe(0);
    return screen;
  };

  test('does not begin with the name of another context, namespace or cluster', async () => {
    const plan = await walkback('recover', 'plan', ...target);
    id = /recover run (\w+)/.exec(plan)?.[1] ?? expect.unreachable(plan);
    expect(plan.replaceAll(/\s+/g, ' ')).toContain(`claim template is called walkback-${id} afterwards`);
    const { namespace, name } = database;
    const before = await database.api.get<StatefulSet>(statefulSetRef(name));
    const screen = await runAndType(`production/${namespace.name}/${name}`);
    // Told before the question is answered.
    expect(onOneLine(screen)).toContain(`OTHERWISE than on the live server: ${OTHER_ROLES}. They`);
    meant = /namespace and cluster, (\S+), to go on/.exec(screen)?.[1] ?? expect.unreachable(screen);
    expect(meant).toMatch(new RegExp(`^[^/]+/${namespace.name}/${name}$`));
    expect(meant).not.toMatch(/^production\//);
    expect(await walkback('recover', 'status', id, '--json')).toMatch(/"state": ?"standing"/);
    expect(onOneLine(await walkback('recover', 'status', id))).toContain(OTHER_ROLES);
    const after = await database.api.get<StatefulSet>(statefulSetRef(name));
    expect(after?.metadata?.uid).toBe(before?.metadata?.uid);
    expect(after?.spec).toEqual(before?.spec);
  }, 900_000);

  test('is that it was recovered, once the name that is meant was typed, with what to put into the chart’s values', async () => {
    await inDatabase('drop role intern');
    const screen = await runAndType(meant);
    expect(onOneLine(screen)).toMatch(/Recovered\. .*: app \(password set since\); report \(there again\) They/);
    const { story, reasons } = await told();
    expect(story).toContain(`walkback undo ${id}`);
    expect(reasons).toContain('Recovered');
  }, 900_000);

  test('is that it was undone, and that there is no undo once that is released', async () => {
    await walkback('undo', id, '--yes');
    const undone = await told();
    expect(undone.story).toContain('is undone');
    expect(undone.reasons).toContain('RecoveryUndone');
    await walkback('release', id, '--yes');
    const { story, reasons } = await told();
    expect(story).toBe(`recovery ${id} is released: what it kept is gone, and there is no way back from it any more`);
    expect(reasons).toContain('RecoveryReleased');
  }, 900_000);
});
