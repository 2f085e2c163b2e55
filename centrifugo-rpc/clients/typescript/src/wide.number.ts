// Replaces `wide.ts` where programs use `number` for integers of 64 and 128 bits. Rejects integers that a `number`
// cannot represent exactly.

import { type Codec, Mismatch, expected } from './schema.js';

/** Returns the codec of integers in a range. */
export function wide(lowest: string, highest: string): Codec {
  return (value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') throw expected('an integer', value);
    const integer = Number(value);
    if (!Number.isInteger(integer)) throw new Mismatch(`expected an integer, got ${value}`);
    if (integer < Number(lowest) || integer > Number(highest)) throw new Mismatch(`the integer is not in ${lowest} to ${highest}`);
    if (!Number.isSafeInteger(integer)) {
      // Final, as a float variant of a union would accept the integer, rounded.
      throw new Mismatch('the integer is beyond 2^53 - 1, where numbers are not exact: generate this client with `--typescript-int64 bigint`', true);
    }
    // JSON has no integer -0: `+ 0` turns -0 into 0.
    return integer + 0;
  };
}
