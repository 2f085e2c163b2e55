package client

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
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

// eventually waits for what nobody announces.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
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
