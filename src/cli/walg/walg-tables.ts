/**
 * Tables as WAL-G prints them: columns padded with blanks, or boxed.
 *
 * Scripts cut these by blanks (Spilo takes the first three columns of `backup-list`), so the widths follow the content and
 * nothing is shortened.
 *
 * Source: Go `text/tabwriter` and `github.com/jedib0t/go-pretty` (`StyleDefault`), as `utility/printlist` uses them.
 *
 * @module
 */

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const [first = []] = rows;
  return first.map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
}

/** Columns with one blank between them; the last one is not padded. Nothing for no rows. */
export function plainTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const all = [header, ...rows];
  const widths = widthsOf(all);
  const last = header.length - 1;
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === last ? cell : cell.padEnd(widths[column] ?? 0))).join(' ');
  return all.map((row) => `${line(row)}\n`).join('');
}

/** A column of a boxed table. */
export interface BoxedColumn {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly isRight?: boolean;
}

/** A boxed table. */
export function boxedTable(columns: readonly BoxedColumn[], rows: readonly (readonly string[])[]): string {
  const header = columns.map(({ title }) => title);
  const widths = widthsOf([header, ...rows]);
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+\n`;
  const line = (row: readonly string[]): string => {
    const cells = row.map((cell, at) => {
      const width = widths[at] ?? 0;
      return columns[at]?.isRight === true ? cell.padStart(width) : cell.padEnd(width);
    });
    return `| ${cells.join(' | ')} |\n`;
  };
  const body = rows.map(line).join('');
  return `${rule}${line(header)}${rule}${body}${rows.length === 0 ? '' : rule}`;
}
