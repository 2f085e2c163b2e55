package client

import (
	"runtime"
	"slices"
	"time"
)

// The timeout of one write to Centrifugo.
const writeTimeout = 10 * time.Second

// deliver writes the queued messages, all ready ones with one write, until the queue is closed or the connection fails.
func (t *transport) deliver() error {
	var buffer []byte
	for range t.outbox.wake {
		ready, closed, last := t.outbox.take()
		if slices.ContainsFunc(ready, canJoin) && t.othersWait() {
			// Lets the callers that replies have just woken call again first. Otherwise Go runs this goroutine after
			// each of them.
			runtime.Gosched()
			var more []*outgoing
			more, closed, last = t.outbox.take()
			ready = append(ready, more...)
		}
		buffer = t.appendFrames(buffer[:0], ready)
		if !closed {
			if len(buffer) == 0 {
				// The messages of this wake-up went out with the one before.
				continue
			}
			_ = t.ws.SetWriteDeadline(time.Now().Add(writeTimeout))
		}
		buffer = append(buffer, last...)
		if _, err := t.ws.Write(buffer); err != nil || closed {
			return err
		}
		if cap(buffer) > 1<<20 {
			buffer = nil
		}
	}
	return nil
}

func canJoin(message *outgoing) bool { return message.joiner != nil && message.joiner.joins() }

// othersWait reports whether more than one message waits for Centrifugo's answer. A lone one goes out at once.
func (t *transport) othersWait() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting) > 1
}

// appendFrames appends the frames of messages, in their order. Publications with no other message in between are
// joined, if their joiner does so.
func (t *transport) appendFrames(to []byte, messages []*outgoing) []byte {
	var joinable []*outgoing
	flush := func() {
		if len(joinable) > 0 {
			for _, group := range joinable[0].joiner.group(joinable) {
				to = t.appendPublication(to, group)
			}
		}
		joinable = joinable[:0]
	}
	for _, message := range messages {
		if !message.goes() {
			continue
		}
		if len(joinable) > 0 && joinable[0].joiner != message.joiner {
			flush()
		}
		switch {
		case message.joiner != nil:
			joinable = append(joinable, message)
		case message.channel != "":
			to = t.appendPublication(to, []*outgoing{message})
		default:
			to = appendFrame(to, message.opcode, message.payload)
		}
	}
	flush()
	return to
}

// appendPublication appends the frame of one publication. All that are joined in it wait for Centrifugo's answer to it.
func (t *transport) appendPublication(to []byte, group []*outgoing) []byte {
	first := group[0]
	data := first.payload
	if len(group) > 1 {
		t.waitTogether(first.id, group)
		data = first.joiner.join(group)
	}
	return appendFrame(to, opText, publishCommand(first.id, first.channel, data))
}

func (t *transport) waitTogether(id uint32, group []*outgoing) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var waiting []*outgoing
	for _, message := range group {
		// None, if its caller has given up or the connection is over.
		waiting = append(waiting, t.waiting[message.id]...)
		delete(t.waiting, message.id)
		message.id = id
	}
	if len(waiting) > 0 {
		t.waiting[id] = waiting
	}
}
