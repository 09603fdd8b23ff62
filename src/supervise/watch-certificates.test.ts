import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it, vi } from 'vitest';

import { watchCertificates } from './watch-certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'walkback-certificates-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Watches two files while `during` runs; how often the server was told, and what was said. */
async function watching(
  name: string,
  reload: () => Promise<void>,
  during: (certificate: string) => Promise<void>,
): Promise<{ notes: string[]; warnings: string[] }> {
  const certificate = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  writeFileSync(certificate, 'first');
  writeFileSync(key, 'first');
  const [notes, warnings]: [string[], string[]] = [[], []];
  const stop = new AbortController();
  const watch = watchCertificates({
    files: [certificate, key],
    everyMs: 5,
    reload,
    note: (line) => notes.push(line),
    onWarning: (line) => warnings.push(line),
    signal: stop.signal,
  });
  await during(certificate);
  stop.abort();
  await watch;
  return { notes, warnings };
}

const aWhile = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 60));

describe('watched certificates', () => {
  it('that stay as they are are no reason to tell the server', async () => {
    const reload = vi.fn<() => Promise<void>>(async () => {});
    await watching('same', reload, aWhile);
    expect(reload).not.toHaveBeenCalled();
  });

  it('that are renewed are told of once', async () => {
    const reload = vi.fn<() => Promise<void>>(async () => {});
    const { notes } = await watching('renewed', reload, async (certificate) => {
      await aWhile();
      writeFileSync(certificate, 'second');
      await vi.waitFor(() => {
        expect(reload).toHaveBeenCalled();
      });
      await aWhile();
    });
    expect(reload).toHaveBeenCalledTimes(1);
    expect(notes).toHaveLength(1);
  });

  it('are told of again until the server has taken them, and each failure is told', async () => {
    let tries = 0;
    const reload = async () => {
      tries += 1;
      if (tries < 3) throw new Error('no server');
    };
    const { warnings } = await watching('late', reload, async (certificate) => {
      await aWhile();
      writeFileSync(certificate, 'second');
      await vi.waitFor(() => {
        expect(tries).toBe(3);
      });
    });
    expect(warnings).toEqual(Array.from({ length: 2 }, () => 'changed certificates are not in use yet: no server'));
  });

  it('that cannot be read are told of, and end nothing', async () => {
    const { warnings } = await watching(
      'gone',
      async () => {},
      async (certificate) => {
        await aWhile();
        rmSync(certificate);
        await aWhile();
      },
    );
    expect(warnings[0]).toMatch(/not in use yet: ENOENT/);
  });
});
