package client

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// How long everything up to the subscription of the reply channel may take.
	handshakeTimeout = 10 * time.Second
	// Of the server's answer to the handshake.
	maxHandshakeBytes = 64 << 10
	// RFC 6455 adds it to the key of a handshake.
	acceptSalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
)

// target is the address of the WebSocket and the way to connect to it.
type target struct {
	url       *url.URL
	header    http.Header
	dial      func(ctx context.Context, network, addr string) (net.Conn, error)
	tls       *tls.Config
	readLimit int
}

// statusError is an answer to the handshake that does not open a WebSocket.
type statusError struct{ status int }

func (e *statusError) Error() string {
	return fmt.Sprintf("HTTP %d %s instead of a WebSocket", e.status, http.StatusText(e.status))
}

// errNoWebSocket is an answer to the handshake that claims to be a WebSocket, but breaks its rules.
var errNoWebSocket = errors.New("the server does not answer as RFC 6455 says")

// webSocket is an open connection.
type webSocket struct {
	net.Conn
	frames frameReader
}

// dialWebSocket connects and shakes hands, until ctx ends.
func dialWebSocket(ctx context.Context, t *target) (*webSocket, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	conn, err := dialTransport(ctx, t)
	if err != nil {
		return nil, err
	}
	// Reads and writes do not observe ctx.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	ws, err := shakeHands(conn, t)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("no WebSocket within %v: %w", handshakeTimeout, err)
		}
		return nil, err
	}
	return ws, nil
}

func dialTransport(ctx context.Context, t *target) (net.Conn, error) {
	port := t.url.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[t.url.Scheme]
	}
	conn, err := t.dial(ctx, "tcp", net.JoinHostPort(t.url.Hostname(), port))
	if err != nil {
		return nil, err
	}
	if t.url.Scheme != "wss" {
		return conn, nil
	}
	config := t.tls.Clone()
	if config.ServerName == "" {
		config.ServerName = t.url.Hostname()
	}
	// A WebSocket begins in HTTP/1.1.
	config.NextProtos = []string{"http/1.1"}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

func shakeHands(conn net.Conn, t *target) (*webSocket, error) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:])
	key := base64.StdEncoding.EncodeToString(nonce[:])
	header := t.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	host := t.url.Host
	if named := header.Get("Host"); named != "" {
		host = named
		header.Del("Host")
	}
	header.Set("Upgrade", "websocket")
	header.Set("Connection", "Upgrade")
	header.Set("Sec-WebSocket-Version", "13")
	header.Set("Sec-WebSocket-Key", key)
	// The client offers no extension and no subprotocol, so that it need not support any.
	header.Del("Sec-WebSocket-Extensions")
	header.Del("Sec-WebSocket-Protocol")
	request := &http.Request{Method: http.MethodGet, URL: t.url, Host: host, Header: header}
	if user := t.url.User; user != nil && header.Get("Authorization") == "" {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	bounded := &io.LimitedReader{R: conn, N: maxHandshakeBytes}
	reader := bufio.NewReaderSize(bounded, 16<<10)
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoWebSocket, unexpected(err))
	}
	if err := checkHandshake(response, key); err != nil {
		return nil, err
	}
	bounded.N = math.MaxInt64
	return &webSocket{Conn: conn, frames: frameReader{r: reader, limit: t.readLimit}}, nil
}

func checkHandshake(response *http.Response, key string) error {
	if response.StatusCode != http.StatusSwitchingProtocols {
		return &statusError{response.StatusCode}
	}
	sum := sha1.Sum([]byte(key + acceptSalt))
	accept := base64.StdEncoding.EncodeToString(sum[:])
	header := response.Header
	switch {
	case !strings.EqualFold(header.Get("Upgrade"), "websocket"):
		return fmt.Errorf("%w: no `Upgrade: websocket`", errNoWebSocket)
	case !hasToken(header.Values("Connection"), "upgrade"):
		return fmt.Errorf("%w: no `Connection: Upgrade`", errNoWebSocket)
	case header.Get("Sec-WebSocket-Accept") != accept:
		return fmt.Errorf("%w: a wrong `Sec-WebSocket-Accept`", errNoWebSocket)
	case header.Get("Sec-WebSocket-Extensions") != "" || header.Get("Sec-WebSocket-Protocol") != "":
		return fmt.Errorf("%w: an extension or subprotocol that was not requested", errNoWebSocket)
	}
	return nil
}

func hasToken(values []string, token string) bool {
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}
