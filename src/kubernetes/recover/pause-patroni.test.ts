import { describe, expect, it } from 'vitest';

import type { Progress } from '../../base/progress.ts';
import type { Pod } from '../api/kubernetes-objects.ts';
import { refuse, startScriptedServer, type Answer } from '../api/testing/api-server.ts';
import type { PatroniObjects } from './plan-value.ts';
import { pausePatroni, wordOf } from './pause-patroni.ts';

const PATRONI: PatroniObjects = {
  kind: 'ConfigMap',
  scope: 'db',
  labels: {},
  leader: 'db-leader',
  config: 'db-config',
  sync: 'db-sync',
  failover: 'db-failover',
};
const NOW_MS = Date.parse('2026-06-05T15:00:00Z');

interface Given {
  readonly isPaused?: boolean;
  readonly isReady?: boolean;
  readonly isContainerReady?: boolean;
  readonly isRunning?: boolean;
  readonly isGoing?: boolean;
}

function podThat(name: string, given: Given = {}): Pod {
  const { isPaused = false, isReady = true, isContainerReady = isReady, isRunning = true, isGoing = false } = given;
  return {
    metadata: {
      name,
      ...(isPaused ? { annotations: { status: '{"pause":true}' } } : {}),
      ...(isGoing ? { deletionTimestamp: new Date(Date.now() + 30_000).toISOString() } : {}),
    },
    spec: { containers: [], nodeName: 'n2' },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
      containerStatuses: [
        {
          name: 'patroni',
          image: 'x',
          imageID: '',
          ready: isContainerReady,
          restartCount: 0,
          state: isRunning ? { running: {} } : { waiting: { reason: 'CrashLoopBackOff' } },
        },
      ],
    },
  };
}

const NODE_AWAY: Given = { isReady: false, isContainerReady: true };
const CRASHING: Given = { isReady: false, isRunning: false };

function judge(given: Given, isLeader = false) {
  return wordOf(podThat('db-1', given), { name: 'db-1', container: 'patroni', isLeader, nowMs: NOW_MS });
}

describe('a member that is asked to pause', () => {
  it('is waited for while its container runs', () => {
    expect(judge({})).toMatchObject({ word: 'silent', why: '' });
    expect(judge({ isPaused: true })).toMatchObject({ word: 'paused' });
    expect(judge({ isReady: false })).toMatchObject({ word: 'unready' });
  });

  it('is not waited for if its node is away, its container does not run, or its pod is being removed', () => {
    expect(judge(NODE_AWAY)).toMatchObject({ word: 'away', why: 'its node n2 does not answer' });
    expect(judge(CRASHING)).toMatchObject({ word: 'away', why: 'its container does not run' });
    expect(judge({ isGoing: true })).toMatchObject({ word: 'away', why: 'its pod is being removed' });
    expect(wordOf(undefined, { name: 'db-1', container: 'patroni', isLeader: false, nowMs: NOW_MS })).toBeUndefined();
  });

  it('must say so if it leads, unless nothing of it runs', () => {
    expect(judge(NODE_AWAY, true)).toMatchObject({ word: 'silent', isNodeAway: true });
    expect(judge({ isGoing: true }, true)).toMatchObject({ word: 'silent' });
    expect(judge({ isReady: false }, true)).toMatchObject({ word: 'silent' });
    expect(judge(CRASHING, true)).toMatchObject({ word: 'away' });
  });
});

/** A namespace whose Patroni is led by `db-0`. */
function namespaceOf(pods: readonly Pod[]): Answer {
  return ({ method, path }, response) => {
    const name = new URL(path, 'http://x').pathname.split('/').at(-1);
    if (name === PATRONI.config) {
      const config = method === 'PATCH' ? '{"pause":true}' : '{"ttl":30}';
      return { metadata: { name, resourceVersion: '1', annotations: { config } } };
    }
    if (name === PATRONI.leader) return { metadata: { name, annotations: { leader: 'db-0' } } };
    return (
      pods.find(({ metadata }) => metadata?.name === name) ??
      refuse(response, 404, 'NotFound', `pods "${name}" not found`)
    );
  };
}

async function pauseOf(pods: readonly Pod[]) {
  await using server = await startScriptedServer(namespaceOf(pods), { attemptIdleMs: 2000, callMs: 5000 });
  const notes: Progress[] = [];
  const uses = { api: server.api, onProgress: (one: Progress) => void notes.push(one) };
  const asked = { patroni: PATRONI, pods: ['db-0', 'db-1', 'db-2'], container: 'patroni' };
  const paused = await pausePatroni(uses, asked, 0);
  return { ...paused, notes: notes.map(({ note }) => note) };
}

describe('a pause of Patroni', () => {
  it('is there once all that can have said so, and names those that cannot', async () => {
    const pods = [podThat('db-0', { isPaused: true }), podThat('db-1', NODE_AWAY), podThat('db-2', CRASHING)];
    const { acknowledged, passedOver, notes } = await pauseOf(pods);
    expect(acknowledged).toEqual(['db-0']);
    expect(passedOver).toEqual(['db-1 (its node n2 does not answer)', 'db-2 (its container does not run)']);
    expect(notes).toEqual([expect.stringContaining('kubectl --context here -n shop delete pod db-1 --force')]);
  });

  it('passes over one that is not ready and stays silent, in the end', async () => {
    const pods = [podThat('db-0', { isPaused: true }), podThat('db-1', { isReady: false })];
    expect(await pauseOf(pods)).toMatchObject({
      acknowledged: ['db-0'],
      passedOver: ['db-1 (it is not ready, and has said nothing)'],
    });
  });

  it('is not there while a leader on a node that is away has not said so, and the remedy names its pod', async () => {
    const pods = [podThat('db-0', NODE_AWAY), podThat('db-1', { isPaused: true })];
    await expect(pauseOf(pods)).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'cannot pause Patroni: db-0 (it leads, and its node n2 does not answer) has not said that it is paused',
      remedy: expect.stringMatching(
        /kubectl --context here -n shop delete pod db-0 --force[^]*Nothing has been stopped[^]*another member lead/,
      ),
    });
  });

  it('is not there while a member that is ready has not said so', async () => {
    const pods = [podThat('db-0', { isPaused: true }), podThat('db-1')];
    await expect(pauseOf(pods)).rejects.toMatchObject({
      message: 'cannot pause Patroni: db-1 has not said that it is paused',
      remedy: expect.stringContaining('See the log of Patroni there'),
    });
  });
});
