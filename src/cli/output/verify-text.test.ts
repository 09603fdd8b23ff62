import { describe, expect, it } from 'vitest';

import type { VerifyReport } from '../../verify/verify.ts';
import type { Screen } from './screen.ts';
import { verifyJson, verifyText } from './verify-text.ts';

const screen: Screen = {
  columns: 80,
  isTerminal: false,
  hasUnicode: true,
  zone: 'UTC',
  nowUs: () => 0n,
  paint: (text) => text,
};

function report(more: Partial<VerifyReport> = {}): VerifyReport {
  return {
    findings: [],
    wal: { total: 1204, read: 96, readBytes: 1024 ** 3, timelines: 2 },
    backups: {
      backups: 9,
      total: 200,
      read: 20,
      readBytes: 2 * 1024 ** 3,
      pagesChecked: 400_000,
      withoutChecksums: 0,
      restored: 0,
    },
    isDone: true,
    isReadOnly: false,
    ...more,
  };
}

const finding = (name: string) =>
  ({ kind: 'segment', subject: name, found: 'it is empty', remedy: 'Push it again.' }) as const;

describe('what verify says', () => {
  it('is one sentence when nothing is wrong', () => {
    expect(verifyText(report(), screen)).toBe(
      'Everything is as it should be: 9 backups, 1,204 segments on 2 timelines; 3.0 GB\nread now, the rest proven before and unchanged.\n',
    );
    expect(verifyText(report({ isDone: false }), screen)).toMatch(/^Nothing wrong so far, and not all was read yet: /);
  });

  it('names what is wrong with its remedy, and counts what is not shown', () => {
    const findings = Array.from({ length: 30 }, (_, at) => finding(`0000000100000000000000${10 + at}`));
    const text = verifyText(report({ findings }), screen);
    expect(text).toMatch(/^30 problems: 9 backups/);
    expect(text).toContain('\n  000000010000000000000010\n    it is empty.\n    Push it again.\n');
    expect(text).toContain('\n  and 5 more, all of them with --json\n');
    expect(verifyJson(report({ findings })).problems).toHaveLength(30);
  });
});
