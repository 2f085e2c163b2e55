// Integers that JavaScript's numbers do not hold: `bigint` in programs, and on the wire the integers they are.

import { type Codec, Mismatch, expected } from './schema.js';

/** Integers in a range. A `number` that is one is taken too. */
export function wide(lowest: bigint, highest: bigint): Codec {
  return (value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') throw expected('an integer', value);
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new Mismatch(`${value} is not an integer, or not exact: write it as a \`bigint\``);
    }
    const integer = BigInt(value);
    if (integer < lowest || integer > highest) throw new Mismatch(`the integer is not in ${lowest} to ${highest}`);
    return integer;
  };
}

/** Numbers of any size: what is beyond 2^53 - 1 is a `bigint`. */
export const number: Codec = (value) => {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'number') throw expected('a number', value);
  if (!Number.isFinite(value)) throw new Mismatch(`${value} has no JSON form`);
  return value;
};

export const i64 = /* @__PURE__ */ wide(-(2n ** 63n), 2n ** 63n - 1n);
export const u64 = /* @__PURE__ */ wide(0n, 2n ** 64n - 1n);
export const i128 = /* @__PURE__ */ wide(-(2n ** 127n), 2n ** 127n - 1n);
export const u128 = /* @__PURE__ */ wide(0n, 2n ** 128n - 1n);
