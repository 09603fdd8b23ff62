/**
 * What `walkback verify` says: one sentence, then what is wrong.
 *
 * @module
 */

import type { Finding } from '../../verify/finding.ts';
import type { VerifyReport } from '../../verify/verify.ts';
import { countOf, formatBytes } from './format.ts';
import type { Screen } from './screen.ts';
import { wrap } from './wrap.ts';

const SHOWN_FINDINGS = 25;

/** What there is, and what of it was read now. */
function whatWasLookedAt({ wal, backups }: VerifyReport): string {
  const parts = [
    ...(backups.backups === 0 ? [] : [countOf(backups.backups, 'backup')]),
    ...(wal.total === 0 ? [] : [`${countOf(wal.total, 'segment')} on ${countOf(wal.timelines, 'timeline')}`]),
  ];
  const readBytes = wal.readBytes + backups.readBytes;
  const readNow =
    readBytes === 0
      ? 'all proven before and unchanged'
      : `${formatBytes(readBytes)} read now${provenBefore(wal, backups)}`;
  return `${parts.length === 0 ? 'nothing' : parts.join(', ')}; ${readNow}`;
}

function provenBefore(wal: VerifyReport['wal'], backups: VerifyReport['backups']): string {
  return wal.read < wal.total || backups.read < backups.total ? ', the rest proven before and unchanged' : '';
}

function sentence(report: VerifyReport): string {
  const { findings, isDone } = report;
  const looked = whatWasLookedAt(report);
  if (findings.length > 0) {
    const unfinished = isDone ? '' : ', and not all was read yet';
    return `${countOf(findings.length, 'problem')}${unfinished}: ${looked}.`;
  }
  return isDone
    ? `Everything is as it should be: ${looked}.`
    : `Nothing wrong so far, and not all was read yet: ${looked}.`;
}

function findingLines({ subject, found, remedy }: Finding, screen: Screen): string[] {
  const width = screen.columns - 4;
  return [
    screen.paint(`  ${subject}`, 'loss'),
    ...[...wrap(`${found}.`, width), ...wrap(remedy, width)].map((line) => `    ${line}`),
  ];
}

function remarks({ backups, isDone, isReadOnly }: VerifyReport): string[] {
  return [
    ...(isReadOnly
      ? [
          'What was proven could not be written down, since writing to the archive is not permitted: it will be read again.',
        ]
      : []),
    ...(backups.withoutChecksums === 0
      ? []
      : [
          `${countOf(backups.withoutChecksums, 'backup')} of a server without data checksums: what its pages hold cannot be verified.`,
        ]),
    ...(backups.restored === 0 ? [] : [`${countOf(backups.restored, 'backup')} restored into nothing.`]),
    ...(isDone ? [] : ['The next "walkback verify" goes on where this one stopped.']),
  ];
}

/** The report for a person. */
export function verifyText(report: VerifyReport, screen: Screen): string {
  const state = report.findings.length > 0 ? 'loss' : report.isDone ? 'good' : 'attention';
  const lines = [
    ...wrap(sentence(report), screen.columns).map((line) => screen.paint(line, state)),
    ...report.findings.slice(0, SHOWN_FINDINGS).flatMap((finding) => findingLines(finding, screen)),
    ...(report.findings.length > SHOWN_FINDINGS
      ? [`  and ${report.findings.length - SHOWN_FINDINGS} more, all of them with --json`]
      : []),
    ...remarks(report).flatMap((remark) => wrap(remark, screen.columns)),
  ];
  return `${lines.join('\n')}\n`;
}

/** The report for machines. */
export function verifyJson(report: VerifyReport) {
  return {
    isSound: report.findings.length === 0,
    isDone: report.isDone,
    isRemembered: !report.isReadOnly,
    summary: sentence(report),
    problems: report.findings,
    wal: {
      timelines: report.wal.timelines,
      segments: report.wal.total,
      segmentsRead: report.wal.read,
      readBytes: report.wal.readBytes,
    },
    backups: {
      backups: report.backups.backups,
      objects: report.backups.total,
      objectsRead: report.backups.read,
      readBytes: report.backups.readBytes,
      pagesVerified: report.backups.pagesChecked,
      withoutChecksums: report.backups.withoutChecksums,
      restoredIntoNothing: report.backups.restored,
    },
  };
}
