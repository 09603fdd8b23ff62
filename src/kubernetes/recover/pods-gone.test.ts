import { describe, expect, it } from 'vitest';

import type { Progress } from '../../base/progress.ts';
import type { Pod } from '../api/kubernetes-objects.ts';
import { refuse, startScriptedServer, type Answer } from '../api/testing/api-server.ts';
import { untilPodsGone } from './pods-gone.ts';

const DEADLINES = { attemptIdleMs: 2000, callMs: 5000 };
const nameIn = (path: string): string => new URL(path, 'http://x').pathname.split('/').at(-1) ?? '';

function ending(name: string, node: string, endsAt: string): Pod {
  return {
    metadata: { name, uid: `uid-${name}`, deletionTimestamp: endsAt },
    spec: { containers: [], nodeName: node },
    status: { phase: 'Running' },
  };
}

/** A pod is there for as many looks as it has. */
function leaving(pods: readonly { readonly pod: Pod; readonly looks: number }[]): Answer {
  const seen = new Map<string, number>();
  return ({ path }, response) => {
    const name = nameIn(path);
    const found = pods.find(({ pod }) => pod.metadata?.name === name);
    if (found === undefined) return refuse(response, 403, 'Forbidden', 'no watch');
    const looks = (seen.get(name) ?? 0) + 1;
    seen.set(name, looks);
    return looks <= found.looks ? found.pod : refuse(response, 404, 'NotFound', `pods "${name}" not found`);
  };
}

async function waitFor(answer: Answer, timeoutMs: number) {
  await using server = await startScriptedServer(answer, DEADLINES);
  const notes: (string | undefined)[] = [];
  const onProgress = ({ note }: Progress): void => void notes.push(note);
  const failure: unknown = await untilPodsGone(server.api, [{ name: 'db-0' }, { name: 'db-1' }], {
    timeoutMs,
    onProgress,
  }).catch((error: unknown) => error);
  return { notes, failure };
}

const SOON = new Date(Date.now() + 30_000).toISOString();
const LONG_AGO = '2026-06-05T14:00:00Z';

describe('waiting for pods to be gone', () => {
  it('tells which one is waited for, and on which node', async () => {
    const { notes, failure } = await waitFor(
      leaving([
        { pod: ending('db-0', 'n1', SOON), looks: 0 },
        { pod: ending('db-1', 'n2', SOON), looks: 1 },
      ]),
      20_000,
    );
    expect(failure).toBeUndefined();
    expect(notes[0]).toBe('waits for pod db-1 on node n2 to be gone');
    expect(notes.at(-1)).toBe('');
  });

  it('says nothing of pods that are gone already', async () => {
    const none = await waitFor(
      leaving([
        { pod: ending('db-0', 'n1', SOON), looks: 0 },
        { pod: ending('db-1', 'n2', SOON), looks: 0 },
      ]),
      20_000,
    );
    expect(none).toEqual({ notes: [], failure: undefined });
  });

  it('says what to do about one whose node seems to be away, while it waits and when it gives up', async () => {
    const { notes, failure } = await waitFor(
      leaving([
        { pod: ending('db-0', 'n1', SOON), looks: 0 },
        { pod: ending('db-1', 'n2', LONG_AGO), looks: Infinity },
      ]),
      1,
    );
    const remedy = 'kubectl --context here -n shop delete pod db-1 --force --grace-period=0';
    expect(notes[0]).toContain(remedy);
    expect(failure).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('pod db-1 to be gone on node n2'),
      remedy: expect.stringContaining(remedy),
    });
  });
});
