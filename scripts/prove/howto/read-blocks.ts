/**
 * The commands of a page: its fenced blocks that are marked `sh`, in their order.
 *
 * @module
 */

/** One block. */
export interface PageBlock {
  /** The first line of it on the page, from 1. */
  readonly line: number;
  /** Without the indent of a list. */
  readonly commands: readonly string[];
}

const OPENS = /^(?<indent> *)```sh$/;

/** The blocks of a page. Others (`yaml`, plain) are for reading. */
export function readBlocks(page: string): readonly PageBlock[] {
  const lines = page.split('\n');
  return lines.flatMap((text, index): PageBlock[] => {
    const indent = OPENS.exec(text)?.groups?.['indent'];
    if (indent === undefined) return [];
    const end = lines.indexOf(`${indent}\`\`\``, index + 1);
    if (end === -1) throw new Error(`line ${index + 1} opens a block that nothing closes`);
    return [{ line: index + 2, commands: lines.slice(index + 1, end).map((one) => one.slice(indent.length)) }];
  });
}
