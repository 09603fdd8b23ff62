/**
 * The little XML that stores answer with: elements, attributes, text. Anything else (a document type, a CDATA section, an
 * entity of its own) is no answer of theirs, and refused.
 *
 * @module
 */

/** One element. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** All text directly in it. */
  readonly text: string;
}

interface OpenElement {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlElement[];
  text: string;
}

const TOKEN = /<\?[^>]*\?>|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const DEEPEST = 20;

/** Text that is no XML, or not of this kind. */
export class NotXml extends Error {
  override readonly name = 'NotXml';
}

function unescaped(text: string): string {
  return text.replaceAll(/&(#x[0-9A-Fa-f]{1,6}|#\d{1,7}|\w+);|&/g, (whole, name: string | undefined) => {
    const code = name?.startsWith('#x') === true ? Number.parseInt(name.slice(2), 16) : Number(name?.slice(1));
    const character = name?.startsWith('#') === true ? characterOf(code) : ENTITIES[name ?? ''];
    if (character !== undefined) return character;
    throw new NotXml(`${whole} stands for nothing`);
  });
}

function characterOf(code: number): string | undefined {
  return code <= 0x10_ff_ff ? String.fromCodePoint(code) : undefined;
}

function attributesOf(text: string): Record<string, string> {
  const found = [...text.matchAll(ATTRIBUTE)];
  return Object.fromEntries(found.map(([, name = '', double, single]) => [name, unescaped(double ?? single ?? '')]));
}

/** The outermost element. @throws {NotXml} */
export function parseXml(given: string): XmlElement {
  const text = given.replace(/^\u{feff}/u, '').trim();
  const root: OpenElement = { name: '', attributes: {}, children: [], text: '' };
  const open: OpenElement[] = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const [, closes, name, attributes = '', isEmpty, characters] = TOKEN.exec(text) ?? [];
    if (TOKEN.lastIndex === 0) throw new NotXml(`byte ${at} begins nothing that is known`);
    const inner = open.at(-1) ?? root;
    if (characters !== undefined) inner.text += unescaped(characters);
    if (name === undefined) continue;
    if (closes === '/') {
      if (inner.name !== name || open.length === 1) throw new NotXml(`</${name}> ends nothing`);
      open.pop();
      continue;
    }
    const element: OpenElement = { name, attributes: attributesOf(attributes), children: [], text: '' };
    inner.children.push(element);
    if (isEmpty !== '/') open.push(element);
    if (open.length > DEEPEST) throw new NotXml('it is nested too deep');
  }
  const [first, second] = root.children;
  if (open.length !== 1 || first === undefined || second !== undefined || root.text.trim() !== '')
    throw new NotXml('it is not one whole element');
  return first;
}

/** The child by a name; `undefined` if there is none. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}
