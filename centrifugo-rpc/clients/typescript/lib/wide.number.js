// In the place of `wide.ts`: integers of 64 and 128 bits are numbers in programs. Those that numbers do not hold are refused.
import { Mismatch, expected } from './schema.js';
/** Integers in a range. */
export function wide(lowest, highest) {
    return (value) => {
        if (typeof value !== 'number' && typeof value !== 'bigint')
            throw expected('an integer', value);
        const integer = Number(value);
        if (!Number.isInteger(integer))
            throw new Mismatch(`expected an integer, got ${value}`);
        if (integer < Number(lowest) || integer > Number(highest))
            throw new Mismatch(`the integer is not in ${lowest} to ${highest}`);
        if (!Number.isSafeInteger(integer)) {
            // A variant of floats would take it, rounded.
            throw new Mismatch('the integer is beyond 2^53 - 1, where numbers are not exact: generate this client with `--typescript-int64 bigint`', true);
        }
        // Integers have no -0.
        return integer + 0;
    };
}
