import { PassThrough } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { runProgram } from '../run-program.ts';
import type { OutputStream } from '../streams.ts';

function captured(): OutputStream & { readonly text: () => string } {
  const chunks: string[] = [];
  const stream = new PassThrough();
  return {
    isTTY: false,
    columns: undefined,
    stream,
    write: async (text) => void chunks.push(text),
    text: () => chunks.join(''),
  };
}

async function run(line: string, environment: Readonly<Record<string, string>> = {}) {
  const [out, err] = [captured(), captured()];
  const code = await runProgram(line.split(' '), { environment, streams: { in: new PassThrough(), out, err } });
  return { code, err: err.text() };
}

describe('walkback bucket provision', () => {
  it("runs in the image without a cluster's directory of variables, which a Job has not", async () => {
    const environment = { WALKBACK_ENV_DIR: '/run/etc/wal-e.d/env-of-nobody', WALKBACK_ARCHIVE: '/srv/archive' };
    const { code, err } = await run('bucket provision --secret-file /nowhere/x', environment);
    expect([code, err]).toEqual([64, expect.stringContaining('it is a folder')]);
  });

  it('checks names before it asks anybody', async () => {
    const { code, err } = await run('bucket provision --archive s3://Shop_1/db --secret-file /nowhere/x');
    expect([code, err]).toEqual([64, expect.stringContaining('"Shop_1" as the name of a bucket')]);
  });
});
