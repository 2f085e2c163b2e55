package client

import (
	"runtime"
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
	// Of the command; 0 for what is none. Requests that go together get the same, under the mutex of the connection.
	id     uint32
	opcode byte
	// Of a request only what is published: the command is written when it is known what goes with it.
	payload   []byte
	isRequest bool
	state     atomic.Int32
	// Has room for the one there is. Nil for messages that nobody waits for.
	outcome chan outcome
}

// goes reports whether the message goes out now; then nobody keeps it from that any more.
func (o *outgoing) goes() bool { return o.state.CompareAndSwap(queued, written) }

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

// take empties the queue.
func (o *outbox) take() (ready []*outgoing, closed bool, last []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ready, o.queue = o.queue, nil
	return ready, o.closed, o.last
}

// deliver writes what is queued, all that is ready with one write, until the queue is closed or the connection fails.
func (c *connection) deliver() error {
	var buffer []byte
	for range c.outbox.wake {
		if c.batches.Load() && c.othersWait() {
			// The callers that replies have just woken call again first. Go runs this goroutine after each of them otherwise.
			runtime.Gosched()
		}
		ready, closed, last := c.outbox.take()
		buffer = c.appendFrames(buffer[:0], ready)
		if !closed {
			if len(buffer) == 0 {
				// What this wake was for went out with the one before.
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

// othersWait reports whether more than one message waits for Centrifugo's word. A lone call goes out at once.
func (c *connection) othersWait() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) > 1
}

// appendFrames appends the frames of messages, in their order. Requests with nothing in between go together, where the worker
// reads that.
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

// appendRequests appends the frame of one publication. All in it wait for Centrifugo's word on it.
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
