package client

import (
	"context"
	"errors"
	"time"
)

// refresh sends Centrifugo a new token each time before the old one expires. An error ends the client.
func (c *connection) refresh(ctx context.Context, t *transport, ttl uint32) error {
	attempt := 0
	delay := refreshDelay(ttl)
	for {
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		result, err := c.refreshOnce(ctx, t)
		if ctx.Err() != nil {
			return nil
		}
		var final *ConnectionError
		switch {
		case errors.As(err, &final):
			return final
		case err != nil:
			// Centrifugo closes the connection some time after the token has expired; the next connection has a new
			// token.
			c.settings.logger.Debug("no new token, trying again", "error", err)
			delay = backoff(attempt)
			attempt++
		case !result.Expires:
			return nil
		default:
			attempt, delay = 0, refreshDelay(result.TTL)
		}
	}
}

// refreshDelay returns most of the remaining lifetime of a token, given in seconds.
func refreshDelay(ttl uint32) time.Duration {
	// The order of the operations avoids an overflow.
	return max(time.Duration(ttl)*(time.Second*9/10), time.Second)
}

func (c *connection) refreshOnce(ctx context.Context, t *transport) (*refreshResult, error) {
	token, err := c.identity.renew(ctx)
	if err != nil {
		return nil, err
	}
	id := t.nextID.Add(1)
	payload, err := marshal(&command{ID: id, Refresh: &refreshRequest{token}})
	if err != nil {
		return nil, err
	}
	message := &outgoing{id: id, opcode: opText, payload: payload, outcome: make(chan outcome, 1)}
	if err := t.await(message, func(*outgoing) bool { return true }); err != nil {
		return nil, err
	}
	defer message.forget()
	patience := time.NewTimer(handshakeTimeout)
	defer patience.Stop()
	select {
	case outcome := <-message.outcome:
		if outcome.err != nil {
			return nil, outcome.err
		}
		if outcome.reply.Refresh == nil {
			return nil, errors.New("a malformed answer of Centrifugo to the refresh command")
		}
		return outcome.reply.Refresh, nil
	case <-patience.C:
		return nil, errUnconfirmed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
