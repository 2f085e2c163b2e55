package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Centrifugo's error codes.
const (
	centrifugoInternal         = 100
	centrifugoUnknownChannel   = 102
	centrifugoPermissionDenied = 103
	centrifugoLimitExceeded    = 106
	centrifugoBadRequest       = 107
	centrifugoTokenExpired     = 109
	centrifugoExpired          = 110
	centrifugoTooManyRequests  = 111
)

// Centrifugo's disconnect and unsubscribe codes.
const (
	centrifugoConnectionExpired = 3005
	centrifugoInvalidToken      = 3500
	centrifugoMalformed         = 3501
	// From here on an unsubscribed client subscribes again.
	firstTemporaryUnsubscribe = 2500
)

// command is a message to Centrifugo in its JSON protocol, one command per message.
type command struct {
	ID          uint32              `json:"id,omitempty"`
	Connect     *connectRequest     `json:"connect,omitempty"`
	Subscribe   *subscribeRequest   `json:"subscribe,omitempty"`
	Unsubscribe *unsubscribeRequest `json:"unsubscribe,omitempty"`
	Publish     *publishRequest     `json:"publish,omitempty"`
	Refresh     *refreshRequest     `json:"refresh,omitempty"`
}

type connectRequest struct {
	Token   string `json:"token,omitempty"`
	Name    string `json:"name"`
	Version string `json:"version"`
}

type subscribeRequest struct {
	Channel     string `json:"channel"`
	Recoverable bool   `json:"recoverable"`
	Recover     bool   `json:"recover,omitempty"`
	Epoch       string `json:"epoch,omitempty"`
	Offset      uint64 `json:"offset,omitempty"`
}

type unsubscribeRequest struct {
	Channel string `json:"channel"`
}

type publishRequest struct {
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
}

type refreshRequest struct {
	Token string `json:"token"`
}

// reply is a message from Centrifugo: the answer to a command, a push, or an empty object, which is a ping.
type reply struct {
	ID        uint32           `json:"id"`
	Error     *centrifugoError `json:"error"`
	Push      *push            `json:"push"`
	Connect   *connectResult   `json:"connect"`
	Subscribe *subscribeResult `json:"subscribe"`
	Refresh   *refreshResult   `json:"refresh"`
}

func (r *reply) isPing() bool { return r.ID == 0 && r.Push == nil }

type connectResult struct {
	Expires bool   `json:"expires"`
	TTL     uint32 `json:"ttl"`
	Ping    uint32 `json:"ping"`
	Pong    bool   `json:"pong"`
}

type subscribeResult struct {
	Recoverable   bool          `json:"recoverable"`
	Epoch         string        `json:"epoch"`
	Offset        uint64        `json:"offset"`
	Publications  []publication `json:"publications"`
	Recovered     bool          `json:"recovered"`
	WasRecovering bool          `json:"was_recovering"`
}

type refreshResult struct {
	Expires bool   `json:"expires"`
	TTL     uint32 `json:"ttl"`
}

type push struct {
	Channel     string       `json:"channel"`
	Pub         *publication `json:"pub"`
	Unsubscribe *codeReason  `json:"unsubscribe"`
	Disconnect  *codeReason  `json:"disconnect"`
}

type publication struct {
	Data   json.RawMessage `json:"data"`
	Offset uint64          `json:"offset"`
}

type codeReason struct {
	Code   uint32 `json:"code"`
	Reason string `json:"reason"`
}

// centrifugoError is Centrifugo's refusal of a command.
type centrifugoError struct {
	Code      uint32 `json:"code"`
	Message   string `json:"message"`
	Temporary bool   `json:"temporary"`
}

func (e *centrifugoError) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }

// decodeReplies reads the replies of one message, which are joined by newlines.
func decodeReplies(message []byte, each func(*reply) error) error {
	decoder := json.NewDecoder(bytes.NewReader(message))
	for {
		var r reply
		switch err := decoder.Decode(&r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("a message that is not Centrifugo's JSON protocol: %w", err)
		}
		if err := each(&r); err != nil {
			return err
		}
	}
}

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

// Batched requests are `{"batch":[…]}`. A publication of several requests is no larger than this.
const (
	maxBatch   = 16 << 10
	batchStart = `{"batch":[`
	batchEnd   = `]}`
)

// publishCommand is the command that publishes requests: one as it is, several as a batch. The channel needs no
// escapes.
func publishCommand(id uint32, channel string, requests [][]byte) []byte {
	start, end := batchStart, batchEnd
	if len(requests) == 1 {
		start, end = "", ""
	}
	command := fmt.Appendf(nil, `{"id":%d,"publish":{"channel":%q,"data":%s`, id, channel, start)
	for i, request := range requests {
		if i > 0 {
			command = append(command, ',')
		}
		command = append(command, request...)
	}
	return append(append(command, end...), `}}`...)
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

// marshal writes JSON without the escapes that only HTML needs.
func marshal(v any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}
