package client

import (
	"fmt"
	"strings"
)

// Centrifugo's refusals, as errors that name the setting to change.

// defaultMaxLength is Centrifugo's own channel.max_length.
const defaultMaxLength = 255

// replyChannelRegex is the channel_regex of the namespace of reply channels.
const replyChannelRegex = "^[A-Za-z0-9_-]{16,64}#[^,#]*$"

// expired explains Centrifugo's "token expired", which Centrifugo also answers for a token that is not valid yet.
const expired = ": the token is missing, has expired or is not valid yet: look at its exp and nbf, and whether the clocks of Centrifugo and of the " +
	"machine that signs tokens agree; give the client fresh ones with WithGetToken"

// refusedSubscribe means that there is no subscription: an error of the subscribe command, or a later unsubscription.
type refusedSubscribe struct {
	code      uint32
	reason    string
	temporary bool
}

func (e *refusedSubscribe) Error() string {
	return fmt.Sprintf("the channel cannot be subscribed (%d %s)", e.code, e.reason)
}

// subscribeRefusal explains why Centrifugo refuses the subscription to the reply channel.
func subscribeRefusal(channel, user string, refused *refusedSubscribe) error {
	namespace, _, _ := strings.Cut(channel, ":")
	fix, setup := "the client gets no replies any more, make a new one", false
	switch refused.code {
	case centrifugoUnknownChannel:
		setup, fix = true, fmt.Sprintf("add a namespace %q to Centrifugo's channel.namespaces, with allow_user_limited_channels, "+
			"history_size, history_ttl and force_recovery", namespace)
	case centrifugoPermissionDenied:
		setup, fix = true, fmt.Sprintf("set allow_user_limited_channels in Centrifugo's namespace %q, and check that the token is "+
			"the user %q's", namespace, user)
	case centrifugoLimitExceeded:
		setup, fix = true, "the connection has as many subscriptions as Centrifugo's client.channel_limit allows, 128 by default: raise "+
			"it, or have fewer channels in the token"
	case centrifugoTokenExpired:
		setup, fix = true, "give the client fresh tokens with WithGetToken"
	case centrifugoBadRequest:
		setup, fix = true, fmt.Sprintf("the channel_regex of Centrifugo's namespace %q must be %s", namespace, replyChannelRegex)
		if length := len(channel); length > defaultMaxLength {
			fix = fmt.Sprintf("the name of the channel has %d bytes, as the user ID has %d: set Centrifugo's channel.max_length to %d or "+
				"more (it is %d by default, centrifugo_config prints enough), or give the user a shorter ID; where it is, look at the "+
				"channel_regex of the namespace %q", length, len(user), length, defaultMaxLength, namespace)
		}
	}
	return &ConnectionError{Setup: setup, Message: fmt.Sprintf("Centrifugo refuses the reply channel %q (%d %s): %s",
		channel, refused.code, refused.reason, fix)}
}

// publishRefusal explains why Centrifugo does not take a request. The rate limit is the only temporary refusal.
func publishRefusal(method, channel string, anonymous bool, refused *centrifugoError) error {
	namespace, _, _ := strings.Cut(channel, ":")
	permission := "allow_publish_for_client"
	if anonymous {
		permission = "allow_publish_for_anonymous"
	}
	fix, setup := "the request was not taken", true
	switch refused.Code {
	case centrifugoTooManyRequests:
		return &Error{Code: CodeOverloaded, Method: method, Message: fmt.Sprintf("Centrifugo's rate limit of requests is reached (%v)", refused)}
	case centrifugoUnknownChannel:
		fix = fmt.Sprintf("add a namespace %q to Centrifugo's channel.namespaces, with %s, or name another channel with "+
			"WithRequestChannel", namespace, permission)
	case centrifugoPermissionDenied:
		fix = fmt.Sprintf("set %s in Centrifugo's namespace %q", permission, namespace)
	case centrifugoBadRequest:
		fix = fmt.Sprintf("the channel_regex of Centrifugo's namespace %q must match the request channel, for example ^requests$", namespace)
	default:
		setup = false
	}
	return &ConnectionError{Setup: setup, Message: fmt.Sprintf("Centrifugo refuses to publish into %q (%v): %s", channel, refused, fix)}
}

// connectRefusal explains why Centrifugo refuses the connection.
func connectRefusal(url string, refused *centrifugoError) error {
	return &ConnectionError{Setup: true, Message: fmt.Sprintf("Centrifugo at %s refuses the connection: %v%s", url, refused,
		expiredHint(refused))}
}

func expiredHint(refused *centrifugoError) string {
	if refused.Code == centrifugoTokenExpired || refused.Code == centrifugoExpired {
		return expired
	}
	return ""
}

// disconnectRefusal explains why the connection has ended permanently.
func disconnectRefusal(url string, closed *closeError) error {
	fix, setup := "", true
	switch closed.code {
	case centrifugoInvalidToken:
		fix = ": check that the token is a JWT of three parts and nothing else, is signed with the key in Centrifugo's client.token, has " +
			"its aud and iss, that its sub is a string, and that its exp, nbf and iat are numbers"
	case centrifugoMalformed:
		fix = ": is the token missing? Centrifugo takes connections without one only where " +
			"client.allow_anonymous_connect_without_token is set"
	case closeTooBig:
		fix = ": a request was larger than Centrifugo's websocket.message_size_limit, give the client the same WithMessageSizeLimit"
	default:
		setup = false
	}
	return &ConnectionError{Setup: setup, Message: fmt.Sprintf("Centrifugo at %s ended the connection (%d %s)%s",
		url, closed.code, closed.reason, fix)}
}
