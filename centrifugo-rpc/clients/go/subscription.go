package client

import (
	"encoding/json"
	"errors"
	"time"
)

// The timeout of the answer to a subscription. The answer contains all missed publications: over a slow link it may
// take as long as Centrifugo's websocket.write_timeout, as centrifugo_config prints it.
const subscribeTimeout = 30 * time.Second

// position is the place up to which a channel has been read.
type position struct {
	known  bool
	epoch  string
	offset uint64
}

// subscribed is Centrifugo's confirmation of a subscription. The publications that were recovered came before it.
type subscribed struct {
	recoverable bool
	// Whether the subscription continued from a position, and whether no publication is missing since then.
	wasRecovering, recovered bool
	position                 position
}

// subscriber receives the events of a subscription, one after the other on a goroutine of the connection, which reads
// nothing else meanwhile. Only ended may come from another goroutine.
type subscriber interface {
	// data receives a publication, live or recovered.
	data(data json.RawMessage)
	subscribed(subscribed)
	// subscribing means that there is no subscription at the moment, for this reason, and that there will be another
	// one.
	subscribing(reason error)
	// ended means that there will be no other one: Centrifugo refuses it, with a [*refusedSubscribe], or the connection
	// has ended.
	ended(reason error)
}

// subscription is a channel of a connection. It is subscribed over each transport anew, and continues where it was.
type subscription struct {
	connection *connection
	channel    string
	events     subscriber

	// The fields below are guarded by the mutex of the connection.
	position position
	up       bool
	closed   bool
	// How often Centrifugo refused it temporarily, in a row.
	refusals int
}

// errSubscribed ends a second subscription to a channel.
var errSubscribed = errors.New("the channel is subscribed already")

// subscribe subscribes to a channel, from a position on if it is known. A connection has one subscription to a channel
// at a time: a second one ends with errSubscribed. Its events begin at once if it, or the connection, has ended.
func (c *connection) subscribe(channel string, since position, events subscriber) *subscription {
	s := &subscription{connection: c, channel: channel, events: events, position: since}
	c.mu.Lock()
	t, ended := c.transport, c.ended
	if _, found := c.subscriptions[channel]; found && ended == nil {
		ended = errSubscribed
	}
	if ended == nil {
		c.subscriptions[channel] = s
	}
	c.mu.Unlock()
	switch {
	case ended != nil:
		events.ended(ended)
	case t != nil:
		// A transport that is over takes no command; the next one subscribes.
		_ = s.request(t)
	}
	return s
}

// close ends the subscription. No event comes after it, except those that are being handled.
func (s *subscription) close() {
	if t := s.remove(); t != nil {
		// It may be over.
		_ = t.send(&command{Unsubscribe: &unsubscribeRequest{Channel: s.channel}})
	}
}

// remove takes the subscription from its connection. It returns the transport, if there is one.
func (s *subscription) remove() *transport {
	c := s.connection
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed, s.up = true, false
	if c.subscriptions[s.channel] == s {
		delete(c.subscriptions, s.channel)
	}
	return c.transport
}

// request asks for the subscription over this transport, and for the publications that were missed.
func (s *subscription) request(t *transport) error {
	c := s.connection
	subscribe := subscribeRequest{Channel: s.channel, Recoverable: true}
	c.mu.Lock()
	s.up = false
	if s.position.known {
		subscribe.Recover, subscribe.Epoch, subscribe.Offset = true, s.position.epoch, s.position.offset
	}
	c.mu.Unlock()
	return t.request(&command{Subscribe: &subscribe}, subscribeTimeout, func(r *reply) error { return s.onAnswer(t, r) })
}

func (s *subscription) onAnswer(t *transport, r *reply) error {
	c := s.connection
	c.mu.Lock()
	closed := s.closed
	c.mu.Unlock()
	switch {
	case closed:
		return nil
	case r.Error != nil:
		s.onRefused(t, &refusedSubscribe{r.Error.Code, r.Error.Message, r.Error.Temporary})
		return nil
	case r.Subscribe == nil:
		return errors.New("malformed answer of Centrifugo to the subscribe command")
	}
	result := r.Subscribe
	top := position{known: result.Recoverable, epoch: result.Epoch, offset: result.Offset}
	for i := range result.Publications {
		// After a recovery, the offset of the answer is that which was asked for.
		top.offset = max(top.offset, result.Publications[i].Offset)
		s.events.data(result.Publications[i].Data)
	}
	c.mu.Lock()
	s.position = top
	s.up, s.refusals = true, 0
	event := subscribed{result.Recoverable, result.WasRecovering, result.Recovered, s.position}
	c.mu.Unlock()
	c.onUseful()
	s.events.subscribed(event)
	return nil
}

// onRefused ends the subscription, or tries again after a while.
func (s *subscription) onRefused(t *transport, refused *refusedSubscribe) {
	if !refused.temporary {
		s.remove()
		s.events.ended(refused)
		return
	}
	s.events.subscribing(refused)
	c := s.connection
	c.mu.Lock()
	delay := backoff(s.refusals)
	s.refusals++
	c.mu.Unlock()
	time.AfterFunc(delay, func() {
		c.mu.Lock()
		wanted := c.transport == t && !s.closed
		c.mu.Unlock()
		if wanted {
			_ = s.request(t)
		}
	})
}

// onPublication handles a live publication.
func (s *subscription) onPublication(p *publication) {
	c := s.connection
	c.mu.Lock()
	// A publication that Centrifugo does not store has no offset. One that arrives before the subscription is confirmed
	// was sent for an earlier subscription of the channel, and does not change where this one begins.
	if p.Offset > 0 && s.up {
		s.position.offset = p.Offset
	}
	c.mu.Unlock()
	s.events.data(p.Data)
}

// onUnsubscribed handles an unsubscription by Centrifugo.
func (s *subscription) onUnsubscribed(t *transport, u *codeReason) error {
	refused := &refusedSubscribe{code: u.Code, reason: u.Reason, temporary: u.Code >= firstTemporaryUnsubscribe}
	if !refused.temporary {
		s.onRefused(t, refused)
		return nil
	}
	c := s.connection
	c.mu.Lock()
	up := s.up
	c.mu.Unlock()
	if !up {
		// Centrifugo's answer to a later subscribe command is still to come.
		return nil
	}
	s.events.subscribing(refused)
	return s.request(t)
}
