import { describe, expect, it } from 'vitest';

import { runChecks } from './run-checks.ts';
import type { Check } from './run-checks.ts';

describe('checks run side by side', () => {
  it('print one line each, and the output of only those that failed', async () => {
    const lines = await run(
      script('good', "console.log('quiet')"),
      script('bad', "console.error('why'); process.exit(3)"),
    );
    expect(lines).toHaveLength(3);
    expect(lines.join('\n')).toMatch(/^ok {6}good +\d+\.\d s$/m);
    expect(lines.join('\n')).toMatch(/^FAILED {2}bad +\d+\.\d s\n +why$/m);
    expect(lines.join('\n')).not.toContain('quiet');
  });

  it('all run, whatever fails', async () => {
    const outcomes = await outcomesOf(script('bad', 'process.exit(1)'), script('good', ''));
    expect(outcomes).toEqual({ bad: false, good: true });
  });

  it('fail when they cannot be started, or are killed', async () => {
    const absent = { name: 'absent', looksAt: '', program: '/nonexistent/program', args: [] };
    expect(await outcomesOf(absent, script('killed', "process.kill(process.pid, 'SIGKILL')"))).toEqual({
      absent: false,
      killed: false,
    });
  });
});

function script(name: string, text: string): Check {
  return { name, looksAt: '', program: process.execPath, args: ['-e', text] };
}

async function run(...checks: readonly Check[]): Promise<string[]> {
  const lines: string[] = [];
  await runChecks(checks, { cwd: import.meta.dirname, atOnce: 2, print: (line) => void lines.push(line) });
  return lines;
}

async function outcomesOf(...checks: readonly Check[]): Promise<Record<string, boolean>> {
  const outcomes = await runChecks(checks, { cwd: import.meta.dirname, atOnce: 1, print: () => {} });
  return Object.fromEntries(outcomes.map((outcome) => [outcome.check.name, outcome.passed]));
}
