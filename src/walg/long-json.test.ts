import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isFailure } from '../base/failure.ts';
import { parseJson64, type JsonValue } from './json64.ts';
import { LongJson, type JsonPart } from './long-json.ts';

const longJson = (text: string | Buffer, pieceBytes: number) =>
  new LongJson(Buffer.from(text), { object: 'x.json', startByte: 0, pieceBytes });

/** A value read as deep as it comes apart. */
function read(part: JsonPart): JsonValue {
  if (!(part instanceof LongJson)) return part;
  // Of the two ways only one can be right.
  try {
    return [...part.items()].map(read);
  } catch (error) {
    if (!isFailure(error) || !error.message.endsWith('not a list')) throw error;
    return Object.fromEntries(Array.from(part.members(), ([name, value]) => [name, read(value)]));
  }
}

/** The same in one go; what is said of bytes that are no JSON counts by its kind alone. */
function outcomeOf(readIt: () => JsonValue): unknown {
  try {
    return readIt();
  } catch (error) {
    if (isFailure(error)) return { kind: error.kind, namesObject: error.message.startsWith('cannot read x.json: ') };
    throw error;
  }
}

/** Texts that look like structure, and names that are special. */
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', 'é', '\n', 'a'), maxLength: 12 }),
  fc.constantFrom('__proto__', '', '7', '\\', 'constructor'),
);

/** V8 14.6 takes the name `"` for the name `\` where it has seen that one in an object before. */
const names = texts.map((text) => text.replaceAll('\\', '/'));

const values = fc.letrec<{ value: JsonValue; node: JsonValue }>((tie) => ({
  node: fc.oneof(
    texts,
    fc.constantFrom<JsonValue>(null, true, false, 1.5, -7, 1e21, 9_007_199_254_740_991),
    fc.bigInt({ min: 2n ** 60n, max: 2n ** 64n - 1n }),
  ),
  value: fc.oneof(
    { depthSize: 'small' },
    tie('node'),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(names, tie('value'), { maxKeys: 5 }),
  ),
})).value;

/** Objects and lists as text, with white space anywhere and any character escaped or not. */
const documents = fc
  .tuple(
    fc.oneof(fc.array(values, { maxLength: 8 }), fc.dictionary(names, values, { maxKeys: 8 })),
    fc.infiniteStream(fc.constantFrom('', '', '', ' ', '\n', '\t \r')),
    fc.infiniteStream(fc.boolean()),
  )
  .map(([value, spaces, choices]) => written(value, spaces, choices));

function written(value: unknown, spaces: Iterator<string>, choices: Iterator<boolean>): string {
  const space = (): string => String(spaces.next().value);
  const around = (text: string): string => space() + text + space();
  const quoted = (text: string): string => (choices.next().value ? escaped(text) : JSON.stringify(text));
  const write = (one: unknown): string => {
    if (typeof one === 'string') return around(quoted(one));
    if (typeof one === 'bigint') return around(String(one));
    if (Array.isArray(one)) return around(`[${one.map(write).join(',') || space()}]`);
    if (typeof one !== 'object' || one === null) return around(JSON.stringify(one));
    const members = Object.entries(one).map(([name, inner]) => around(quoted(name)) + ':' + write(inner));
    return around(`{${members.join(',') || space()}}`);
  };
  return write(value);
}

function escaped(text: string): string {
  return `"${Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
}

describe('JSON that is read in pieces', () => {
  it('is what it is when it is parsed at once, whatever the size of the pieces', () => {
    fc.assert(
      fc.property(documents, fc.integer({ min: 0, max: 60 }), (text, pieceBytes) => {
        expect(read(longJson(text, pieceBytes))).toEqual(parseJson64(Buffer.from(text), 'x.json'));
      }),
      { numRuns: 1000 },
    );
  });

  it('is refused where the parser refuses it, and taken where it takes it', () => {
    const changes = fc.array(
      fc.tuple(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.nat(3),
        fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', ' ', 'x', '1', '\u0001', '\u{ff}'),
      ),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(documents, changes, fc.integer({ min: 0, max: 60 }), (text, edits, pieceBytes) => {
        let bytes = Buffer.from(text);
        for (const [where, cut, put] of edits) {
          const at = Math.floor(where * bytes.length);
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(put, 'latin1'), bytes.subarray(at + cut)]);
        }
        // See the names above.
        fc.pre(!/\\\\|\\u005c/i.test(bytes.toString()));
        const once = outcomeOf(() => parseJson64(bytes, 'x.json'));
        fc.pre(typeof once === 'object' && once !== null);
        expect(outcomeOf(() => read(longJson(bytes, pieceBytes)))).toEqual(once);
      }),
      { numRuns: 1000 },
    );
  });

  it('comes in the order in which it is there, with what is there twice', () => {
    const text = '{"a":1,"b":{"c":[1,2,3,4,5,6]},"a":2}';
    expect(Array.from(longJson(text, 8).members(), ([name, part]) => [name, read(part)])).toEqual([
      ['a', 1],
      ['b', { c: [1, 2, 3, 4, 5, 6] }],
      ['a', 2],
    ]);
  });

  it.each([
    ['', 'it is no JSON object'],
    ['\0\0\0\0\0\0', 'it is no JSON object'],
    ['"a text"', 'it is no JSON object'],
    ['[1,2]', 'it is no JSON object'],
    ['  {"a":1,"b":"2}', 'it is not JSON (what begins there does not end at byte 2)'],
    ['{"a":1,,"b":2}', 'at position 7 (line 1 column 8) from byte 0 on)'],
    ['{"a":1, ,"b":"long"}', 'it is not JSON (nothing is before a comma or a bracket at byte 8)'],
    ['{"a":1,"b":2,}', 'at position 7 (line 1 column 8) from byte 6 on)'],
    ['{"a":1,"b":23,}', 'it is not JSON (nothing is before a comma or a bracket at byte 14)'],
    ['{"a":1,"b":2]', 'it is not JSON (the wrong bracket at byte 12)'],
    ['{"a":1,"b":2} {}', 'it is not JSON (something follows at byte 14)'],
    ['{"a":1,long:"long"}', 'it is not JSON (no name and value at byte 7)'],
    ['{"a":1,"long" "long"}', 'it is not JSON (no name and value at byte 7)'],
    ['{"a":1,"long":}', 'from byte 14 on)'],
    ['{"a":1,"long":[1,2,3,,4]}', 'from byte 14 on)'],
    ['{"a":1,"long":[12,345,,"long"]}', 'it is not JSON (nothing is before a comma or a bracket at byte 22)'],
  ])('that is %j is refused, telling where', (text, found) => {
    const refusal = expect.objectContaining({ kind: 'corrupt', message: expect.stringContaining(found) });
    const readAll = () => Array.from(longJson(text, 6).members(), ([, part]) => read(part));
    expect(readAll).toThrow(refusal);
    expect(readAll).toThrow('cannot read x.json: ');
  });
});
