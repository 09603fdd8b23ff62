/**
 * The screen of `walkback cluster inspect`, and the same as JSON.
 *
 * @module
 */

import type { InspectedCluster } from '../../app/inspect-cluster.ts';
import { isFailure } from '../../base/failure.ts';
import { rightWords } from '../../kubernetes/find/review-rights.ts';
import type { FoundClaim, FoundMember, KubernetesCluster } from '../../kubernetes/find/kubernetes-cluster.ts';
import type { Problem } from '../../kubernetes/find/problems.ts';
import { countOf, formatAgo, formatBytes, shortTime, zoneLine } from './format.ts';
import type { Screen } from './screen.ts';
import { wholeReach } from './timeline-bar.ts';
import { whereLines } from './where-text.ts';
import { windowsJson } from './windows-text.ts';
import { wrap } from './wrap.ts';

const INDENT = 13;

function row(label: string, text: string, screen: Screen): string[] {
  const [first = '', ...rest] = wrap(text, screen.columns - INDENT);
  return [`  ${label.padEnd(INDENT - 2)}${first}`, ...rest.map((line) => ' '.repeat(INDENT) + line)];
}

function claimWords(claim: FoundClaim | undefined): string {
  if (claim === undefined) return 'no claim';
  const size = claim.sizeBytes === undefined ? '' : `${formatBytes(claim.sizeBytes)} `;
  const { volume } = claim;
  const policy =
    volume === undefined ? claim.phase : volume === 'unreadable' ? 'volume not readable' : volume.reclaimPolicy;
  return `${size}${claim.storageClass ?? ''}, ${claim.isGoing ? 'being deleted' : policy}`;
}

function memberLine({ ordinal, pod, claim }: FoundMember, { name }: KubernetesCluster): string {
  const at = pod?.timeline === undefined ? '' : `, timeline ${pod.timeline}`;
  const restarts = pod === undefined || pod.restarts === 0 ? '' : `, ${countOf(pod.restarts, 'restart')}`;
  const state =
    pod === undefined
      ? 'no pod'
      : `${pod.role ?? (pod.isReady ? 'ready' : pod.phase)}${pod.state === undefined ? '' : ` ${pod.state}`}${at}${restarts}${pod.isGoing ? ', ending' : ''}`;
  return `${`${name}-${ordinal}`}  ${state};  ${claimWords(claim)}`;
}

function whatItIs(cluster: KubernetesCluster, screen: Screen): string[] {
  const { patroni, keeper, claimTemplate } = cluster;
  const kind =
    patroni === undefined
      ? 'PostgreSQL without Patroni'
      : `Patroni, scope ${patroni.scope}, in ${patroni.kind === 'ConfigMap' ? 'ConfigMaps' : 'Endpoints'}`;
  const major = cluster.postgresMajor === undefined ? '' : `, PostgreSQL ${cluster.postgresMajor}`;
  const template =
    claimTemplate === undefined
      ? 'no claim template'
      : `claims ${claimTemplate.name}-${cluster.name}-N, ${claimTemplate.sizeBytes === undefined ? '' : `${formatBytes(claimTemplate.sizeBytes)} `}${claimTemplate.storageClass ?? 'default class'}`;
  return [
    ...row('what', `${kind}${major}`, screen),
    ...row(
      'members',
      `${countOf(cluster.replicas, 'replica')} asked for, ${cluster.readyReplicas} ready; ${template}`,
      screen,
    ),
    ...cluster.members.flatMap((member) => row('', memberLine(member, cluster), screen)),
    ...row('container', `${cluster.container}, ${cluster.image}`, screen),
    ...row('data', `${cluster.data.dataDirectory} (${cluster.data.from})`, screen),
    ...(cluster.userRange === undefined ? [] : row('users', `${cluster.userRange} of the namespace`, screen)),
    ...(keeper === undefined
      ? []
      : row('kept by', `${keeper.kind} ${keeper.name}: what is changed here has to be in its values too`, screen)),
  ];
}

