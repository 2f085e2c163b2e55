package client

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// The time beyond the interval of Centrifugo's pings after which a silent connection counts as dead.
	pingGrace = 10 * time.Second
	// How long the close frame of a connection that ends may take.
	closeLinger = time.Second
)

// The outcome of a message whose transport is over.
var (
	errNotSent     = errors.New("not sent")
	errUnconfirmed = errors.New("not confirmed by Centrifugo")
)

// transport is one WebSocket to Centrifugo, from the handshake to its end: commands, their answers, and pushes.
type transport struct {
	ws     *webSocket
	outbox *outbox
	nextID atomic.Uint32
	// Runs on the reader's goroutine.
	onPush func(*push) error

	mu sync.Mutex
	// The messages that wait for Centrifugo's answer, by command; nil when the transport is over.
	waiting map[uint32][]*outgoing
	// The commands whose answer the reader handles.
	requests map[uint32]pendingRequest

	// Only the reader uses the fields below.
	ping time.Duration
	pong bool
}

// pendingRequest is a command whose answer the reader handles, in order with pushes.
type pendingRequest struct {
	onAnswer func(*reply) error
	// When the answer must have arrived, to its last byte.
	deadline time.Time
}

func newTransport(ws *webSocket, onPush func(*push) error) *transport {
	t := &transport{
		ws: ws, outbox: newOutbox(), onPush: onPush,
		waiting: map[uint32][]*outgoing{}, requests: map[uint32]pendingRequest{},
	}
	ws.frames.onPing = func(payload []byte) {
		t.outbox.put(&outgoing{opcode: opPong, payload: payload})
	}
	return t
}

// run speaks Centrifugo's protocol until the transport is over, and returns the reason. It calls over before messages
// without an answer end.
func (t *transport) run(ctx context.Context, over func(error)) error {
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		if t.deliver() != nil {
			// The reader notices.
			_ = t.ws.Close()
		}
	}()
	stop := context.AfterFunc(ctx, func() { _ = t.ws.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	err := t.read(ctx)
	graceful := ctx.Err() != nil
	over(err)
	t.outbox.close(farewell(err), graceful)
	t.abandon()
	linger := time.NewTimer(closeLinger)
	defer linger.Stop()
	select {
	case <-delivered:
	case <-linger.C:
		graceful = false
	}
	if graceful {
		// Closing a socket with unread bytes resets the connection, and the bytes sent last would be lost.
		_ = t.ws.SetReadDeadline(time.Now().Add(closeLinger))
		_, _ = io.Copy(io.Discard, t.ws)
	}
	_ = t.ws.Close()
	<-delivered
	return err
}

// farewell returns the close frame for the end of a transport.
func farewell(err error) []byte {
	var violation *frameError
	var closed *closeError
	switch {
	case errors.As(err, &violation):
		return appendClose(nil, violation.code, violation.reason)
	case errors.As(err, &closed):
		return appendClose(nil, closed.code, "")
	}
	return appendClose(nil, closeNormal, "")
}

func (t *transport) read(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		_ = t.ws.SetReadDeadline(t.deadline())
		if ctx.Err() != nil {
			continue
		}
		message, err := t.ws.frames.next()
		if err != nil {
			return err
		}
		if err := decodeReplies(message, t.onReply); err != nil {
			return err
		}
	}
}

func (t *transport) onReply(r *reply) error {
	switch {
	case r.isPing():
		if t.pong {
			t.outbox.put(&outgoing{opcode: opText, payload: []byte("{}")})
		}
		return nil
	case r.Push != nil:
		return t.onPush(r.Push)
	}
	t.mu.Lock()
	request, requested := t.requests[r.ID]
	delete(t.requests, r.ID)
	t.mu.Unlock()
	switch {
	case requested:
		return request.onAnswer(r)
	case r.Connect != nil || r.Subscribe != nil:
		return errors.New("malformed answer of Centrifugo: a second one to the same command")
	}
	t.settle(r)
	return nil
}

// deadline returns the time by which the next message must have arrived, to its last byte.
func (t *transport) deadline() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	var earliest time.Time
	for _, request := range t.requests {
		if earliest.IsZero() || request.deadline.Before(earliest) {
			earliest = request.deadline
		}
	}
	if !earliest.IsZero() || t.ping == 0 {
		return earliest
	}
	return time.Now().Add(t.ping + pingGrace)
}

// request queues a command. The reader's goroutine handles its answer, which ends the transport if it is late.
func (t *transport) request(command *command, timeout time.Duration, onAnswer func(*reply) error) error {
	t.mu.Lock()
	command.ID = t.nextID.Add(1)
	t.requests[command.ID] = pendingRequest{onAnswer, time.Now().Add(timeout)}
	t.mu.Unlock()
	return t.send(command)
}

// send queues a command whose answer has no reader.
func (t *transport) send(command *command) error {
	if command.ID == 0 {
		command.ID = t.nextID.Add(1)
	}
	payload, err := marshal(command)
	if err != nil {
		return err
	}
	if !t.outbox.put(&outgoing{opcode: opText, payload: payload, outcome: make(chan outcome, 1)}) {
		return errNotSent
	}
	return nil
}

// publish queues a publication, and registers it for Centrifugo's answer if its outcome is awaited. It calls goesOut,
// if there is one, at the last moment.
func (t *transport) publish(message *outgoing, goesOut func(*outgoing) bool) error {
	message.id, message.opcode = t.nextID.Add(1), opText
	if message.outcome != nil {
		return t.await(message, goesOut)
	}
	if !t.outbox.put(message) {
		return errNotSent
	}
	return nil
}

// await queues a message and registers it for Centrifugo's answer.
func (t *transport) await(message *outgoing, goesOut func(*outgoing) bool) error {
	message.transport = t
	t.mu.Lock()
	open := t.waiting != nil
	if open {
		t.waiting[message.id] = []*outgoing{message}
	}
	t.mu.Unlock()
	if !open {
		return errNotSent
	}
	if !goesOut(message) || !t.outbox.put(message) {
		message.abandon()
		message.forget()
		return errNotSent
	}
	return nil
}

// forget drops a message whose outcome is no longer awaited.
func (o *outgoing) forget() {
	t := o.transport
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting := t.waiting[o.id]
	i := slices.Index(waiting, o)
	switch {
	case i < 0:
	case len(waiting) == 1:
		delete(t.waiting, o.id)
	default:
		t.waiting[o.id] = slices.Delete(waiting, i, i+1)
	}
}

// settle delivers Centrifugo's answer to a command to all messages that wait for it.
func (t *transport) settle(r *reply) {
	t.mu.Lock()
	waiting := t.waiting[r.ID]
	delete(t.waiting, r.ID)
	t.mu.Unlock()
	result := outcome{reply: r}
	if r.Error != nil {
		result.err = r.Error
	}
	for _, message := range waiting {
		if r.Error != nil {
			// No subscriber sees the publication, so that there is nothing to cancel.
			message.state.Store(abandoned)
		}
		message.outcome <- result
	}
}

// abandon ends all waiting messages: Centrifugo's answer will not come.
func (t *transport) abandon() {
	t.mu.Lock()
	waiting := t.waiting
	t.waiting = nil
	t.mu.Unlock()
	for _, together := range waiting {
		for _, message := range together {
			if message.abandon() {
				message.outcome <- outcome{err: errNotSent}
			} else {
				message.outcome <- outcome{err: errUnconfirmed}
			}
		}
	}
}
