/**
 * Text in lines.
 *
 * @module
 */

import { stripVTControlCharacters } from 'node:util';

/** Columns that a text takes: codes of colour take none. */
export function visibleLength(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** Words over lines of at most `width`. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
