package client

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// sharedConstants reads the constants of the protocol, which the tests of all languages compare with their own.
func sharedConstants(t *testing.T) (sections map[string]map[string]any) {
	t.Helper()
	text, err := os.ReadFile("../protocol.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &sections); err != nil {
		t.Fatal(err)
	}
	if len(sections) != 3 || sections["workers"] == nil {
		t.Fatalf("sections that this test does not know: %v", sections)
	}
	return sections
}

func TestConstantsAreThoseThatAllLanguagesShare(t *testing.T) {
	shared := sharedConstants(t)
	defaults := defaultSettings()
	own := map[string]map[string]any{
		"common": {
			"request_channel":             defaults.requestChannel,
			"reply_namespace":             defaults.replyNamespace,
			"reply_channel_regex":         replyChannelRegex,
			"contract_method":             contractMethod,
			"max_batch_bytes":             maxBatch,
			"min_batch_bytes_per_request": minRequest,
			"message_size_limit":          defaults.messageSizeLimit,
			"reply_history_size":          keptReplies,
			"default_channel_max_length":  defaultMaxLength,
			"timeout_ms":                  defaults.timeout.Milliseconds(),
			"write_timeout_ms":            subscribeTimeout.Milliseconds(),
			"codes": map[string]any{
				"invalid_params":    CodeInvalidParams,
				"unauthenticated":   CodeUnauthenticated,
				"permission_denied": CodePermissionDenied,
				"method_not_found":  CodeMethodNotFound,
				"deadline_exceeded": CodeDeadlineExceeded,
				"too_large":         CodeTooLarge,
				"overloaded":        CodeOverloaded,
				"cancelled":         CodeCancelled,
				"internal":          CodeInternal,
				"unavailable":       CodeUnavailable,
				"worker_lost":       CodeWorkerLost,
			},
			"centrifugo_codes": map[string]any{
				"unknown_channel":   centrifugoUnknownChannel,
				"permission_denied": centrifugoPermissionDenied,
				"limit_exceeded":    centrifugoLimitExceeded,
				"bad_request":       centrifugoBadRequest,
				"token_expired":     centrifugoTokenExpired,
				"too_many_requests": centrifugoTooManyRequests,
				"invalid_token":     centrifugoInvalidToken,
				"malformed":         centrifugoMalformed,
			},
		},
		"callers": {
			"max_timeout_ms":     maxTimeout.Milliseconds(),
			"min_grace_ms":       minGrace.Milliseconds(),
			"max_grace_ms":       maxGrace.Milliseconds(),
			"connect_timeout_ms": defaults.connectTimeout.Milliseconds(),
		},
	}
	for name, section := range own {
		var same map[string]any
		text, _ := json.Marshal(section)
		_ = json.Unmarshal(text, &same)
		if !reflect.DeepEqual(same, shared[name]) {
			t.Errorf("the constants of %s are\n%v\nbut here\n%v", name, shared[name], same)
		}
	}
}

func TestTheLimitsOfWorkersHoldForThisClient(t *testing.T) {
	workers := sharedConstants(t)["workers"]
	limit := func(name string) int {
		value, ok := workers[name].(float64)
		if !ok {
			t.Fatalf("no number %q in the constants of workers", name)
		}
		return int(value)
	}
	if id := newUUID(); len(id) > limit("max_correlation_id_bytes") {
		t.Errorf("%q is longer than a correlation ID may be", id)
	}
	replyChannel := NewAPIClient("ws://localhost/", "", "user-1").newCalls().replies.channel
	if _, name, _ := strings.Cut(replyChannel, ":"); !regexp.MustCompile(replyChannelRegex).MatchString(name) {
		t.Errorf("%q does not match %s", replyChannel, replyChannelRegex)
	}
	codes := map[string]any{"min": float64(CodeApplicationMin), "max": float64(CodeApplicationMax)}
	if !reflect.DeepEqual(codes, workers["application_codes"]) {
		t.Errorf("the codes of applications are %v, but here %v", workers["application_codes"], codes)
	}
	if most := limit("max_result_bytes") * keptReplies; defaultSettings().readLimit <= most {
		t.Errorf("an answer with all missed replies, %d bytes, is over the read limit", most)
	}
	// A batch of the smallest notifications or calls has no more requests than a worker takes.
	for name, smallest := range map[string]request{
		"max_batch_requests": {Method: "a", TimeoutMS: 1},
		"max_batch_calls":    {Method: "a", TimeoutMS: 1, CorrelationID: newUUID(), ReplyTo: "reply:" + newUUID() + "#"},
	} {
		message, _ := marshal(&smallest)
		room := maxBatch - len(batchStart) - len(batchEnd) + len(",")
		if requests := room / max(minRequest, len(message)+len(",")); requests > limit(name) {
			t.Errorf("a batch of this client has up to %d requests, but %s is %d", requests, name, limit(name))
		}
	}
}
