// Calls in flight: no I/O.
import { onAbort, reasonOf } from './abort.js';
import { Deadline } from './deadline.js';
import { ConnectionError, RpcTimeoutError } from './errors.js';
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
/** The calls and notifications in flight, by their correlation IDs. */
export class Pending {
    #calls = new Map();
    get size() {
        return this.#calls.size;
    }
    add(call) {
        this.#calls.set(call.id, call);
    }
    remove(call) {
        this.#calls.delete(call.id);
    }
    /** Ends the call that `reply` is for. Returns false if no call waits for this reply (any more). */
    take({ correlationId, answer }) {
        const call = this.#calls.get(correlationId);
        if (call === undefined || !call.sent)
            return false;
        if ('error' in answer)
            call.fail(answer.error);
        else
            call.succeed(answer.result);
        return true;
    }
    /** Ends all calls with `error`. Returns the IDs of those that a worker may still be running. */
    end(error) {
        const calls = [...this.#calls.values()];
        const running = calls.filter((call) => call.sent && call.expectsReply).map(({ id }) => id);
        for (const call of calls)
            call.fail(new ConnectionError(error.kind, error.message, error));
        return running;
    }
}
