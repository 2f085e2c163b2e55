package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
)

func background(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	t.Cleanup(cancel)
	return ctx
}

func TestACallIsAnsweredByItsOwnReply(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	worker := startWorker(centrifugo)
	worker.serve()
	api := centrifugo.connect("42")
	var group sync.WaitGroup
	for i := range 200 {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := range 10 {
				want := text{fmt.Sprintf("%d %d <&> \u2028 \U0001F980", i, j)}
				got, err := invoke[text](background(t), api, "demo.echo", want, nil)
				if err != nil || got != want {
					t.Errorf("%v, %v", got, err)
				}
			}
		}()
	}
	group.Wait()
	t.Logf("2000 requests in %d publications", worker.publications.Load())
	if n := api.calls.pending.len(); n != 0 {
		t.Errorf("%d calls are left", n)
	}
}

func TestTheRequestIsWhatTheProtocolSays(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	worker := startWorker(centrifugo)
	api := centrifugo.connect("42")
	done := make(chan error, 1)
	go func() {
		_, err := invoke[any](background(t), api, "a.b", text{"x"}, []CallOption{WithCallTimeout(5 * time.Second), WithTraceparent("00-a-b-01")})
		done <- err
	}()
	r := worker.next()
	if r.Method != "a.b" || r.ReplyTo != "reply:"+api.session+"#42" || string(r.Params) != `{"text":"x"}` || r.Traceparent != "00-a-b-01" {
		t.Errorf("%+v", r)
	}
	if r.TimeoutMS < 4000 || r.TimeoutMS > 5000 || len(r.CorrelationID) != 36 {
		t.Errorf("%+v", r)
	}
	// A reply without a call changes nothing.
	for _, reply := range []string{`1`, `[]`, `{}`, `{"correlation_id":7}`, `{"correlation_id":"unknown","result":1}`,
		fmt.Sprintf(`{"correlation_id":%q,"error":{"code":70000,"message":"x"}}`, r.CorrelationID)} {
		centrifugo.api("publish", map[string]any{"channel": r.ReplyTo, "data": json.RawMessage(reply)})
	}
	for range 2 {
		if err := worker.answer(r, "error", `{"code":1404,"message":"no \"task\"","data":{"id":18446744073709551615}}`); err != nil {
			t.Fatal(err)
		}
	}
	err := receive(t, "the answer", done)
	var answered *Error
	if !errors.As(err, &answered) || answered.Code != 1404 || answered.Message != `no "task"` ||
		string(answered.Data) != `{"id":18446744073709551615}` || answered.Method != "a.b" || answered.Retryable() {
		t.Errorf("%v", err)
	}
	// A method without params has none.
	go func() {
		_, err := invoke[any](background(t), api, "a.c", nil, nil)
		done <- err
	}()
	r = worker.next()
	if r.Params != nil || worker.answer(r, "result", "null") != nil {
		t.Errorf("%+v", r)
	}
	if err := receive(t, "the answer", done); err != nil {
		t.Error(err)
	}
}

func TestAResultOfAnotherShapeIsAnErrorThatNamesMethodAndPlace(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	startWorker(centrifugo).serve()
	api := centrifugo.connect("42")
	_, err := invoke[text](background(t), api, "a.b", map[string]any{"text": 7}, nil)
	var decode *DecodeError
	if !errors.As(err, &decode) || decode.Method != "a.b" || !strings.Contains(err.Error(), "text") {
		t.Error(err)
	}
}

