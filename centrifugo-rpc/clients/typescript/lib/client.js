import { Session } from './session.js';
/**
 * Calls methods of workers, over one WebSocket to Centrifugo.
 *
 * A call ends exactly once: with its result, the worker's error, a timeout, its signal, or the end of the client.
 *
 * - **Deadline.** The worker is told the timeout and ends the method by then with 408. The caller waits a tenth of it longer, at
 *   least 250 ms and at most 1 s, so that this answer usually arrives: an `RpcTimeoutError` means that nobody answered.
 * - **Cancellation.** When the signal of a call is aborted, the worker is told to stop the method.
 * - **Lost connections.** The client reconnects for as long as it lives. Calls under way go on: replies sent meanwhile are recovered.
 *   Calls made meanwhile wait for the connection, within their timeout.
 * - **At most once.** A request is published once. If the connection breaks before Centrifugo confirms, nobody knows whether a worker
 *   has it: the call then waits for a reply until its timeout.
 * - **Together.** Requests made in the same moment go out as one publication where the workers can read that: where, over the same
 *   connection, replies came that way. Nothing waits for company, and each call has its own end.
 */
export class CentrifugoRPCClient {
    /** The ID of the user whose calls these are. */
    user;
    /**
     * Not a private field, which a `Proxy` does not have, and not the session itself, which libraries that wrap objects deeply would wrap
     * as well: functions they leave alone. It also keeps the token out of what is logged or serialized.
     *
     * @internal
     */
    _session;
    /**
     * `url` is Centrifugo's WebSocket endpoint, like `wss://rt.example.com/connection/websocket`. `token` is a connection token or a
     * function that gets one. `user` is the `sub` claim of the tokens: the user that Centrifugo takes this client for.
     *
     * Throws a `ConfigError` for arguments that cannot work.
     */
    constructor(url, token, user, options = {}) {
        const session = new Session(url, token, user, options);
        this.user = user;
        this._session = () => session;
    }
    /**
     * Connects and subscribes to the reply channel. Rejects with a `ConnectionError` if Centrifugo refuses, or if there is no connection
     * after `connectTimeoutMs`; the message says what to do. A client that failed to connect may try again.
     */
    connect() {
        return this._session().connect();
    }
    /**
     * Closes the connection. Calls under way reject with a `ConnectionError` at once, and their workers are told to stop, which takes at
     * most about a second.
     */
    close() {
        return this._session().close();
    }
    /** The channel of this client's replies. Its random session is kept as long as the object lives. */
    get replyChannel() {
        return this._session().replyChannel;
    }
    /** Whether there is a connection at this moment. Calls need not ask: they wait for it. */
    get state() {
        return this._session().state;
    }
    /** Why the client is `closed`, while it is. */
    get endReason() {
        return this._session().endReason;
    }
    /** How many calls are under way. */
    get pendingCalls() {
        return this._session().pendingCalls;
    }
    /** Tells `watcher` every new state. Returns the function that ends this. */
    onState(watcher) {
        return this._session().onState(watcher);
    }
    /** Calls `method`, and resolves with its result as it is on the wire. */
    async call(method, params, options = {}) {
        return this._session().start(method, params, options, true);
    }
    /**
     * Notifies `method`: it runs, and nothing is answered. Resolves when Centrifugo has taken the notification. If the connection breaks
     * meanwhile it rejects, and nobody knows whether it was taken.
     */
    async notify(method, params, options = {}) {
        await this._session().start(method, params, options, false);
    }
    /**
     * Vue wraps nothing that says this: a client in `ref` or `reactive` stays the object it is.
     *
     * @internal
     */
    get __v_skip() {
        return true;
    }
}
