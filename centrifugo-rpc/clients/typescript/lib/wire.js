// The wire format of contracts without 64-bit integers: the SDK's JSON protocol, which reads and writes JSON itself.
export { Centrifuge, UnauthorizedError as NoToken } from 'centrifuge';
/** What Centrifugo's protocol adds to the payload and the channel of a publication, at most. */
export const PUBLISH_OVERHEAD = 64;
/** `value` as JSON. Throws a `TypeError` for what has no JSON form. */
export function write(value) {
    const text = JSON.stringify(value);
    if (text === undefined)
        throw new TypeError(`a ${typeof value} has no JSON form`);
    return text;
}
/** A JSON text as the SDK takes it. */
export function toData(text) {
    return JSON.parse(text);
}
/** What the SDK hands over. Throws if it is no JSON. */
export function read(data) {
    return data;
}
