// Package client calls the methods of a service over Centrifugo.
//
//	api := client.NewAPIClient("wss://rt.example.com/connection/websocket", token, "user-123")
//	if err := api.Connect(ctx); err != nil {
//		return err
//	}
//	defer api.Close()
//
// Each method of the service is a method of [APIClient]. A call ends exactly once: with its result, the service's
// [Error], a [TimeoutError], the error of its context, or a [ConnectionError] when the client ends.
//
//   - Deadline. The request carries the timeout ([WithTimeout], [WithCallTimeout]); the service stops the method by
//     then, with 408. The caller waits a tenth of the timeout longer, at least 250 ms and at most 1 s, so that this
//     answer arrives.
//   - Cancellation. When the context of a call ends, the client sends a cancellation, and the service stops the method.
//   - Lost connections. The client reconnects until it is closed. Calls in flight go on: the client recovers the
//     replies that were sent meanwhile. New calls wait for the connection, within their timeout.
//   - At most once. A request is published once. If the connection breaks before Centrifugo confirms it, the call waits
//     for a reply until its timeout.
//   - Batching. Calls and notifications of the same moment may go to Centrifugo as one publication, once the service
//     has sent batched replies. A call is never delayed to fill a batch, and each call ends independently.
package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"sync"
	"time"
)

// The name of this client in Centrifugo's logs and metrics.
const (
	clientName    = "centrifugo-rpc-go"
	clientVersion = "1"
)

// errClosed is the error of calls of a closed client.
var errClosed = &ConnectionError{Message: "the client is closed"}

// APIClient calls the methods of a service. It may be used by any number of goroutines at once.
type APIClient struct {
	settings settings
	target   target
	shownURL string
	token    string
	user     string
	session  string
	// The error of the arguments, if the client cannot work with any Centrifugo.
	mistake error

	mu     sync.Mutex
	calls  *calls
	closed bool
}

// NewAPIClient makes a client of the Centrifugo whose WebSocket endpoint is at url, like
// wss://rt.example.com/connection/websocket. The token is a connection token of the user; it may be empty if
// [WithGetToken] provides one, or if Centrifugo accepts connections without a token. The user of an anonymous
// connection is "".
//
// [APIClient.Connect] returns the error if an argument is invalid.
func NewAPIClient(url, token, user string, options ...Option) *APIClient {
	c := &APIClient{settings: defaultSettings(), token: token, user: user, session: newUUID()}
	for _, option := range options {
		option(&c.settings)
	}
	c.mistake = c.check(url)
	return c
}

var (
	nameOf    = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	channelOf = regexp.MustCompile(`^[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+$`)
)

func (c *APIClient) check(address string) error {
	wrong := func(message string) error { return &ConnectionError{Message: message, Setup: true} }
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "ws" && parsed.Scheme != "wss" || parsed.Hostname() == "" {
		return wrong("the URL is not a WebSocket URL: write for example ws://localhost:8000/connection/websocket")
	}
	s := &c.settings
	switch {
	case !channelOf.MatchString(s.requestChannel):
		return wrong("WithRequestChannel is not <namespace>:<name> of letters, digits, _, - and .: write for example rpc:requests")
	case !nameOf.MatchString(s.replyNamespace):
		return wrong("WithReplyNamespace is not a name of letters, digits, _, - and .: write for example reply")
	case s.timeout <= 0:
		return wrong(fmt.Sprintf("WithTimeout is %v, which would fail every call: write for example 30*time.Second", s.timeout))
	case s.connectTimeout <= 0:
		return wrong(fmt.Sprintf("WithConnectTimeout is %v: write for example 10*time.Second", s.connectTimeout))
	case s.messageSizeLimit <= 0:
		return wrong(fmt.Sprintf("WithMessageSizeLimit is %d, which would fail every call: write for example 64<<10", s.messageSizeLimit))
	case s.readLimit <= 0:
		return wrong(fmt.Sprintf("WithReadLimit is %d, which would end every connection: write for example 16<<20", s.readLimit))
	case s.dial == nil:
		return wrong("WithDialer has no dialer")
	case s.logger == nil:
		return wrong("WithLogger has no logger: leave it out for none")
	}
	parsed.Fragment, parsed.RawFragment = "", ""
	shown := url.URL{Scheme: parsed.Scheme, Host: parsed.Host, Path: parsed.Path}
	c.shownURL = shown.String()
	c.target = target{url: parsed, header: s.header, dial: s.dial, tls: s.tls, readLimit: s.readLimit}
	if err := checkUser(c.user); err != nil {
		return err
	}
	return checkToken(c.token, c.user)
}

// Connect connects and subscribes to the replies. After it has returned nil, calls can be made, and the client keeps
// the connection up, independently of ctx. After an error, Connect can be called again.
//
// The error is a [*ConnectionError]. With Setup, a setting is wrong or Centrifugo refuses the token; without Setup,
// there was no connection within [WithConnectTimeout], or before ctx ended.
func (c *APIClient) Connect(ctx context.Context) error {
	if c.mistake != nil {
		return c.mistake
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return errClosed
	}
	calls := c.calls
	if calls == nil {
		calls = c.newCalls()
		c.calls = calls
		calls.start()
	}
	c.mu.Unlock()
	err := c.connected(ctx, calls.replies)
	if err == nil {
		return nil
	}
	c.mu.Lock()
	// Another Connect may have waited longer, and have connected.
	giveUp := c.calls == calls && !calls.replies.everReady()
	if giveUp {
		c.calls = nil
	}
	c.mu.Unlock()
	if giveUp {
		calls.connection.close(err)
	}
	return err
}

