// The connection to Centrifugo, and the only user of the SDK. It reports its events to a `LinkListener`.
import { ConnectionError, UnauthorizedError } from './errors.js';
import { connectRefusal, disconnection, subscribeRefusal } from './refusal.js';
import { tokenFlaw } from './token.js';
import { Centrifuge, NoToken } from './sdk.js';
/**
 * The SDK's timeout for Centrifugo's reply to one command. All missed replies arrive in one message, behind other
 * queued data. On a slow link this can take as long as the `websocket.write_timeout` that `centrifugo_config` prints.
 */
const COMMAND_TIMEOUT_MS = 30_000;
// Calls wait for the connection: the delays are short, so that it is back soon after Centrifugo is.
const MIN_RECONNECT_DELAY_MS = 200;
const MAX_RECONNECT_DELAY_MS = 5_000;
/**
 * The number of replies that Centrifugo keeps in a reply channel (`history_size`), unless it is configured otherwise.
 */
const KEPT_REPLIES = 128;
/** A connection, from `open` to `close`, across all reconnects. */
export class Link {
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
    /** Starts connecting and subscribing to the reply channel. */
    open() {
        this.#sdk.connect();
    }
    /**
     * Publishes `data` once, without retries: a retry could run a method twice. Never rejects; `undefined` means success.
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
    /** Whether messages can be published, even if the reply channel is not subscribed. */
    get isConnected() {
        return !this.#closed && this.#sdk.state === 'connected';
    }
    /** Ends the connection. The listener gets no further events. */
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
        this.#subscribe(undefined);
    }
    /** Subscribes to the reply channel and stays subscribed. The replies after `since` come first. */
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
            // Centrifugo cannot continue from the last reply, so the client reads all replies that it has: in a new stream,
            // after a restart with the memory engine, the replies since the restart; in the old stream, the newest ones,
            // because more replies were missed than the history keeps.
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
