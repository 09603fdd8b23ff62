import { describe, expect, it } from 'vitest';

import { isFailure } from '../../base/failure.ts';
import type { ConfigMap } from './kubernetes-objects.ts';
import { refuse, startScriptedServer, type Answer, type ScriptedServer } from './testing/api-server.ts';

const DEADLINES = { attemptIdleMs: 2_000, callMs: 5_000 };
const REF = { apiVersion: 'v1', kind: 'ConfigMap', name: 'db-config' };
const MAP: ConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'db-config', namespace: 'shop', uid: 'u1', resourceVersion: '7' },
  data: { a: '1' },
};

async function start(answer: Answer): Promise<ScriptedServer> {
  return startScriptedServer(answer, DEADLINES);
}

async function failureOf(work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isFailure(error)) throw new TypeError(`not a failure: ${String(error)}`);
  return error;
}

/** One answer after the other; the last for all further ones. */
function inTurn(...answers: readonly Answer[]): Answer {
  let at = 0;
  return (received, response) => answers[Math.min(at++, answers.length - 1)]?.(received, response);
}

const gone: Answer = (_received, response) => refuse(response, 404, 'NotFound', 'configmaps "db-config" not found');
const cut: Answer = (_received, response) => {
  response.destroy();
};

describe.concurrent('a read', () => {
  it('is sent with the token and the namespace of the context', async () => {
    await using server = await start(() => MAP);
    expect(await server.api.get(REF)).toEqual(MAP);
    expect(server.received[0]?.path).toBe('/api/v1/namespaces/shop/configmaps/db-config');
    expect(server.received[0]?.headers.authorization).toBe('Bearer first');
    expect(server.api.where).toEqual({
      context: 'here',
      server: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      namespace: 'shop',
      user: 'ann',
    });
  });

  it('is undefined only if the server says that there is no such object', async () => {
    await using server = await start(inTurn(gone, (_received, response) => refuse(response, 404, '', 'no such page')));
    expect(await server.api.get(REF)).toBeUndefined();
    expect((await failureOf(server.api.get(REF))).kind).toBe('refused');
  });

  it('waits as long as a throttling server asks for', async () => {
    await using server = await start(
      inTurn(
        (_received, response) => refuse(response, 429, 'TooManyRequests', 'slow down', '1'),
        () => MAP,
      ),
    );
    const beganMs = performance.now();
    expect(await server.api.get(REF)).toEqual(MAP);
    expect(performance.now() - beganMs).toBeGreaterThan(950);
    expect(server.received.length).toBe(2);
  });

  it('is repeated after a cut connection, and is unavailable when its time is up', async () => {
    await using server = await start(inTurn(cut, cut, () => MAP, cut));
    expect(await server.api.get(REF)).toEqual(MAP);
    const failure = await failureOf(server.api.get(REF));
    expect(failure.kind).toBe('unavailable');
    expect(failure.message).toMatch(/^cannot get configmaps\/db-config in namespace shop: http/);
  });

  it('begins a list again that expired between two pages', async () => {
    const item = { metadata: { name: 'a' } };
    await using server = await start(
      inTurn(
        () => ({ metadata: { continue: 'next' }, items: [item] }),
        (_received, response) => refuse(response, 410, 'Expired', 'the continue token is too old'),
        () => ({ metadata: { continue: 'next' }, items: [item] }),
        () => ({ metadata: {}, items: [{ metadata: { name: 'b' } }] }),
      ),
    );
    const found = await server.api.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { labels: 'app=db' });
    expect(found).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } },
    ]);
    expect(server.received[0]?.path).toContain('labelSelector=app%3Ddb');
  });
});

describe('a login', () => {
  it('that was renewed in the kubeconfig is taken from there, and the context stays', async () => {
    await using server = await start((received, response) =>
      received.headers.authorization === 'Bearer second' ? MAP : refuse(response, 401, 'Unauthorized', 'Unauthorized'),
    );
    await server.logIn('second');
    expect(await server.api.get(REF)).toEqual(MAP);
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
  });

  it('that is refused twice is denied, with what to do', async () => {
    await using server = await start((_received, response) => refuse(response, 401, 'Unauthorized', 'Unauthorized'));
    const failure = await failureOf(server.api.get(REF));
    expect(failure.kind).toBe('denied');
    expect(failure.message).toMatch(/does not accept the login of ann/);
    expect(failure.remedy).toMatch(/oc login/);
    expect(server.received.length).toBe(2);
  });

  it('that has not the right is denied with verb, resource and namespace', async () => {
    await using server = await start((_received, response) => refuse(response, 403, 'Forbidden', 'User "ann" cannot'));
    const sts = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' };
    const failure = await failureOf(server.api.patch(sts, { type: 'merge', body: { spec: { replicas: 0 } } }));
    expect(failure.kind).toBe('denied');
    expect(failure.message).toMatch(/^cannot patch statefulsets\/db in namespace shop: /);
    expect(failure.remedy).toContain('kubectl auth can-i patch statefulsets.apps -n shop');
  });
});

