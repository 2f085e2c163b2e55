// Integers that JavaScript's numbers do not hold: `bigint` in programs, and on the wire the integers they are.
import { Mismatch, expected } from './schema.js';
/** Integers in a range. A `number` that is one is taken too. */
export function wide(lowest, highest) {
    // Texts, made into integers when the first value comes: compilers for old targets refuse or break literals like `1n`.
    let range;
    return (value) => {
        if (typeof value !== 'number' && typeof value !== 'bigint')
            throw expected('an integer', value);
        if (typeof value === 'number' && !Number.isSafeInteger(value)) {
            throw new Mismatch(`${value} is not an integer, or not exact: write it as a \`bigint\``);
        }
        const integer = BigInt(value);
        range ??= [BigInt(lowest), BigInt(highest)];
        if (integer < range[0] || integer > range[1])
            throw new Mismatch(`the integer is not in ${lowest} to ${highest}`);
        return integer;
    };
}
