package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// The timeout of the answer to the subscription. The answer contains all missed replies: over a slow link it may
	// take as long as Centrifugo's websocket.write_timeout, as centrifugo_config prints it.
	subscribeTimeout = 30 * time.Second
	// The time beyond the interval of Centrifugo's pings after which a silent connection counts as dead.
	pingGrace = 10 * time.Second
	// How long the close frame of a connection that ends may take.
	closeLinger = time.Second
)

// The outcome of a message whose connection is over.
var (
	errNotSent     = errors.New("not sent")
	errUnconfirmed = errors.New("not confirmed by Centrifugo")
)

// connection is one WebSocket to Centrifugo, from the handshake to its end.
type connection struct {
	link   *link
	ws     *webSocket
	outbox *outbox
	nextID atomic.Uint32

	// Whether this connection has received batched replies: a worker that writes batches reads them.
	batches atomic.Bool

	mu sync.Mutex
	// The messages that wait for Centrifugo's answer, by command; nil when the connection is over.
	waiting map[uint32][]*outgoing

	// Only the reader uses the fields below.
	connectID, subscribeID uint32
	up                     bool
	// Whether the requested subscription is the second one, which reads replies again.
	rereads bool
	// Whether the connection was ever subscribed.
	subscribed bool
	ping       time.Duration
	pong       bool
	ready      time.Time
}

func newConnection(l *link, ws *webSocket) *connection {
	c := &connection{link: l, ws: ws, outbox: newOutbox(), waiting: map[uint32][]*outgoing{}}
	c.ready = time.Now().Add(handshakeTimeout)
	ws.frames.onPing = func(payload []byte) {
		c.outbox.put(&outgoing{opcode: opPong, payload: payload})
	}
	return c
}

