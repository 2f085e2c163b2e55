package client

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The longest timeout of a call.
const maxTimeout = 24 * time.Hour

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

// WithGetToken says where connection tokens come from. The function is asked before each attempt to connect, but for the first
// one where [NewAPIClient] has a token, and again before a token expires. Every token must be the same user's. Default: none, and
// the connection ends with its token.
//
// An error makes the client ask again after a while; one that wraps [ErrTokenRefused] ends it. The context ends with the client.
func WithGetToken(getToken func(ctx context.Context) (string, error)) Option {
	return func(s *settings) { s.getToken = getToken }
}

// WithTimeout says how long calls may take, unless [WithCallTimeout] says otherwise; at most a day. Default: 30 s. The context of
// a call may end it sooner.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout = timeout }
}

// WithConnectTimeout says how long [APIClient.Connect] tries. Default: 10 s. Later the client never stops trying.
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

// WithMessageSizeLimit is Centrifugo's websocket.message_size_limit, in bytes. Default: 64 KiB, as there. A request over it is
// answered by the client, with [CodeTooLarge]: Centrifugo would end the connection, and with it all calls.
func WithMessageSizeLimit(bytes int) Option {
	return func(s *settings) { s.messageSizeLimit = bytes }
}

// WithReadLimit says how many bytes one message from Centrifugo may have, which can hold all results that
// were missed. Default: 96 MiB. More is taken for an attack, and the connection ends.
func WithReadLimit(bytes int) Option {
	return func(s *settings) { s.readLimit = bytes }
}

// WithDialer replaces how TCP connections are made, for example by one through a proxy. Default: that of [net.Dialer].
func WithDialer(dial func(ctx context.Context, network, addr string) (net.Conn, error)) Option {
	return func(s *settings) { s.dial = dial }
}

// WithTLSConfig configures TLS for wss URLs, for example with a private certificate authority. Default: the system's roots.
func WithTLSConfig(config *tls.Config) Option {
	return func(s *settings) { s.tls = config.Clone() }
}

// WithHeader adds headers to the request that opens the WebSocket. Default: none.
func WithHeader(header http.Header) Option {
	return func(s *settings) { s.header = header.Clone() }
}

// WithLogger is told what happens to the connection and what is ignored; never params, results or tokens. Default: nobody is.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithStrictResults makes results with a variant or an enum value that this client does not know a [DecodeError]. Default: they are
// kept, as [Unknown] and as they are, so that a service may grow new ones.
func WithStrictResults() Option {
	return func(s *settings) { s.strict = true }
}

type callSettings struct {
	timeout     time.Duration
	traceparent string
}

// CallOption is a setting of one call.
type CallOption func(*callSettings)

// WithCallTimeout says how long the call may take; at most a day. Default: that of the client ([WithTimeout]).
func WithCallTimeout(timeout time.Duration) CallOption {
	return func(s *callSettings) { s.timeout = timeout }
}

// WithTraceparent is the W3C trace context of the call, like 00-<trace id>-<span id>-01. Default: none.
func WithTraceparent(traceparent string) CallOption {
	return func(s *callSettings) { s.traceparent = traceparent }
}
