// The wire format of contracts with 64-bit integers: the SDK's Protobuf protocol, which hands over bytes, and JSON of our own.

import { readJson, writeJson } from './json.js';
import { decodeUtf8, encodeUtf8 } from './utf8.js';

export { Centrifuge, type StreamPosition, UnauthorizedError as NoToken } from 'centrifuge/build/protobuf';

/** What Centrifugo's protocol adds to the payload and the channel of a publication, at most. */
export const PUBLISH_OVERHEAD = 32;

/** `value` as JSON. Throws a `TypeError` for what has no JSON form. */
export function write(value: unknown): string {
  return writeJson(value);
}

/** A JSON text as the SDK takes it. */
export function toData(text: string): unknown {
  return encodeUtf8(text);
}

/** What the SDK hands over. Throws if it is no JSON. */
export function read(data: unknown): unknown {
  return readJson(decodeUtf8(data as Uint8Array));
}
