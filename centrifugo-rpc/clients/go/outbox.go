package client

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// The timeout of one write to Centrifugo.
const writeTimeout = 10 * time.Second

// How many frames without an awaited outcome, pongs and cancels, may queue behind a slow network. More are dropped.
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
	// The ID of the command; 0 for a message that is not a command. Batched requests get the same ID, under the mutex
	// of the connection.
	id     uint32
	opcode byte
	// For a request, only the published data: its command is written once its batch is known.
	payload   []byte
	isRequest bool
	state     atomic.Int32
	// Has room for the one outcome. Nil for messages without an awaited outcome.
	outcome chan outcome
}

// goes reports whether the message goes out now; from then on it cannot be abandoned.
func (o *outgoing) goes() bool { return o.state.CompareAndSwap(queued, written) }

// abandon keeps a message from going out. It returns false if the message may have gone out already.
func (o *outgoing) abandon() bool {
	return o.state.CompareAndSwap(queued, abandoned) || o.state.Load() == abandoned
}

// outbox is the queue of one connection. Waiting callers bound its length: each has at most one message in it.
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

// put queues a message, and never waits. It returns false if the connection is over or, for a message without an
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

// deliver writes the queued messages, all ready ones with one write, until the queue is closed or the connection fails.
func (c *connection) deliver() error {
	var buffer []byte
	for range c.outbox.wake {
		if c.batches.Load() && c.othersWait() {
			// Lets the callers that replies have just woken call again first. Otherwise Go runs this goroutine after
			// each of them.
			runtime.Gosched()
		}
		ready, closed, last := c.outbox.take()
		buffer = c.appendFrames(buffer[:0], ready)
		if !closed {
			if len(buffer) == 0 {
				// The messages of this wake-up went out with the one before.
				continue
			}
			_ = c.ws.SetWriteDeadline(time.Now().Add(writeTimeout))
		}
		buffer = append(buffer, last...)
		if _, err := c.ws.Write(buffer); err != nil || closed {
			return err
		}
		if cap(buffer) > 1<<20 {
			buffer = nil
		}
	}
	return nil
}

// othersWait reports whether more than one message waits for Centrifugo's answer. A lone call goes out at once.
func (c *connection) othersWait() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) > 1
}

// appendFrames appends the frames of messages, in their order. Requests with no other message in between are batched,
// if the worker reads batches.
func (c *connection) appendFrames(to []byte, messages []*outgoing) []byte {
	limit := 0
	if c.batches.Load() {
		limit = min(maxBatch, c.link.settings.messageSizeLimit-len(c.link.settings.requestChannel)-publishOverhead)
	}
	var together []*outgoing
	size := 0
	flush := func() {
		if len(together) > 0 {
			to = c.appendRequests(to, together)
		}
		// One comma less than there are requests.
		together, size = together[:0], len(batchStart)+len(batchEnd)-len(",")
	}
	flush()
	for _, message := range messages {
		if !message.goes() {
			continue
		}
		if !message.isRequest {
			flush()
			to = appendFrame(to, message.opcode, message.payload)
			continue
		}
		more := len(message.payload) + len(",")
		if size+more > limit {
			flush()
		}
		together = append(together, message)
		size += more
	}
	flush()
	return to
}

// appendRequests appends the frame of one publication. All its requests wait for Centrifugo's answer to it.
func (c *connection) appendRequests(to []byte, together []*outgoing) []byte {
	id := together[0].id
	if len(together) > 1 {
		c.waitTogether(id, together)
	}
	requests := make([][]byte, len(together))
	for i, message := range together {
		requests[i] = message.payload
	}
	return appendFrame(to, opText, publishCommand(id, c.link.settings.requestChannel, requests))
}

func (c *connection) waitTogether(id uint32, together []*outgoing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var waiting []*outgoing
	for _, message := range together {
		// None, if its caller has given up or the connection is over.
		waiting = append(waiting, c.waiting[message.id]...)
		delete(c.waiting, message.id)
		message.id = id
	}
	if len(waiting) > 0 {
		c.waiting[id] = waiting
	}
}
