// The connection to Centrifugo: all that knows the SDK. What happens on it is told to a `LinkListener`.
import { ConnectionError, UnauthorizedError } from './errors.js';
import { connectRefusal, disconnection, subscribeRefusal } from './refusal.js';
import { wrongUser } from './token.js';
import { Centrifuge, NoToken } from './wire.js';
/**
 * How long the SDK waits for Centrifugo's reply to one command. All replies that were missed come as one, behind what else is sent: a
 * slow link carries that for as long as Centrifugo's `websocket.write_timeout`, as `centrifugo_config` prints it.
 */
const COMMAND_TIMEOUT_MS = 30_000;
/** A caller waits for its connection: it comes back soon after Centrifugo does. */
const MIN_RECONNECT_DELAY_MS = 200;
const MAX_RECONNECT_DELAY_MS = 5_000;
/** How many replies Centrifugo keeps in a reply channel (`history_size`), unless it is configured otherwise. */
const KEPT_REPLIES = 128;
/** A connection, from `open` until `close`, across all reconnects. */
export class Link {
    #target;
    #listener;
    #sdk;
    /** What the WebSocket last said of itself; the SDK does not pass it on. */
    #socketError = '';
    #closed = false;
    constructor(target, listener) {
        this.#target = target;
        this.#listener = listener;
        const { token } = target;
        this.#sdk = new Centrifuge(target.url, {
            name: 'centrifugo-rpc',
            websocket: this.#listenedTo(target.websocket),
            timeout: COMMAND_TIMEOUT_MS,
            minReconnectDelay: MIN_RECONNECT_DELAY_MS,
            maxReconnectDelay: MAX_RECONNECT_DELAY_MS,
            ...(typeof token === 'string' ? { token } : { getToken: () => this.#freshToken(token) }),
        });
        this.#listen();
    }
    /** Starts connecting and subscribing to the reply channel. */
    open() {
        this.#sdk.connect();
    }
    /** Publishes once, never again: whoever gets it may run it. Never rejects; nothing is success. */
    async publish(channel, data) {
        try {
            await this.#sdk.publish(channel, data);
            return undefined;
        }
        catch (error) {
            const { code, message } = error;
            // Below 100 are the SDK's own codes.
            return { code: code !== undefined && code >= 100 ? code : undefined, reason: message ?? '' };
        }
    }
    /** Whether Centrifugo can be told something, even if no replies come in. */
    get isConnected() {
        return !this.#closed && this.#sdk.state === 'connected';
    }
    /** Ends the connection. The listener hears nothing any more. */
    close() {
        this.#closed = true;
        this.#sdk.disconnect();
    }
    #listen() {
        const { shownUrl, token } = this.#target;
        if (typeof token !== 'string') {
            // Without this the SDK asks for a new token only when the old one has expired.
            this.#sdk.on('connecting', this.#heard(() => this.#sdk.setToken('')));
        }
        this.#sdk.on('error', this.#heard(({ type, error }) => this.#onError(type, error.code, error.message)));
        this.#sdk.on('disconnected', this.#heard(({ code, reason }) => this.#end(disconnection(shownUrl, code, reason))));
        this.#subscribe(undefined);
    }
    /** Subscribes to the reply channel and stays subscribed; first of all come the replies after `since`. */
    #subscribe(since) {
        const { user, replyChannel } = this.#target;
        const replies = this.#sdk.newSubscription(replyChannel, {
            recoverable: true,
            minResubscribeDelay: MIN_RECONNECT_DELAY_MS,
            maxResubscribeDelay: MAX_RECONNECT_DELAY_MS,
            ...(since === undefined ? {} : { since }),
        });
        let readsAgain = since !== undefined;
        let isReplaced = false;
        replies.on('subscribed', this.#heard(({ wasRecovering, recovered, streamPosition }) => {
            const isComplete = !wasRecovering || recovered;
            const again = readsAgain;
            readsAgain = false;
            if (isComplete || again || streamPosition === undefined) {
                this.#listener.onUp(isComplete && !again);
                return;
            }
            // Centrifugo cannot continue from the last reply, so all that it has is read: in a new stream, after a restart with the memory
            // engine, that is what workers have sent since; in the old one, the last of more replies than it keeps.
            isReplaced = true;
            this.#sdk.removeSubscription(replies);
            this.#subscribe({ ...streamPosition, offset: Math.max(0, streamPosition.offset - KEPT_REPLIES) });
        }));
        replies.on('subscribing', this.#heard(({ code, reason }) => this.#listener.onDown(code, reason)));
        replies.on('unsubscribed', this.#heard(({ code, reason }) => {
            if (!isReplaced)
                this.#end(subscribeRefusal(replyChannel, user, code, reason));
        }));
        replies.on('publication', this.#heard(({ data }) => this.#listener.onReply(data)));
        replies.on('error', this.#heard(({ error }) => {
            const message = `the reply channel \`${replyChannel}\` cannot be subscribed: ${error.message}`;
            this.#listener.onTrouble(new ConnectionError('setup', message));
        }));
        replies.subscribe();
    }
    /** `handle`, unless the link is closed: then nobody is told what happens. */
    #heard(handle) {
        return (event) => {
            if (!this.#closed)
                handle(event);
        };
    }
    /** A failed attempt to connect. The SDK tries again, unless `disconnected` follows. */
    #onError(type, code, message) {
        const { shownUrl } = this.#target;
        switch (type) {
            case 'connect':
                this.#listener.onTrouble(connectRefusal(shownUrl, code, message));
                break;
            case 'transport': {
                const why = this.#socketError === '' ? message : this.#socketError;
                const hint = `check the URL, by default it ends in \`/connection/websocket\`, and that Centrifugo runs${allowsOrigin()}`;
                this.#listener.onTrouble(new ConnectionError('unreachable', `cannot connect to ${shownUrl}: ${why}: ${hint}`));
                break;
            }
            default:
                // Troubles with tokens are told by `#freshToken`, with their cause.
                break;
        }
    }
    async #freshToken(source) {
        let token;
        try {
            token = await source();
        }
        catch (error) {
            const reason = error instanceof Error ? error.message : String(error);
            const failed = new ConnectionError('other', `the token function failed: ${reason}`, error);
            if (error instanceof UnauthorizedError)
                return this.#endWithoutToken(failed);
            if (!this.#closed)
                this.#listener.onTrouble(failed);
            throw error;
        }
        if (typeof token !== 'string' || token === '') {
            const message = 'the token function gave no token: let it throw `UnauthorizedError` if there will be none, and any other error to be asked again';
            return this.#endWithoutToken(new ConnectionError('config', message));
        }
        const wrong = wrongUser(token, this.#target.user);
        if (wrong !== undefined) {
            return this.#endWithoutToken(new ConnectionError('config', `${wrong}: a client belongs to one user, make a new one`));
        }
        return token;
    }
    #endWithoutToken(error) {
        this.#end(error);
        throw new NoToken('');
    }
    #end(error) {
        if (!this.#closed)
            this.#listener.onEnd(error);
    }
    #listenedTo(websocket) {
        const heard = (event) => {
            this.#socketError = typeof event.message === 'string' ? event.message : '';
        };
        return class {
            constructor(url, protocols) {
                const socket = protocols === undefined ? new websocket(url) : new websocket(url, protocols);
                socket.addEventListener?.('error', heard);
                return socket;
            }
        };
    }
}
/** Browsers do not tell a page that Centrifugo refuses its origin. */
function allowsOrigin() {
    const { location } = globalThis;
    return location?.origin === undefined ? '' : ` with \`${location.origin}\` among its \`client.allowed_origins\``;
}