func (c *APIClient) newCalls() *calls {
	identity := &identity{user: c.user, token: c.token, getToken: c.settings.getToken}
	connection := newConnection(&c.settings, &c.target, identity, c.shownURL)
	return newCalls(&c.settings, connection, c.settings.replyNamespace+":"+c.session+"#"+c.user)
}

// connected waits until calls can be made.
func (c *APIClient) connected(ctx context.Context, replies *replyChannel) error {
	timeout := time.NewTimer(c.settings.connectTimeout)
	defer timeout.Stop()
	for {
		ready, changed, ended := replies.state()
		switch {
		case ended != nil:
			return ended
		case ready:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return replies.noConnection(ctx.Err(), "")
		case <-timeout.C:
			return replies.noConnection(nil, fmt.Sprintf(" within %v", c.settings.connectTimeout))
		}
	}
}

// Connected reports whether there is a connection at this moment. Callers need not check it: calls wait for the
// connection.
func (c *APIClient) Connected() bool {
	calls, err := c.open()
	if err != nil {
		return false
	}
	ready, _, _ := calls.replies.state()
	return ready
}

// Close closes the connection and waits until all goroutines of the client have ended, for at most about two seconds.
// Calls in flight end with a [*ConnectionError], and the client sends their cancellations. The error is always nil.
func (c *APIClient) Close() error {
	c.mu.Lock()
	c.closed = true
	calls := c.calls
	c.mu.Unlock()
	if calls != nil {
		calls.connection.close(errClosed)
	}
	return nil
}

func (c *APIClient) open() (*calls, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.mistake != nil:
		return nil, c.mistake
	case c.closed:
		return nil, errClosed
	case c.calls == nil:
		return nil, &ConnectionError{Message: "the client is not connected: call Connect first"}
	}
	return c.calls, nil
}

func (c *APIClient) attempt(method string, params payload, options []CallOption) (*callAttempt, error) {
	calls, err := c.open()
	if err != nil {
		return nil, err
	}
	settings := callSettings{timeout: c.settings.timeout}
	for _, option := range options {
		option(&settings)
	}
	if settings.timeout <= 0 {
		return nil, &TimeoutError{Method: method, Duration: settings.timeout}
	}
	var encoded json.RawMessage
	if params != nil {
		if encoded, err = params(); err != nil {
			return nil, &EncodeError{Method: method, Err: err}
		}
	}
	return calls.attempt(method, encoded, settings), nil
}

// payload writes the params of a call; nil if it has none.
type payload func() ([]byte, error)

func encoded[P any](params *P, code codec[P]) payload {
	return func() ([]byte, error) { return encode(params, code) }
}

// call calls a method and reads its result.
func call[R any](
	ctx context.Context, c *APIClient, method string, params payload, result codec[R], options []CallOption,
) (R, error) {
	var value R
	attempt, err := c.attempt(method, params, options)
	if err != nil {
		return value, err
	}
	answer, err := attempt.call(ctx)
	if err != nil {
		return value, err
	}
	if err := decodeAs(answer, &value, result, c.settings.strict); err != nil {
		return value, &DecodeError{Method: method, Err: err}
	}
	return value, nil
}

// notify calls a method without an answer, and returns when Centrifugo has taken the request.
func notify(ctx context.Context, c *APIClient, method string, params payload, options []CallOption) error {
	attempt, err := c.attempt(method, params, options)
	if err != nil {
		return err
	}
	return attempt.notify(ctx)
}

// Call calls a method by its name, with params and a result as JSON: for methods that this client was not generated
// for. Params are nil for a method without any.
func (c *APIClient) Call(
	ctx context.Context, method string, params json.RawMessage, options ...CallOption,
) (json.RawMessage, error) {
	return call(ctx, c, method, rawPayload(params), anything, options)
}

// Notify sends a notification to a method by its name, as [APIClient.Call] calls one. It returns when Centrifugo has
// taken the notification.
func (c *APIClient) Notify(ctx context.Context, method string, params json.RawMessage, options ...CallOption) error {
	return notify(ctx, c, method, rawPayload(params), options)
}

func rawPayload(params json.RawMessage) payload {
	if params == nil {
		return nil
	}
	return encoded(&params, anything)
}

// contractMethod returns the hash of the contract; every worker has it.
const contractMethod = "system.contract"

// contractInfo is the answer of system.contract.
type contractInfo struct {
	hash    string
	version uint32
}

func (v *contractInfo) code(c *coder) {
	c.object(func(o *object) {
		required(o, "hash", &v.hash, texts)
		required(o, "version", &v.version, naturals[uint32])
	})
}

// checkContract compares the hash of the contract that this client was generated from with the service's.
func checkContract(ctx context.Context, c *APIClient, generated string, options []CallOption) error {
	served, err := call(ctx, c, contractMethod, nil, (*contractInfo).code, options)
	if err != nil {
		return err
	}
	if served.hash != generated {
		return &ContractError{Generated: generated, Served: served.hash}
	}
	return nil
}

// newUUID makes a random UUID, of version 4.
func newUUID() string {
	var id [16]byte
	// It never fails: the runtime ends the program if the system has no randomness.
	_, _ = rand.Read(id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
