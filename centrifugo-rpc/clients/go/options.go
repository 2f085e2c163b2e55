package client

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"
)

type settings struct {
	timeout          time.Duration
	connectTimeout   time.Duration
	requestChannel   string
	replyNamespace   string
	messageSizeLimit int
	readLimit        int
	getToken         func(context.Context) (string, error)
	dial             func(ctx context.Context, network, addr string) (net.Conn, error)
	tls              *tls.Config
	header           http.Header
	logger           *slog.Logger
	strict           bool
}

func defaultSettings() settings {
	return settings{
		timeout:          30 * time.Second,
		connectTimeout:   10 * time.Second,
		requestChannel:   "rpc:requests",
		replyNamespace:   "reply",
		messageSizeLimit: 64 << 10,
		readLimit:        96 << 20,
		dial:             (&net.Dialer{}).DialContext,
		tls:              &tls.Config{},
		logger:           slog.New(slog.DiscardHandler),
	}
}

// Option is a setting of a client, for [NewAPIClient].
type Option func(*settings)

// WithGetToken sets the function that provides connection tokens. The client calls it before each attempt to connect
// (except the first one, if [NewAPIClient] has a token) and again before a token expires. All tokens must belong to the
// same user. Default: none; the connection ends when its token expires.
//
// After an error, the client calls the function again after a while; an error that wraps [ErrTokenRefused] ends the
// client. The context ends with the client.
func WithGetToken(getToken func(ctx context.Context) (string, error)) Option {
	return func(s *settings) { s.getToken = getToken }
}

// WithTimeout sets the timeout of calls without [WithCallTimeout]; at most a day. Default: 30 s. The context of a call
// may end the call sooner.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout = timeout }
}

// WithConnectTimeout sets how long [APIClient.Connect] tries. Default: 10 s. After the first connection, the client
// never stops trying to reconnect.
func WithConnectTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.connectTimeout = timeout }
}

// WithRequestChannel names the channel of requests, <namespace>:<name>. Default: rpc:requests, as at the service.
func WithRequestChannel(channel string) Option {
	return func(s *settings) { s.requestChannel = channel }
}

// WithReplyNamespace names the namespace of reply channels. Default: reply, as at the service.
func WithReplyNamespace(namespace string) Option {
	return func(s *settings) { s.replyNamespace = namespace }
}

// WithMessageSizeLimit is Centrifugo's websocket.message_size_limit, in bytes. Default: 64 KiB, as in Centrifugo. The
// client itself answers a request over the limit with [CodeTooLarge]: Centrifugo would end the connection, and with it
// all calls.
func WithMessageSizeLimit(bytes int) Option {
	return func(s *settings) { s.messageSizeLimit = bytes }
}

// WithReadLimit sets the largest size in bytes of one message from Centrifugo, which can contain all results that were
// missed. Default: 96 MiB. The client treats a larger message as an attack and ends the connection.
func WithReadLimit(bytes int) Option {
	return func(s *settings) { s.readLimit = bytes }
}

// WithDialer replaces the function that opens TCP connections, for example to use a proxy. Default: that of
// [net.Dialer].
func WithDialer(dial func(ctx context.Context, network, addr string) (net.Conn, error)) Option {
	return func(s *settings) { s.dial = dial }
}

// WithTLSConfig configures TLS for wss URLs, for example with a private certificate authority. Default: the system's
// roots.
func WithTLSConfig(config *tls.Config) Option {
	return func(s *settings) { s.tls = config.Clone() }
}

// WithHeader adds headers to the request that opens the WebSocket. Default: none.
func WithHeader(header http.Header) Option {
	return func(s *settings) { s.header = header.Clone() }
}

// WithLogger sets the logger for events of the connection and for ignored messages. Params, results and tokens are
// never logged. Default: no log.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithStrictResults turns results with an unknown variant or enum value into a [DecodeError]. Default: unknown variants
// are kept as [Unknown], and unknown enum values as they are, so that a service may add new ones.
func WithStrictResults() Option {
	return func(s *settings) { s.strict = true }
}

type callSettings struct {
	timeout     time.Duration
	traceparent string
}

// CallOption is a setting of one call.
type CallOption func(*callSettings)

// WithCallTimeout sets the timeout of the call; at most a day. Default: that of the client ([WithTimeout]). A call
// without any time, zero or less, ends with a [TimeoutError] at once, and nothing is sent.
func WithCallTimeout(timeout time.Duration) CallOption {
	return func(s *callSettings) { s.timeout = timeout }
}

// WithTraceparent is the W3C trace context of the call, like 00-<trace id>-<span id>-01. Default: none.
func WithTraceparent(traceparent string) CallOption {
	return func(s *callSettings) { s.traceparent = traceparent }
}
