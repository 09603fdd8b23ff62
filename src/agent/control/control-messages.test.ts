import { describe, expect, it } from 'vitest';

import { Failure } from '../../base/failure.ts';
import { failureFrom, failureJson, readAnswer, readHello, readStartRequest } from './control-messages.ts';
import { parseFrame } from './frames.ts';

const stream = { isTTY: true, columns: 80 };
const screen = { out: stream, err: stream, canAsk: true, zone: 'America/Vancouver', environment: { LANG: 'C.UTF-8' } };
const good = { id: '0'.repeat(32), args: ['status'], by: 'anna@laptop', screen };

describe('a request to run a command', () => {
  it('is read, with nothing in it that was not asked for', () => {
    const given = {
      ...good,
      ownFlags: ['--archive=/x'],
      screen: { ...screen, environment: { LANG: 'C', PGHOST: 'x' } },
    };
    expect(readStartRequest(given)).toEqual({ ...good, screen: { ...screen, environment: { LANG: 'C' } } });
  });

  it.each([
    [undefined],
    [[]],
    [{ ...good, id: '../x' }],
    [{ ...good, id: '0'.repeat(33) }],
    [{ ...good, args: 'status' }],
    [{ ...good, args: [1] }],
    [{ ...good, args: ['a\0b'] }],
    [{ ...good, args: Array.from({ length: 201 }, () => 'x') }],
    [{ ...good, by: 'x'.repeat(201) }],
    [{ ...good, screen: { ...screen, zone: 'Nowhere/Here' } }],
    [{ ...good, screen: { ...screen, canAsk: 1 } }],
    [{ ...good, screen: { ...screen, out: { isTTY: true, columns: -1 } } }],
    [{ ...good, screen: { ...screen, err: undefined } }],
    [{ ...good, screen: { ...screen, environment: { LANG: 1 } } }],
  ])('is refused: %j', (given) => {
    expect(() => readStartRequest(given)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});

describe('an answer to a question', () => {
  it('has a number, and may have no text', () => {
    expect(readAnswer({ number: 1, text: 'shop' })).toEqual({ number: 1, text: 'shop' });
    expect(readAnswer({ number: 2 })).toEqual({ number: 2, text: undefined });
    for (const given of [
      {},
      { number: '1' },
      { number: 0 },
      { number: 1, text: 1 },
      { number: 1, text: 'x'.repeat(201) },
    ]) {
      expect(() => readAnswer(given)).toThrow(expect.objectContaining({ kind: 'usage' }));
    }
  });
});

describe('what an agent says', () => {
  it('is a failure as it was thrown there', () => {
    const thrown = new Failure('conflict', { message: 'cannot', remedy: 'Do.', facts: ['one'] });
    const read = failureFrom(JSON.parse(JSON.stringify(failureJson(thrown))));
    expect(read).toMatchObject({ kind: 'conflict', message: 'cannot', remedy: 'Do.', facts: ['one'] });
    expect(failureFrom({ kind: 'toString', message: 'x', remedy: 'y' })).toBeUndefined();
    expect(failureFrom('nothing')).toBeUndefined();
  });

  it('is believed of an agent of this protocol alone', () => {
    const hello = { program: 'walkback', version: '1', protocol: 1, host: 'db1', cluster: 'shop', isPrimary: true };
    expect(readHello(hello, 'there')).toEqual(hello);
    for (const other of [{ ...hello, protocol: 2 }, { ...hello, program: 'x' }, {}, undefined]) {
      expect(() => readHello(other, 'there')).toThrow(expect.objectContaining({ kind: 'unavailable' }));
    }
  });

  it('is a frame or a failure', () => {
    expect(parseFrame('{"kind":"exit","code":3}')).toEqual({ kind: 'exit', code: 3 });
    for (const line of [
      '',
      '{',
      '[]',
      '{"kind":"exit"}',
      '{"kind":"out","text":1}',
      '{"kind":"report","call":"x"}',
      '{"kind":"x"}',
    ]) {
      expect(() => parseFrame(line), line).toThrow(expect.objectContaining({ kind: 'corrupt' }));
    }
  });
});
