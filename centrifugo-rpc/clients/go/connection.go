package client

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// Callers wait for the connection: after a restart of Centrifugo it is soon back.
const (
	minReconnectDelay = 200 * time.Millisecond
	maxReconnectDelay = 5 * time.Second
)

// connection is the connection to Centrifugo: it stays up until it ends, over one transport after the other, and has
// any number of subscriptions.
type connection struct {
	settings *settings
	target   *target
	identity *identity
	shownURL string

	cancel  context.CancelFunc
	stopped chan struct{}
	// Used only by the goroutine in run: whether there was ever a subscription, and the number of attempts since the
	// last one.
	wasUseful bool
	attempt   int

	mu sync.Mutex
	// Nil while Centrifugo has accepted no transport.
	transport *transport
	// By channel.
	subscriptions map[string]*subscription
	ended         error
}

func newConnection(settings *settings, target *target, identity *identity, shownURL string) *connection {
	return &connection{
		settings: settings, target: target, identity: identity, shownURL: shownURL,
		stopped: make(chan struct{}), subscriptions: map[string]*subscription{},
	}
}

// start begins to connect, with a goroutine that ends with the connection.
func (c *connection) start() {
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	go func() {
		defer close(c.stopped)
		c.run(ctx)
	}()
}

func (c *connection) run(ctx context.Context) {
	for {
		err := c.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if final := c.final(err); final != nil {
			c.end(final)
			return
		}
		c.settings.logger.Debug("no connection to Centrifugo, trying again", "url", c.shownURL, "error", err)
		c.interrupted(err)
		delay := time.NewTimer(backoff(c.attempt))
		c.attempt++
		select {
		case <-delay.C:
		case <-ctx.Done():
			delay.Stop()
			return
		}
	}
}

// backoff returns the delay before the next attempt; random, so that the reconnects after a restart of the server
// spread out.
func backoff(attempt int) time.Duration {
	ceiling := min(minReconnectDelay<<min(attempt, 10), maxReconnectDelay)
	return ceiling/2 + rand.N(ceiling/2)
}

// connect opens one transport and returns the reason when it is over.
func (c *connection) connect(ctx context.Context) error {
	token, err := c.identity.next(ctx)
	if err != nil {
		return err
	}
	ws, err := dialWebSocket(ctx, c.target)
	if err != nil {
		return err
	}
	t := newTransport(ws, c.onPush)
	ctx, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer cancel()
	connect := command{Connect: &connectRequest{token, clientName, clientVersion}}
	if err := t.request(&connect, handshakeTimeout, func(r *reply) error { return c.onConnect(ctx, t, r, &tasks) }); err != nil {
		return err
	}
	return t.run(ctx, c.interrupted)
}

func (c *connection) onConnect(ctx context.Context, t *transport, r *reply, tasks *sync.WaitGroup) error {
	if r.Error != nil {
		return &refusedConnect{r.Error}
	}
	if r.Connect == nil {
		return errors.New("malformed answer of Centrifugo to the connect command")
	}
	t.ping, t.pong = time.Duration(r.Connect.Ping)*time.Second, r.Connect.Pong
	if r.Connect.Expires && c.settings.getToken != nil {
		tasks.Add(1)
		go func() {
			defer tasks.Done()
			if err := c.refresh(ctx, t, r.Connect.TTL); err != nil {
				c.end(err)
			}
		}()
	}
	c.mu.Lock()
	c.transport = t
	all := c.all()
	c.mu.Unlock()
	for _, s := range all {
		if err := s.request(t); err != nil {
			return err
		}
	}
	return nil
}

// all returns the subscriptions; c.mu is held.
func (c *connection) all() []*subscription {
	all := make([]*subscription, 0, len(c.subscriptions))
	for _, s := range c.subscriptions {
		all = append(all, s)
	}
	return all
}

// onUseful handles a confirmed subscription, on the goroutine in run.
func (c *connection) onUseful() { c.wasUseful, c.attempt = true, 0 }

