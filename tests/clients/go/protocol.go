package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	client "scenario-client"
)

// The callers' part of docs/protocol.md, rule by rule.

const (
	// long marks calls that take too long for a worker: the control server replies to them.
	long  = 50_000
	trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)

// caller is a client with its user, and with access to its publications.
type caller struct {
	*client.APIClient
	world *world
	user  string
}

// report describes the publications of a user.
type report struct {
	// The number of requests in each publication.
	Publications []int          `json:"publications"`
	Sessions     int            `json:"sessions"`
	Last         map[string]any `json:"last"`
}

func newCaller(ctx context.Context, w *world) (*caller, error) {
	user := unique("user")
	api, err := w.client(ctx, user)
	return &caller{api, w, user}, err
}

// published waits until the user has published count requests, and returns a report about them.
func (c *caller) published(ctx context.Context, count int) (r report, err error) {
	text, err := c.world.request(ctx, "POST", fmt.Sprintf("/published?user=%s&count=%d", c.user, count))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(text), &r)
}

func (c *caller) waitFor(ctx context.Context, count int) error {
	_, err := c.published(ctx, count)
	return err
}

func (c *caller) answer(ctx context.Context, how string) error {
	return c.world.post(ctx, "answer?user="+c.user+"&how="+how)
}

func (c *caller) away(ctx context.Context) error {
	return errors.Join(c.world.post(ctx, "refuse"), disconnected(ctx, c.APIClient))
}

// long makes a call to which the control server replies.
func (c *caller) long(ctx context.Context, i int) error {
	sleep := client.Sleep{Ms: uint32(long + i)}
	answer, err := c.DemoSleep(ctx, sleep)
	return errors.Join(err, equal(answer, sleep))
}

func (c *caller) calls(ctx context.Context, count int) <-chan error {
	return together(count, func(i int) error { return c.long(ctx, i) })
}

func onTheWire(ctx context.Context, w *world) error {
	c, err := newCaller(ctx, w)
	if err != nil {
		return err
	}
	calling, cancel := context.WithCancel(ctx)
	defer cancel()
	call := together(1, func(int) error {
		_, err := c.DemoSleep(calling, client.Sleep{Ms: long}, client.WithCallTimeout(5*time.Second), client.WithTraceparent(trace))
		return ensure(errors.Is(err, context.Canceled), "the call ended with %v", err)
	})
	sent, err := c.published(ctx, 1)
	ms, _ := sent.Last["timeout_ms"].(float64)
	err = errors.Join(err, ensure(ms > 0 && ms <= 5000, "%v", sent.Last), equal(sent.Last["traceparent"], any(trace)))
	if err := errors.Join(err, c.ScenarioNote(ctx, client.Key{Key: unique("note")})); err != nil {
		return err
	}
	sent, err = c.published(ctx, 2)
	if err := errors.Join(err, equal(sent.Last["method"], any("scenario.note"))); err != nil {
		return err
	}
	cancel()
	sent, errCancel := c.published(ctx, 3)
	err = errors.Join(<-call, errCancel, ensure(sent.Last["cancel"] != nil, "no cancellation"))
	if err := errors.Join(err, c.away(ctx), w.post(ctx, "accept")); err != nil {
		return err
	}
	_, err = c.DemoWhoami(ctx)
	sent, errSent := c.published(ctx, 4)
	if err := errors.Join(err, errSent, equal(sent.Sessions, 1)); err != nil {
		return err
	}
	other, err := w.client(ctx, c.user)
	if err != nil {
		return err
	}
	_, err = other.DemoWhoami(ctx)
	sent, errSent = c.published(ctx, 5)
	return errors.Join(err, errSent, equal(sent.Sessions, 2))
}

func requestsThatGoTogether(ctx context.Context, w *world) error {
	c, err := newCaller(ctx, w)
	if err != nil {
		return err
	}
	ones := slices.Repeat([]int{1}, 8)
	alone := c.calls(ctx, 8)
	sent, err := c.published(ctx, 8)
	err = errors.Join(err, ensure(slices.Equal(sent.Publications, ones), "%v", sent.Publications))
	if err := errors.Join(err, c.answer(ctx, "together"), <-alone); err != nil {
		return err
	}
	count := 8
	for largest := 1; largest == 1; {
		if largest, err = c.batch(ctx, &count); err != nil {
			return err
		}
	}
	if err := c.away(ctx); err != nil {
		return err
	}
	anew := c.calls(ctx, 8)
	if err := w.post(ctx, "accept"); err != nil {
		return err
	}
	sent, err = c.published(ctx, count+8)
	last := sent.Publications[max(len(sent.Publications)-8, 0):]
	return errors.Join(err, ensure(slices.Equal(last, ones), "%v", last), c.answer(ctx, "each"), <-anew)
}

// batch makes concurrent calls, and returns the number of requests in the largest publication so far.
func (c *caller) batch(ctx context.Context, count *int) (largest int, err error) {
	cancelling, cancel := context.WithCancel(ctx)
	defer cancel()
	text := strings.Repeat("x", 20_000)
	all := together(202, func(i int) error {
		switch i {
		case 100:
			return ensure(errors.Is(c.long(cancelling, i), context.Canceled), "it was not cancelled")
		case 101:
			echoed, err := c.DemoEcho(ctx, client.Echo{Text: text})
			return errors.Join(err, ensure(echoed.Text == text, "another text"))
		}
		return c.long(ctx, i)
	})
	*count += 202
	sent, err := c.published(ctx, *count)
	if err != nil {
		return 0, err
	}
	// The cancellation must be a publication of its own.
	cancel()
	*count++
	return slices.Max(sent.Publications[8:]), errors.Join(c.waitFor(ctx, *count), c.answer(ctx, "together"), <-all)
}

