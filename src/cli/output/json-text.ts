/**
 * Values as JSON for `--json`: `bigint` as decimal text (readers lose digits of large numbers), `Date` as RFC 3339.
 *
 * @module
 */

/** One value as JSON; `undefined` members are left out. */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(
    value,
    (_key, member: unknown) => {
      if (typeof member === 'bigint') return member.toString();
      if (member instanceof Map) return Object.fromEntries(member);
      return member;
    },
    indent,
  );
}
