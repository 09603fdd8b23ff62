/**
 * How long clusters were down, as text that is recorded and read again; and how much longer with a hundred times the data.
 *
 * Pure.
 *
 * @module
 */

/** Of one case. */
export interface Down {
  /** The way, and who led if that was not the first pod. */
  readonly label: string;
  readonly megabytes: number;
  /** Of the recovery, of its undo, and of the recovery again; of a row that was recorded, those that are still legible. */
  readonly ms: readonly number[];
}

/**
 * How much longer the cluster may be down with 5 GB than with 50 MB.
 *
 * Two runs of one case are apart by some seconds: Patroni looks every 4 s, pods start when they start. What reads or writes all of
 * 5 GB takes 10 s more, on a disk of 500 MB/s.
 */
export const GROWTH_MS = 5000;

/** `rebind of 50 MB 12.6, 20.1, 13.0 s`. */
export function downText({ label, megabytes, ms }: Down): string {
  return `${label} of ${megabytes} MB ${ms.map((one) => (one / 1000).toFixed(1)).join(', ')} s`;
}

const DOWN = /([a-z-]+(?: led by pod \d+)?) of (\d+) MB ([\d., …]+) s/g;

/** What {@link downText} has written into a figure, in order. */
export function downsIn(figure: string): Down[] {
  return [...figure.matchAll(DOWN)].map(([, label = '', megabytes, seconds = '']) => ({
    label,
    megabytes: Number(megabytes),
    ms: seconds
      .split(', ')
      .map((one) => Math.round(Number.parseFloat(one) * 1000))
      .filter((one) => one > 0),
  }));
}

/** Of the rows of this proof that held, the oldest first. */
export function recordedDowns(page: string): Down[] {
  return page
    .split('\n')
    .filter((row) => /^\| kubernetes \| [^|]+ \| \d+ \| yes \|/.test(row))
    .flatMap(downsIn);
}

/** A clone restores while the cluster is down: that takes longer the more there is. */
const mayGrow = ({ label }: Down): boolean => label.startsWith('clone');

/**
 * How much longer each time, compared with the newest case of the same way with less data.
 *
 * @param known the newest last. @returns `undefined` if there is nothing to compare with, or nothing is promised.
 */
export function growthOf(down: Down, known: readonly Down[]): number | undefined {
  if (mayGrow(down)) return undefined;
  const small = known.findLast(({ label, megabytes }) => label === down.label && megabytes < down.megabytes);
  const grown = (small?.ms ?? []).flatMap((ms, at) => {
    const now = down.ms[at];
    return now === undefined ? [] : [now - ms];
  });
  return grown.length === 0 ? undefined : Math.max(...grown);
}

/** In words, and whether it is within {@link GROWTH_MS}. */
export function growthVerdict(downs: readonly Down[], recorded: readonly Down[]): { holds: boolean; text: string } {
  const grown = downs.flatMap((down, at) => {
    const by = growthOf(down, [...recorded, ...downs.slice(0, at)]);
    return by === undefined ? [] : [{ label: down.label, by }];
  });
  if (grown.length === 0) return { holds: true, text: '' };
  const words = grown.map(({ label, by }) => `${label} ${by < 0 ? '−' : '+'}${(Math.abs(by) / 1000).toFixed(1)} s`);
  return {
    holds: grown.every(({ by }) => by <= GROWTH_MS),
    text: `; with more data ${words.join(', ')}, of +${(GROWTH_MS / 1000).toFixed(1)} s at most`,
  };
}
