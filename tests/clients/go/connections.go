package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	client "scenario-client"
)

// survive makes 100 calls that end while the connection is down, and afterwards.
func survive(ctx context.Context, w *world, breakIt func(user string) string) error {
	user := unique("user")
	api, err := w.client(ctx, user)
	if err != nil {
		return err
	}
	before, err := api.DemoWhoami(ctx)
	if err != nil {
		return err
	}
	slept := together(100, func(i int) error {
		sleep := client.Sleep{Ms: uint32(1500 + i)}
		answer, err := api.DemoSleep(ctx, sleep)
		return errors.Join(err, equal(answer, sleep))
	})
	// The calls of goroutines are published in any order, so no single call shows that all others have been published.
	if err := w.post(ctx, "published?count=101&user="+user); err != nil {
		return err
	}
	if err := errors.Join(w.post(ctx, breakIt(user)), <-slept); err != nil {
		return err
	}
	after, err := api.DemoWhoami(ctx)
	return errors.Join(err, ensure(after.Client != before.Client, "the connection was never broken"))
}

func reconnectByServer(ctx context.Context, w *world) error {
	return survive(ctx, w, func(user string) string { return "disconnect?user=" + user + "&code=3010" })
}

func reconnectAfterCut(ctx context.Context, w *world) error {
	return survive(ctx, w, func(string) string { return "cut" })
}

func callsMadeWhileDisconnected(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	if err := errors.Join(w.post(ctx, "refuse"), disconnected(ctx, api)); err != nil {
		return err
	}
	slept := together(10, func(i int) error {
		sleep := client.Sleep{Ms: uint32(i)}
		answer, err := api.DemoSleep(ctx, sleep)
		return errors.Join(err, equal(answer, sleep))
	})
	return errors.Join(w.post(ctx, "accept"), <-slept)
}

// counted returns a token function that counts its calls.
func counted(asked *atomic.Int32, token func(ctx context.Context, nth int32) (string, error)) client.Option {
	return client.WithGetToken(func(ctx context.Context) (string, error) { return token(ctx, asked.Add(1)) })
}

