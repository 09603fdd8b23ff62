import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { JsonFields } from './json-fields.ts';
import { formatJson64, MAX_JSON_BYTES, parseJson64 } from './json64.ts';

const parse = (text: string) => parseJson64(Buffer.from(text), 'x.json');
const fields = (text: string) => new JsonFields(parse(text), 'x.json');

describe('JSON with 64-bit integers', () => {
  it('is refused by its name and with a remedy where no string can hold it', () => {
    const refusal = expect.objectContaining({
      kind: 'refused',
      message: expect.stringContaining(`cannot read files_metadata.json: its ${MAX_JSON_BYTES + 1} bytes are more`),
      remedy: 'Use another backup, or restore this one with wal-g.',
    });
    expect(() => parseJson64(Buffer.alloc(MAX_JSON_BYTES + 1), 'files_metadata.json')).toThrow(refusal);
  });

  it('keeps every unsigned 64-bit number exactly, read and written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (number) => {
        const text = formatJson64({ LSN: number, list: [number] });
        expect(text).toBe(`{"LSN":${number},"list":[${number}]}`);
        expect(fields(text).u64('LSN')).toBe(number);
      }),
    );
  });

  it('gives a number where a number is exact, and a bigint where it is not', () => {
    expect(parse('[9007199254740991,9007199254740992,-9007199254740993]')).toEqual([
      9007199254740991,
      9007199254740992n,
      -9007199254740993n,
    ]);
    expect(parse('[ \n 18446744073709551615 ]')).toEqual([18446744073709551615n]);
    expect(parse('18446744073709551615')).toEqual(18446744073709551615n);
    expect(parse('[1.5,1e3,"12345678901234567890"]')).toEqual([1.5, 1000, '12345678901234567890']);
  });

  it('writes any other value as JSON does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.parse(formatJson64(JSON.parse(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('escapes what Go escapes', () => {
    expect(formatJson64({ name: 'a<b>&\u2028' })).toBe('{"name":"a\\u003cb\\u003e\\u0026\\u2028"}');
  });

  it.each(['', '{', '{} {}', '{"a":1,}', 'nonsense', '\u{feff}{}'])('refuses %j, naming the object', (text) => {
    const refusal = expect.objectContaining({ kind: 'corrupt', message: expect.stringContaining('x.json') });
    expect(() => parse(text)).toThrow(refusal);
  });
});

describe('the properties of a JSON object', () => {
  it('are found whatever the case, an exact match first', () => {
    expect(fields('{"spec":"low"}').text('Spec')).toBe('low');
    expect(fields('{"Spec":"exact","SPEC":"other"}').text('Spec')).toBe('exact');
  });

  it('are absent when they are null', () => {
    expect(fields('{"Spec":null}').value('Spec')).toBeUndefined();
    expect(fields('{"__proto__":null}').value('toString')).toBeUndefined();
  });

  it.each([
    ['u64', '-1'],
    ['u64', '1.5'],
    ['u64', '1e30'],
    ['u64', '18446744073709551616'],
    ['u64', '"5"'],
    ['count', '18446744073709551615'],
    ['text', '5'],
    ['flag', '0'],
    ['fields', '[]'],
    ['list', '{}'],
    ['texts', '[1]'],
  ] as const)('as %s are not %s', (kind, value) => {
    const refusal = expect.objectContaining({ kind: 'corrupt', message: expect.stringMatching('x.json: outer.key') });
    const inner = fields(`{"outer":{"key":${value}}}`).fields('outer');
    expect(() => inner?.[kind]('key')).toThrow(refusal);
  });
});
