package client

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Opcodes of RFC 6455.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// Close codes of RFC 6455.
const (
	closeNormal        = 1000
	closeProtocolError = 1002
	closeUnsupported   = 1003
	closeNoStatus      = 1005
	closeInvalidText   = 1007
	closeTooBig        = 1009
)

const (
	maxControlPayload = 125
	// The longest reason of a close frame: a control frame less its code.
	maxCloseReason = maxControlPayload - 2
)

// frameError is a violation of RFC 6455, or of a limit of this client.
type frameError struct {
	// code is the close code that is sent to the peer.
	code   int
	reason string
}

func (e *frameError) Error() string { return e.reason }

// closeError is the peer's close frame.
type closeError struct {
	code   int
	reason string
}

func (e *closeError) Error() string {
	return fmt.Sprintf("connection closed (%d %s)", e.code, e.reason)
}

// frameReader reads the messages of a server.
type frameReader struct {
	r *bufio.Reader
	// limit is the largest size of a message in bytes. Memory is allocated as bytes arrive, never as a header
	// announces.
	limit int
	// onPing receives the payload of each ping.
	onPing func([]byte)
}

type frameHeader struct {
	final   bool
	opcode  byte
	payload uint64
}

// next reads up to the end of the next text message. The errors are [*closeError], [*frameError] and those of the
// connection.
func (f *frameReader) next() ([]byte, error) {
	var message bytes.Buffer
	started := false
	for {
		header, err := f.header()
		if err != nil {
			return nil, err
		}
		if header.opcode >= opClose {
			if err := f.control(header); err != nil {
				return nil, err
			}
			continue
		}
		if started != (header.opcode == opContinuation) {
			return nil, &frameError{closeProtocolError, "the fragments of two messages are mixed"}
		}
		if header.opcode == opBinary {
			return nil, &frameError{closeUnsupported, "a binary message, where Centrifugo's JSON protocol has text"}
		}
		started = true
		if header.payload > uint64(f.limit-message.Len()) {
			return nil, &frameError{closeTooBig, fmt.Sprintf("a message of more than %d bytes, the read limit of this client", f.limit)}
		}
		if _, err := io.CopyN(&message, f.r, int64(header.payload)); err != nil {
			return nil, unexpected(err)
		}
		if header.final {
			if !utf8.Valid(message.Bytes()) {
				return nil, &frameError{closeInvalidText, "a text message that is not UTF-8"}
			}
			return message.Bytes(), nil
		}
	}
}

func (f *frameReader) header() (frameHeader, error) {
	var head [8]byte
	if _, err := io.ReadFull(f.r, head[:1]); err != nil {
		return frameHeader{}, unexpected(err)
	}
	if _, err := io.ReadFull(f.r, head[1:2]); err != nil {
		return frameHeader{}, unexpected(err)
	}
	header := frameHeader{final: head[0]&0x80 != 0, opcode: head[0] & 0x0f, payload: uint64(head[1] & 0x7f)}
	switch {
	case head[0]&0x70 != 0:
		return header, &frameError{closeProtocolError, "a frame with reserved bits set"}
	case head[1]&0x80 != 0:
		return header, &frameError{closeProtocolError, "a masked frame from a server"}
	}
	switch header.opcode {
	case opContinuation, opText, opBinary:
	case opClose, opPing, opPong:
		if !header.final || header.payload > maxControlPayload {
			return header, &frameError{closeProtocolError, "a control frame that is fragmented or too long"}
		}
	default:
		return header, &frameError{closeProtocolError, fmt.Sprintf("a frame with the unknown opcode %d", header.opcode)}
	}
	var least uint64
	switch header.payload {
	case 126:
		if _, err := io.ReadFull(f.r, head[:2]); err != nil {
			return header, unexpected(err)
		}
		header.payload, least = uint64(binary.BigEndian.Uint16(head[:])), 126
	case 127:
		if _, err := io.ReadFull(f.r, head[:8]); err != nil {
			return header, unexpected(err)
		}
		header.payload, least = binary.BigEndian.Uint64(head[:]), 1<<16
	}
	if header.payload < least || header.payload > 1<<63-1 {
		return header, &frameError{closeProtocolError, "a frame whose length is not written as it must be"}
	}
	return header, nil
}

func (f *frameReader) control(header frameHeader) error {
	payload := make([]byte, header.payload)
	if _, err := io.ReadFull(f.r, payload); err != nil {
		return unexpected(err)
	}
	switch header.opcode {
	case opPing:
		f.onPing(payload)
	case opClose:
		return readClose(payload)
	}
	return nil
}

func readClose(payload []byte) error {
	if len(payload) == 0 {
		return &closeError{code: closeNoStatus}
	}
	if len(payload) < 2 {
		return &frameError{closeProtocolError, "a close frame with half a code"}
	}
	code, reason := int(binary.BigEndian.Uint16(payload)), payload[2:]
	if !validCloseCode(code) {
		return &frameError{closeProtocolError, fmt.Sprintf("a close frame with the code %d", code)}
	}
	if !utf8.Valid(reason) {
		return &frameError{closeInvalidText, "a close frame with a reason that is not UTF-8"}
	}
	return &closeError{code, string(reason)}
}

// validCloseCode reports whether a close frame may have the code. 1004 to 1006 and 1015 are never sent.
func validCloseCode(code int) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014, code >= 3000 && code <= 4999:
		return true
	}
	return false
}

// unexpected turns the end of the stream into an error: an end without a close frame is never a normal one.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// appendFrame appends a frame of a client: final, and masked with a key of its own.
func appendFrame(to []byte, opcode byte, payload []byte) []byte {
	to = append(to, 0x80|opcode)
	switch n := len(payload); {
	case n <= maxControlPayload:
		to = append(to, 0x80|byte(n))
	case n < 1<<16:
		to = binary.BigEndian.AppendUint16(append(to, 0x80|126), uint16(n))
	default:
		to = binary.BigEndian.AppendUint64(append(to, 0x80|127), uint64(n))
	}
	var key [4]byte
	// It never fails: the runtime ends the program if the system has no randomness.
	_, _ = rand.Read(key[:])
	to = append(to, key[:]...)
	for i, b := range payload {
		to = append(to, b^key[i&3])
	}
	return to
}

func appendClose(to []byte, code int, reason string) []byte {
	if code == closeNoStatus {
		return appendFrame(to, opClose, nil)
	}
	reason = reason[:min(len(reason), maxCloseReason)]
	return appendFrame(to, opClose, append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...))
}