function reach({ archive }: InspectedCluster, screen: Screen): string[] {
  if (isFailure(archive))
    return row('recover', screen.paint('nothing, as far as can be told: see archive', 'loss'), screen);
  const span = wholeReach(archive.timelines);
  const newest = archive.backups.toSorted((a, b) => b.finishedAt.getTime() - a.finishedAt.getTime())[0];
  const backups = `${countOf(archive.backups.length, 'backup')}${newest === undefined ? '' : `, the last ${formatAgo(BigInt(newest.finishedAt.getTime()) * 1000n, screen.nowUs())}`}`;
  const when =
    span === undefined
      ? screen.paint('no commit can be reached', 'loss')
      : `any transaction from ${shortTime(span.fromUs, screen)} to ${shortTime(span.toUs, screen)}, ${formatAgo(span.toUs, screen.nowUs())}`;
  return [...row('archive', `${archive.address}, ${backups}`, screen), ...row('recover', when, screen)];
}

function waysLines({ ways }: InspectedCluster, screen: Screen): string[] {
  const common = ways.map(({ missing }) => new Set(missing.map(rightWords))).reduce((a, b) => a.intersection(b));
  const possible = ways.filter(({ missing }) => missing.length === 0).map(({ way }) => way);
  const lacking = ways.flatMap(({ way, missing }) => {
    const own = missing.map(rightWords).filter((words) => !common.has(words));
    return own.length === 0 ? [] : row('', `${way} lacks: ${[...new Set(own)].join(', ')}`, screen);
  });
  return [
    ...row(
      'rights',
      possible.length === 0 ? screen.paint('for no way of a recovery', 'loss') : `enough for ${possible.join(', ')}`,
      screen,
    ),
    ...(common.size === 0 ? [] : row('', `every way lacks: ${[...common].join(', ')}`, screen)),
    ...lacking,
  ];
}

function remedyLines(remedy: string, screen: Screen): string[] {
  // A line that can be typed stands alone, whole, however long it is.
  const [, prose = remedy, typed] = /^(|.*?: )((?:kubectl|walkback|oc) [^.]*(?:\.\S[^.]*)*)$/s.exec(remedy) ?? [];
  const lines = [...wrap(prose, screen.columns - 6), ...(typed === undefined ? [] : [typed])];
  return lines.map((line) => `      ${line}`);
}

function problemLines({ level, topic, text, remedy }: Problem, screen: Screen): string[] {
  const mark = screen.hasUnicode ? (level === 'act' ? '✘' : '▸') : level === 'act' ? 'x' : '>';
  const [first = '', ...rest] = wrap(`${topic}: ${text}`, screen.columns - 4);
  return [
    `  ${screen.paint(mark, level === 'act' ? 'loss' : 'attention')} ${first}`,
    ...rest.map((line) => `    ${line}`),
    ...remedyLines(remedy, screen),
  ];
}

/** The screen. */
export function inspectedText(found: InspectedCluster, screen: Screen): string {
  const { cluster, problems } = found;
  const acts = problems.filter(({ level }) => level === 'act').length;
  const state = acts > 0 ? 'loss' : problems.length > 0 ? 'attention' : 'good';
  const answer =
    problems.length === 0
      ? 'nothing is wrong'
      : acts === 0
        ? `${countOf(problems.length, 'thing')} to look at`
        : `${countOf(acts, 'thing')} to act on${problems.length === acts ? '' : `, ${problems.length - acts} to look at`}`;
  const { namespace } = found.where;
  const next = `walkback window -n ${namespace} --statefulset ${cluster.name}`;
  return `${[
    `${cluster.name}: ${screen.paint(answer, state)}`,
    ...whereLines(found.where, screen),
    zoneLine(screen),
    '',
    ...whatItIs(cluster, screen),
    ...reach(found, screen),
    ...waysLines(found, screen),
    ...(problems.length === 0 ? [] : ['', 'What is wrong already:']),
    ...problems.flatMap((problem) => problemLines(problem, screen)),
    '',
    'Nothing has been changed. What happened in it, and when:',
    `    ${next}`,
  ].join('\n')}\n`;
}

/** How bad the worst of them is. */
export function worstProblem(problems: readonly Problem[]): 'ok' | Problem['level'] {
  if (problems.length === 0) return 'ok';
  return problems.some(({ level }) => level === 'act') ? 'act' : 'look';
}

/** The same as JSON. */
export function inspectedJson({ where, cluster, archive, ways, problems }: InspectedCluster): unknown {
  return {
    where,
    cluster,
    archive: isFailure(archive)
      ? { failure: { kind: archive.kind, message: archive.message, remedy: archive.remedy } }
      : windowsJson(archive),
    ways: ways.map(({ way, missing }) => ({
      way,
      missing: missing.map(({ verb, group, resource, why }) => ({ verb, group, resource, why })),
    })),
    problems,
  };
}
