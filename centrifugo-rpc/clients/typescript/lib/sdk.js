// The wire format of contracts without 64-bit integers: the SDK's JSON protocol, which reads and writes the JSON
// itself.
import { isItsMembers, nameOf } from './kinds.js';
export { Centrifuge, UnauthorizedError as NoToken } from 'centrifuge';
/** The largest number of bytes that Centrifugo's protocol adds to the payload and the channel of a publication. */
export const PUBLISH_OVERHEAD = 64;
/** Returns `value` as JSON. Throws a `TypeError` for values without a JSON form. */
export function write(value) {
    const text = JSON.stringify(value, checked);
    if (text === undefined)
        throw new TypeError(`${nameOf(value)} has no JSON form`);
    return text;
}
/** A replacer that rejects each value that `JSON.stringify` would change or omit, or reject without naming a fix. */
function checked(name, value) {
    if (typeof value === 'bigint') {
        const place = name === '' ? '' : ` (at ${JSON.stringify(name)})`;
        throw new TypeError(`a bigint has no JSON form in this client${place}: write \`Number(…)\` or \`String(…)\` around it`);
    }
    const isNumber = typeof value === 'number';
    const isLost = (isNumber && !Number.isFinite(value)) ||
        typeof value === 'function' ||
        typeof value === 'symbol' ||
        (typeof value === 'object' && value !== null && !Array.isArray(value) && !isItsMembers(value));
    if (isLost)
        throw new TypeError(`${isNumber ? value : nameOf(value)} has no JSON form`);
    return value;
}
/** Converts a JSON text to the data that the SDK sends. */
export function toData(text) {
    return JSON.parse(text);
}
/** Decodes data that the SDK received; the SDK has parsed it already. */
export function read(data) {
    return data;
}