// run speaks Centrifugo's protocol until the connection is over, and returns the reason.
func (c *connection) run(ctx context.Context, token string) error {
	ctx, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer cancel()
	delivered := make(chan struct{})
	tasks.Add(1)
	go func() {
		defer tasks.Done()
		defer close(delivered)
		if c.deliver() != nil {
			// The reader notices.
			_ = c.ws.Close()
		}
	}()
	stop := context.AfterFunc(ctx, func() { _ = c.ws.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	err := c.talk(ctx, token, &tasks)
	graceful := ctx.Err() != nil
	c.link.down(c)
	c.outbox.close(farewell(err), graceful)
	c.abandon()
	linger := time.NewTimer(closeLinger)
	defer linger.Stop()
	select {
	case <-delivered:
	case <-linger.C:
		graceful = false
	}
	if graceful {
		// Closing a socket with unread bytes resets the connection, and the bytes sent last would be lost.
		_ = c.ws.SetReadDeadline(time.Now().Add(closeLinger))
		_, _ = io.Copy(io.Discard, c.ws)
	}
	_ = c.ws.Close()
	return err
}

// farewell returns the close frame for the end of a connection.
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

func (c *connection) talk(ctx context.Context, token string, tasks *sync.WaitGroup) error {
	c.connectID = c.nextID.Add(1)
	connect := command{ID: c.connectID, Connect: &connectRequest{token, clientName, clientVersion}}
	if err := c.send(&connect); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		_ = c.ws.SetReadDeadline(c.deadline())
		if ctx.Err() != nil {
			continue
		}
		message, err := c.ws.frames.next()
		if err != nil {
			return err
		}
		err = decodeReplies(message, func(r *reply) error {
			switch {
			case r.isPing():
				if c.pong {
					c.outbox.put(&outgoing{opcode: opText, payload: []byte("{}")})
				}
				return nil
			case r.Push != nil:
				return c.onPush(r.Push)
			case r.ID == c.connectID:
				return c.onConnect(ctx, r, tasks)
			case r.ID == c.subscribeID:
				return c.onSubscribe(r)
			}
			c.settle(r)
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// deadline returns the time by which the next message must have arrived, to its last byte.
func (c *connection) deadline() time.Time {
	switch {
	case !c.up:
		return c.ready
	case c.ping == 0:
		return time.Time{}
	}
	return time.Now().Add(c.ping + pingGrace)
}

func (c *connection) onConnect(ctx context.Context, r *reply, tasks *sync.WaitGroup) error {
	if r.Error != nil {
		return &refusedConnect{r.Error}
	}
	if r.Connect == nil || c.subscribeID != 0 {
		return errors.New("malformed answer of Centrifugo to the connect command")
	}
	c.ping, c.pong = time.Duration(r.Connect.Ping)*time.Second, r.Connect.Pong
	if r.Connect.Expires && c.link.settings.getToken != nil {
		tasks.Add(1)
		go func() {
			defer tasks.Done()
			if err := c.refresh(ctx, r.Connect.TTL); err != nil {
				c.link.end(err)
			}
		}()
	}
	return c.subscribe()
}

// subscribe requests the replies, including the missed ones.
func (c *connection) subscribe() error {
	c.up = false
	c.ready = time.Now().Add(subscribeTimeout)
	c.subscribeID = c.nextID.Add(1)
	subscribe := subscribeRequest{Channel: c.link.replyChannel, Recoverable: true}
	if position := &c.link.position; position.known {
		subscribe.Recover, subscribe.Epoch, subscribe.Offset = true, position.epoch, position.offset
	}
	return c.send(&command{ID: c.subscribeID, Subscribe: &subscribe})
}

func (c *connection) onSubscribe(r *reply) error {
	if r.Error != nil {
		return &refusedSubscribe{r.Error.Code, r.Error.Message, r.Error.Temporary}
	}
	if r.Subscribe == nil || c.up {
		return errors.New("malformed answer of Centrifugo to the subscribe command")
	}
	result := r.Subscribe
	for i := range result.Publications {
		c.onPublication(result.Publications[i].Data)
	}
	c.link.position = position{known: result.Recoverable, epoch: result.Epoch, offset: result.Offset}
	incomplete := result.WasRecovering && !result.Recovered
	if incomplete && result.Recoverable && !c.rereads {
		return c.reread()
	}
	incomplete, c.rereads = incomplete || c.rereads, false
	c.up, c.subscribed = true, true
	c.link.upped(c, result, incomplete)
	return nil
}

// reread subscribes once more, from as far back as the history goes, because Centrifugo cannot continue from the last
// reply. In a new stream, after a restart with the memory engine, the history has the replies that workers have sent
// since; in the old stream, which had more replies than the history keeps, it has the newest of them.
func (c *connection) reread() error {
	position := &c.link.position
	position.offset -= min(position.offset, keptReplies)
	c.rereads = true
	unsubscribe := command{ID: c.nextID.Add(1), Unsubscribe: &unsubscribeRequest{Channel: c.link.replyChannel}}
	if err := c.send(&unsubscribe); err != nil {
		return err
	}
	return c.subscribe()
}

func (c *connection) onPush(p *push) error {
	switch {
	case p.Disconnect != nil:
		return &closeError{int(p.Disconnect.Code), p.Disconnect.Reason}
	case p.Channel != c.link.replyChannel:
	case p.Pub != nil:
		// A reply that Centrifugo does not store has no offset. A reply that arrives before the history is read again
		// does not change the start of that reading.
		if p.Pub.Offset > 0 && c.up {
			c.link.position.offset = p.Pub.Offset
		}
		c.onPublication(p.Pub.Data)
	case p.Unsubscribe != nil && p.Unsubscribe.Code >= firstTemporaryUnsubscribe:
		if !c.up {
			// Centrifugo's answer to a later subscribe command is still to come.
			return nil
		}
		c.link.down(c)
		return c.subscribe()
	case p.Unsubscribe != nil:
		return &refusedSubscribe{p.Unsubscribe.Code, p.Unsubscribe.Reason, false}
	}
	return nil
}

// onPublication handles each publication in the reply channel, live or recovered.
func (c *connection) onPublication(data json.RawMessage) {
	var publication response
	// Of a malformed publication, all valid members are read: a batch even if another member is invalid.
	err := json.Unmarshal(data, &publication)
	if publication.Batch == nil {
		c.link.onReply(&publication, len(data), err)
		return
	}
	// Before the callers get their replies: they may call again at once.
	c.batches.Store(true)
	for _, data := range publication.Batch {
		var reply response
		err := json.Unmarshal(data, &reply)
		if reply.Batch != nil {
			err = errNestedBatch
		}
		c.link.onReply(&reply, len(data), err)
	}
}

// send queues a command whose answer the reader handles.
func (c *connection) send(command *command) error {
	payload, err := marshal(command)
	if err != nil {
		return err
	}
	if !c.outbox.put(&outgoing{opcode: opText, payload: payload, outcome: make(chan outcome, 1)}) {
		return errNotSent
	}
	return nil
}

// publish queues a request; the message gets its outcome. publish calls `goesOut` at the last moment.
func (c *connection) publish(request []byte, goesOut func(*outgoing) bool) (*outgoing, error) {
	message := &outgoing{
		id: c.nextID.Add(1), opcode: opText, payload: request, isRequest: true, outcome: make(chan outcome, 1),
	}
	return message, c.await(message, goesOut)
}

// sendCancel sends a cancellation: the caller no longer waits for the call. The client does not wait for its outcome.
func (c *connection) sendCancel(id string) {
	data, err := marshal(&request{Cancel: id, ReplyTo: c.link.replyChannel})
	if err != nil {
		return
	}
	publish := publishRequest{c.link.settings.requestChannel, data}
	payload, err := marshal(&command{ID: c.nextID.Add(1), Publish: &publish})
	if err != nil || !c.outbox.put(&outgoing{opcode: opText, payload: payload}) {
		c.link.settings.logger.Debug("a cancel did not go out", "correlation_id", id)
	}
}

// await queues a message and registers it for Centrifugo's answer.
func (c *connection) await(message *outgoing, goesOut func(*outgoing) bool) error {
	c.mu.Lock()
	open := c.waiting != nil
	if open {
		c.waiting[message.id] = []*outgoing{message}
	}
	c.mu.Unlock()
	if !open {
		return errNotSent
	}
	if !goesOut(message) || !c.outbox.put(message) {
		message.abandon()
		c.forget(message)
		return errNotSent
	}
	return nil
}

// forget drops a message whose outcome is no longer awaited.
func (c *connection) forget(message *outgoing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := c.waiting[message.id]
	i := slices.Index(waiting, message)
	switch {
	case i < 0:
	case len(waiting) == 1:
		delete(c.waiting, message.id)
	default:
		c.waiting[message.id] = slices.Delete(waiting, i, i+1)
	}
}

// settle delivers Centrifugo's answer to a command to all messages that wait for it.
func (c *connection) settle(r *reply) {
	c.mu.Lock()
	waiting := c.waiting[r.ID]
	delete(c.waiting, r.ID)
	c.mu.Unlock()
	result := outcome{reply: r}
	if r.Error != nil {
		result.err = r.Error
	}
	for _, message := range waiting {
		if r.Error != nil {
			// No worker sees the request, so that there is no call to cancel.
			message.state.Store(abandoned)
		}
		message.outcome <- result
	}
}

// abandon ends all waiting messages: Centrifugo's answer will not come.
func (c *connection) abandon() {
	c.mu.Lock()
	waiting := c.waiting
	c.waiting = nil
	c.mu.Unlock()
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

// refusedConnect is Centrifugo's error to the connect command.
type refusedConnect struct{ *centrifugoError }

// Error describes one failed attempt among others: the client keeps asking a token function that returns expired
// tokens.
func (e *refusedConnect) Error() string {
	return e.centrifugoError.Error() + expiredHint(e.centrifugoError)
}

// refusedSubscribe means that the client gets no replies: an error of the subscribe command, or a later unsubscription.
type refusedSubscribe struct {
	code      uint32
	reason    string
	temporary bool
}

func (e *refusedSubscribe) Error() string {
	return fmt.Sprintf("the reply channel cannot be subscribed (%d %s)", e.code, e.reason)
}