func repliesThatChangeNothing(ctx context.Context, w *world) error {
	c, err := newCaller(ctx, w)
	if err != nil {
		return err
	}
	all := c.calls(ctx, 3)
	if err := errors.Join(c.waitFor(ctx, 3), c.answer(ctx, "hostile"), <-all); err != nil {
		return err
	}
	_, err = c.DemoWhoami(ctx)
	return err
}

// missed makes one more call, whose reply is published while the caller is disconnected.
func (c *caller) missed(ctx context.Context, count int) error {
	one := c.calls(ctx, 1)
	return errors.Join(c.waitFor(ctx, count), c.away(ctx), c.answer(ctx, "each"), c.world.post(ctx, "accept"), <-one)
}

func repliesWithoutAnOffset(ctx context.Context, w *world) error {
	c, err := newCaller(ctx, w)
	if err != nil {
		return err
	}
	for i, how := range []string{"each", "unremembered"} {
		one := c.calls(ctx, 1)
		if err := errors.Join(c.waitFor(ctx, i+1), c.answer(ctx, how), <-one); err != nil {
			return err
		}
	}
	return c.missed(ctx, 3)
}

func moreRepliesThanTheHistoryKeeps(ctx context.Context, w *world) error {
	c, err := newCaller(ctx, w)
	if err != nil {
		return err
	}
	var kept, lost atomic.Int32
	all := together(140, func(i int) error {
		err := c.long(ctx, i)
		if isConnectionError(err) == nil {
			lost.Add(1)
			return nil
		}
		kept.Add(1)
		return err
	})
	if err := errors.Join(c.waitFor(ctx, 140), c.away(ctx), c.answer(ctx, "each"), w.post(ctx, "accept")); err != nil {
		return err
	}
	for kept.Load()+lost.Load() < 128 {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	_, err = c.DemoWhoami(ctx)
	return errors.Join(err, c.Close(), <-all, equal(kept.Load(), 128), equal(lost.Load(), 12))
}

func repliesAfterARestart(ctx context.Context, w *world) error {
	c, err := newCaller(ctx, w)
	if err != nil {
		return err
	}
	all := together(100, func(i int) error {
		gate := client.Gate{Key: c.user, Number: uint32(i)}
		through, err := c.ScenarioGate(ctx, gate)
		return errors.Join(err, equal(through, gate))
	})
	err = errors.Join(c.waitFor(ctx, 100), c.away(ctx), w.post(ctx, "restart"), w.post(ctx, "open?key="+c.user),
		w.post(ctx, "answered?user="+c.user+"&count=100"), w.post(ctx, "accept"))
	if err := errors.Join(err, <-all); err != nil {
		return err
	}
	// The client recovers from the next loss in the usual way.
	return c.missed(ctx, 101)
}

func repliesLostTwice(ctx context.Context, w *world) error {
	c, err := newCaller(ctx, w)
	if err != nil {
		return err
	}
	for count := 1; count <= 2; count++ {
		one := c.calls(ctx, 1)
		err := errors.Join(c.waitFor(ctx, count), c.away(ctx), w.post(ctx, "restart"), c.answer(ctx, "each"), w.post(ctx, "accept"), <-one)
		if err != nil {
			return fmt.Errorf("restart %d: %w", count, err)
		}
	}
	// With an empty history Centrifugo cannot recover from 128 replies back either.
	calling, cancel := context.WithCancel(ctx)
	defer cancel()
	lost := together(1, func(i int) error {
		err := c.long(calling, i)
		return ensure(errors.Is(err, context.Canceled), "the lost call ended with %v", err)
	})
	err = errors.Join(c.waitFor(ctx, 3), c.away(ctx), c.answer(ctx, "each"),
		w.post(ctx, "forget?user="+c.user), w.post(ctx, "accept"))
	if err != nil {
		return err
	}
	if _, err := c.DemoWhoami(ctx); err != nil {
		return err
	}
	cancel()
	if err := errors.Join(<-lost, c.waitFor(ctx, 5)); err != nil {
		return err
	}
	return c.missed(ctx, 6)
}

func givingUp(ctx context.Context, w *world) error {
	c, err := newCaller(ctx, w)
	if err != nil {
		return err
	}
	if err := w.post(ctx, "pause"); err != nil {
		return err
	}
	started := time.Now()
	_, err = c.DemoSleep(ctx, client.Sleep{Ms: long}, client.WithCallTimeout(time.Second))
	took := time.Since(started)
	var late *client.TimeoutError
	ended := ensure(errors.As(err, &late) && late.Sent, "it ended with %v", err)
	sent, err := c.published(ctx, 2)
	return errors.Join(
		w.post(ctx, "resume"), ended, err,
		ensure(took >= 1200*time.Millisecond, "it waited %v, no longer than the worker", took),
		ensure(sent.Last["cancel"] != nil, "no cancellation"),
	)
}
