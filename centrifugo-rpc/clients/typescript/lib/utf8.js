// UTF-8, also in environments without `TextEncoder` (Jest's jsdom) or `TextDecoder` (React Native before 0.85).
const encoder = typeof TextEncoder === 'undefined' ? undefined : new TextEncoder();
const decoder = typeof TextDecoder === 'undefined' ? undefined : new TextDecoder('utf-8', { fatal: true });
/** Returns the bytes of `text`, which must not contain a lone half of a surrogate pair. */
export function encodeUtf8(text) {
    return encoder?.encode(text) ?? encodeByEscapes(text);
}
/** Returns the text of `bytes`. Throws if they are not UTF-8. */
export function decodeUtf8(bytes) {
    return decoder?.decode(bytes) ?? decodeByEscapes(bytes);
}
/** Implements `encodeUtf8` with functions of the language only. */
export function encodeByEscapes(text) {
    const escaped = encodeURIComponent(text);
    const bytes = new Uint8Array(escaped.length);
    let length = 0;
    for (let at = 0; at < escaped.length; at += 1) {
        if (escaped[at] === '%') {
            bytes[length] = Number.parseInt(escaped.slice(at + 1, at + 3), 16);
            at += 2;
        }
        else {
            bytes[length] = escaped.charCodeAt(at);
        }
        length += 1;
    }
    return bytes.slice(0, length);
}
/** Implements `decodeUtf8` with functions of the language only. */
export function decodeByEscapes(bytes) {
    return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
}
