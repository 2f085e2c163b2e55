import { ConfigError } from './errors.js';
/** Throws a `ConfigError` if there is no source of randomness. */
export function checkRandom() {
    if (typeof globalThis.crypto?.getRandomValues !== 'function') {
        throw new ConfigError('there is no global `crypto.getRandomValues` here: in React Native install `react-native-get-random-values` ' +
            "and write `import 'react-native-get-random-values'` at the top of the program's first file");
    }
}
/** Returns a random UUID, version 4. */
export function uuid() {
    // `crypto.randomUUID` exists only in secure contexts, such as pages over HTTPS.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