// callUntil makes calls until the client has asked for a token `times` times.
func callUntil(ctx context.Context, api *client.APIClient, asked *atomic.Int32, times int32) error {
	for asked.Load() < times {
		if _, err := api.DemoEcho(ctx, client.Echo{Text: "still here"}); err != nil {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	_, err := api.DemoEcho(ctx, client.Echo{Text: "and now"})
	return err
}

func tokenRefresh(ctx context.Context, w *world) error {
	user := unique("user")
	var asked atomic.Int32
	api := w.make("", user, counted(&asked, func(ctx context.Context, _ int32) (string, error) {
		return w.token(ctx, user, "&ttl=2")
	}))
	if err := api.Connect(ctx); err != nil {
		return err
	}
	return callUntil(ctx, api, &asked, 3)
}

func refusedToken(ctx context.Context, w *world) error {
	user := unique("user")
	token, err := w.token(ctx, user, "&refused=1")
	if err != nil {
		return err
	}
	err = w.make(token, user).Connect(ctx)
	var refused *client.ConnectionError
	if !errors.As(err, &refused) || !refused.Setup || !strings.Contains(err.Error(), w.url) {
		return fmt.Errorf("a token with a wrong signature gave %v", err)
	}
	// If a later token is refused, pending calls end.
	var asked atomic.Int32
	api := w.make("", user, counted(&asked, func(ctx context.Context, nth int32) (string, error) {
		if nth == 1 {
			return w.token(ctx, user, "&ttl=2")
		}
		return w.token(ctx, user, "&refused=1")
	}))
	if err := api.Connect(ctx); err != nil {
		return err
	}
	_, err = api.DemoSleep(ctx, client.Sleep{Ms: 50_000}, client.WithCallTimeout(time.Minute))
	return isConnectionError(err)
}

func failingTokenFunction(ctx context.Context, w *world) error {
	user := unique("user")
	down := errors.New("there is no session")
	var asked atomic.Int32
	failing := w.make("", user, client.WithConnectTimeout(time.Second), counted(&asked, func(context.Context, int32) (string, error) {
		return "", down
	}))
	if err := failing.Connect(ctx); !errors.Is(err, down) {
		return fmt.Errorf("the reason is lost: %v", err)
	}
	if err := ensure(asked.Load() > 1, "it was not asked again"); err != nil {
		return err
	}
	refusing := w.make("", user, client.WithGetToken(func(context.Context) (string, error) {
		return "", fmt.Errorf("logged out: %w", client.ErrTokenRefused)
	}))
	started := time.Now()
	if err := refusing.Connect(ctx); !errors.Is(err, client.ErrTokenRefused) || time.Since(started) > 5*time.Second {
		return fmt.Errorf("after %v: %v", time.Since(started), err)
	}
	// On a later failure, the token function is called again.
	asked.Store(0)
	api := w.make("", user, counted(&asked, func(ctx context.Context, nth int32) (string, error) {
		if nth == 2 {
			return "", down
		}
		return w.token(ctx, user, "&ttl=2")
	}))
	if err := api.Connect(ctx); err != nil {
		return err
	}
	return callUntil(ctx, api, &asked, 3)
}

func twoClientsOfOneUser(ctx context.Context, w *world) error {
	user := unique("user")
	one, errOne := w.client(ctx, user)
	two, errTwo := w.client(ctx, user)
	if err := errors.Join(errOne, errTwo); err != nil {
		return err
	}
	err := <-together(100, func(i int) error {
		api := []*client.APIClient{one, two}[i%2]
		sent := client.Echo{Text: fmt.Sprintf("%d of %d", i, i%2)}
		echoed, err := api.DemoEcho(ctx, sent)
		return errors.Join(err, equal(echoed, sent))
	})
	if err := errors.Join(err, one.Close()); err != nil {
		return err
	}
	alone, err := two.DemoEcho(ctx, client.Echo{Text: "alone"})
	return errors.Join(err, equal(alone.Text, "alone"))
}

func closeWithCallsPending(ctx context.Context, w *world) error {
	api, errOne := w.client(ctx, unique("user"))
	other, errTwo := w.client(ctx, unique("user"))
	if err := errors.Join(errOne, errTwo); err != nil {
		return err
	}
	key := unique("hold")
	ended := together(10, func(int) error {
		_, err := api.ScenarioHold(ctx, client.Key{Key: key})
		return isConnectionError(err)
	})
	if err := until(ctx, other.ScenarioRunning, key, 10); err != nil {
		return err
	}
	if err := errors.Join(api.Close(), <-ended, until(ctx, other.ScenarioRunning, key, 0)); err != nil {
		return err
	}
	_, err := api.DemoEcho(ctx, client.Echo{Text: "late"})
	return isConnectionError(err)
}

func slowLink(ctx context.Context, w *world) (err error) {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	if err := w.post(ctx, "throttle?rate=600000"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.post(ctx, "throttle?rate=0")) }()
	const calls = 20
	answers := make(chan error, calls)
	for range calls {
		go func() {
			large, err := api.ScenarioLarge(ctx, client.Large{Bytes: 400_000}, client.WithCallTimeout(time.Minute))
			answers <- errors.Join(err, ensure(len(large.Text) == 400_000, "%d bytes", len(large.Text)))
		}()
	}
	for i := range calls {
		if err := <-answers; err != nil {
			return fmt.Errorf("%d results had arrived: %w", i, err)
		}
		if i == 0 {
			if err := w.post(ctx, "cut"); err != nil {
				return err
			}
		}
	}
	return nil
}

func longUserID(ctx context.Context, w *world) error {
	user := unique("user")
	user += strings.Repeat("x", 255-len(user))
	api, err := w.client(ctx, user)
	if err != nil {
		return err
	}
	me, err := api.DemoWhoami(ctx)
	return errors.Join(err, equal(me.User, user))
}

func tokenWords(ctx context.Context, w *world) error {
	number, err := w.token(ctx, "42", "&claims="+url.QueryEscape(`{"sub":42}`))
	if err != nil {
		return err
	}
	err = w.make(number, "42").Connect(ctx)
	if err := ensure(err != nil && strings.Contains(err.Error(), "42, which is not a string"), "%v", err); err != nil {
		return err
	}
	user, nbf := unique("user"), fmt.Sprintf(`{"nbf":%d}`, time.Now().Add(time.Hour).Unix())
	early := func(ctx context.Context) (string, error) { return w.token(ctx, user, "&claims="+url.QueryEscape(nbf)) }
	token, err := early(ctx)
	if err != nil {
		return err
	}
	for _, api := range []*client.APIClient{
		w.make(token, user),
		w.make("", user, client.WithGetToken(early), client.WithConnectTimeout(3*time.Second)),
	} {
		err := api.Connect(ctx)
		words := err != nil && strings.Contains(err.Error(), "nbf") && strings.Contains(err.Error(), "clocks")
		if err := ensure(words, "not a word of nbf and clocks: %v", err); err != nil {
			return err
		}
	}
	return nil
}

func channelLimit(ctx context.Context, w *world) error {
	for channels, fits := range map[int]bool{127: true, 128: false} {
		names := make([]string, channels)
		for i := range names {
			names[i] = fmt.Sprintf("%q", fmt.Sprintf("channel-%d", i))
		}
		claims := `{"channels":[` + strings.Join(names, ",") + `]}`
		api, err := w.clientWith(ctx, unique("user"), "&claims="+url.QueryEscape(claims))
		if !fits {
			var refused *client.ConnectionError
			named := errors.As(err, &refused) && refused.Setup && strings.Contains(err.Error(), "client.channel_limit")
			if err := ensure(named, "beside %d channels: %v", channels, err); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if _, err := api.DemoWhoami(ctx); err != nil {
			return err
		}
	}
	return nil
}

func identity(ctx context.Context, w *world) error {
	user := unique("user")
	api, err := w.clientWith(ctx, user, "&info="+url.QueryEscape(`{"role":"reader","näme":1}`))
	if err != nil {
		return err
	}
	me, err := api.DemoWhoami(ctx)
	return errors.Join(
		err, equal(me.User, user), ensure(me.Client != "", "the connection has no ID"),
		equal(string(me.Info), `{"role":"reader","näme":1}`),
	)
}

func guard(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	_, err = api.DemoAdmin(ctx)
	if err := hasCode(err, client.CodePermissionDenied); err != nil {
		return err
	}
	admin, err := w.clientWith(ctx, unique("admin"), "&info="+url.QueryEscape(`{"role":"admin"}`))
	if err != nil {
		return err
	}
	_, err = admin.DemoAdmin(ctx)
	return err
}

func anonymous(ctx context.Context, w *world) error {
	api, err := w.client(ctx, "")
	if err != nil {
		return err
	}
	me, err := api.DemoWhoami(ctx)
	if err := errors.Join(err, equal(me.User, "")); err != nil {
		return err
	}
	_, err = api.DemoAdmin(ctx)
	return hasCode(err, client.CodeUnauthenticated)
}
