package client

import (
	"sync"
	"sync/atomic"
)

// How many frames without an awaited outcome, such as pongs, may queue behind a slow network. More are dropped.
const maxUnattended = 16 << 10

const (
	queued int32 = iota
	written
	abandoned
)

// outcome is the outcome of a message: Centrifugo's answer, or an error: a [*centrifugoError], [errNotSent] or
// [errUnconfirmed].
type outcome struct {
	reply *reply
	err   error
}

// outgoing is a message on its way to Centrifugo.
type outgoing struct {
	// The ID of the command; 0 for a message that is not a command. Joined publications get the same ID, under the mutex
	// of the transport.
	id     uint32
	opcode byte
	// For a publication, only its data: its command is written once the publications that it is joined with are known.
	payload []byte
	// The channel of a publication; empty for all other messages.
	channel string
	// Nil for a message that always goes alone.
	joiner joiner
	state  atomic.Int32
	// Has room for the one outcome. Nil for messages without an awaited outcome.
	outcome chan outcome
	// The transport that the outcome is awaited of.
	transport *transport
}

// joiner joins publications that are ready at the same moment. All of its publications go to one channel.
type joiner interface {
	// joins reports whether publications may be joined at this moment.
	joins() bool
	// group divides publications, in their order, into those that become one.
	group(ready []*outgoing) [][]*outgoing
	// join returns the data of several publications as that of one.
	join(group []*outgoing) []byte
}

// goes reports whether the message goes out now; from then on it cannot be abandoned.
func (o *outgoing) goes() bool { return o.state.CompareAndSwap(queued, written) }

// abandon keeps a message from going out. It returns false if the message may have gone out already.
func (o *outgoing) abandon() bool {
	return o.state.CompareAndSwap(queued, abandoned) || o.state.Load() == abandoned
}

// outbox is the queue of one transport. Waiting callers bound its length: each has at most one message in it.
type outbox struct {
	mu     sync.Mutex
	queue  []*outgoing
	closed bool
	last   []byte
	wake   chan struct{}
}

func newOutbox() *outbox {
	return &outbox{wake: make(chan struct{}, 1)}
}

// put queues a message, and never waits. It returns false if the transport is over or, for a message without an
// awaited outcome, if the queue is long.
func (o *outbox) put(message *outgoing) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || message.outcome == nil && len(o.queue) >= maxUnattended {
		return false
	}
	o.queue = append(o.queue, message)
	o.signal()
	return true
}

// close ends the queue with a last frame. With drain, queued messages go out before it; otherwise they are abandoned.
func (o *outbox) close(last []byte, drain bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.closed, o.last = true, last
	if !drain {
		for _, message := range o.queue {
			message.abandon()
		}
	}
	o.signal()
}

// o.mu is held.
func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// take empties the queue.
func (o *outbox) take() (ready []*outgoing, closed bool, last []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ready, o.queue = o.queue, nil
	return ready, o.closed, o.last
}