describe('what the namespace does not admit', () => {
  it.each([
    ['exceeded quota: storage, requested: 1Gi', /quota/],
    ['pods "x" is forbidden: violates PodSecurity "restricted:latest"', /admit/],
  ])('is refused, and no missing right: %s', async (message, remedy) => {
    await using server = await start((_received, response) => refuse(response, 403, 'Forbidden', message));
    const failure = await failureOf(server.api.create(MAP));
    expect(failure.kind).toBe('refused');
    expect(failure.remedy).toMatch(remedy);
  });
});

describe.concurrent('a change whose answer was lost', () => {
  const madeBy = (manager: string): unknown => ({
    ...MAP,
    metadata: { ...MAP.metadata, managedFields: [{ manager, operation: 'Update' }] },
  });

  it('is known as made by who wrote the object', async () => {
    let writer = '';
    await using server = await start(
      inTurn(
        ({ path }, response) => {
          writer = new URL(path, 'http://x').searchParams.get('fieldManager') ?? '';
          response.destroy();
        },
        () => madeBy(writer),
      ),
    );
    expect(await server.api.create(MAP)).toEqual(madeBy(writer));
    expect(server.received.map(({ method }) => method)).toEqual(['POST', 'GET']);
  });

  it('is a conflict if somebody else made an object of that name', async () => {
    await using server = await start(
      inTurn(
        cut,
        () => madeBy('somebody'),
        (_received, response) => refuse(response, 409, 'AlreadyExists', 'configmaps "db-config" already exists'),
      ),
    );
    expect((await failureOf(server.api.create(MAP))).kind).toBe('conflict');
    expect(server.received.map(({ method }) => method)).toEqual(['POST', 'GET', 'POST']);
  });

  it('is sent again if it was not made', async () => {
    await using server = await start(inTurn(cut, gone, () => MAP));
    expect(await server.api.create(MAP)).toEqual(MAP);
  });

  it('of a whole object is known by what it holds, not by the version alone', async () => {
    const changed = { ...MAP, metadata: { ...MAP.metadata, resourceVersion: '8' }, data: { a: '2' } };
    await using server = await start(inTurn(cut, () => changed));
    expect(await server.api.replace({ ...MAP, data: { a: '2' } })).toEqual(changed);
    expect(server.received.map(({ method }) => method)).toEqual(['PUT', 'GET']);
  });

  it('of a part is known by a trial that changes nothing, without the precondition', async () => {
    const changed = { ...MAP, metadata: { ...MAP.metadata, resourceVersion: '8' }, data: { a: '2' } };
    const tried = { ...changed, metadata: { ...changed.metadata, resourceVersion: '9' } };
    await using server = await start(
      inTurn(
        cut,
        () => changed,
        () => tried,
      ),
    );
    const body = { metadata: { resourceVersion: '7' }, data: { a: '2' } };
    expect(await server.api.patch(REF, { type: 'merge', body })).toEqual(changed);
    const trial = server.received[2];
    expect(trial?.path).toContain('dryRun=All');
    expect(trial?.body).toEqual({ metadata: {}, data: { a: '2' } });
  });

  it('of a removal is over when the object is gone, or another one has its name', async () => {
    const another = { ...MAP, metadata: { ...MAP.metadata, uid: 'u2' } };
    await using server = await start(inTurn(cut, gone, cut, () => another));
    await server.api.delete(REF, { uid: 'u1' });
    await server.api.delete(REF, { uid: 'u1' });
    expect(server.received.map(({ method }) => method)).toEqual(['DELETE', 'GET', 'DELETE', 'GET']);
  });

  it('is never sent twice after a clear no', async () => {
    await using server = await start((_received, response) => refuse(response, 422, 'Invalid', 'data: Invalid value'));
    expect((await failureOf(server.api.create(MAP))).kind).toBe('refused');
    expect(server.received.length).toBe(1);
  });
});

