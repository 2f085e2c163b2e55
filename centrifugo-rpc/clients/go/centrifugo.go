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

// publishOverhead is the most bytes that a command adds to the data and the channel of a publication.
const publishOverhead = len(`{"id":4294967295,"publish":{"channel":"","data":}}`)

// publishCommand is the command that publishes data into a channel, whose name needs no escapes.
func publishCommand(id uint32, channel string, data []byte) []byte {
	command := fmt.Appendf(nil, `{"id":%d,"publish":{"channel":%q,"data":`, id, channel)
	return append(append(command, data...), `}}`...)
}

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
