package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// calls makes the calls of a client: over one connection, with one reply channel.
type calls struct {
	settings   *settings
	connection *connection
	replies    *replyChannel
	pending    *pendingCalls
	batcher    *batcher
	cancels    *cancelQueue
}

func newCalls(settings *settings, c *connection, replyChannel string) *calls {
	pending := newPendingCalls()
	replies := newReplyChannel(c, pending, replyChannel)
	all := &calls{
		settings: settings, connection: c, replies: replies, pending: pending,
		batcher: newBatcher(replies, settings.requestChannel, settings.messageSizeLimit),
		cancels: &cancelQueue{replies: replies, channel: settings.requestChannel, logger: settings.logger},
	}
	replies.onReady, replies.onEnd = all.cancels.flush, all.end
	return all
}

// start begins to connect.
func (c *calls) start() {
	c.replies.open()
	c.connection.start()
}

// end ends all calls, sends their cancellations, and ends the connection.
func (c *calls) end(reason error) {
	for _, id := range c.pending.end(reason) {
		c.cancels.send(id)
	}
	c.connection.end(reason)
}

// callAttempt is one call or notification.
type callAttempt struct {
	*calls
	request  request
	deadline deadline
}

func (c *calls) attempt(method string, params json.RawMessage, options callSettings) *callAttempt {
	return &callAttempt{
		calls:    c,
		request:  request{Method: method, Params: params, Traceparent: options.traceparent},
		deadline: newDeadline(options.timeout),
	}
}

// call waits for the answer, as JSON.
func (a *callAttempt) call(ctx context.Context) (json.RawMessage, error) {
	call, err := a.pending.open()
	if err != nil {
		return nil, err
	}
	defer func() {
		if a.pending.forget(call) {
			a.cancels.send(call.id)
		}
	}()
	a.request.CorrelationID, a.request.ReplyTo, a.request.Batch = call.id, a.replies.channel, true
	noAnswer := time.NewTimer(time.Until(a.deadline.giveUp))
	defer noAnswer.Stop()
	for {
		message, err := a.send(ctx, func(message *outgoing) bool { return a.pending.sending(call, message) })
		if err != nil {
			return nil, err
		}
		result, err := a.wait(ctx, call, message, noAnswer.C)
		message.forget()
		if !errors.Is(err, errNotSent) {
			return result, err
		}
	}
}

// wait waits for the end of a call whose request is on its way. The error is [errNotSent] if it never went out.
func (a *callAttempt) wait(
	ctx context.Context, call *pendingCall, message *outgoing, noAnswer <-chan time.Time,
) (json.RawMessage, error) {
	outcomes := message.outcome
	for {
		// The answer takes precedence over all other events.
		select {
		case answer := <-call.answers:
			return a.read(answer)
		default:
		}
		select {
		case answer := <-call.answers:
			return a.read(answer)
		case outcome := <-outcomes:
			// Confirmed, or the outcome is unknown: a reply may come.
			outcomes = nil
			var refused *centrifugoError
			if errors.As(outcome.err, &refused) {
				return nil, a.refused(refused)
			}
			if errors.Is(outcome.err, errNotSent) {
				return nil, outcome.err
			}
		case <-ctx.Done():
			return nil, a.callerGone(ctx)
		case <-noAnswer:
			return nil, &TimeoutError{Method: a.request.Method, Duration: a.deadline.timeout, Sent: true}
		}
	}
}

func (a *callAttempt) read(end answer) (json.RawMessage, error) {
	var answered *Error
	if errors.As(end.err, &answered) {
		answered.Method = a.request.Method
	}
	return end.result, end.err
}

// notify returns when Centrifugo has taken the request; a notification has no answer.
func (a *callAttempt) notify(ctx context.Context) error {
	unconfirmed := time.NewTimer(time.Until(a.deadline.giveUp))
	defer unconfirmed.Stop()
	for {
		message, err := a.send(ctx, func(*outgoing) bool { return true })
		if err != nil {
			return err
		}
		err = a.confirmed(ctx, message, unconfirmed.C)
		message.forget()
		if !errors.Is(err, errNotSent) {
			return err
		}
	}
}

func (a *callAttempt) confirmed(ctx context.Context, message *outgoing, unconfirmed <-chan time.Time) error {
	var refused *centrifugoError
	select {
	case outcome := <-message.outcome:
		switch {
		case errors.As(outcome.err, &refused):
			return a.refused(refused)
		case errors.Is(outcome.err, errUnconfirmed):
			return a.unconfirmed()
		}
		return outcome.err
	case <-ctx.Done():
		message.abandon()
		return a.callerGone(ctx)
	case <-unconfirmed:
		return a.unconfirmed()
	}
}

// send queues the request, once replies can arrive. It calls goesOut at the last moment.
func (a *callAttempt) send(ctx context.Context, goesOut func(*outgoing) bool) (*outgoing, error) {
	tooLate := time.NewTimer(time.Until(a.deadline.at))
	defer tooLate.Stop()
	for {
		if ctx.Err() != nil {
			return nil, a.callerGone(ctx)
		}
		ready, changed, ended := a.replies.state()
		if ended != nil {
			return nil, ended
		}
		data, err := a.encode(ctx)
		if err != nil {
			return nil, err
		}
		if ready {
			message, err := a.batcher.publish(data, goesOut)
			if errors.Is(err, errNotSent) {
				// The connection ended just before: the reply channel knows by now.
				continue
			}
			return message, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		case <-tooLate.C:
			return nil, &TimeoutError{Method: a.request.Method, Duration: a.deadline.timeout}
		}
	}
}

// encode writes the request as of now. For a request that the service would never see, it returns the error in its
// place.
func (a *callAttempt) encode(ctx context.Context) ([]byte, error) {
	a.request.TimeoutMS = a.deadline.remaining(ctx)
	data, err := marshal(&a.request)
	if err != nil {
		return nil, &EncodeError{Method: a.request.Method, Err: err}
	}
	limit := a.settings.messageSizeLimit
	if size := len(data) + len(a.settings.requestChannel) + publishOverhead; size > limit {
		return nil, &Error{Code: CodeTooLarge, Method: a.request.Method, Message: fmt.Sprintf(
			"the request has %d bytes, more than Centrifugo's limit of %d for one message", size, limit)}
	}
	return data, nil
}

func (a *callAttempt) callerGone(ctx context.Context) error {
	return fmt.Errorf("%s: %w", a.request.Method, ctx.Err())
}

func (a *callAttempt) refused(refused *centrifugoError) error {
	return publishRefusal(a.request.Method, a.settings.requestChannel, a.connection.identity.user == "", refused)
}

func (a *callAttempt) unconfirmed() error {
	return &ConnectionError{Message: a.request.Method + ": whether it was delivered is unknown", Err: errUnconfirmed}
}
