import { describe, expect, it } from 'vitest';

import { noProgress } from '../base/progress.ts';
import { ContentMeter, type LevelMeter, type MeteredLevel } from './content-meter.ts';

const MIB = 1024 * 1024;
const NAME = 'base_000000010000000000000002';

function levelWith(level: { declaredBytes?: number; listed?: number; storedBytes?: number }): MeteredLevel {
  const { declaredBytes = 0, listed, storedBytes = 0 } = level;
  const description = { isIncremented: false, isSkipped: false, mtimeNs: 0n, updatesCount: 0 };
  const names = Array.from({ length: listed ?? 0 }, (_, at) => `/base/5/${at}`);
  return {
    backup: { name: NAME, uncompressedSizeBytes: BigInt(declaredBytes) },
    metadata: listed === undefined ? undefined : { files: new Map(names.map((name) => [name, description])) },
    objects: [{ kind: 'part', sizeBytes: storedBytes }],
  };
}

function outcome(level: MeteredLevel, pass: (meter: LevelMeter) => void): string {
  const meter = new ContentMeter([], noProgress);
  pass(meter.startLevel(level));
  const reason: unknown = meter.signal.reason;
  return reason instanceof Error ? reason.message : 'passes';
}

function entries(count: number): (meter: LevelMeter) => void {
  return ({ onEntry }) => {
    for (let left = count; left > 0; left -= 1) onEntry();
  };
}

describe('a backup that is restored', () => {
  it('may hold somewhat more content than it declares', () => {
    const level = levelWith({ declaredBytes: 1000 * MIB, listed: 10 });
    expect(outcome(level, ({ onContent }) => onContent(1200 * MIB))).toBe('passes');
    expect(outcome(level, ({ onContent }) => onContent(1400 * MIB))).toContain(
      `cannot restore ${NAME}: it holds far more than the ${1000 * MIB} bytes that its sentinel declares`,
    );
  });

  it('that declares no size may hold what the stored bytes can become, and no more', () => {
    const level = levelWith({ listed: 10, storedBytes: MIB });
    expect(outcome(level, ({ onContent }) => onContent(255 * MIB))).toBe('passes');
    expect(outcome(level, ({ onContent }) => onContent(400 * MIB))).toContain(
      `it holds far more than ${MIB} stored bytes can become, and its sentinel declares no size`,
    );
  });

  it('may hold hundreds of thousands of empty files that it lists, and not as many that it does not', () => {
    expect(outcome(levelWith({ declaredBytes: 1, listed: 300_000 }), entries(300_100))).toBe('passes');
    expect(outcome(levelWith({ declaredBytes: 1, listed: 1000 }), entries(300_100))).toContain(
      'it holds far more entries than the 1000 of its list of files',
    );
  });

  it('without a list of files may hold as many entries as the stored bytes can become', () => {
    expect(outcome(levelWith({ storedBytes: 2 * MIB }), entries(1_000_000))).toBe('passes');
    expect(outcome(levelWith({ storedBytes: 2000 }), entries(1_000_000))).toContain(
      'it holds far more entries than 2000 stored bytes can become, and it has no list of files',
    );
  });
});
