import { PassThrough } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { questionsOver } from './questions.ts';

function terminal(isTerminal: boolean) {
  const input = new PassThrough();
  const output = new PassThrough();
  const controller = new AbortController();
  let pauses = 0;
  const beforeAsking = () => void (pauses += 1);
  const questions = questionsOver({ input, output, isTerminal, signal: controller.signal, beforeAsking });
  return { input, output, questions, controller, pauses: () => pauses };
}

const QUESTION = { question: "Type the cluster's name: ", word: 'shop-prod', flag: '--yes' };

describe('a question', () => {
  it.each([
    ['shop-prod\n', true],
    [' shop-prod \n', true],
    ['shop\n', false],
    ['yes\n', false],
    ['\n', false],
  ])('answered %j is confirmed: %s', async (typed, expected) => {
    const { input, output, questions, pauses } = terminal(true);
    input.write(typed);
    expect(await questions.confirm(QUESTION)).toBe(expected);
    expect(String(output.read())).toContain(QUESTION.question);
    expect(pauses()).toBe(1);
  });

  it('that meets the end of input is a no', async () => {
    const { input, questions } = terminal(true);
    input.end();
    expect(await questions.confirm(QUESTION)).toBe(false);
  });

  it('where nobody can answer is an error that names the flag', async () => {
    await expect(terminal(false).questions.confirm(QUESTION)).rejects.toMatchObject({
      kind: 'usage',
      message: `cannot ask "Type the cluster's name:": this is not a terminal`,
      remedy: 'Give --yes to answer it beforehand.',
    });
  });

  it('ends when the run is asked to stop', async () => {
    const { questions, controller } = terminal(true);
    const asked = questions.confirm(QUESTION);
    controller.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  });
});
