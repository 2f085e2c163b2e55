package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func awaited(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
	}
}

func receive[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
		panic("unreachable")
	}
}

// eventually waits for a condition that has no event.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// transportOf returns the transport over which the client gets replies, nil if there is none at the moment.
func transportOf(api *APIClient) *transport {
	if !api.Connected() {
		return nil
	}
	connection := api.calls.connection
	connection.mu.Lock()
	defer connection.mu.Unlock()
	return connection.transport
}

// endOf returns the reason why the client has ended, nil if it has not.
func endOf(api *APIClient) error {
	_, _, ended := api.calls.replies.state()
	return ended
}

// leavesNothing fails the test if a goroutine of this package outlives it. Call it first, so that it looks last.
func leavesNothing(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			if runtime.NumGoroutine() <= before {
				return
			}
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				stacks = stacks[:runtime.Stack(stacks, true)]
				t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks)
				return
			}
		}
	})
}

func isSetup(t *testing.T, err error, named ...string) {
	t.Helper()
	var connection *ConnectionError
	if !errors.As(err, &connection) || !connection.Setup {
		t.Fatalf("want a ConnectionError of the setup, got %T: %v", err, err)
	}
	for _, name := range named {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %q", err, name)
		}
	}
}

// loose reads and writes as package encoding/json does.
func loose[T any](v *T, c *coder) {
	if !c.reading() {
		text, err := json.Marshal(v)
		if err != nil {
			c.fail("%v", err)
		}
		c.write(string(text))
	} else if err := json.Unmarshal(c.in.raw, v); err != nil {
		c.fail("%v", err)
	}
}

func payloadOf(params any) payload {
	if params == nil {
		return nil
	}
	return encoded(&params, loose)
}

func invoke[R any](ctx context.Context, api *APIClient, method string, params any, options []CallOption) (R, error) {
	return call(ctx, api, method, payloadOf(params), loose[R], options)
}

type text struct {
	Text string `json:"text"`
}

// mutations calls check with 20,000 variants of the seeds, the same ones every time: bytes changed, parts cut out, doubled, moved from one
// seed into another, and words of the grammar put in.
func mutations(seeds [][]byte, words []string, check func([]byte)) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		data := bytes.Clone(seeds[random.IntN(len(seeds))])
		for range 1 + random.IntN(4) {
			from := random.IntN(len(data) + 1)
			to := min(len(data), from+1+random.IntN(12))
			switch random.IntN(5) {
			case 0:
				if from < len(data) {
					data[from] = byte(random.Uint32())
				}
			case 1:
				data = slices.Delete(data, from, to)
			case 2:
				data = slices.Insert(data, to, bytes.Clone(data[from:to])...)
			case 3:
				other := seeds[random.IntN(len(seeds))]
				start := random.IntN(len(other))
				data = slices.Replace(data, from, to, other[start:min(len(other), start+1+random.IntN(40))]...)
			case 4:
				data = slices.Replace(data, from, to, []byte(words[random.IntN(len(words))])...)
			}
		}
		check(data)
	}
}
