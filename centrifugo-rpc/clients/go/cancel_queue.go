package client

import (
	"errors"
	"log/slog"
	"sync"
)

// How many cancellations wait for the connection. More are dropped: the methods then run until their deadline.
const maxWaitingCancels = 16 << 10

// cancelQueue sends the cancellations of calls that no caller waits for.
type cancelQueue struct {
	replies *replyChannel
	channel string
	logger  *slog.Logger

	mu sync.Mutex
	// The cancellations that wait for the connection.
	waiting []string
}

// send sends the cancellation of a call, or keeps it for the next connection. It never waits, also not for the outcome.
func (q *cancelQueue) send(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.publish(id) && len(q.waiting) < maxWaitingCancels {
		q.waiting = append(q.waiting, id)
	}
}

// flush sends the cancellations that waited for the connection.
func (q *cancelQueue) flush() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range q.waiting {
		q.publish(id)
	}
	q.waiting = nil
}

// publish returns false if there is no connection; q.mu is held.
func (q *cancelQueue) publish(id string) bool {
	data, err := marshal(&request{Cancel: id, ReplyTo: q.replies.channel})
	if err != nil {
		return true
	}
	err = q.replies.publish(&outgoing{channel: q.channel, payload: data}, nil)
	if errors.Is(err, errNotReady) {
		return false
	}
	if err != nil {
		q.logger.Debug("a cancel did not go out", "correlation_id", id)
	}
	return true
}