func TestACancelledCallIsCancelledAtTheService(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	worker := startWorker(centrifugo)
	api := centrifugo.connect("42")
	ctx, cancel := context.WithCancel(background(t))
	done := make(chan error, 1)
	go func() {
		_, err := invoke[any](ctx, api, "a.b", nil, nil)
		done <- err
	}()
	request := worker.next()
	cancel()
	if err := receive(t, "the end", done); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if r := worker.next(); r.Cancel != request.CorrelationID || r.ReplyTo != request.ReplyTo || r.Method != "" {
		t.Errorf("%+v", r)
	}
	// A context that has ended before sends nothing.
	if _, err := invoke[any](ctx, api, "a.c", nil, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := notify(ctx, api, "a.c", nil, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := notify(background(t), api, "a.d", payloadOf(text{"x"}), nil); err != nil {
		t.Error(err)
	}
	if r := worker.next(); r.Method != "a.d" || r.CorrelationID != "" || r.ReplyTo != "" {
		t.Errorf("%+v", r)
	}
}

func TestNoAnswerArrives(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	worker := startWorker(centrifugo)
	api := centrifugo.connect("42")
	start := time.Now()
	_, err := invoke[any](background(t), api, "a.b", nil, []CallOption{WithCallTimeout(100 * time.Millisecond)})
	took := time.Since(start)
	var timeout *TimeoutError
	if !errors.As(err, &timeout) || !errors.Is(err, context.DeadlineExceeded) || !timeout.Sent || timeout.Retryable() {
		t.Error(err)
	}
	if took < 350*time.Millisecond {
		t.Errorf("it waited %v, no longer than the service", took)
	}
	request := worker.next()
	if r := worker.next(); r.Cancel != request.CorrelationID {
		t.Errorf("%+v", r)
	}
	// The request carries the deadline of the context, and the error is the context's.
	ctx, cancel := context.WithTimeout(background(t), 150*time.Millisecond)
	defer cancel()
	_, err = invoke[any](ctx, api, "a.b", nil, nil)
	if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) {
		t.Error(err)
	}
	if r := worker.next(); r.TimeoutMS > 150 {
		t.Errorf("%+v", r)
	}
}

func TestTheEndOfTheTimeIsOneErrorForEitherSideThatNoticesIt(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	worker := startWorker(centrifugo)
	api := centrifugo.connect("42")
	codes := map[int]error{CodeDeadlineExceeded: context.DeadlineExceeded, CodeCancelled: context.Canceled, CodeInternal: nil}
	for code, is := range codes {
		done := make(chan error, 1)
		go func() {
			_, err := invoke[any](background(t), api, "a.b", nil, nil)
			done <- err
		}()
		if err := worker.answer(worker.next(), "error", fmt.Sprintf(`{"code":%d,"message":"m"}`, code)); err != nil {
			t.Fatal(err)
		}
		err := receive(t, "the end", done)
		for _, other := range []error{context.DeadlineExceeded, context.Canceled} {
			if errors.Is(err, other) != (other == is) {
				t.Errorf("%d: Is(%v) is %v", code, other, errors.Is(err, other))
			}
		}
		var timeout interface{ Timeout() bool }
		if !errors.As(err, &timeout) || timeout.Timeout() != (code == CodeDeadlineExceeded) {
			t.Errorf("%d: not a timeout as in package net: %v", code, err)
		}
	}
}

func TestATimeoutThatIsNoTime(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	worker := startWorker(centrifugo)
	api := centrifugo.connect("42")
	for _, timeout := range []time.Duration{0, -time.Second, math.MinInt64} {
		_, err := invoke[any](background(t), api, "a.b", nil, []CallOption{WithCallTimeout(timeout)})
		var late *TimeoutError
		if !errors.As(err, &late) || !errors.Is(err, context.DeadlineExceeded) || late.Sent || late.Retryable() {
			t.Errorf("%v: %v", timeout, err)
		}
		if !strings.Contains(fmt.Sprint(err), "no time is left: WithCallTimeout is "+timeout.String()) {
			t.Error(err)
		}
	}
	// And the longest there is does not overflow.
	if err := notify(context.Background(), api, "a.c", nil, []CallOption{WithCallTimeout(math.MaxInt64)}); err != nil {
		t.Error(err)
	}
	if r := worker.next(); r.Method != "a.c" || r.TimeoutMS != maxTimeout.Milliseconds() {
		t.Errorf("%+v", r)
	}
}

func TestARequestOverTheLimitIsAnsweredHere(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	startWorker(centrifugo).serve()
	api := centrifugo.connect("42")
	var answered *Error
	_, err := invoke[text](background(t), api, "a.b", text{strings.Repeat("x", 64<<10)}, nil)
	if !errors.As(err, &answered) || answered.Code != CodeTooLarge {
		t.Error(err)
	}
	// One that just fits.
	room := 64<<10 - len(api.calls.replies.channel) - 250
	if _, err := invoke[text](background(t), api, "a.b", text{strings.Repeat("x", room)}, nil); err != nil {
		t.Error(err)
	}
	// Centrifugo itself, where the limit here is wrong.
	wrong := centrifugo.connect("43", WithMessageSizeLimit(1<<20))
	_, err = invoke[text](background(t), wrong, "a.b", text{strings.Repeat("x", 64<<10)}, nil)
	isSetup(t, err, "message_size_limit")
}

func TestCloseEndsTheCallsAndCancelsThem(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	worker := startWorker(centrifugo)
	api := centrifugo.connect("42")
	done := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := invoke[any](background(t), api, "a.b", nil, nil)
			done <- err
		}()
	}
	running := map[string]bool{}
	for range 3 {
		running[worker.next().CorrelationID] = true
	}
	start := time.Now()
	if err := api.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > closeLinger {
		t.Errorf("closing took %v", took)
	}
	for range 3 {
		if err := receive(t, "the end", done); !errors.Is(err, errClosed) {
			t.Error(err)
		}
		if r := worker.next(); !running[r.Cancel] {
			t.Errorf("%+v", r)
		}
	}
	if _, err := invoke[any](background(t), api, "a.b", nil, nil); !errors.Is(err, errClosed) {
		t.Error(err)
	}
	if err := api.Connect(background(t)); !errors.Is(err, errClosed) {
		t.Error(err)
	}
	if err := api.Close(); err != nil || api.Connected() {
		t.Error(err)
	}
}

func TestAnonymousCallers(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t, func(config map[string]any) {
		config["rpc"].(map[string]any)["allow_publish_for_anonymous"] = true
		config["client"].(map[string]any)["allow_anonymous_connect_without_token"] = true
		config["reply"].(map[string]any)["allow_subscribe_for_anonymous"] = true
	})
	startWorker(centrifugo).serve()
	api := NewAPIClient(centrifugo.url(), "", "")
	defer api.Close()
	if err := api.Connect(background(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := invoke[text](background(t), api, "a.b", text{"x"}, nil); err != nil {
		t.Error(err)
	}
}
