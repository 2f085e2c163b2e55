package client

import (
	"encoding/json"
	"errors"
)

// keptReplies is how many replies Centrifugo keeps of a reply channel (history_size), unless it is configured
// otherwise.
const keptReplies = 128

// request is the payload of a publication in the request channel.
type request struct {
	Method        string          `json:"method,omitempty"`
	CorrelationID string          `json:"correlation_id,omitempty"`
	ReplyTo       string          `json:"reply_to,omitempty"`
	Params        json.RawMessage `json:"params,omitempty"`
	TimeoutMS     int64           `json:"timeout_ms,omitempty"`
	Traceparent   string          `json:"traceparent,omitempty"`
	// Means that this caller reads batched replies.
	Batch  bool   `json:"batch,omitempty"`
	Cancel string `json:"cancel,omitempty"`
}

// Batched requests are `{"batch":[…]}`. A publication of several requests is no larger than
// maxBatch. A request counts as at least minRequest bytes of it, with its comma: a worker takes only so many requests out
// of a batch.
const (
	maxBatch   = 16 << 10
	minRequest = 92
	batchStart = `{"batch":[`
	batchEnd   = `]}`
)

// joinRequests returns requests as one publication: one as it is, several as a batch.
func joinRequests(requests [][]byte) []byte {
	if len(requests) == 1 {
		return requests[0]
	}
	data := append([]byte(batchStart), requests[0]...)
	for _, request := range requests[1:] {
		data = append(append(data, ','), request...)
	}
	return append(data, batchEnd...)
}

// response is the payload of a publication in the reply channel: a reply, or a batch of them.
type response struct {
	CorrelationID string          `json:"correlation_id"`
	Result        json.RawMessage `json:"result"`
	Error         *struct {
		// Nil if it is missing and the reply therefore malformed.
		Code    *uint16         `json:"code"`
		Message *string         `json:"message"`
		Data    json.RawMessage `json:"data"`
	} `json:"error"`
	// Each reply as it arrived, so that a malformed reply does not affect the others.
	Batch []json.RawMessage `json:"batch"`
}

var (
	errNestedBatch     = errors.New("a batch within a batch")
	errIncompleteError = errors.New("an error without a code or a message")
)
