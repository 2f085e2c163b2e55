// The wire format of contracts without 64-bit integers: the SDK's JSON protocol, which reads and writes JSON itself.
import { isItsMembers, nameOf } from './kinds.js';
export { Centrifuge, UnauthorizedError as NoToken } from 'centrifuge';
/** What Centrifugo's protocol adds to the payload and the channel of a publication, at most. */
export const PUBLISH_OVERHEAD = 64;
/** `value` as JSON. Throws a `TypeError` for what has no JSON form. */
export function write(value) {
    const text = JSON.stringify(value, checked);
    if (text === undefined)
        throw new TypeError(`${nameOf(value)} has no JSON form`);
    return text;
}
/** A replacer that refuses each value which `JSON.stringify` would change or leave out. */
function checked(_name, value) {
    const isNumber = typeof value === 'number';
    const isLost = (isNumber && !Number.isFinite(value)) ||
        typeof value === 'function' ||
        typeof value === 'symbol' ||
        (typeof value === 'object' && value !== null && !Array.isArray(value) && !isItsMembers(value));
    if (isLost)
        throw new TypeError(`${isNumber ? value : nameOf(value)} has no JSON form`);
    return value;
}
/** A JSON text as the SDK takes it. */
export function toData(text) {
    return JSON.parse(text);
}
/** What the SDK hands over. Throws if it is no JSON. */
export function read(data) {
    return data;
}
