// UTF-8, also where there is no `TextEncoder` (Jest's jsdom) or no `TextDecoder` (React Native before 0.85).

const encoder = typeof TextEncoder === 'undefined' ? undefined : new TextEncoder();
const decoder = typeof TextDecoder === 'undefined' ? undefined : new TextDecoder('utf-8', { fatal: true });

/** The bytes of `text`, which has no half of a surrogate pair. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder?.encode(text) ?? encodeByEscapes(text);
}

/** The text of `bytes`. Throws if they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder?.decode(bytes) ?? decodeByEscapes(bytes);
}

/** As `encodeUtf8`, with nothing but the language. */
export function encodeByEscapes(text: string): Uint8Array {
  const escaped = encodeURIComponent(text);
  const bytes = new Uint8Array(escaped.length);
  let length = 0;
  for (let at = 0; at < escaped.length; at += 1) {
    if (escaped[at] === '%') {
      bytes[length] = Number.parseInt(escaped.slice(at + 1, at + 3), 16);
      at += 2;
    } else {
      bytes[length] = escaped.charCodeAt(at);
    }
    length += 1;
  }
  return bytes.slice(0, length);
}

/** As `decodeUtf8`, with nothing but the language. */
export function decodeByEscapes(bytes: Uint8Array): string {
  return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
}
