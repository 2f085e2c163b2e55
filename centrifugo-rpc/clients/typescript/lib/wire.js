// The messages that clients publish into the request channel, as JSON texts.
import { EncodeError, RpcError, codes } from './errors.js';
import { encodeUtf8 } from './utf8.js';
import { PUBLISH_OVERHEAD, write } from './sdk.js';
/** The largest size of a batch of requests, in bytes. */
const MAX_BATCH = 16 * 1024;
const EMPTY_BATCH = '{"batch":[]}';
/** The request of one call. The constructor encodes the params: later changes to them have no effect. */
export class Request {
    #head;
    #params;
    /** Throws an `EncodeError` for params that have no JSON form. */
    constructor(method, params, traceparent) {
        this.#head = { method, traceparent };
        this.#params = members(method, params);
    }
    /** Returns the message as it is sent now. `replyTo` is the reply channel. */
    message(call, replyTo) {
        // `batch` allows the worker to batch replies.
        const address = call.expectsReply ? { correlation_id: call.id, reply_to: replyTo, batch: true } : {};
        const head = write({ ...this.#head, ...address, timeout_ms: call.deadline.remainingMs(performance.now()) });
        return `${head.slice(0, -1)}${this.#params}}`;
    }
}
/** Groups messages into batches, in order, as many as fit. A message that is too large for a batch is sent alone. */
export function gather(outgoing, channel, messageSizeLimit) {
    const limit = Math.min(MAX_BATCH, messageSizeLimit - channel.length - PUBLISH_OVERHEAD);
    const publications = [];
    let last = [];
    let room = 0;
    for (const one of outgoing) {
        const comma = 1;
        const size = comma + encodeUtf8(one.message).length;
        if (size > room) {
            last = [];
            publications.push(last);
            // The first message has no comma.
            room = comma + limit - EMPTY_BATCH.length;
        }
        last.push(one);
        room -= size;
    }
    return publications;
}
/** Returns the JSON text of one publication. */
export function publication(together) {
    const messages = together.map(({ message }) => message).join(',');
    return together.length === 1 ? messages : `{"batch":[${messages}]}`;
}
/** Returns the message that asks a worker to stop a method. */
export function cancel(id, replyTo) {
    return write({ cancel: id, reply_to: replyTo });
}
/** Returns the error for a message that is too large for Centrifugo; `undefined` if it is not too large. */
export function tooLarge(message, channel, limit) {
    // UTF-8 takes at most three bytes for each UTF-16 code unit: most messages need not be measured.
    const overhead = channel.length + PUBLISH_OVERHEAD;
    if (message.length * 3 + overhead <= limit)
        return undefined;
    const size = encodeUtf8(message).length + overhead;
    if (size <= limit)
        return undefined;
    return new RpcError(codes.TOO_LARGE, `the request has ${size} bytes, more than Centrifugo's limit of ${limit} for one message`);
}
/** Returns the member `params`; empty if `params` is `null` or `undefined`, as for methods without params. */
function members(method, params) {
    if (params === undefined || params === null)
        return '';
    try {
        return `,"params":${write(params)}`;
    }
    catch (error) {
        throw new EncodeError(method, '', error instanceof Error ? error.message : String(error), error);
    }
}
