// The wire format of contracts with 64-bit integers: the SDK's Protobuf protocol, which passes bytes, and the lossless
// JSON of `json.ts`.

import { readJson, writeJson } from './json.js';
import { decodeUtf8, encodeUtf8 } from './utf8.js';

export { Centrifuge, type StreamPosition, UnauthorizedError as NoToken } from 'centrifuge/build/protobuf';

/** The largest number of bytes that Centrifugo's protocol adds to the payload and the channel of a publication. */
export const PUBLISH_OVERHEAD = 32;

/** Returns `value` as JSON. Throws a `TypeError` for values without a JSON form. */
export function write(value: unknown): string {
  return writeJson(value);
}

/** Converts a JSON text to the data that the SDK sends. */
export function toData(text: string): unknown {
  return encodeUtf8(text);
}

/** Decodes data that the SDK received. Throws if it is not JSON. */
export function read(data: unknown): unknown {
  return readJson(decodeUtf8(data as Uint8Array));
}
