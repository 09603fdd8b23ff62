import { describe, expect, it } from 'vitest';

import { RunningBackups, SILENT_MS } from './running-backups.ts';

const marked = (name: string, renewedMs: number, isAlive = true) => ({ name, isAlive, renewedAt: new Date(renewedMs) });

describe('backups that are being taken', () => {
  it('are waited for as long as their markers are renewed, and not for an hour when they are not', () => {
    const running = new RunningBackups();
    for (let minute = 0; minute < 90; minute += 1) {
      expect(running.isAnyAtWork([marked('a', minute * 60_000)], minute * 60_000)).toBe(true);
    }
    const silentSinceMs = 89 * 60_000;
    expect(running.isAnyAtWork([marked('a', silentSinceMs)], silentSinceMs + SILENT_MS - 1)).toBe(true);
    expect(running.isAnyAtWork([marked('a', silentSinceMs)], silentSinceMs + SILENT_MS)).toBe(false);
    // It was only suspended.
    expect(running.isAnyAtWork([marked('a', silentSinceMs + 1)], silentSinceMs + SILENT_MS)).toBe(true);
  });

  it('are none that are dead, or gone', () => {
    const running = new RunningBackups();
    expect(running.isAnyAtWork([marked('a', 0, false)], 0)).toBe(false);
    expect(running.isAnyAtWork([marked('a', 0), marked('b', 0)], 0)).toBe(true);
    expect(running.isAnyAtWork([], SILENT_MS)).toBe(false);
    // Begun anew under the same name.
    expect(running.isAnyAtWork([marked('a', 0)], SILENT_MS)).toBe(true);
  });
});
