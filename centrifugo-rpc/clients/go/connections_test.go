package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestRepliesSentWhileTheConnectionWasDownAreRecovered(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	worker := startWorker(centrifugo)
	proxy := startProxy(t, centrifugo.address)
	api := NewAPIClient(proxy.url(), centrifugo.token("42", time.Hour), "42")
	t.Cleanup(func() { _ = api.Close() })
	if err := api.Connect(background(t)); err != nil {
		t.Fatal(err)
	}
	const calls = 100
	results := make(chan string, calls)
	begin := func(i int) {
		go func() {
			result, err := invoke[text](background(t), api, "a.b", text{fmt.Sprint(i)}, nil)
			results <- fmt.Sprint(i, result, err)
		}()
	}
	for i := range calls {
		begin(i)
	}
	var requests []request
	for range calls {
		requests = append(requests, worker.next())
	}
	proxy.refuse(true)
	eventually(t, "the end of the connection", func() bool { return !api.Connected() })
	for _, r := range requests {
		if err := worker.answer(r, "result", string(r.Params)); err != nil {
			t.Fatal(err)
		}
	}
	// A call that is made meanwhile waits for the connection.
	begin(calls)
	proxy.refuse(false)
	late := worker.next()
	if err := worker.answer(late, "result", string(late.Params)); err != nil {
		t.Fatal(err)
	}
	for range calls + 1 {
		var i int
		got := receive(t, "a result", results)
		if _, err := fmt.Sscan(got, &i); err != nil || got != fmt.Sprint(i, text{fmt.Sprint(i)}, nil) {
			t.Error(got)
		}
	}
	if len(worker.requests) != 0 {
		t.Errorf("%d requests were published again", len(worker.requests))
	}
}

// away has calls of a client under way, cuts it off, has meanwhile happen what is to happen to the requests, and returns which calls ended
// with their own result. The others have timed out.
func away(t *testing.T, centrifugo *centrifugo, calls int, meanwhile func(*worker, []request)) []bool {
	worker := startWorker(centrifugo)
	proxy := startProxy(t, centrifugo.address)
	api := NewAPIClient(proxy.url(), centrifugo.token("42", time.Hour), "42", WithTimeout(5*time.Second))
	t.Cleanup(func() { _ = api.Close() })
	if err := api.Connect(background(t)); err != nil {
		t.Fatal(err)
	}
	type end struct {
		call int
		ok   bool
	}
	ends := make(chan end, calls)
	var requests []request
	for i := range calls {
		go func() {
			result, err := invoke[text](background(t), api, "a.b", text{fmt.Sprint(i)}, nil)
			var timeout *TimeoutError
			if err != nil && !errors.As(err, &timeout) {
				t.Error(i, err)
			}
			ends <- end{i, err == nil && result.Text == fmt.Sprint(i)}
		}()
		// One after the other, so that they are in their order.
		requests = append(requests, worker.next())
	}
	proxy.refuse(true)
	eventually(t, "the end of the connection", func() bool { return !api.Connected() })
	meanwhile(worker, requests)
	proxy.refuse(false)
	answered := make([]bool, calls)
	for range calls {
		end := receive(t, "the end of a call", ends)
		answered[end.call] = end.ok
	}
	return answered
}

