// Errors for Centrifugo's refusals, with messages that name the setting to change.
import { ConnectionError, RpcError, codes } from './errors.js';
import { encodeUtf8 } from './utf8.js';
export const UNKNOWN_CHANNEL = 102;
export const PERMISSION_DENIED = 103;
export const LIMIT_EXCEEDED = 106;
export const BAD_REQUEST = 107;
export const TOKEN_EXPIRED = 109;
export const TOO_MANY_REQUESTS = 111;
export const INVALID_TOKEN = 3500;
/** A request that Centrifugo does not understand. The usual cause is a connection without a token. */
export const MALFORMED = 3501;
// Codes of the SDK: it has no usable token, or Centrifugo closed the connection because of the size of a message.
const NO_TOKEN = 1;
const MESSAGE_TOO_LARGE = 3;
/** The names of reply channels, as a `channel_regex` of Centrifugo. */
export const REPLY_CHANNEL_REGEX = '^[A-Za-z0-9_-]{16,64}#[^,#]*$';
/** Centrifugo's default of `channel.max_length`. */
export const DEFAULT_MAX_LENGTH = 255;
/** The cause and fix of an "expired" token: Centrifugo reports a token that is not valid yet in the same way. */
const EXPIRED = 'the token is missing, has expired or is not valid yet: look at its `exp` and `nbf`, and whether the clocks of Centrifugo and of the machine ' +
    'that signs tokens agree';
/** Returns the error for a refused subscription to the reply channel. */
export function subscribeRefusal(channel, user, code, reason) {
    const namespace = namespaceOf(channel);
    const fixes = {
        [UNKNOWN_CHANNEL]: `add a namespace \`${namespace}\` to Centrifugo's \`channel.namespaces\`, with \`allow_user_limited_channels\`, ` +
            '`history_size`, `history_ttl` and `force_recovery`',
        [PERMISSION_DENIED]: `set \`allow_user_limited_channels\` in Centrifugo's namespace \`${namespace}\`, and check that the token is user ` +
            `${JSON.stringify(user)}'s`,
        [BAD_REQUEST]: `the \`channel_regex\` of Centrifugo's namespace \`${namespace}\` must be \`${REPLY_CHANNEL_REGEX}\``,
        [LIMIT_EXCEEDED]: "the connection has as many subscriptions as Centrifugo's `client.channel_limit` allows, 128 by default: raise it, or have fewer " +
            'channels in the token',
        [TOKEN_EXPIRED]: 'give the client a token function',
    };
    const length = encodeUtf8(channel).length;
    if (length > DEFAULT_MAX_LENGTH) {
        fixes[BAD_REQUEST] =
            `the name of the channel has ${length} bytes, as the user ID has ${encodeUtf8(user).length}: set Centrifugo's ` +
                `\`channel.max_length\` to ${length} or more (it is ${DEFAULT_MAX_LENGTH} by default, \`centrifugo_config\` prints ` +
                `enough), or give the user a shorter ID; where it is, look at the \`channel_regex\` of the namespace \`${namespace}\``;
    }
    const fix = fixes[code] ?? 'the client gets no replies any more, connect it again';
    return new ConnectionError(kindOf(code), `Centrifugo refuses the reply channel \`${channel}\` (${code} ${reason}): ${fix}`);
}
/** Returns the error for a refused request. Only the refusal by Centrifugo's rate limit is temporary. */
export function publishRefusal(channel, user, code, reason) {
    if (code === TOO_MANY_REQUESTS) {
        return new RpcError(codes.OVERLOADED, `Centrifugo's rate limit of requests is reached (${code} ${reason})`);
    }
    const namespace = namespaceOf(channel);
    const permission = user === '' ? 'allow_publish_for_anonymous' : 'allow_publish_for_client';
    const fixes = {
        [UNKNOWN_CHANNEL]: `add a namespace \`${namespace}\` to Centrifugo's \`channel.namespaces\`, with \`${permission}\`, or name another channel ` +
            'with `requestChannel`',
        [PERMISSION_DENIED]: `set \`${permission}\` in Centrifugo's namespace \`${namespace}\``,
        [BAD_REQUEST]: `the \`channel_regex\` of Centrifugo's namespace \`${namespace}\` must match the request channel, for example ` +
            '`^requests$`',
    };
    const fix = fixes[code] ?? 'the request was not taken';
    return new ConnectionError(kindOf(code), `Centrifugo refuses to publish into \`${channel}\` (${code} ${reason}): ${fix}`);
}
/** Returns the error for a refused connection; the client tries again. */
export function connectRefusal(url, code, reason) {
    const fix = code === TOKEN_EXPIRED ? `: ${EXPIRED}` : '';
    return new ConnectionError('setup', `Centrifugo at ${url} refuses the connection: ${reason} (${code})${fix}`);
}
/** Returns the error for a connection that ended permanently. */
export function disconnection(url, code, reason) {
    const fixes = {
        [NO_TOKEN]: `: ${EXPIRED}; give the client a token function`,
        [TOKEN_EXPIRED]: `: ${EXPIRED}; give the client a token function`,
        [INVALID_TOKEN]: ": check that the token is a JWT of three parts and nothing else, is signed with the key in Centrifugo's `client.token`, has its `aud` " +
            'and `iss`, that its `sub` is a string, and that its `exp`, `nbf` and `iat` are numbers',
        [MALFORMED]: ': is the token missing? Centrifugo takes connections without one only where ' +
            '`client.allow_anonymous_connect_without_token` is set',
        [MESSAGE_TOO_LARGE]: ": a request was larger than Centrifugo's `websocket.message_size_limit`, give the client the same `messageSizeLimit`",
    };
    const fix = fixes[code];
    const kind = fix === undefined ? 'other' : 'setup';
    return new ConnectionError(kind, `Centrifugo at ${url} ended the connection (${code} ${reason})${fix ?? ''}`);
}
function kindOf(code) {
    return [UNKNOWN_CHANNEL, PERMISSION_DENIED, LIMIT_EXCEEDED, BAD_REQUEST, TOKEN_EXPIRED].includes(code) ? 'setup' : 'other';
}
function namespaceOf(channel) {
    return channel.slice(0, channel.indexOf(':'));
}
