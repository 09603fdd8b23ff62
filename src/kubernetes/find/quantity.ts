/**
 * Amounts as the API writes them: `1Gi`, `500M`, `0.5Ti`, `1e9`, `1073741824`.
 *
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 *
 * @module
 */

const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Whole bytes, rounded up as the API does; `undefined` for what is no amount. */
export function bytesOfQuantity(text: string | undefined): bigint | undefined {
  const [, digits, unit = ''] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([A-Za-z]{0,2})$/.exec(text ?? '') ?? [];
  const factor = FACTORS[unit];
  const number = Number(digits);
  if (digits === undefined || factor === undefined || !Number.isFinite(number) || number < 0) return undefined;
  // Products of a whole number and a power of two are exact far beyond any volume.
  return BigInt(Math.ceil(number * factor));
}