func answerAll(t *testing.T) func(*worker, []request) {
	return func(worker *worker, requests []request) {
		for _, r := range requests {
			if err := worker.answer(r, "result", string(r.Params)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestOfMoreRepliesThanCentrifugoKeepsTheLastArrive(t *testing.T) {
	leavesNothing(t)
	const calls = keptReplies + 12
	for i, ok := range away(t, startCentrifugo(t), calls, answerAll(t)) {
		if ok != (i >= calls-keptReplies) {
			t.Errorf("call %d: answered: %v", i, ok)
		}
	}
}

func TestRepliesInTheNewStreamOfARestartedCentrifugoArrive(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	for i, ok := range away(t, centrifugo, 50, func(worker *worker, requests []request) {
		centrifugo.kill()
		centrifugo.start()
		answerAll(t)(worker, requests)
	}) {
		if !ok {
			t.Errorf("call %d timed out", i)
		}
	}
}

func TestDisconnectsOfCentrifugo(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	startWorker(centrifugo).serve()
	api := centrifugo.connect("42")
	for _, code := range []int{3010, 3011, 4000} {
		before := transportOf(api)
		centrifugo.api("disconnect", map[string]any{"user": "42", "disconnect": map[string]any{"code": code, "reason": "test"}})
		eventually(t, "another connection", func() bool {
			now := transportOf(api)
			return now != nil && now != before
		})
		if _, err := invoke[text](background(t), api, "a.b", text{"x"}, nil); err != nil {
			t.Error(code, err)
		}
	}
	centrifugo.api("disconnect", map[string]any{"user": "42", "disconnect": map[string]any{"code": 4500, "reason": "go away"}})
	eventually(t, "the end", func() bool { return endOf(api) != nil })
	_, err := invoke[text](background(t), api, "a.b", text{"x"}, nil)
	var connection *ConnectionError
	if !errors.As(err, &connection) || !strings.Contains(err.Error(), "4500 go away") {
		t.Error(err)
	}
}

func TestUnsubscriptionsByCentrifugo(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	api := centrifugo.connect("42")
	centrifugo.api("unsubscribe", map[string]any{"user": "42", "channel": api.calls.replies.channel})
	eventually(t, "the end", func() bool { return endOf(api) != nil })
	if ended := endOf(api); !strings.Contains(ended.Error(), api.calls.replies.channel) {
		t.Error(ended)
	}
}

func TestARestartOfCentrifugo(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	api := centrifugo.connect("42")
	centrifugo.kill()
	eventually(t, "the end of the connection", func() bool { return !api.Connected() })
	centrifugo.start()
	startWorker(centrifugo).serve()
	if _, err := invoke[text](background(t), api, "a.b", text{"x"}, nil); err != nil {
		t.Error(err)
	}
}

func TestTokensAreRenewedBeforeTheyExpire(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	startWorker(centrifugo).serve()
	var asked atomic.Int32
	third := make(chan struct{})
	api := NewAPIClient(centrifugo.url(), "", "42", WithGetToken(func(context.Context) (string, error) {
		if asked.Add(1) == 3 {
			close(third)
		}
		return centrifugo.token("42", 2*time.Second), nil
	}))
	t.Cleanup(func() { _ = api.Close() })
	if err := api.Connect(background(t)); err != nil {
		t.Fatal(err)
	}
	first := transportOf(api)
	for waiting := true; waiting; {
		if _, err := invoke[text](background(t), api, "a.b", text{"x"}, nil); err != nil {
			t.Fatal(err)
		}
		select {
		case <-third:
			waiting = false
		default:
		}
	}
	if transportOf(api) != first {
		t.Error("the connection was not kept")
	}
}

func TestATokenThatExpires(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	expired := NewAPIClient(centrifugo.url(), centrifugo.token("42", -time.Minute), "42")
	defer expired.Close()
	isSetup(t, expired.Connect(background(t)), "109", "WithGetToken")
	// One that is good for a second attempt is asked for.
	var asked atomic.Int32
	renewed := NewAPIClient(centrifugo.url(), centrifugo.token("42", -time.Minute), "42", WithGetToken(
		func(context.Context) (string, error) {
			asked.Add(1)
			return centrifugo.token("42", time.Hour), nil
		}))
	defer renewed.Close()
	if err := renewed.Connect(background(t)); err != nil || asked.Load() != 1 {
		t.Error(err, asked.Load())
	}
}

func TestTokenFunctionsThatFail(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	var asked atomic.Int32
	passing := NewAPIClient(centrifugo.url(), "", "42", WithGetToken(func(context.Context) (string, error) {
		if asked.Add(1) < 3 {
			return "", errors.New("the token service is down")
		}
		return centrifugo.token("42", time.Hour), nil
	}))
	defer passing.Close()
	if err := passing.Connect(background(t)); err != nil || asked.Load() != 3 {
		t.Error(err, asked.Load())
	}
	down := errors.New("the token service is down")
	lasting := NewAPIClient(centrifugo.url(), "", "42", WithConnectTimeout(300*time.Millisecond), WithGetToken(
		func(context.Context) (string, error) { return "", down }))
	defer lasting.Close()
	var connection *ConnectionError
	if err := lasting.Connect(background(t)); !errors.As(err, &connection) || connection.Setup || !errors.Is(err, down) {
		t.Error(err)
	}
	final := NewAPIClient(centrifugo.url(), "", "42", WithGetToken(func(context.Context) (string, error) {
		return "", fmt.Errorf("logged out: %w", ErrTokenRefused)
	}))
	defer final.Close()
	err := final.Connect(background(t))
	isSetup(t, err, "logged out")
	if !errors.Is(err, ErrTokenRefused) {
		t.Error(err)
	}
	other := NewAPIClient(centrifugo.url(), "", "42", WithGetToken(func(context.Context) (string, error) {
		return centrifugo.token("43", time.Hour), nil
	}))
	defer other.Close()
	isSetup(t, other.Connect(background(t)), `"42"`, `"43"`)
	bearer := NewAPIClient(centrifugo.url(), "", "42", WithGetToken(func(context.Context) (string, error) {
		return "Bearer " + centrifugo.token("42", time.Hour), nil
	}))
	defer bearer.Close()
	isSetup(t, bearer.Connect(background(t)), `"Bearer "`)
}

func TestATokenFunctionThatRefusesLaterEndsTheCalls(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	worker := startWorker(centrifugo)
	var asked atomic.Int32
	api := NewAPIClient(centrifugo.url(), "", "42", WithGetToken(func(context.Context) (string, error) {
		if asked.Add(1) > 1 {
			return "", ErrTokenRefused
		}
		return centrifugo.token("42", 2*time.Second), nil
	}))
	defer api.Close()
	if err := api.Connect(background(t)); err != nil {
		t.Fatal(err)
	}
	_, err := invoke[any](background(t), api, "a.b", nil, nil)
	if !errors.Is(err, ErrTokenRefused) {
		t.Error(err)
	}
	request := worker.next()
	if r := worker.next(); r.Cancel != request.CorrelationID {
		t.Errorf("%+v", r)
	}
}

func TestWhatCentrifugoRefusesNamesItsFix(t *testing.T) {
	leavesNothing(t)
	namespace := func(name, option string, value any) func(map[string]any) {
		return func(config map[string]any) { config[name].(map[string]any)[option] = value }
	}
	t.Run("token", func(t *testing.T) {
		centrifugo := startCentrifugo(t)
		api := NewAPIClient(centrifugo.url(), sign("another secret", map[string]any{"sub": "42"}), "42")
		defer api.Close()
		isSetup(t, api.Connect(background(t)), "3500", "client.token")
	})
	t.Run("no token", func(t *testing.T) {
		centrifugo := startCentrifugo(t)
		api := NewAPIClient(centrifugo.url(), "", "42")
		defer api.Close()
		isSetup(t, api.Connect(background(t)), "3501", "is the token missing", "allow_anonymous_connect_without_token")
	})
	for name, test := range map[string]struct {
		change func(map[string]any)
		named  string
	}{
		"no reply namespace":     {namespace("reply", "name", "other"), "add a namespace \"reply\""},
		"no user channels":       {namespace("reply", "allow_user_limited_channels", false), "allow_user_limited_channels"},
		"another reply channels": {namespace("reply", "channel_regex", "^x$"), "channel_regex"},
	} {
		t.Run(name, func(t *testing.T) {
			centrifugo := startCentrifugo(t, test.change)
			api := NewAPIClient(centrifugo.url(), centrifugo.token("42", time.Hour), "42")
			defer api.Close()
			isSetup(t, api.Connect(background(t)), test.named)
		})
	}
	for name, test := range map[string]struct {
		change func(map[string]any)
		named  string
	}{
		"no request namespace":     {namespace("rpc", "name", "other"), "add a namespace \"rpc\""},
		"no publishing":            {namespace("rpc", "allow_publish_for_client", false), "set allow_publish_for_client"},
		"another request channels": {namespace("rpc", "channel_regex", "^x$"), "channel_regex"},
	} {
		t.Run(name, func(t *testing.T) {
			centrifugo := startCentrifugo(t, test.change)
			api := centrifugo.connect("42")
			_, err := invoke[any](background(t), api, "a.b", nil, nil)
			isSetup(t, err, test.named)
			isSetup(t, notify(background(t), api, "a.b", nil, nil), test.named)
		})
	}
}
