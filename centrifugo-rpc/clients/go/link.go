package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Callers wait for the connection: after a restart of Centrifugo it is soon back.
const (
	minReconnectDelay = 200 * time.Millisecond
	maxReconnectDelay = 5 * time.Second
)

// How many replies Centrifugo keeps of a reply channel (history_size), unless it is configured otherwise.
const keptReplies = 128

// How many cancels wait for the connection. More are dropped: the methods then run until their deadline.
const maxWaitingCancels = 16 << 10

// position is the place up to which the reply channel has been read.
type position struct {
	known  bool
	epoch  string
	offset uint64
}

// link keeps one connection to Centrifugo up, and tracks the calls that wait for their replies.
type link struct {
	settings     *settings
	target       *target
	identity     *identity
	shownURL     string
	replyChannel string
	calls        *pendingCalls
	// Used only by the goroutine in run.
	position position

	cancel  context.CancelFunc
	stopped chan struct{}

	mu sync.Mutex
	// Closed and replaced whenever one of the following changes.
	changed chan struct{}
	// Nil while no connection is subscribed.
	connection *connection
	wasUp      bool
	trouble    error
	ended      error
	cancels    []string
}

// start begins to connect, with a goroutine that ends with the link.
func (l *link) start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	go func() {
		defer close(l.stopped)
		l.run(ctx)
	}()
}

func (l *link) run(ctx context.Context) {
	attempt := 0
	for {
		wasUp, err := l.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if final := l.final(err); final != nil {
			l.end(final)
			return
		}
		l.settings.logger.Debug("no connection to Centrifugo, trying again", "url", l.shownURL, "error", err)
		l.onTrouble(err)
		if wasUp {
			attempt = 0
		}
		delay := time.NewTimer(backoff(attempt))
		attempt++
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

// connect makes one connection and returns when it is over, and whether it was ever up.
func (l *link) connect(ctx context.Context) (bool, error) {
	token, err := l.identity.next(ctx)
	if err != nil {
		return false, err
	}
	ws, err := dialWebSocket(ctx, l.target)
	if err != nil {
		return false, err
	}
	connection := newConnection(l, ws)
	err = connection.run(ctx, token)
	return connection.subscribed, err
}

// final returns the reason to end the client permanently, if err is one.
func (l *link) final(err error) error {
	l.mu.Lock()
	wasUp := l.wasUp
	l.mu.Unlock()
	var closed *closeError
	var connect *refusedConnect
	var subscribe *refusedSubscribe
	var connection *ConnectionError
	switch {
	case errors.As(err, &connection):
		return connection
	case errors.As(err, &closed) && !reconnects(closed.code):
		return disconnectRefusal(l.shownURL, closed)
	case errors.As(err, &connect) && !connect.Temporary:
		if expired := connect.Code == centrifugoTokenExpired || connect.Code == centrifugoExpired; expired && l.identity.renews() {
			return nil
		}
		return connectRefusal(l.shownURL, connect.centrifugoError)
	case errors.As(err, &subscribe) && !subscribe.temporary:
		return subscribeRefusal(l.replyChannel, l.identity.user, subscribe)
	case !wasUp:
		return hopeless(l.shownURL, err)
	}
	return nil
}

// hopeless returns the error that ends the client if there was never a connection. After a first connection, the same
// errors count as temporary: a proxy whose backend restarts answers 404 for a moment.
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

// upped handles a connection that is subscribed. incomplete means that Centrifugo could not continue from the last
// reply.
func (l *link) upped(c *connection, result *subscribeResult, incomplete bool) {
	logger := l.settings.logger
	switch {
	case !result.Recoverable:
		logger.Warn("replies sent while the connection is down will be lost: set history_size, history_ttl and force_recovery in "+
			"the namespace of the reply channel", "channel", l.replyChannel)
	case incomplete:
		logger.Warn("Centrifugo could not continue from the last reply, so all that it has of them was read; calls whose reply it does "+
			"not have will time out", "waiting", l.calls.len())
	default:
		logger.Debug("connected to Centrifugo", "url", l.shownURL, "waiting", l.calls.len())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended != nil {
		return
	}
	l.connection, l.wasUp, l.trouble = c, true, nil
	for _, id := range l.cancels {
		c.sendCancel(id)
	}
	l.cancels = nil
	l.notify()
}

// down handles a connection that is over, or unsubscribed.
func (l *link) down(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.connection == c {
		l.connection = nil
		l.notify()
	}
}

func (l *link) onTrouble(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trouble = err
	l.notify()
}

// end ends the link and all its calls, and sends their cancellations. The first reason stays.
func (l *link) end(reason error) {
	l.mu.Lock()
	if l.ended == nil {
		l.ended = reason
		l.notify()
	}
	reason, connection := l.ended, l.connection
	l.mu.Unlock()
	for _, id := range l.calls.end(reason) {
		if connection != nil {
			connection.sendCancel(id)
		}
	}
	// Queued messages still go out.
	l.cancel()
}

// close ends the link and waits for its goroutines.
func (l *link) close(reason error) {
	l.end(reason)
	<-l.stopped
}

// notify wakes all goroutines that wait for a change; l.mu is held.
func (l *link) notify() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// state returns the connection, if one is subscribed, or the reason why there will be none; and a channel that closes
// with the next change.
func (l *link) state() (c *connection, changed <-chan struct{}, ended error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.connection, l.changed, l.ended
}

func (l *link) everUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wasUp
}

// noConnection is the error of a Connect that gives up.
func (l *link) noConnection(cause error, within string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &ConnectionError{Message: "no connection to " + l.shownURL + within, Err: l.trouble}
	switch {
	case l.trouble == nil:
		e.Message += ": check the URL and that Centrifugo runs"
		e.Err = cause
	case cause != nil:
		e.Err = fmt.Errorf("%w: %w", cause, l.trouble)
	}
	return e
}

// cancelCall sends the cancellation of a call, or keeps it for the next connection. It never waits.
func (l *link) cancelCall(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.connection != nil:
		l.connection.sendCancel(id)
	case l.ended == nil && len(l.cancels) < maxWaitingCancels:
		l.cancels = append(l.cancels, id)
	}
}

// onReply ends the call that a reply answers; err is the error of reading the reply.
func (l *link) onReply(reply *response, size int, err error) {
	failed := reply.Error
	if err == nil && failed != nil && (failed.Code == nil || failed.Message == nil) {
		err = errIncompleteError
	}
	if err != nil {
		l.settings.logger.Debug("a malformed reply is ignored", "bytes", size, "error", err)
		return
	}
	answer := answer{result: reply.Result}
	if answer.result == nil {
		// A method without a result: an absent result is the same as null.
		answer.result = json.RawMessage("null")
	}
	if failed != nil {
		answer.err = &Error{Code: int(*failed.Code), Message: *failed.Message, Data: failed.Data}
	}
	if !l.calls.answer(reply.CorrelationID, answer) {
		l.settings.logger.Debug("a late, duplicate or unknown reply is ignored", "correlation_id", reply.CorrelationID)
	}
}
