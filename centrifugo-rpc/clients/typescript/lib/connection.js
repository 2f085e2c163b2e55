// The connection to Centrifugo, and the only user of the SDK. It carries publications and any number of subscriptions,
// and knows nothing about requests and replies. It reports its events to a `ConnectionListener`.
import { ConnectionError, UnauthorizedError } from './errors.js';
import { connectRefusal, disconnection } from './refusal.js';
import { Centrifuge, NoToken } from './sdk.js';
import { tokenFlaw } from './token.js';
/**
 * The SDK's timeout for Centrifugo's reply to one command. All missed publications arrive in one message, behind other
 * queued data. On a slow link this can take as long as the `websocket.write_timeout` that `centrifugo_config` prints.
 */
export const COMMAND_TIMEOUT_MS = 30_000;
// Calls wait for the connection: the delays are short, so that it is back soon after Centrifugo is.
const MIN_RECONNECT_DELAY_MS = 200;
const MAX_RECONNECT_DELAY_MS = 5_000;
/** A connection, from `open` to `close`, across all reconnects. */
export class Connection {
    #target;
    #listener;
    #sdk;
    /** The last error of the WebSocket, which the SDK does not report. */
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
    /** Starts connecting. */
    open() {
        this.#sdk.connect();
    }
    /**
     * Publishes `data` once, without retries: a retry could publish it twice. Never rejects; `undefined` means success.
     */
    async publish(channel, data) {
        try {
            await this.#sdk.publish(channel, data);
            return undefined;
        }
        catch (error) {
            const { code, message } = error;
            // Codes below 100 are those of the SDK.
            return { code: code !== undefined && code >= 100 ? code : undefined, reason: message ?? '' };
        }
    }
    /**
     * Subscribes to `channel` once there is a connection, and stays subscribed. The publications after `since` come
     * first; without it, those after the first subscription. A connection has one subscription to a channel at a time.
     */
    subscribe(channel, listener, since) {
        let isOpen = true;
        const heard = (handle) => this.#heard((event) => {
            if (isOpen)
                handle(event);
        });
        const subscription = this.#sdk.newSubscription(channel, {
            recoverable: true,
            minResubscribeDelay: MIN_RECONNECT_DELAY_MS,
            maxResubscribeDelay: MAX_RECONNECT_DELAY_MS,
            ...(since === undefined ? {} : { since }),
        });
        const close = () => {
            isOpen = false;
            this.#sdk.removeSubscription(subscription);
        };
        subscription.on('subscribed', heard(({ wasRecovering, recovered, streamPosition }) => {
            listener.onSubscribed({ isComplete: !wasRecovering || recovered, position: streamPosition });
        }));
        subscription.on('publication', heard(({ data }) => listener.onData(data)));
        subscription.on('error', heard(({ error }) => listener.onTrouble(error.message)));
        subscription.on('unsubscribed', heard(({ code, reason }) => {
            close();
            listener.onEnd(code, reason);
        }));
        subscription.subscribe();
        // From here on: the first attempt to subscribe is not an interruption.
        subscription.on('subscribing', heard(({ code, reason }) => listener.onInterrupted(code, reason)));
        return { close };
    }
    /** Whether messages can be published, even if no channel is subscribed. */
    get isConnected() {
        return !this.#closed && this.#sdk.state === 'connected';
    }
    /** Ends the connection with its subscriptions. The listeners get no further events. */
    close() {
        this.#closed = true;
        this.#sdk.disconnect();
    }
    #listen() {
        const { shownUrl, token } = this.#target;
        if (typeof token !== 'string') {
            // Otherwise the SDK would request a new token only after the old one has expired.
            this.#sdk.on('connecting', this.#heard(() => this.#sdk.setToken('')));
        }
        this.#sdk.on('error', this.#heard(({ type, error }) => this.#onError(type, error.code, error.message)));
        this.#sdk.on('disconnected', this.#heard(({ code, reason }) => this.#end(disconnection(shownUrl, code, reason))));
    }
    /** Returns `handle` as a listener that ignores events after `close`. */
    #heard(handle) {
        return (event) => {
            if (!this.#closed)
                handle(event);
        };
    }
    /** Reports a failed attempt to connect. The SDK tries again, unless `disconnected` follows. */
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
                // `#freshToken` reports errors of tokens, with their cause.
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
        const flaw = tokenFlaw(token, this.#target.user);
        if (flaw !== undefined)
            return this.#endWithoutToken(new ConnectionError('config', flaw));
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
/** A hint for pages: browsers do not report that Centrifugo refused the origin. */
function allowsOrigin() {
    const { location } = globalThis;
    return location?.origin === undefined ? '' : ` with \`${location.origin}\` among its \`client.allowed_origins\``;
}
