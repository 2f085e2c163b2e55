// The messages of the protocol (docs/protocol.md) between clients and workers, as JSON, and the constants of the
// protocol: no I/O.
import { EncodeError, RpcError } from './errors.js';
import { write } from './sdk.js';
/** The method of every worker that returns its contract. */
export const CONTRACT_METHOD = 'system.contract';
/** The largest size of a batch of requests, in bytes. */
export const MAX_BATCH = 16 * 1024;
/**
 * The bytes of a batch that a request counts as, at least, with its comma: a worker takes only so many requests out of
 * a batch.
 */
export const MIN_REQUEST = 92;
/** The number of bytes that a batch adds to its messages and the commas between them. */
export const BATCH_OVERHEAD = '{"batch":[]}'.length;
/**
 * The number of replies that Centrifugo keeps in a reply channel (`history_size`), unless it is configured otherwise.
 */
export const KEPT_REPLIES = 128;
/** The request of one call. The constructor encodes the params: later changes to them have no effect. */
export class Request {
    #head;
    #params;
    /** Throws an `EncodeError` for params that have no JSON form. */
    constructor(method, params, traceparent) {
        this.#head = { method, traceparent };
        this.#params = members(method, params);
    }
    /** Returns the message as it is sent now. A notification has no `address`. */
    message(timeoutMs, address) {
        // `batch` allows the worker to batch replies.
        const call = address === undefined ? {} : { correlation_id: address.correlationId, reply_to: address.replyTo, batch: true };
        const head = write({ ...this.#head, ...call, timeout_ms: timeoutMs });
        return `${head.slice(0, -1)}${this.#params}}`;
    }
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
/** Returns the publication of several requests, or of a single one. */
export function publication(messages) {
    const joined = messages.join(',');
    return messages.length === 1 ? joined : `{"batch":[${joined}]}`;
}
/** Returns the message that asks a worker to stop a method. */
export function cancel({ correlationId, replyTo }) {
    return write({ cancel: correlationId, reply_to: replyTo });
}
/** Whether a publication is a batch of replies. */
export function isBatch(publication) {
    return isObject(publication) && Array.isArray(publication['batch']);
}
/** Reads a publication: one reply, or a batch. A malformed reply is `undefined` and does not affect the others. */
export function readReplies(publication) {
    const batch = isObject(publication) ? publication['batch'] : undefined;
    if (batch === undefined)
        return [readReply(publication)];
    return Array.isArray(batch) ? batch.map(readReply) : [undefined];
}
function readReply(reply) {
    if (!isObject(reply) || typeof reply['correlation_id'] !== 'string')
        return undefined;
    // Batches do not nest: a reply with a `batch` is malformed, whatever its other members are.
    if (reply['batch'] !== undefined)
        return undefined;
    const correlationId = reply['correlation_id'];
    const error = reply['error'];
    // A missing result is the same as `null`: the method returns nothing.
    if (error === undefined || error === null)
        return { correlationId, answer: { result: reply['result'] ?? null } };
    if (!isObject(error) || typeof error['code'] !== 'number' || typeof error['message'] !== 'string')
        return undefined;
    return { correlationId, answer: { error: new RpcError(error['code'], error['message'], error['data']) } };
}
function isObject(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
