/**
 * Reading TAP, the Test Anything Protocol, as pgTAP's functions return it.
 *
 * Source: testanything.org, version 13; pgTAP's documentation.
 *
 * @module
 */

/** One assertion. */
export interface TapAssertion {
  readonly isOk: boolean;
  readonly description: string;
}

/** What a TAP output says. */
export interface TapResult {
  /** As announced by `1..N`; `undefined` when nothing was. */
  readonly planned: number | undefined;
  readonly assertions: readonly TapAssertion[];
  readonly bailedOut: boolean;
}

const ASSERTION = /^(not )?ok\b(?:\s+\d+)?(?:\s+-)?\s*(.*)$/;
const PLAN = /^1\.\.(\d+)/;

/** Reads lines as TAP; `undefined` if they hold neither a plan nor an assertion, so that they are not TAP. */
export function parseTap(lines: readonly string[]): TapResult | undefined {
  let planned: number | undefined;
  let bailedOut = false;
  const assertions: TapAssertion[] = [];
  for (const line of lines.flatMap((text) => text.split('\n'))) {
    const plan = PLAN.exec(line);
    const assertion = ASSERTION.exec(line);
    if (plan !== null) planned = Number(plan[1]);
    else if (assertion !== null) {
      const description = assertion[2] ?? '';
      const isTolerated = /#\s*(TODO|SKIP)\b/i.test(description);
      assertions.push({ isOk: assertion[1] === undefined || isTolerated, description });
    } else if (line.startsWith('Bail out!')) bailedOut = true;
  }
  return planned === undefined && assertions.length === 0 && !bailedOut
    ? undefined
    : { planned, assertions, bailedOut };
}

/** What is wrong, in words; empty when all is well. */
export function tapProblems({ planned, assertions, bailedOut }: TapResult): string[] {
  const failed = assertions.filter(({ isOk }) => !isOk).map(({ description }) => `not ok: ${description}`);
  const isShort = planned !== undefined && planned !== assertions.length;
  return [
    ...failed,
    ...(isShort ? [`planned ${planned} assertions, ran ${assertions.length}`] : []),
    ...(bailedOut ? ['bailed out'] : []),
  ];
}
