package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestABatchEndsEachOfItsCalls(t *testing.T) {
	leavesNothing(t)
	url := serve(t, func(p *peer) {
		p.letIn()
		var replies []string
		var channel string
		for range 3 {
			r, ok := p.request()
			if !ok {
				return
			}
			member := "result"
			if r.Method == "a.fails" {
				member = "error"
			}
			channel = r.ReplyTo
			replies = append(replies, fmt.Sprintf(`{"correlation_id":%q,%q:%s}`, r.CorrelationID, member, r.Params))
		}
		p.text(fmt.Sprintf(`{"push":{"channel":%q,"pub":{"data":{"batch":[%s]}}}}`, channel, strings.Join(replies, ",")))
		p.rest()
	})
	api := NewAPIClient(url, "", "42")
	defer api.Close()
	if err := api.Connect(context.Background()); err != nil {
		t.Fatal(err)
	}
	type ended struct {
		method string
		result json.RawMessage
		err    error
	}
	calls := map[string]string{"a.b": `{"text":"x"}`, "a.c": `[1.0]`, "a.fails": `{"code":1404,"message":"no task","data":[7]}`}
	done := make(chan ended, len(calls))
	for method, params := range calls {
		go func() {
			result, err := api.Call(background(t), method, json.RawMessage(params))
			done <- ended{method, result, err}
		}()
	}
	for range calls {
		switch end := receive(t, "a reply", done); end.method {
		case "a.fails":
			var answered *Error
			if !errors.As(end.err, &answered) || answered.Code != 1404 || answered.Message != "no task" ||
				string(answered.Data) != "[7]" || answered.Method != end.method {
				t.Errorf("%s, %v", end.result, end.err)
			}
		default:
			if end.err != nil || string(end.result) != calls[end.method] {
				t.Errorf("%s: %s, %v", end.method, end.result, end.err)
			}
		}
	}
}

// ends says how calls a, b and c end with a publication, in their order; "waits" is for one that does not.
func ends(publication string) [3]string {
	made := NewAPIClient("ws://localhost", "", "42").newCalls()
	var calls [3]*pendingCall
	for i, id := range []string{"a", "b", "c"} {
		calls[i] = &pendingCall{id: id, answers: make(chan answer, 1)}
		made.pending.calls[id] = calls[i]
	}
	made.replies.data(json.RawMessage(publication))
	var ends [3]string
	for i, call := range calls {
		select {
		case answer := <-call.answers:
			ends[i] = string(answer.result)
			if answer.err != nil {
				ends[i] = answer.err.Error()
			}
		default:
			ends[i] = "waits"
		}
	}
	return ends
}

func TestAMalformedReplyCostsTheOthersOfItsBatchNothing(t *testing.T) {
	for _, malformed := range []string{
		`1`, `null`, `"b"`, `[]`, `{}`, `[{"correlation_id":"b","result":2}]`, `{"correlation_id":7,"result":2}`,
		`{"correlation_id":"unknown","result":2}`, `{"correlation_id":"a","result":2}`,
		`{"correlation_id":"b","error":{"code":"400","message":"x"}}`, `{"correlation_id":"b","error":{"code":70000,"message":"x"}}`,
		`{"correlation_id":"b","error":{"code":400,"message":[]}}`, `{"correlation_id":"b","error":"x"}`,
		`{"correlation_id":"b","error":{"code":400}}`, `{"correlation_id":"b","error":{"message":"x"}}`, `{"correlation_id":"b","error":{}}`,
		// A batch within a batch.
		`{"batch":[{"correlation_id":"b","result":2}]}`, `{"batch":[],"correlation_id":"b","result":2}`,
		`{"batch":7,"correlation_id":"b","result":2}`,
	} {
		publication := fmt.Sprintf(`{"batch":[{"correlation_id":"a","result":1},%s,{"correlation_id":"c"}]}`, malformed)
		if got := ends(publication); got != [3]string{"1", "waits", "null"} {
			t.Errorf("%s: %q", malformed, got)
		}
	}
}

func TestWhatHasABatchIsNothingElse(t *testing.T) {
	for publication, want := range map[string][3]string{
		`{"batch":[]}`: {"waits", "waits", "waits"},
		`{"batch":[],"correlation_id":"a","result":1}`:                                                   {"waits", "waits", "waits"},
		`{"batch":7,"correlation_id":"a","result":1}`:                                                    {"waits", "waits", "waits"},
		`{"batch":{"correlation_id":"a","result":1}}`:                                                    {"waits", "waits", "waits"},
		`{"batch":"a","correlation_id":"a","result":1}`:                                                  {"waits", "waits", "waits"},
		`{"batch":[{"correlation_id":"b","result":2}],"correlation_id":"a","result":1}`:                  {"waits", "2", "waits"},
		`{"correlation_id":7,"error":{"code":"x"},"batch":[{"correlation_id":"b","result":2}],"more":1}`: {"waits", "2", "waits"},
	} {
		if got := ends(publication); got != want {
			t.Errorf("%s: %q", publication, got)
		}
	}
}

func TestOnlyCallsAskForBatches(t *testing.T) {
	leavesNothing(t)
	published := make(chan string, 3)
	url := serve(t, func(p *peer) {
		p.letIn()
		for c := p.command(); c != nil; c = p.command() {
			if c.Publish != nil {
				published <- string(c.Publish.Data)
				p.text(fmt.Sprintf(`{"id":%d,"publish":{}}`, c.ID))
			}
		}
	})
	api := NewAPIClient(url, "", "42")
	defer api.Close()
	if err := api.Connect(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := api.Notify(background(t), "a.b", nil); err != nil {
		t.Error(err)
	}
	if data := receive(t, "the notification", published); strings.Contains(data, "batch") {
		t.Error(data)
	}
	ctx, cancel := context.WithCancel(background(t))
	done := make(chan error, 1)
	go func() {
		_, err := api.Call(ctx, "a.b", nil)
		done <- err
	}()
	if data := receive(t, "the request", published); !strings.Contains(data, `,"batch":true`) {
		t.Error(data)
	}
	cancel()
	if err := receive(t, "the end", done); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if data := receive(t, "the cancel", published); !strings.Contains(data, `"cancel"`) || strings.Contains(data, "batch") {
		t.Error(data)
	}
}
