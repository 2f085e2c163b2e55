package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// How much longer than the service a caller waits, so that the service's own 408 can arrive: a tenth of the timeout,
// but at least the round trip of a slow network.
const (
	minGrace = 250 * time.Millisecond
	maxGrace = time.Second
)

// The most bytes that a command adds to the payload and the channel of a publication.
const publishOverhead = len(`{"id":4294967295,"publish":{"channel":"","data":}}`)

// exchange is one call or notification.
type exchange struct {
	link    *link
	request request
	timeout time.Duration
	// When the service stops the method, and when the caller stops waiting for it.
	deadline, giveUp time.Time
}

func newExchange(l *link, method string, params json.RawMessage, options callSettings) *exchange {
	timeout := min(options.timeout, maxTimeout)
	deadline := time.Now().Add(timeout)
	return &exchange{
		link:     l,
		request:  request{Method: method, Params: params, Traceparent: options.traceparent},
		timeout:  timeout,
		deadline: deadline,
		giveUp:   deadline.Add(min(max(timeout/10, minGrace), maxGrace)),
	}
}

// remaining returns the time left for the method, in whole milliseconds, at least one.
func (x *exchange) remaining(ctx context.Context) int64 {
	deadline := x.deadline
	if own, ok := ctx.Deadline(); ok && own.Before(deadline) {
		deadline = own
	}
	return max(int64((time.Until(deadline)+time.Millisecond-1)/time.Millisecond), 1)
}

// call waits for the answer, as JSON.
func (x *exchange) call(ctx context.Context) (json.RawMessage, error) {
	call, err := x.link.calls.open()
	if err != nil {
		return nil, err
	}
	defer func() {
		if x.link.calls.forget(call) {
			x.link.cancelCall(call.id)
		}
	}()
	x.request.CorrelationID, x.request.ReplyTo, x.request.Batch = call.id, x.link.replyChannel, true
	noAnswer := time.NewTimer(time.Until(x.giveUp))
	defer noAnswer.Stop()
	for {
		connection, message, err := x.send(ctx, func(message *outgoing) bool { return x.link.calls.sending(call, message) })
		if err != nil {
			return nil, err
		}
		result, err := x.wait(ctx, call, message, noAnswer.C)
		connection.forget(message)
		if !errors.Is(err, errNotSent) {
			return result, err
		}
	}
}

// wait waits for the end of a call whose request is on its way. The error is [errNotSent] if it never went out.
func (x *exchange) wait(
	ctx context.Context, call *pendingCall, message *outgoing, noAnswer <-chan time.Time,
) (json.RawMessage, error) {
	outcomes := message.outcome
	for {
		// The answer takes precedence over all other events.
		select {
		case answer := <-call.answers:
			return x.read(answer)
		default:
		}
		select {
		case answer := <-call.answers:
			return x.read(answer)
		case outcome := <-outcomes:
			// Confirmed, or the outcome is unknown: a reply may come.
			outcomes = nil
			var refused *centrifugoError
			if errors.As(outcome.err, &refused) {
				return nil, x.refused(refused)
			}
			if errors.Is(outcome.err, errNotSent) {
				return nil, outcome.err
			}
		case <-ctx.Done():
			return nil, x.callerGone(ctx)
		case <-noAnswer:
			return nil, &TimeoutError{Method: x.request.Method, Duration: x.timeout, Sent: true}
		}
	}
}

func (x *exchange) read(a answer) (json.RawMessage, error) {
	var answered *Error
	if errors.As(a.err, &answered) {
		answered.Method = x.request.Method
	}
	return a.result, a.err
}

// notify returns when Centrifugo has taken the request; a notification has no answer.
func (x *exchange) notify(ctx context.Context) error {
	unconfirmed := time.NewTimer(time.Until(x.giveUp))
	defer unconfirmed.Stop()
	for {
		connection, message, err := x.send(ctx, func(*outgoing) bool { return true })
		if err != nil {
			return err
		}
		err = x.confirmed(ctx, message, unconfirmed.C)
		connection.forget(message)
		if !errors.Is(err, errNotSent) {
			return err
		}
	}
}

func (x *exchange) confirmed(ctx context.Context, message *outgoing, unconfirmed <-chan time.Time) error {
	var refused *centrifugoError
	select {
	case outcome := <-message.outcome:
		switch {
		case errors.As(outcome.err, &refused):
			return x.refused(refused)
		case errors.Is(outcome.err, errUnconfirmed):
			return x.unconfirmed()
		}
		return outcome.err
	case <-ctx.Done():
		message.abandon()
		return x.callerGone(ctx)
	case <-unconfirmed:
		return x.unconfirmed()
	}
}

// send queues the request, once there is a connection. It calls goesOut at the last moment.
func (x *exchange) send(ctx context.Context, goesOut func(*outgoing) bool) (*connection, *outgoing, error) {
	tooLate := time.NewTimer(time.Until(x.deadline))
	defer tooLate.Stop()
	for {
		if ctx.Err() != nil {
			return nil, nil, x.callerGone(ctx)
		}
		connection, changed, ended := x.link.state()
		if ended != nil {
			return nil, nil, ended
		}
		data, err := x.encode(ctx)
		if err != nil {
			return nil, nil, err
		}
		if connection != nil {
			message, err := connection.publish(data, goesOut)
			if errors.Is(err, errNotSent) {
				// The connection ended just before: the link knows by now.
				continue
			}
			return connection, message, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		case <-tooLate.C:
			return nil, nil, &TimeoutError{Method: x.request.Method, Duration: x.timeout}
		}
	}
}

// encode writes the request as of now. For a request that the service would never see, it returns the error in its
// place.
func (x *exchange) encode(ctx context.Context) ([]byte, error) {
	x.request.TimeoutMS = x.remaining(ctx)
	data, err := marshal(&x.request)
	if err != nil {
		return nil, &EncodeError{Method: x.request.Method, Err: err}
	}
	limit := x.link.settings.messageSizeLimit
	if size := len(data) + len(x.link.settings.requestChannel) + publishOverhead; size > limit {
		return nil, &Error{Code: CodeTooLarge, Method: x.request.Method, Message: fmt.Sprintf(
			"the request has %d bytes, more than Centrifugo's limit of %d for one message", size, limit)}
	}
	return data, nil
}

func (x *exchange) callerGone(ctx context.Context) error {
	return fmt.Errorf("%s: %w", x.request.Method, ctx.Err())
}

func (x *exchange) refused(refused *centrifugoError) error {
	return publishRefusal(x.request.Method, x.link.settings.requestChannel, x.link.identity.user == "", refused)
}

func (x *exchange) unconfirmed() error {
	return &ConnectionError{Message: x.request.Method + ": whether it was delivered is unknown", Err: errUnconfirmed}
}
