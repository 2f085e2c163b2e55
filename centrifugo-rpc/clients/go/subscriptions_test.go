package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"
)

// listener records the events of a subscription.
type listener struct {
	publications chan string
	confirmed    chan subscribed
	lost         chan error
	over         chan error
}

func newListener() *listener {
	return &listener{make(chan string, 1000), make(chan subscribed, 100), make(chan error, 100), make(chan error, 1)}
}

func (l *listener) data(data json.RawMessage) { l.publications <- string(data) }
func (l *listener) subscribed(s subscribed)   { l.confirmed <- s }
func (l *listener) subscribing(reason error)  { l.lost <- reason }
func (l *listener) ended(reason error)        { l.over <- reason }

// withLive adds a namespace whose channels every caller may subscribe to.
func withLive(config map[string]any) {
	channel := config["channel"].(map[string]any)
	channel["namespaces"] = append(channel["namespaces"].([]any), map[string]any{
		"name": "live", "allow_subscribe_for_client": true, "history_size": 100, "history_ttl": "60s", "force_recovery": true,
	})
}

func TestAnotherSubscriptionSharesTheConnectionWithTheReplyChannel(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t, withLive)
	startWorker(centrifugo).serve()
	proxy := startProxy(t, centrifugo.address)
	api := NewAPIClient(proxy.url(), centrifugo.token("42", time.Hour), "42", WithTimeout(patience))
	t.Cleanup(func() { _ = api.Close() })
	if err := api.Connect(background(t)); err != nil {
		t.Fatal(err)
	}
	connection := api.calls.connection
	live := newListener()
	subscription := connection.subscribe("live:a", position{}, live)
	if s := receive(t, "the subscription", live.confirmed); s.wasRecovering || !s.recoverable || s.position.offset != 0 {
		t.Errorf("%+v", s)
	}
	sent := 0
	// exchange has publications arrive in their order while as many calls run.
	exchange := func(count int) {
		t.Helper()
		called := make(chan error, count)
		for i := range count {
			go func() {
				result, err := invoke[text](background(t), api, "a.b", text{fmt.Sprint(i)}, nil)
				if err == nil && result.Text != fmt.Sprint(i) {
					err = errors.New("the result of another call")
				}
				called <- err
			}()
			centrifugo.api("publish", map[string]any{"channel": "live:a", "data": sent + i})
		}
		for range count {
			if got := receive(t, "a publication", live.publications); got != fmt.Sprint(sent) {
				t.Fatalf("%s instead of %d", got, sent)
			}
			sent++
			if err := receive(t, "a call", called); err != nil {
				t.Error(err)
			}
		}
	}
	exchange(50)

	// Both subscriptions continue over the next transport, twice, so that none begins where the one before it did.
	for range 2 {
		proxy.refuse(true)
		receive(t, "the end of the transport", live.lost)
		for i := range 3 {
			centrifugo.api("publish", map[string]any{"channel": "live:a", "data": sent + i})
		}
		proxy.refuse(false)
		s := receive(t, "another subscription", live.confirmed)
		if !s.wasRecovering || !s.recovered || s.position.offset != uint64(sent+3) {
			t.Errorf("%+v", s)
		}
		for range 3 {
			if got := receive(t, "a missed publication", live.publications); got != fmt.Sprint(sent) {
				t.Errorf("%s instead of %d", got, sent)
			}
			sent++
		}
		// Failed attempts to connect are events, too.
		for len(live.lost) > 0 {
			<-live.lost
		}
	}
	exchange(10)

	// Each ends by itself: a second one to the same channel, one that is closed, and one that Centrifugo refuses.
	before := transportOf(api)
	second := newListener()
	connection.subscribe("live:a", position{}, second)
	if err := receive(t, "the end of the second", second.over); !errors.Is(err, errSubscribed) {
		t.Error(err)
	}
	exchange(1)
	subscription.close()
	again := newListener()
	connection.subscribe("live:a", position{}, again)
	receive(t, "the next subscription of the channel", again.confirmed)
	centrifugo.api("publish", map[string]any{"channel": "live:a", "data": sent})
	if got := receive(t, "a publication", again.publications); got != fmt.Sprint(sent) {
		t.Errorf("%s instead of %d", got, sent)
	}
	refused := newListener()
	connection.subscribe("none:a", position{}, refused)
	var reason *refusedSubscribe
	if err := receive(t, "the refusal", refused.over); !errors.As(err, &reason) || reason.code != centrifugoUnknownChannel {
		t.Error(err)
	}
	if _, err := invoke[text](background(t), api, "a.b", text{"x"}, nil); err != nil || transportOf(api) != before {
		t.Error(err)
	}
	if len(live.publications) != 0 || len(live.over) != 0 {
		t.Error("a closed subscription has events")
	}
	_ = api.Close()
	if err := receive(t, "the end", again.over); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}
