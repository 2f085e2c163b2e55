// Integers that JavaScript's numbers cannot represent: `bigint` in programs, plain integers on the wire.

import { type Codec, Mismatch, expected } from './schema.js';

/** Returns the codec of integers in a range. Accepts a `number` too if it is a safe integer. */
export function wide(lowest: string, highest: string): Codec {
  // The limits are texts, which the first use converts: compilers for old targets reject or break literals like `1n`.
  let range: readonly [bigint, bigint] | undefined;
  return (value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') throw expected('an integer', value);
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new Mismatch(`${value} is not an integer, or not exact: write it as a \`bigint\``);
    }
    const integer = BigInt(value);
    range ??= [BigInt(lowest), BigInt(highest)];
    if (integer < range[0] || integer > range[1]) throw new Mismatch(`the integer is not in ${lowest} to ${highest}`);
    return integer;
  };
}
