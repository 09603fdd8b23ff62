import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { childOf, NotXml, parseXml } from './xml.ts';

describe('the XML of an answer', () => {
  it('is elements, attributes and text', () => {
    const root = parseXml(
      '\u{feff}<?xml version="1.0"?><A><B Encoded="true">x &amp; &#x1F418;&lt;</B><B /><C>\n<D>1</D></C></A>',
    );
    expect([root.name, root.children.map(({ name }) => name)]).toEqual(['A', ['B', 'B', 'C']]);
    expect(childOf(root, 'B')).toMatchObject({ text: 'x & \u{1f418}<', attributes: { Encoded: 'true' } });
    expect(childOf(childOf(root, 'C'), 'D')?.text).toBe('1');
    expect(childOf(root, 'E')).toBeUndefined();
  });

  it.each([
    '',
    'text',
    '<A>',
    '<A></B>',
    '</A>',
    '<A/><B/>',
    '<A>&nbsp;</A>',
    '<A>& </A>',
    '<A>&#x110000;</A>',
    '<!DOCTYPE a><A/>',
    '<A><![CDATA[x]]></A>',
    '<A/>x',
    '<A>'.repeat(30),
  ])('is not %j', (text) => {
    expect(() => parseXml(text)).toThrow(NotXml);
  });

  it('is parsed or refused, whatever it is', () => {
    const piece = fc.constantFrom('<A>', '</A>', '<A/>', ' b="c"', '&amp;', '&', '<', '>', 'x', '<?y?>');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          parseXml(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(NotXml);
        }
      }),
    );
  });
});
