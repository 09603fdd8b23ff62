/**
 * The page of failure modes, as values: each mode with what shows that it is prevented or caught.
 *
 * A mode is a heading `## F-07 …`. What shows it are the items of its list: `` `path` › name of a test ``, a proof as
 * `` proof `name` ``, or a set of a proof's table as `` proof `entrypoint` › name of the set ``.
 *
 * @module
 */

/** What shows that a mode is prevented or caught. */
export type Evidence =
  | { readonly kind: 'test'; readonly path: string; readonly title: string }
  | { readonly kind: 'proof'; readonly name: string; readonly set: string | undefined };

/** One failure mode. */
export interface FailureMode {
  /** `F-07`. */
  readonly id: string;
  readonly title: string;
  readonly evidence: readonly Evidence[];
  /** Items that say none of this. */
  readonly unread: readonly string[];
}

const HEADING = /^## (F-\d\d) (.+)$/;
const TEST = /^`([^`]+)` › (.+)$/;
const PROOF = /^proof `([^`]+)`(?: › (.+))?$/;

function evidenceOf(item: string): Evidence | undefined {
  const [, path, title] = TEST.exec(item) ?? [];
  if (path !== undefined && title !== undefined) return { kind: 'test', path, title };
  const [, name, set] = PROOF.exec(item) ?? [];
  return name === undefined ? undefined : { kind: 'proof', name, set };
}

/** Reads the page. A list item may go on over indented lines. */
export function readFailureModes(page: string): FailureMode[] {
  return page.split(/^(?=## )/m).flatMap((section) => {
    const [, id, title] = HEADING.exec(section.split('\n', 1)[0] ?? '') ?? [];
    if (id === undefined || title === undefined) return [];
    const items = section
      .split(/^- /m)
      .slice(1)
      .map((item) => (item.split(/\n(?! {2})/, 1)[0] ?? '').replaceAll(/\s+/g, ' ').trim());
    const read = items.map((item) => ({ item, evidence: evidenceOf(item) }));
    return [
      {
        id,
        title,
        evidence: read.flatMap(({ evidence }) => evidence ?? []),
        unread: read.flatMap(({ item, evidence }) => (evidence === undefined ? [item] : [])),
      },
    ];
  });
}
