package client

import (
	"context"
	"time"
)

// The longest timeout of a call.
const maxTimeout = 24 * time.Hour

// How much longer than the service a caller waits, so that the service's own 408 can arrive: a tenth of the timeout,
// but at least the round trip of a slow network.
const (
	minGrace = 250 * time.Millisecond
	maxGrace = time.Second
)

// deadline is the end of a call.
type deadline struct {
	timeout time.Duration
	// When the service stops the method, and when the caller stops waiting for it.
	at, giveUp time.Time
}

func newDeadline(timeout time.Duration) deadline {
	timeout = min(timeout, maxTimeout)
	at := time.Now().Add(timeout)
	return deadline{timeout: timeout, at: at, giveUp: at.Add(min(max(timeout/10, minGrace), maxGrace))}
}

// remaining returns the time left for the method, in whole milliseconds, at least one.
func (d *deadline) remaining(ctx context.Context) int64 {
	at := d.at
	if own, ok := ctx.Deadline(); ok && own.Before(at) {
		at = own
	}
	return max(int64((time.Until(at)+time.Millisecond-1)/time.Millisecond), 1)
}
