// The subscription to the reply channel of a session, and the recovery of missed replies. It reports its events to a
// `ReplyListener`.
import { ConnectionError } from './errors.js';
import { subscribeRefusal } from './refusal.js';
import { read } from './sdk.js';
import { KEPT_REPLIES, isBatch, readReplies } from './wire.js';
/** The reply channel, across all reconnects of its connection. */
export class ReplyChannel {
    #connection;
    #name;
    #user;
    #listener;
    constructor(connection, name, user, listener) {
        this.#connection = connection;
        this.#name = name;
        this.#user = user;
        this.#listener = listener;
    }
    /** Subscribes, and stays subscribed until the connection ends. */
    open() {
        this.#subscribe(undefined);
    }
    #subscribe(since) {
        const listener = this.#listener;
        const name = this.#name;
        let readsAgain = since !== undefined;
        const subscription = this.#connection.subscribe(name, {
            onSubscribed: ({ isComplete, position }) => {
                const again = readsAgain;
                readsAgain = false;
                if (isComplete || again || position === undefined) {
                    listener.onReady(isComplete && !again);
                    return;
                }
                // Centrifugo cannot continue from the last reply, so the client reads all replies that it has: in a new
                // stream, after a restart with the memory engine, the replies since the restart; in the old stream, the
                // newest ones, because more replies were missed than the history keeps.
                subscription.close();
                this.#subscribe({ ...position, offset: Math.max(0, position.offset - KEPT_REPLIES) });
            },
            onInterrupted: (code, reason) => listener.onInterrupted(code, reason),
            onData: (data) => this.#onData(data),
            onTrouble: (reason) => {
                listener.onTrouble(new ConnectionError('setup', `the reply channel \`${name}\` cannot be subscribed: ${reason}`));
            },
            onEnd: (code, reason) => listener.onEnd(subscribeRefusal(name, this.#user, code, reason)),
        }, since);
    }
    #onData(data) {
        let publication;
        try {
            publication = read(data);
        }
        catch {
            // Data that is not JSON is a malformed reply.
        }
        this.#listener.onReplies(readReplies(publication), isBatch(publication));
    }
}