describe('a removal', () => {
  it('of what is not there does nothing', async () => {
    await using server = await start(gone);
    await server.api.delete(REF);
  });

  it('of another object than was meant is a conflict', async () => {
    await using server = await start((_received, response) =>
      refuse(response, 409, 'Conflict', 'the UID in the precondition does not match'),
    );
    const failure = await failureOf(server.api.delete(REF, { uid: 'u1' }));
    expect(failure.kind).toBe('conflict');
    expect(failure.remedy).toMatch(/not the one that was meant/);
    expect(server.received[0]?.body).toMatchObject({ preconditions: { uid: 'u1' } });
  });
});

describe.concurrent('waiting', () => {
  /** A watch, open until `cutWith` or for ever, and looks that are answered in turn. */
  const watched =
    (looks: Answer, watch: Answer): Answer =>
    (received, response) =>
      received.path.includes('watch=true') ? watch(received, response) : looks(received, response);

  it('is woken by a watch', async () => {
    let isChanged = false;
    await using server = await start(
      watched(
        () => ({ ...MAP, data: { a: isChanged ? '2' : '1' } }),
        (_received, response) => {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.flushHeaders();
          setTimeout(() => {
            isChanged = true;
            response.write(`${JSON.stringify({ type: 'MODIFIED', object: MAP })}\n`);
          }, 300);
        },
      ),
    );
    const found = await server.api.until<ConfigMap>(REF, 'a to be 2', (map) => map?.data?.['a'] === '2', {
      timeoutMs: 5_000,
    });
    expect(found?.data).toEqual({ a: '2' });
  });

  it.each<[string, Answer]>([
    ['is cut', cut],
    ['is not allowed', (_received, response) => refuse(response, 403, 'Forbidden', 'no watch')],
    ['is too old', (_received, response) => refuse(response, 410, 'Expired', 'too old resource version')],
    [
      'tells that it is too old',
      (_received, response) => {
        response.end(`${JSON.stringify({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })}\n`);
      },
    ],
    ['says nonsense', (_received, response) => void response.end('}}}\n')],
  ])('goes on when the watch %s', async (_name, watch) => {
    let looks = 0;
    await using server = await start(
      watched((_received, response) => {
        looks += 1;
        return looks < 4 ? MAP : gone(_received, response);
      }, watch),
    );
    expect(
      await server.api.until(REF, 'it to be gone', (map) => map === undefined, { timeoutMs: 10_000 }),
    ).toBeUndefined();
  });

  it('ends in time, with what was waited for', async () => {
    await using server = await start(watched(() => MAP, cut));
    const failure = await failureOf(
      server.api.until(REF, 'configmap db-config to be gone', (map) => map === undefined, { timeoutMs: 600 }),
    );
    expect(failure.kind).toBe('unavailable');
    expect(failure.message).toMatch(/configmap db-config to be gone/);
  });

  it('ends at once for who gives up', async () => {
    await using server = await start(watched(() => MAP, cut));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const waiting = server.api.until(REF, 'ever', () => false, { timeoutMs: 60_000, signal: controller.signal });
    await expect(waiting).rejects.toThrow(/abort/i);
  });
});

describe.concurrent('the log of a container', () => {
  const pod = (isOver: boolean): unknown => ({
    metadata: { name: 'p' },
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'c', state: isOver ? { terminated: {} } : { running: {} } }],
    },
  });

  it('ends with the line at which it is enough, whatever has arrived with it', async () => {
    await using server = await start((_received, response) => {
      response.writeHead(200);
      response.write('2026-06-05T08:00:00.1Z one\n2026-06-05T08:00:00.2Z two\n2026-06-05T08:00:00.3Z three\n');
    });
    const enough = new AbortController();
    const lines: string[] = [];
    for await (const line of server.api.followLogs('p', 'c', enough.signal)) {
      lines.push(line);
      if (line === 'two') enough.abort();
    }
    expect(lines).toEqual(['one', 'two']);
  });

  it('is followed over a cut connection, with no line twice', async () => {
    let follows = 0;
    await using server = await start(({ path }, response) => {
      if (!path.includes('/log')) return pod(follows > 1);
      follows += 1;
      response.writeHead(200);
      response.write('2026-06-05T08:00:00.1Z one\n2026-06-05T08:00:00.2Z two\n');
      if (follows === 1) {
        setTimeout(() => response.destroy(), 50);
        return undefined;
      }
      response.end('2026-06-05T08:00:01.3Z three\n');
      return undefined;
    });
    const lines = await Array.fromAsync(server.api.followLogs('p', 'c', new AbortController().signal));
    expect(lines).toEqual(['one', 'two', 'three']);
    const again = server.received.filter(({ path }) => path.includes('/log'))[1];
    expect(again?.path).toContain('sinceTime=2026-06-05T08%3A00%3A00Z');
  });
});
