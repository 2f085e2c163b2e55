// The requests of calls on their way into the request channel. Requests of the same moment become one publication.
import { RpcError, codes } from './errors.js';
import { publishRefusal } from './refusal.js';
import { PUBLISH_OVERHEAD, toData } from './sdk.js';
import { encodeUtf8 } from './utf8.js';
import { BATCH_OVERHEAD, MAX_BATCH, MIN_REQUEST, publication } from './wire.js';
/** Holds requests until there is a connection, and sends each of them once. */
export class Batcher {
    #destination;
    /** Requests that wait for the connection, or for other requests of the same moment, in order. */
    #unsent = new Map();
    /** The connection, while its reply channel is ready. */
    #connection;
    /** Whether requests may be batched: a worker that sends batches, as seen over this connection, also reads them. */
    #mayGather = false;
    constructor(destination) {
        this.#destination = destination;
    }
    /** Adds the request of a call. Ends the call if the request is too large for Centrifugo. */
    add(call, request) {
        this.#unsent.set(call, request);
        const { requestChannel, messageSizeLimit } = this.#destination;
        const refused = tooLarge(this.#message(call, request), requestChannel, messageSizeLimit);
        if (refused !== undefined)
            call.fail(refused);
        if (!this.#mayGather)
            this.flush();
        // The first request takes along all others of the same moment.
        else if (this.#unsent.size === 1)
            queueMicrotask(() => this.flush());
    }
    /** Removes the request of a call that is over. */
    remove(call) {
        this.#unsent.delete(call);
    }
    /** Sends requests over `connection` from now on. */
    open(connection) {
        this.#connection = connection;
        this.flush();
    }
    /** Holds requests back. The next connection may have other workers behind it. */
    close() {
        this.#connection = undefined;
        this.#mayGather = false;
    }
    /** Batches requests from now on: the workers read batches. */
    gather() {
        this.#mayGather = this.#connection !== undefined;
    }
    /** Sends all requests now, if there is a connection. */
    flush() {
        const connection = this.#connection;
        if (connection === undefined)
            return;
        const outgoing = [];
        for (const [call, request] of [...this.#unsent]) {
            this.#unsent.delete(call);
            if (call.sending())
                outgoing.push({ call, message: this.#message(call, request) });
        }
        const { requestChannel, messageSizeLimit } = this.#destination;
        const publications = this.#mayGather ? gather(outgoing, requestChannel, messageSizeLimit) : outgoing.map((one) => [one]);
        for (const together of publications)
            void this.#send(connection, together);
    }
    async #send(connection, together) {
        const { requestChannel, user } = this.#destination;
        const failure = await connection.publish(requestChannel, toData(publication(together.map(({ message }) => message))));
        for (const { call } of together) {
            if (failure?.code !== undefined) {
                call.fail(publishRefusal(requestChannel, user, failure.code, failure.reason));
            }
            else if (!call.expectsReply) {
                if (failure === undefined)
                    call.succeed(undefined);
                else
                    call.fail(call.unconfirmed());
            }
            // Otherwise a reply may arrive, even to a request that was not confirmed.
        }
    }
    #message(call, request) {
        const address = call.expectsReply ? { correlationId: call.id, replyTo: this.#destination.replyTo() } : undefined;
        return request.message(call.deadline.remainingMs(performance.now()), address);
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
        const size = Math.max(MIN_REQUEST, comma + encodeUtf8(one.message).length);
        if (size > room) {
            last = [];
            publications.push(last);
            // The first message has no comma.
            room = comma + limit - BATCH_OVERHEAD;
        }
        last.push(one);
        room -= size;
    }
    return publications;
}
/** Returns the error for a message that is too large for Centrifugo; `undefined` if it is not too large. */
function tooLarge(message, channel, limit) {
    // UTF-8 takes at most three bytes for each UTF-16 code unit: most messages need not be measured.
    const overhead = channel.length + PUBLISH_OVERHEAD;
    if (message.length * 3 + overhead <= limit)
        return undefined;
    const size = encodeUtf8(message).length + overhead;
    if (size <= limit)
        return undefined;
    return new RpcError(codes.TOO_LARGE, `the request has ${size} bytes, more than Centrifugo's limit of ${limit} for one message`);
}
