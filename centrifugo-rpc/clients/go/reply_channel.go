package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
)

// errNotReady means that replies cannot arrive at the moment, so that nothing may be sent.
var errNotReady = fmt.Errorf("%w: no subscription of the reply channel", errNotSent)

// replyChannel is the subscription that replies arrive on. Requests go out only while it is subscribed.
type replyChannel struct {
	connection *connection
	pending    *pendingCalls
	channel    string
	logger     *slog.Logger
	// Called when requests can go out, and when they never will again, perhaps more than once.
	onReady func()
	onEnd   func(reason error)

	// Whether batched replies have arrived since the subscription: a worker that writes batches reads them.
	batches atomic.Bool

	// Used only by the goroutine of the events.
	subscription *subscription
	// Whether the subscription is the second one, which reads replies again.
	rereads bool

	mu sync.RWMutex
	// Closed and replaced whenever one of the following changes.
	changed  chan struct{}
	ready    bool
	wasReady bool
	// The reason why it is not ready, if it is known.
	trouble error
	over    error
}

func newReplyChannel(c *connection, pending *pendingCalls, channel string) *replyChannel {
	return &replyChannel{
		connection: c, pending: pending, channel: channel, logger: c.settings.logger, changed: make(chan struct{}),
	}
}

// open subscribes, before the connection starts.
func (r *replyChannel) open() {
	r.subscription = r.connection.subscribe(r.channel, position{}, r)
}

// publish queues a message if its reply can arrive; otherwise the error is [errNotReady].
func (r *replyChannel) publish(message *outgoing, goesOut func(*outgoing) bool) error {
	// Held so that the subscription is still there when the message is queued.
	r.mu.RLock()
	defer r.mu.RUnlock()
	if !r.ready {
		return errNotReady
	}
	return r.connection.publish(message, goesOut)
}

// state returns whether requests can go out, or the reason why they never will; and a channel that closes with the next
// change.
func (r *replyChannel) state() (ready bool, changed <-chan struct{}, ended error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.ready, r.changed, r.over
}

func (r *replyChannel) everReady() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.wasReady
}

// noConnection is the error of a Connect that gives up.
func (r *replyChannel) noConnection(cause error, within string) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e := &ConnectionError{Message: "no connection to " + r.connection.shownURL + within, Err: r.trouble}
	switch {
	case r.trouble == nil:
		e.Message += ": check the URL and that Centrifugo runs"
		e.Err = cause
	case cause != nil:
		e.Err = fmt.Errorf("%w: %w", cause, r.trouble)
	}
	return e
}

// subscribed handles a (re)subscription. If Centrifugo cannot continue from the last reply, replies are read again.
func (r *replyChannel) subscribed(s subscribed) {
	incomplete := s.wasRecovering && !s.recovered
	if incomplete && s.recoverable && !r.rereads {
		r.reread(s.position)
		return
	}
	incomplete, r.rereads = incomplete || r.rereads, false
	switch {
	case !s.recoverable:
		r.logger.Warn("replies sent while the connection is down will be lost: set history_size, history_ttl and force_recovery in "+
			"the namespace of the reply channel", "channel", r.channel)
	case incomplete:
		r.logger.Warn("Centrifugo could not continue from the last reply, so all that it has of them was read; calls whose reply it does "+
			"not have will time out", "waiting", r.pending.len())
	default:
		r.logger.Debug("connected to Centrifugo", "url", r.connection.shownURL, "waiting", r.pending.len())
	}
	r.mu.Lock()
	if r.over == nil {
		r.ready, r.wasReady, r.trouble = true, true, nil
		r.notify()
	}
	r.mu.Unlock()
	r.onReady()
}

// reread subscribes once more, from as far back as the history goes, because Centrifugo cannot continue from the last
// reply. In a new stream, after a restart with the memory engine, the history has the replies that workers have sent
// since; in the old stream, which had more replies than the history keeps, it has the newest of them.
func (r *replyChannel) reread(top position) {
	r.subscription.close()
	top.offset -= min(top.offset, keptReplies)
	r.rereads = true
	r.subscription = r.connection.subscribe(r.channel, top, r)
}

func (r *replyChannel) subscribing(reason error) {
	r.batches.Store(false)
	r.rereads = false
	var refused *refusedSubscribe
	if errors.As(reason, &refused) {
		reason = fmt.Errorf("the reply channel cannot be subscribed (%d %s)", refused.code, refused.reason)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready, r.trouble = false, reason
	r.notify()
}

func (r *replyChannel) ended(reason error) {
	var refused *refusedSubscribe
	if errors.As(reason, &refused) {
		reason = subscribeRefusal(r.channel, r.connection.identity.user, refused)
	}
	r.mu.Lock()
	if r.over == nil {
		r.over = reason
		r.notify()
	}
	reason = r.over
	r.mu.Unlock()
	r.onEnd(reason)
}

// notify wakes all goroutines that wait for a change; r.mu is held.
func (r *replyChannel) notify() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// data handles each publication: a reply, or a batch of them.
func (r *replyChannel) data(data json.RawMessage) {
	var publication response
	// Of a malformed publication, all valid members are read: a batch even if another member is invalid.
	err := json.Unmarshal(data, &publication)
	if publication.Batch == nil {
		r.onReply(&publication, len(data), err)
		return
	}
	// Before the callers get their replies: they may call again at once.
	r.batches.Store(true)
	for _, data := range publication.Batch {
		var reply response
		err := json.Unmarshal(data, &reply)
		if reply.Batch != nil {
			err = errNestedBatch
		}
		r.onReply(&reply, len(data), err)
	}
}

// onReply ends the call that a reply answers; err is the error of reading the reply.
func (r *replyChannel) onReply(reply *response, size int, err error) {
	failed := reply.Error
	if err == nil && failed != nil && (failed.Code == nil || failed.Message == nil) {
		err = errIncompleteError
	}
	if err != nil {
		r.logger.Debug("a malformed reply is ignored", "bytes", size, "error", err)
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
	if !r.pending.answer(reply.CorrelationID, answer) {
		r.logger.Debug("a late, duplicate or unknown reply is ignored", "correlation_id", reply.CorrelationID)
	}
}
