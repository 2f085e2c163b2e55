package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	client "scenario-client"
)

// world is the environment of a scenario. Its clients are closed with it.
type world struct {
	url, control string
	clients      []*client.APIClient
}

func (w *world) close() {
	for _, api := range w.clients {
		_ = api.Close()
	}
}

// request sends a request to the control server.
func (w *world) request(ctx context.Context, method, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, w.control+path, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s: %s", path, response.Status, body)
	}
	return string(body), err
}

func (w *world) post(ctx context.Context, path string) error {
	_, err := w.request(ctx, http.MethodPost, "/"+path)
	return err
}

// token returns a token for the user; more holds further parameters, such as "&ttl=2".
func (w *world) token(ctx context.Context, user, more string) (string, error) {
	return w.request(ctx, http.MethodGet, "/token?user="+url.QueryEscape(user)+more)
}

// make creates a client without connecting it.
func (w *world) make(token, user string, options ...client.Option) *client.APIClient {
	api := client.NewAPIClient(w.url, token, user, options...)
	w.clients = append(w.clients, api)
	return api
}

// client connects a client of the user.
func (w *world) client(ctx context.Context, user string) (*client.APIClient, error) {
	return w.clientWith(ctx, user, "")
}

func (w *world) clientWith(ctx context.Context, user, more string) (*client.APIClient, error) {
	token, err := w.token(ctx, user, more)
	if err != nil {
		return nil, err
	}
	api := w.make(token, user)
	return api, api.Connect(ctx)
}

// unique returns a name that no other scenario uses.
func unique(prefix string) string { return prefix + "-" + rand.Text() }

func equal[T comparable](got, want T) error {
	if got != want {
		return fmt.Errorf("%v instead of %v", got, want)
	}
	return nil
}

func ensure(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// answered returns the error reply of a call.
func answered(err error) (*client.Error, error) {
	var failed *client.Error
	if !errors.As(err, &failed) {
		return nil, fmt.Errorf("not answered with an error, but: %v", err)
	}
	return failed, nil
}

// hasCode checks the code of the error reply of a call.
func hasCode(err error, code int) error {
	failed, err := answered(err)
	if err != nil {
		return err
	}
	return equal(failed.Code, code)
}

func isConnectionError(err error) error {
	var ended *client.ConnectionError
	return ensure(errors.As(err, &ended), "not a ConnectionError, but: %v", err)
}

// until polls a count until it has the expected value.
func until(
	ctx context.Context, count func(context.Context, client.Key, ...client.CallOption) (uint32, error), key string, want uint32,
) error {
	for {
		got, err := count(ctx, client.Key{Key: key})
		if err != nil || got == want {
			return err
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("the count stays %d, not %d: %w", got, want, err)
		}
	}
}

// disconnected waits until the client has no connection.
func disconnected(ctx context.Context, api *client.APIClient) error {
	for api.Connected() {
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// together runs n functions concurrently, and returns their errors.
func together(n int, each func(i int) error) <-chan error {
	failures := make(chan error, n)
	for i := range n {
		go func() { failures <- each(i) }()
	}
	joined := make(chan error, 1)
	go func() {
		var all error
		for range n {
			all = errors.Join(all, <-failures)
		}
		joined <- all
	}()
	return joined
}
