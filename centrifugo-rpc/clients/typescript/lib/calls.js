// Calls in flight, and the decoding of their replies: no I/O.
import { onAbort, reasonOf } from './abort.js';
import { Deadline } from './deadline.js';
import { ConnectionError, RpcError, RpcTimeoutError } from './errors.js';
import { uuid } from './uuid.js';
/** A call or a notification in flight. It ends once: by its reply, its deadline or its signal. */
export class Call {
    id = uuid();
    method;
    deadline;
    /** False for a notification. */
    expectsReply;
    /** Settles when the call ends. */
    promise;
    #onOver;
    #resolve = () => undefined;
    #reject = () => undefined;
    #unwatchSignal = () => undefined;
    #timer;
    #sent = false;
    #over = false;
    /**
     * `onOver` is called once, when the call ends. Its `abandoned` is true if a worker may still be running the method:
     * the worker then gets a cancel message.
     */
    constructor(method, timeoutMs, expectsReply, { signal }, onOver) {
        this.method = method;
        this.deadline = new Deadline(timeoutMs, performance.now());
        this.expectsReply = expectsReply;
        this.#onOver = onOver;
        this.promise = new Promise((resolve, reject) => {
            this.#resolve = resolve;
            this.#reject = reject;
        });
        if (signal !== undefined)
            this.#unwatchSignal = onAbort(signal, () => this.#abandon(reasonOf(signal)));
        this.#watchTheClock();
    }
    /** Whether the request was sent, so that a worker may have received it. */
    get sent() {
        return this.#sent;
    }
    /** Marks the request as sent. Returns false if the call is over: its request must not be sent any more. */
    sending() {
        if (!this.#over)
            this.#sent = true;
        return !this.#over;
    }
    succeed(result) {
        if (this.#finish(false))
            this.#resolve(result);
    }
    fail(error) {
        if (this.#finish(false))
            this.#reject(error);
    }
    /** Returns the error of a notification that Centrifugo did not confirm. */
    unconfirmed() {
        const message = `Centrifugo did not confirm \`${this.method}\`: whether it was delivered is unknown`;
        return new ConnectionError('unreachable', message);
    }
    #watchTheClock() {
        const until = this.#sent ? this.deadline.giveUp : this.deadline.at;
        const left = until - performance.now();
        if (left > 0) {
            this.#timer = setTimeout(() => this.#watchTheClock(), Math.ceil(left));
        }
        else if (this.#sent && !this.expectsReply) {
            this.#abandon(this.unconfirmed());
        }
        else {
            this.#abandon(new RpcTimeoutError(this.method, this.deadline.timeoutMs, this.#sent));
        }
    }
    #abandon(error) {
        if (this.#finish(this.#sent && this.expectsReply))
            this.#reject(error);
    }
    #finish(abandoned) {
        if (this.#over)
            return false;
        this.#over = true;
        clearTimeout(this.#timer);
        this.#unwatchSignal();
        this.#onOver(this, abandoned);
        return true;
    }
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
