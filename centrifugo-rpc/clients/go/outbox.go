package client

import (
	"sync"
	"sync/atomic"
	"time"
)

// How long Centrifugo may take to take bytes off our hands.
const writeTimeout = 10 * time.Second

// How many frames that nobody waits for, pongs and cancels, may queue behind a slow network. More are dropped.
const maxUnattended = 16 << 10

const (
	queued int32 = iota
	written
	abandoned
)

// outcome is what became of a message: Centrifugo's word on it, or an error: a [*centrifugoError], [errNotSent] or
// [errUnconfirmed].
type outcome struct {
	reply *reply
	err   error
}

// outgoing is a message on its way to Centrifugo.
type outgoing struct {
	// Of the command; 0 for what is none.
	id      uint32
	opcode  byte
	payload []byte
	state   atomic.Int32
	// Has room for the one there is. Nil for messages that nobody waits for.
	outcome chan outcome
}

// abandon keeps a message from going out. False if it may have gone out already.
func (o *outgoing) abandon() bool {
	return o.state.CompareAndSwap(queued, abandoned) || o.state.Load() == abandoned
}

// outbox is the queue of one connection. What is in it is bounded by those who wait: a caller has one message in it at most.
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

// put queues a message, and never waits. False if the connection is over or, for what nobody waits for, the queue is long.
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

// close ends the queue with a last frame. What waits in it goes out before that only if asked to.
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

// deliver writes what is queued into ws, all that is ready with one write, until the queue is closed or ws fails.
func (o *outbox) deliver(ws *webSocket) error {
	var buffer []byte
	for range o.wake {
		o.mu.Lock()
		batch, closed, last := o.queue, o.closed, o.last
		o.queue = nil
		o.mu.Unlock()
		buffer = buffer[:0]
		for _, message := range batch {
			if message.state.CompareAndSwap(queued, written) {
				buffer = appendFrame(buffer, message.opcode, message.payload)
			}
		}
		if !closed && len(buffer) > 0 {
			_ = ws.SetWriteDeadline(time.Now().Add(writeTimeout))
		}
		buffer = append(buffer, last...)
		if _, err := ws.Write(buffer); err != nil || closed {
			return err
		}
		if cap(buffer) > 1<<20 {
			buffer = nil
		}
	}
	return nil
}
