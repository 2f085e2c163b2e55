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

func result(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	stats, err := api.TasksGetStats(ctx, client.TaskStatsParams{UserId: "123"})
	return errors.Join(err, equal(stats, client.TaskStatsResult{Total: 100, Completed: 75}))
}

func everyErrorCode(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	for _, code := range []uint16{
		client.CodeInvalidParams, client.CodeUnauthenticated, client.CodePermissionDenied, client.CodeMethodNotFound,
		client.CodeDeadlineExceeded, client.CodeTooLarge, client.CodeOverloaded, client.CodeCancelled, client.CodeInternal,
		client.CodeUnavailable, client.CodeWorkerLost,
	} {
		_, err := api.ScenarioAnswer(ctx, client.Answer{Code: code})
		failed, err := answered(err)
		if err != nil {
			return fmt.Errorf("%d: %w", code, err)
		}
		err = errors.Join(
			equal(failed.Code, int(code)),
			equal(failed.Retryable(), slices.Contains([]uint16{429, 503}, code)),
			ensure(failed.Message != "", "%d has no message", code),
			equal(string(failed.Data), fmt.Sprintf(`{"asked":%d}`, code)),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

func applicationErrorWithData(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	_, err = api.ScenarioAnswer(ctx, client.Answer{Code: 1404})
	failed, err := answered(err)
	if err != nil {
		return err
	}
	return errors.Join(
		equal(failed.Code, 1404), equal(failed.Message, "as asked"), equal(string(failed.Data), `{"asked":1404}`),
		equal(failed.Retryable(), false),
	)
}

func unknownMethod(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	// No generated client has this method.
	_, err = api.Call(ctx, "scenario.unknown", nil)
	return hasCode(err, client.CodeMethodNotFound)
}

func invalidParams(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	// The typed method cannot send these params.
	_, err = api.Call(ctx, "demo.echo", json.RawMessage(`{"text": 5}`))
	failed, err := answered(err)
	if err != nil {
		return err
	}
	return errors.Join(
		equal(failed.Code, client.CodeInvalidParams),
		ensure(strings.Contains(failed.Message, "text"), "the message does not name the field: %v", failed),
	)
}

func paramsTooLarge(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	before, err := api.DemoWhoami(ctx)
	if err != nil {
		return err
	}
	_, err = api.DemoEcho(ctx, client.Echo{Text: strings.Repeat("x", 70_000)})
	if err := hasCode(err, client.CodeTooLarge); err != nil {
		return err
	}
	after, err := api.DemoWhoami(ctx)
	return errors.Join(err, equal(after.Client, before.Client))
}

func timeout(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	key, started := unique("hold"), time.Now()
	_, err = api.ScenarioHold(ctx, client.Key{Key: key}, client.WithCallTimeout(300*time.Millisecond))
	took := time.Since(started)
	return errors.Join(
		hasCode(err, client.CodeDeadlineExceeded),
		ensure(errors.Is(err, context.DeadlineExceeded), "not a context.DeadlineExceeded: %v", err),
		ensure(took >= 300*time.Millisecond && took < 5*time.Second, "ended after %v", took),
		until(ctx, api.ScenarioRunning, key, 0),
	)
}

func cancel(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	key := unique("hold")
	holding, stop := context.WithCancel(ctx)
	defer stop()
	held := make(chan error, 1)
	go func() {
		_, err := api.ScenarioHold(holding, client.Key{Key: key})
		held <- err
	}()
	if err := until(ctx, api.ScenarioRunning, key, 1); err != nil {
		return err
	}
	stop()
	err = <-held
	return errors.Join(
		ensure(errors.Is(err, context.Canceled), "the call ended with %v", err),
		until(ctx, api.ScenarioRunning, key, 0),
	)
}

func cancelBeforeSending(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	key := client.Key{Key: unique("note")}
	cancelled, stop := context.WithCancel(ctx)
	stop()
	if err := api.ScenarioNote(cancelled, key); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("a cancelled call ended with %v", err)
	}
	// This call waits for the connection.
	if err := errors.Join(w.post(ctx, "refuse"), disconnected(ctx, api)); err != nil {
		return err
	}
	waiting, stop := context.WithTimeout(ctx, 50*time.Millisecond)
	defer stop()
	if err := api.ScenarioNote(waiting, key); !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("a call without a connection ended with %v", err)
	}
	if err := w.post(ctx, "accept"); err != nil {
		return err
	}
	// Requests arrive in their order: when this call ends, an earlier request would have run.
	if _, err := api.DemoWhoami(ctx); err != nil {
		return err
	}
	noted, err := api.ScenarioNoted(ctx, key)
	return errors.Join(err, equal(noted, 0))
}

func concurrent1000(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	// Once the client has received batched replies, it batches its requests as well.
	for range 2 {
		err = errors.Join(err, <-together(1000, func(i int) error {
			sent := client.Echo{Text: fmt.Sprintf("text %d", i)}
			echoed, err := api.DemoEcho(ctx, sent)
			return errors.Join(err, equal(echoed, sent))
		}))
	}
	return err
}

func noWait(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	key := unique("note")
	for range 3 {
		if err := api.ScenarioNote(ctx, client.Key{Key: key}); err != nil {
			return err
		}
	}
	return until(ctx, api.ScenarioNoted, key, 3)
}

func unicode(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	for _, text := range []string{
		"",
		`żółć "quoted" \ back / slash`,
		"日本語 🦀 👩‍👩‍👧‍👦 e\u0301",
		"\x00\x01\x7f\u0080\u2028\u2029\ufeff\ufffd\uffff\U0010ffff",
		"line\r\nline\ttab",
		"</script> ${x} %s {{}}",
	} {
		answer, err := api.ScenarioUnicode(ctx, client.Text{Text: text})
		if err := errors.Join(err, equal(answer.Text, text)); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
	}
	return nil
}

func largePayloads(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	up := strings.Repeat("ä", 25_000)
	echoed, err := api.DemoEcho(ctx, client.Echo{Text: up})
	if err := errors.Join(err, ensure(echoed.Text == up, "50 KB up came back as %d bytes", len(echoed.Text))); err != nil {
		return err
	}
	down, err := api.ScenarioLarge(ctx, client.Large{Bytes: 400_000})
	return errors.Join(err, ensure(down.Text == strings.Repeat("x", 400_000), "400 KB down are %d bytes", len(down.Text)))
}

func contractCheck(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	return errors.Join(ensure(client.ContractHash != "", "no hash"), api.CheckContract(ctx))
}

func overload(ctx context.Context, w *world) error {
	api, err := w.client(ctx, unique("user"))
	if err != nil {
		return err
	}
	var passed atomic.Int32
	err = <-together(3, func(int) error {
		_, err := api.ScenarioLimited(ctx)
		if err == nil {
			passed.Add(1)
			return nil
		}
		failed, err := answered(err)
		if err != nil {
			return err
		}
		return errors.Join(equal(failed.Code, client.CodeOverloaded), equal(failed.Retryable(), true))
	})
	if err := errors.Join(err, equal(passed.Load(), 1)); err != nil {
		return err
	}
	_, err = api.ScenarioLimited(ctx)
	return err
}
