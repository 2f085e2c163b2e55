// Calls under way, and which reply belongs to which: no I/O.
import { onAbort, reasonOf } from './abort.js';
import { Deadline } from './deadline.js';
import { ConnectionError, RpcError, RpcTimeoutError } from './errors.js';
import { uuid } from './uuid.js';
/** A call under way, or a notification on its way. It ends once: by an answer, its deadline or its signal. */
export class Call {
    id = uuid();
    method;
    deadline;
    /** False for a notification. */
    expectsReply;
    /** How it ends. */
    promise;
    #onOver;
    #resolve = () => undefined;
    #reject = () => undefined;
    #unwatchSignal = () => undefined;
    #timer;
    #sent = false;
    #over = false;
    /** `onOver` is called once. `abandoned` if a worker may still be running the method, so that it is worth a cancel. */
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
    /** Whether a worker may have seen the request. */
    get sent() {
        return this.#sent;
    }
    /** Notes that the request goes out. False if the call is over: then it must not. */
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
    /** The error of a notification that Centrifugo did not confirm. */
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
/** Whether a publication is replies that come together. */
export function isBatch(publication) {
    return isObject(publication) && Array.isArray(publication['batch']);
}
/** Reads a publication: one reply, or several that come together. Each that is malformed is `undefined`, and costs the others nothing. */
export function readReplies(publication) {
    const batch = isObject(publication) ? publication['batch'] : undefined;
    if (batch === undefined)
        return [readReply(publication)];
    return Array.isArray(batch) ? batch.map(readReply) : [undefined];
}
function readReply(reply) {
    if (!isObject(reply) || typeof reply['correlation_id'] !== 'string')
        return undefined;
    // Batches do not nest, whatever else is beside one.
    if (reply['batch'] !== undefined)
        return undefined;
    const correlationId = reply['correlation_id'];
    const error = reply['error'];
    // `null` and nothing are the same: the result of a method without one.
    if (error === undefined || error === null)
        return { correlationId, answer: { result: reply['result'] ?? null } };
    if (!isObject(error) || typeof error['code'] !== 'number' || typeof error['message'] !== 'string')
        return undefined;
    return { correlationId, answer: { error: new RpcError(error['code'], error['message'], error['data']) } };
}
function isObject(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
