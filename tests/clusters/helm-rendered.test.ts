/**
 * What the charts render that no API server has to look at: monitoring, and values of the earlier chart. Nothing is installed.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';

import {
  CAS_POSTGRES,
  helmAlone,
  PATRONI,
  renderChart,
  set,
  type Rendered,
} from '../support/kubernetes/render-chart.ts';

const SOURCES = join(import.meta.dirname, '../../src');
const ARCHIVE = set('walE.enable=true', 'walE.gcsBucket=bucket', 'walE.kubernetesSecret=key');

const helm = helmAlone();

/** Of agents and of members. */
async function metricNames(): Promise<Set<string>> {
  const agent = await readFile(join(SOURCES, 'agent/metrics.ts'), 'utf8');
  const member = await readFile(join(SOURCES, 'supervise/health-routes.ts'), 'utf8');
  const ofAgent = [...agent.matchAll(/metric\(\s*'(\w+)'/g)].map(([, name]) => `walkback_${name}`);
  return new Set([...ofAgent, ...[...member.matchAll(/'(walkback_\w+)'/g)].map(([, name = '']) => name)]);
}

/** Anti-affinity as a template, by labels. */
function affinityBy(matchLabels: string): string {
  const indented = matchLabels.replaceAll(/^(?=.)/gm, '            ');
  return `podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
${indented}`;
}

describe.skipIf(helm === undefined)('members', () => {
  const render = (...flags: readonly string[]): Promise<readonly Rendered[]> =>
    renderChart(helm ?? expect.unreachable(), PATRONI, flags);

  test('are watched, if that is asked for, by their members’ own port, labels and metrics', async () => {
    const flags = set('monitoring.podMonitor.enabled=true', 'monitoring.podMonitor.labels.team=db');
    const objects = await render(...ARCHIVE, ...flags, ...set('monitoring.alerts.enabled=true'));
    const of = (kind: string): Rendered => objects.find((one) => one.kind === kind) ?? expect.unreachable();
    const { template } = of('StatefulSet').spec;
    const { metadata, spec } = of('PodMonitor');
    expect(metadata).toMatchObject({ name: 'shop-patroni', labels: { team: 'db', app: 'shop-patroni' } });
    expect(template.metadata.labels).toMatchObject(spec.selector.matchLabels);
    expect(template.spec.containers[0].ports.map((port: Rendered) => port['name'])).toContain(
      spec.podMetricsEndpoints[0].port,
    );
    const [group] = of('PrometheusRule').spec.groups;
    const told = await metricNames();
    for (const { alert, expr, labels, annotations } of group.rules) {
      expect(expr.match(/walkback_\w+/g), alert).toSatisfy((names: string[]) => names.every((one) => told.has(one)));
      expect(expr, alert).toContain('{namespace="dev",pod=~"shop-patroni-[0-9]+"}');
      expect([labels.severity, annotations.summary]).toEqual([
        expect.any(String),
        expect.stringContaining('shop-patroni: '),
      ]);
    }
  });

  test('have alerts of backups where there are backups, and are not watched unless it is asked for', async () => {
    const alerts = async (...flags: readonly string[]): Promise<string[]> => {
      const objects = await render(...flags);
      const rules = objects.find(({ kind }) => kind === 'PrometheusRule')?.spec.groups[0].rules ?? [];
      return rules.map(({ alert }: { readonly alert: string }) => alert);
    };
    const on = set('monitoring.alerts.enabled=true');
    expect(await alerts(...on)).toEqual(['WalkbackNoLeader', 'WalkbackMemberNotReady']);
    expect(await alerts(...on, ...ARCHIVE)).toEqual(
      expect.arrayContaining(['WalkbackBackupTooOld', 'WalkbackWalWaits', 'WalkbackDutyFailing']),
    );
    expect((await render()).map(({ kind }) => kind)).not.toContain('PodMonitor');
    expect(await alerts()).toEqual([]);
  });

  const policy = async (...flags: readonly string[]): Promise<Rendered> => {
    const objects = await render(...set('networkPolicy.enabled=true', ...flags));
    const isIts = ({ kind, metadata }: Rendered): boolean =>
      kind === 'NetworkPolicy' && metadata.name === 'shop-patroni';
    return objects.find(isIts)?.['spec'] ?? expect.unreachable();
  };

  const portsOf = (rules: readonly Rendered[]): unknown =>
    rules.map(({ ports }) => ports?.map(({ port, protocol }: Rendered) => `${port}/${protocol}`));

  test('are let in by numbers: members that the earlier chart started have no names for their ports', async () => {
    const { ingress } = await policy('probes.port=9009');
    expect(portsOf(ingress)).toEqual([['5432/TCP', '8008/TCP'], ['5432/TCP'], ['9009/TCP']]);
  });

  test('reach the names’ server on OpenShift, and S3 at the port of its address', async () => {
    const on = 'networkPolicy.egress.enabled=true';
    const names = ['53/UDP', '53/TCP', '5353/UDP', '5353/TCP'];
    const always = ['443/TCP', '6443/TCP'];
    for (const [endpoint = '', ...more] of [
      [],
      ['https://s3.example.org'],
      ['https://s3.example.org:6443/'],
      ['http://minio:9000', '9000/TCP'],
      ['http://[fd00::1]:9000/', '9000/TCP'],
      ['http://[fd00::1]', '80/TCP'],
      ['http://minio', '80/TCP'],
      ['10.0.0.1:9000', '9000/TCP'],
    ]) {
      const s3 = ['walE.enable=true', 'walE.s3Bucket=bucket', `walE.s3Endpoint=${endpoint}`];
      const { egress } = await policy(on, ...s3);
      expect(portsOf(egress), endpoint).toEqual([undefined, names, [...always, ...more]]);
    }
    const { egress } = await policy(on, 'networkPolicy.egress.to[0].ipBlock.cidr=10.0.0.0/8');
    expect(portsOf(egress)).toEqual([undefined, names, undefined]);
  });

  test('let the pod of "helm test" in also where clients are named', async () => {
    const { ingress } = await policy('networkPolicy.clients[0].namespaceSelector.matchLabels.team=shop');
    const [, { from }] = ingress;
    expect(from).toEqual([
      { namespaceSelector: { matchLabels: { team: 'shop' } } },
      { podSelector: { matchLabels: { release: 'shop', 'walkback/part': 'test' } } },
    ]);
  });

  test('are spread by the earlier chart’s own template too, which asks for a name that no pod has', async () => {
    const values = join(await mkdtemp(join(tmpdir(), 'walkback-values-')), 'values.yaml');
    const matchLabels = 'app:  {{ template "patroni.name" . }}\nrelease: {{ .Release.Name | quote }}\n';
    await writeFile(values, stringify({ affinityTemplate: affinityBy(matchLabels), consul: { hosts: null } }));
    const objects = await render('--values', values);
    await rm(dirname(values), { recursive: true });
    const { spec } = objects.find(({ kind }) => kind === 'StatefulSet') ?? expect.unreachable();
    const [term] = spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    expect(term.podAffinityTerm.labelSelector.matchLabels).toEqual({ app: 'shop-patroni', release: 'shop' });
    expect(spec.template.metadata.labels).toMatchObject(term.podAffinityTerm.labelSelector.matchLabels);
  });
});

const BUCKET = [...ARCHIVE, ...set('bucket.provision.enabled=true', 'bucket.provision.adminSecret=root')];
const PODS_BESIDE = [
  ['bucket', 'Job', 'shop-patroni-bucket'],
  ['test', 'Pod', 'shop-patroni-test'],
] as const;

describe.skipIf(helm === undefined)('the pods beside members', () => {
  const render = (chart: string, below: string, ...values: readonly string[]): Promise<readonly Rendered[]> => {
    const flags = [...BUCKET, ...set(...values)].map((one) => one.replace(/^(?=\w+(?:\.\w+)*=)/, below));
    return renderChart(helm ?? expect.unreachable(), chart, flags);
  };
  const policiesOf = (objects: readonly Rendered[], labels: Readonly<Record<string, string>>): Rendered[] =>
    objects.filter(
      ({ kind, spec }) =>
        kind === 'NetworkPolicy' &&
        Object.entries(spec.podSelector.matchLabels).every(([name, value]) => labels[name] === value),
    );
  const labelsOf = (object: Rendered | undefined): Record<string, string> =>
    object?.['spec']?.template?.metadata?.labels ?? Reflect.get(object?.metadata ?? {}, 'labels') ?? {};

  test.each(PODS_BESIDE)(
    'are let out where a namespace denies by default, and nobody in to them: %s',
    async (_, kind, name) => {
      for (const [chart, below] of [
        [PATRONI, ''],
        [CAS_POSTGRES, 'patroni.'],
      ] as const) {
        const isIts = (one: Rendered): boolean => one.kind === kind && one.metadata.name === name;
        const objects = await render(chart, below, 'networkPolicy.enabled=true');
        const found = policiesOf(objects, labelsOf(objects.find(isIts)));
        expect(found).toHaveLength(1);
        expect(found[0]).toMatchObject({
          metadata: { name },
          spec: { policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [{}] },
        });
        const limited = await render(chart, below, 'networkPolicy.enabled=true', 'networkPolicy.egress.enabled=true');
        const members = policiesOf(limited, labelsOf(limited.find((one) => one.kind === 'StatefulSet')));
        const [own] = policiesOf(limited, labelsOf(limited.find(isIts)));
        expect(members.map(({ metadata }) => metadata.name)).toEqual(['shop-patroni']);
        expect(own?.['spec'].egress).toEqual(members[0]?.['spec'].egress);
      }
    },
  );

  test('are let out from before they are made: the policy of the Job for the bucket is a hook that is earlier', async () => {
    const objects = await render(PATRONI, '', 'networkPolicy.enabled=true');
    const of = (kind: string): Readonly<Record<string, string>> =>
      objects.find((one) => one.kind === kind && one.metadata.name === 'shop-patroni-bucket')?.metadata.annotations ??
      {};
    expect(of('NetworkPolicy')).toMatchObject({ 'helm.sh/hook': of('Job')['helm.sh/hook'] });
    expect(Number(of('NetworkPolicy')['helm.sh/hook-weight'])).toBeLessThan(Number(of('Job')['helm.sh/hook-weight']));
    const ofTest = objects.find(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'shop-patroni-test',
    );
    expect(ofTest?.metadata.annotations).toBeUndefined();
  });

  test('have no policies where the chart is to make none', async () => {
    const objects = await render(PATRONI, '', 'networkPolicy.enabled=false');
    expect(objects.filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([]);
  });
});
