/**
 * Who watches one piece of work from outside: what must be true of it at every moment.
 *
 * @module
 */

/** As the journal says it. */
export interface SeenStatus {
  readonly state: string;
  readonly steps: ReadonlyMap<string, string>;
}

/** A recovery, or a reset. */
export interface Watch {
  readonly id: string;
  /** What is typed to run it, and to go on with it. */
  readonly runLine: readonly string[];
  readonly looks: number;
  /** The rows of `orders` in a state that is an end; `undefined`: there is no such table. */
  rowsIn(state: string): number | undefined;
  /** What is wrong now with what the volumes hold. */
  look(): Promise<string[]>;
  /** As the journal says it, read past the proxy. */
  status(): Promise<SeenStatus>;
  /** Claims by which it keeps something now. */
  held(): Promise<string[]>;
  /** What the text of `status` leaves unsaid: the step that was interrupted, and what to type. */
  explains(step: string | undefined): Promise<string[]>;
}

/** The last event of each step. */
export function stepsIn(entries: readonly { readonly event: string; readonly step?: string }[]): Map<string, string> {
  return new Map(entries.flatMap(({ event, step }) => (step === undefined ? [] : [[step, event] as const])));
}

const NEXT = /walkback (?:recover run|cluster reset|undo|rehearse --discard|release) /;

/** @param said by `recover status`. */
export function unsaidIn(
  { code, out, err }: { readonly code: number | null; readonly out: string; readonly err: string },
  step: string | undefined,
): string[] {
  if (code !== 0) return [`status ended with ${code}: ${err.slice(-400)}`];
  const namesStep = step === undefined || new RegExp(`\\b${step}  (?:BEGUN|FAILED|done)`).test(out);
  return [
    ...(namesStep ? [] : [`status does not name ${step}`]),
    ...(NEXT.test(out) || /thrown away|released/i.test(out) ? [] : ['status does not say what to type']),
  ];
}
