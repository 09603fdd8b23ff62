import { describe, expect, it } from 'vitest';

import type { InspectedCluster } from '../../app/inspect-cluster.ts';
import { Failure } from '../../base/failure.ts';
import { problemsOf } from '../../kubernetes/find/problems.ts';
import { rightsOfWay } from '../../kubernetes/find/rights.ts';
import { seedCluster, WHERE } from '../../kubernetes/find/testing/made-objects.ts';
import { clustersText } from './clusters-text.ts';
import { inspectedText, worstProblem } from './inspected-text.ts';
import { screenFor } from './screen.ts';

const SCREEN = screenFor({ stream: { isTTY: false }, environment: { LANG: 'C.UTF-8' }, color: 'never', zone: 'UTC' });

function found(given: Partial<InspectedCluster> = {}): InspectedCluster {
  const cluster = seedCluster();
  return {
    where: WHERE,
    cluster,
    archive: new Failure('denied', { message: 'cannot read gs://shop-wal/wal', remedy: 'Check the key.' }),
    ways: [
      {
        way: 'rebind',
        missing: rightsOfWay('rebind', 'ConfigMap').filter(({ resource }) => resource === 'persistentvolumes'),
      },
      { way: 'in-volume', missing: [] },
    ],
    problems: problemsOf(cluster),
    ...given,
  };
}

describe('the screen of a cluster', () => {
  const lines = inspectedText(found(), SCREEN).split('\n');

  it('says first how many things there are to act on, then where it is', () => {
    expect(lines[0]).toBe('cas-metabase-patroni: 1 thing to act on, 2 to look at');
    expect(lines[1]).toBe('namespace shop  context prod  server https://api.test:6443  user ann');
  });

  it('fits into 80 columns, but for what is typed', () => {
    const long = lines.filter((line) => line.length > 80 && !/^ +(?:kubectl|walkback) /.test(line));
    expect(long).toEqual([]);
  });

  it('has each line to type alone', () => {
    expect(lines).toContain(`      kubectl patch pv pv-0 -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'`);
    expect(lines.at(-2)).toBe('    walkback window -n shop --statefulset cas-metabase-patroni');
  });

  it('tells which ways the rights are enough for, and what the others lack', () => {
    expect(lines).toContain('  rights     enough for in-volume');
    expect(lines).toContain('             rebind lacks: get persistentvolumes, patch persistentvolumes');
  });

  it('is as bad as the worst of what was found', () => {
    const problem = { topic: 'pods', text: 'x', remedy: 'y' };
    expect(worstProblem([])).toBe('ok');
    expect(worstProblem([{ ...problem, level: 'look' }])).toBe('look');
    expect(
      worstProblem([
        { ...problem, level: 'look' },
        { ...problem, level: 'act' },
      ]),
    ).toBe('act');
  });

  it('has no line for what is missing when nothing is', () => {
    expect(inspectedText(found({ problems: [] }), SCREEN)).toMatch(/^cas-metabase-patroni: nothing is wrong\n/);
  });
});

describe('the list of clusters', () => {
  it('says where it looked, also when there is none', () => {
    const none = clustersText({ where: WHERE, isOneNamespace: true, clusters: [] }, SCREEN);
    expect(none).toContain('namespace shop  context prod');
    expect(none).toContain('No StatefulSet in shop runs PostgreSQL.');
    const cluster = { namespace: 'shop', name: 'db', replicas: 3, readyReplicas: 2, image: 'postgres:17', kept: null };
    expect(clustersText({ where: WHERE, isOneNamespace: false, clusters: [cluster] }, SCREEN)).toContain(
      '  shop/db  2 of 3 ready    postgres:17',
    );
  });

  it('says what an undo or a recovery keeps, and until when', () => {
    const claim = (ordinal: number) => ({
      id: '7f3a',
      name: `walkback-7f3a-replaced-${ordinal}`,
      holds: 'recovered data, replaced by the undo' as const,
      size: '5Gi',
      volume: `pv-${ordinal}`,
      phase: 'Bound',
    });
    const kept = [claim(0), claim(1)];
    const cluster = { namespace: 'shop', name: 'db', replicas: 1, readyReplicas: 1, image: 'postgres:17', kept };
    expect(clustersText({ where: WHERE, isOneNamespace: true, clusters: [cluster] }, SCREEN)).toContain(
      '    keeps walkback-7f3a-replaced-0 5Gi, walkback-7f3a-replaced-1 5Gi\n        until  walkback release 7f3a -n shop --statefulset db\n',
    );
  });
});
