/**
 * JSON over several lines, four blanks deep, with integers of 64 bits.
 *
 * @module
 */

import { formatJson64, type JsonValue } from '../../walg/json64.ts';

/** A value over several lines. Neither an empty list nor an empty object is opened. */
export function indentedJson(value: JsonValue, indent = ''): string {
  if (typeof value !== 'object' || value === null) return formatJson64(value);
  const deeper = `${indent}    `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    const parts = value.map((part: JsonValue) => `${deeper}${indentedJson(part, deeper)}`);
    return `[\n${parts.join(',\n')}\n${indent}]`;
  }
  const members = Object.entries(value).flatMap(([name, part]) =>
    part === undefined ? [] : [`${deeper}${formatJson64(name)}: ${indentedJson(part, deeper)}`],
  );
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
}
