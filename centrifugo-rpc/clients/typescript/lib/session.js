import { reasonOf } from './abort.js';
import { Call, isBatch, readReplies } from './calls.js';
import { ConfigError, ConnectionError } from './errors.js';
import { Link } from './link.js';
import { checkTimeout, checkUrl, settings } from './options.js';
import { publishRefusal } from './refusal.js';
import { Request, cancel, gather, publication, tooLarge } from './request.js';
import { after } from './timer.js';
import { checkUser, wrongUser } from './token.js';
import { checkRandom, uuid } from './uuid.js';
import { read, toData } from './wire.js';
/** How many cancels wait for the connection. More are dropped: the methods then run until their deadline. */
const MAX_CANCELS = 16 * 1024;
/** How long the last cancels of a client may take. */
const LINGER_MS = 1000;
/** What is behind a `CentrifugoRPCClient`: its calls, and the connection that they travel over. */
export class Session {
    #user;
    #url;
    #shownUrl;
    #token;
    #settings;
    #calls = new Map();
    /** Requests that wait for the connection, or for the others of the same moment, in their order. */
    #unsent = new Map();
    /** The calls whose workers are to be told to stop, once there is a connection. */
    #cancels = [];
    #watchers = new Set();
    #replyChannel;
    #state = 'idle';
    /** Whether requests may go out together: over this connection replies came together, and workers read what they write. */
    #mayGather = false;
    #link;
    /** What last went wrong while there is no connection. */
    #trouble;
    #endReason;
    #connecting;
    #closing;
    constructor(url, token, user, options) {
        this.#shownUrl = checkUrl(url);
        checkUser(user);
        if (typeof token !== 'string' && typeof token !== 'function') {
            throw new ConfigError('the token is neither a string nor a function that gets one');
        }
        const wrong = typeof token === 'string' ? wrongUser(token, user) : undefined;
        if (wrong !== undefined)
            throw new ConfigError(wrong);
        this.#settings = settings(options);
        this.#url = url;
        this.#token = token;
        this.#user = user;
        checkRandom();
    }
    /** Its random session is chosen when it is first needed: Next.js renders pages in advance, and allows no random values there. */
    get replyChannel() {
        return (this.#replyChannel ??= `${this.#settings.replyNamespace}:${uuid()}#${this.#user}`);
    }
    connect() {
        this.#connecting ??= this.#connect().finally(() => {
            this.#connecting = undefined;
        });
        return this.#connecting;
    }
    close() {
        this.#closing ??= this.#close().finally(() => {
            this.#closing = undefined;
        });
        return this.#closing;
    }
    get state() {
        return this.#state;
    }
    get endReason() {
        return this.#endReason;
    }
    get pendingCalls() {
        return this.#calls.size;
    }
    onState(watcher) {
        // So that one that is given twice is told twice, and ended once by each.
        const own = (state) => watcher(state);
        this.#watchers.add(own);
        return () => {
            this.#watchers.delete(own);
        };
    }
    /** Calls or notifies `method`: the promise of the latter resolves once Centrifugo has taken the notification. */
    start(method, params, options, expectsReply) {
        const timeoutMs = checkTimeout('timeoutMs', options.timeoutMs ?? this.#settings.timeoutMs);
        if (options.signal?.aborted === true)
            throw reasonOf(options.signal);
        const request = new Request(method, params, options.traceparent);
        if (this.#link === undefined) {
            const why = this.#endReason?.message ?? 'the client is not connected: call `connect` first';
            throw new ConnectionError(this.#endReason?.kind ?? 'closed', why, this.#endReason);
        }
        const call = new Call(method, timeoutMs, expectsReply, options, (over, abandoned) => {
            this.#calls.delete(over.id);
            this.#unsent.delete(over);
            if (abandoned)
                this.#cancel(over.id);
        });
        this.#calls.set(call.id, call);
        this.#unsent.set(call, request);
        const { requestChannel, messageSizeLimit } = this.#settings;
        const refused = tooLarge(request.message(call, this.replyChannel), requestChannel, messageSizeLimit);
        if (refused !== undefined)
            call.fail(refused);
        if (!this.#mayGather)
            this.#sendUnsent();
        // The first takes along what the program asks for in the same moment.
        else if (this.#unsent.size === 1)
            queueMicrotask(() => this.#sendUnsent());
        return call.promise;
    }
    async #connect() {
        if (this.#closing !== undefined)
            await this.#closing;
        const isFirst = this.#link === undefined;
        if (isFirst)
            this.#open();
        let stopTimer = () => undefined;
        let unwatch = () => undefined;
        const connected = new Promise((resolve, reject) => {
            const look = (state) => {
                if (state === 'connected')
                    resolve();
                if (state === 'closed')
                    reject(this.#endReason);
            };
            unwatch = this.onState(look);
            const giveUp = () => {
                const error = this.#trouble ?? this.#noConnection();
                // One that was connected before goes on trying.
                if (isFirst)
                    this.#end(error)?.close();
                else
                    reject(error);
            };
            stopTimer = after(this.#settings.connectTimeoutMs, giveUp);
            look(this.#state);
        });
        await connected.finally(() => {
            stopTimer();
            unwatch();
        });
    }
    #open() {
        this.#trouble = undefined;
        this.#endReason = undefined;
        const target = {
            url: this.#url,
            shownUrl: this.#shownUrl,
            user: this.#user,
            token: this.#token,
            replyChannel: this.replyChannel,
            websocket: this.#settings.websocket,
        };
        const link = new Link(target, {
            onUp: (complete) => this.#onUp(complete),
            onDown: (code, reason) => this.#onDown(code, reason),
            onTrouble: (error) => {
                this.#trouble = error;
                this.#emit({ type: 'trouble', error });
            },
            onEnd: (error) => this.#end(error)?.close(),
            onReply: (data) => this.#onReply(data),
        });
        this.#link = link;
        this.#enter('connecting');
        link.open();
    }
    #noConnection() {
        const { connectTimeoutMs } = this.#settings;
        const message = `no connection to ${this.#shownUrl} within ${connectTimeoutMs} ms: check the URL and that Centrifugo runs`;
        return new ConnectionError('unreachable', message);
    }
    async #close() {
        // What was asked for before goes out before.
        this.#sendUnsent();
        const link = this.#end(new ConnectionError('closed', 'the client is closed'));
        if (link === undefined)
            return;
        let timer;
        const lingered = new Promise((resolve) => {
            timer = setTimeout(resolve, LINGER_MS);
        });
        const told = link.isConnected ? this.#cancels.map((id) => this.#tellToStop(link, id)) : [];
        this.#cancels.length = 0;
        await Promise.race([Promise.all(told), lingered]);
        clearTimeout(timer);
        link.close();
    }
    /** Ends all calls. Returns the link that is to be closed. */
    #end(error) {
        const link = this.#link;
        if (link === undefined)
            return undefined;
        this.#link = undefined;
        this.#endReason = error;
        for (const call of [...this.#calls.values()]) {
            if (call.sent && call.expectsReply)
                this.#cancels.push(call.id);
            call.fail(new ConnectionError(error.kind, error.message, error));
        }
        this.#enter('closed');
        this.#emit({ type: 'ended', error });
        return link;
    }
    #sendUnsent() {
        const link = this.#link;
        if (link === undefined || this.#state !== 'connected')
            return;
        const outgoing = [];
        for (const [call, request] of [...this.#unsent]) {
            this.#unsent.delete(call);
            if (call.sending())
                outgoing.push({ call, message: request.message(call, this.replyChannel) });
        }
        const { requestChannel, messageSizeLimit } = this.#settings;
        const publications = this.#mayGather ? gather(outgoing, requestChannel, messageSizeLimit) : outgoing.map((one) => [one]);
        for (const together of publications)
            void this.#send(link, together);
    }
    async #send(link, together) {
        const { requestChannel } = this.#settings;
        const failure = await link.publish(requestChannel, toData(publication(together)));
        for (const { call } of together) {
            if (failure?.code !== undefined) {
                call.fail(publishRefusal(requestChannel, this.#user, failure.code, failure.reason));
            }
            else if (!call.expectsReply) {
                if (failure === undefined)
                    call.succeed(undefined);
                else
                    call.fail(call.unconfirmed());
            }
            // Otherwise a reply may come, even to a request that was not confirmed.
        }
    }
    #cancel(id) {
        if (this.#cancels.length < MAX_CANCELS)
            this.#cancels.push(id);
        this.#sendCancels();
    }
    #sendCancels() {
        const link = this.#link;
        if (link === undefined || this.#state !== 'connected')
            return;
        for (const id of this.#cancels.splice(0))
            void this.#tellToStop(link, id);
    }
    async #tellToStop(link, id) {
        // One that is lost costs no more than the method's deadline.
        await link.publish(this.#settings.requestChannel, toData(cancel(id, this.replyChannel)));
    }
    #onUp(recovered) {
        this.#trouble = undefined;
        this.#enter('connected');
        this.#emit({ type: 'connected', recovered, pendingCalls: this.#calls.size });
        this.#sendCancels();
        this.#sendUnsent();
    }
    #onDown(code, reason) {
        if (this.#state !== 'connected')
            return;
        this.#enter('connecting');
        this.#emit({ type: 'disconnected', code, reason, pendingCalls: this.#calls.size });
    }
    #onReply(data) {
        let published;
        try {
            published = read(data);
        }
        catch {
            // What is no JSON is no reply either.
        }
        if (isBatch(published))
            this.#mayGather = true;
        for (const reply of readReplies(published))
            this.#take(reply);
    }
    #take(reply) {
        if (reply === undefined) {
            this.#emit({ type: 'ignored-reply', reason: 'malformed', correlationId: undefined });
            return;
        }
        const { answer, correlationId } = reply;
        const call = this.#calls.get(correlationId);
        if (call === undefined || !call.sent) {
            this.#emit({ type: 'ignored-reply', reason: 'unknown', correlationId });
        }
        else if ('error' in answer) {
            call.fail(answer.error);
        }
        else {
            call.succeed(answer.result);
        }
    }
    #enter(state) {
        if (this.#state === state)
            return;
        this.#state = state;
        // The next connection may be one to other workers.
        this.#mayGather = false;
        for (const watcher of [...this.#watchers])
            guarded(() => watcher(state));
    }
    #emit(event) {
        guarded(() => this.#settings.onEvent(event));
    }
}
/** Runs somebody else's code: its exception is theirs to see, and no reason to stop. */
function guarded(run) {
    try {
        run();
    }
    catch (error) {
        queueMicrotask(() => {
            throw error;
        });
    }
}