// interrupted handles a transport that is over, or that could not be opened. Subscribers get to know it before messages
// end without an answer.
func (c *connection) interrupted(reason error) {
	c.mu.Lock()
	all := c.all()
	c.mu.Unlock()
	for _, s := range all {
		s.events.subscribing(reason)
	}
	c.mu.Lock()
	c.transport = nil
	for _, s := range all {
		s.up = false
	}
	c.mu.Unlock()
}

// onPush handles what Centrifugo sends by itself.
func (c *connection) onPush(p *push) error {
	if p.Disconnect != nil {
		return &closeError{int(p.Disconnect.Code), p.Disconnect.Reason}
	}
	c.mu.Lock()
	s, t := c.subscriptions[p.Channel], c.transport
	c.mu.Unlock()
	switch {
	case s == nil:
	case p.Pub != nil:
		s.onPublication(p.Pub)
	case p.Unsubscribe != nil:
		return s.onUnsubscribed(t, p.Unsubscribe)
	}
	return nil
}

// final returns the reason to end the connection permanently, if err is one.
func (c *connection) final(err error) error {
	var closed *closeError
	var connect *refusedConnect
	var connection *ConnectionError
	switch {
	case errors.As(err, &connection):
		return connection
	case errors.As(err, &closed) && !reconnects(closed.code):
		return disconnectRefusal(c.shownURL, closed)
	case errors.As(err, &connect) && !connect.Temporary:
		if expired := connect.Code == centrifugoTokenExpired || connect.Code == centrifugoExpired; expired && c.identity.renews() {
			return nil
		}
		return connectRefusal(c.shownURL, connect.centrifugoError)
	case !c.wasUseful:
		return hopeless(c.shownURL, err)
	}
	return nil
}

// hopeless returns the error that ends the connection if it was never up. After a first time, the same errors count as
// temporary: a proxy whose backend restarts answers 404 for a moment.
func hopeless(url string, err error) error {
	var status *statusError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &status) && status.status >= 400 && status.status < 500:
		return &ConnectionError{
			Message: url + " is not Centrifugo's WebSocket endpoint, by default /connection/websocket",
			Setup:   true, Err: err,
		}
	case errors.As(err, &certificate):
		return &ConnectionError{
			Message: "the certificate of " + url + " is not trusted: name its authority with WithTLSConfig",
			Setup:   true, Err: err,
		}
	case errors.As(err, &record):
		return &ConnectionError{Message: url + " does not speak TLS: write ws instead of wss", Setup: true, Err: err}
	}
	return nil
}

// reconnects reports whether a client may reconnect after this close code of Centrifugo.
func reconnects(code int) bool {
	switch {
	case code == closeTooBig:
		return false
	case code >= 3500 && code <= 3999, code >= 4500 && code <= 4999:
		return false
	}
	return true
}

// publish queues a publication for the transport that is up. It calls goesOut, if the outcome is awaited, at the last
// moment.
func (c *connection) publish(message *outgoing, goesOut func(*outgoing) bool) error {
	c.mu.Lock()
	t := c.transport
	c.mu.Unlock()
	if t == nil {
		return errNotSent
	}
	return t.publish(message, goesOut)
}

// end ends the connection and its subscriptions. The first reason stays. Queued messages still go out.
func (c *connection) end(reason error) {
	c.mu.Lock()
	if c.ended != nil {
		c.mu.Unlock()
		return
	}
	c.ended = reason
	all := c.all()
	c.mu.Unlock()
	for _, s := range all {
		s.events.ended(reason)
	}
	c.cancel()
}

// close ends the connection and waits for its goroutines.
func (c *connection) close(reason error) {
	c.end(reason)
	<-c.stopped
}

// refusedConnect is Centrifugo's error to the connect command.
type refusedConnect struct{ *centrifugoError }

// Error describes one failed attempt among others: the client keeps asking a token function that returns expired
// tokens.
func (e *refusedConnect) Error() string {
	return e.centrifugoError.Error() + expiredHint(e.centrifugoError)
}
