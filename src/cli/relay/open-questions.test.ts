import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { Failure } from '../../base/failure.ts';
import type { Questions } from '../output/questions.ts';
import { OpenQuestions } from './open-questions.ts';

function questionsThat(ask: Questions['ask'], canAsk = true): Questions {
  return { canAsk, ask, confirm: async () => false };
}

const unavailable = new Failure('unavailable', { message: 'cannot reach it', remedy: 'Wait.' });

describe('questions of a command elsewhere', () => {
  it('are put here, and their answers sent', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const open = new OpenQuestions(
      questionsThat(async ({ question }) => `answer to ${question}`),
      async (...answer) => resolve(answer),
    );
    open.open(1, 'q');
    expect(await promise).toEqual([1, 'answer to q']);
  });

  it('are not put again when they have an answer already', async () => {
    let asked = 0;
    const open = new OpenQuestions(
      questionsThat(async () => String((asked += 1))),
      async () => {},
    );
    open.open(1, 'q');
    open.close(1);
    await sleep(500);
    expect(asked).toBe(0);
  });

  it('are taken back when somebody else answers', async () => {
    const asking = Promise.withResolvers<void>();
    const takenBack = Promise.withResolvers<void>();
    const sent: unknown[] = [];
    const open = new OpenQuestions(
      questionsThat(async ({ signal }) => {
        asking.resolve();
        signal?.addEventListener('abort', () => takenBack.resolve());
        await takenBack.promise;
        return 'late';
      }),
      async (...answer) => void sent.push(answer),
    );
    open.open(1, 'q');
    await asking.promise;
    open.close(1);
    await takenBack.promise;
    await sleep(50);
    expect(sent).toEqual([]);
  });

  it('have their answer sent again while the connection is lost', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    let attempts = 0;
    const open = new OpenQuestions(
      questionsThat(async () => 'shop'),
      async () => {
        attempts += 1;
        if (attempts === 1) throw unavailable;
        resolve(attempts);
      },
    );
    open.open(1, 'q');
    expect(await promise).toBe(2);
  });

  it('stay open for who can answer, where nobody can', async () => {
    const sent: unknown[] = [];
    const nobody = questionsThat(async () => 'x', false);
    new OpenQuestions(nobody, async (...answer) => void sent.push(answer)).open(1, 'q');
    await sleep(400);
    expect(sent).toEqual([]);
  });
});
