package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The codes of an [Error]. The application's own errors have [CodeApplicationMin] to [CodeApplicationMax].
const (
	// CodeInvalidParams says that the params do not decode; the message names the field.
	CodeInvalidParams = 400
	// CodeUnauthenticated says that the method needs a user and the caller is anonymous.
	CodeUnauthenticated = 401
	// CodePermissionDenied says that the caller may not call the method.
	CodePermissionDenied = 403
	// CodeMethodNotFound says that there is no such method.
	CodeMethodNotFound = 404
	// CodeDeadlineExceeded says that the method ran out of time and was stopped.
	CodeDeadlineExceeded = 408
	// CodeTooLarge says that the params or the result are over a limit.
	CodeTooLarge = 413
	// CodeOverloaded says that a limit of concurrent calls was reached; the method never ran.
	CodeOverloaded = 429
	// CodeCancelled says that the call was cancelled.
	CodeCancelled = 499
	// CodeInternal says that the method failed; the reason is in the log of the service.
	CodeInternal = 500
	// CodeUnavailable says that the service is shutting down; the method never ran.
	CodeUnavailable = 503
	// CodeWorkerLost says that the worker that had the call is gone; whether the method ran is unknown.
	CodeWorkerLost = 504
	// CodeApplicationMin is the lowest code of the application's own errors.
	CodeApplicationMin = 1000
	// CodeApplicationMax is the highest code of the application's own errors.
	CodeApplicationMax = 1999
)

// ErrTokenRefused is for token functions (see [WithGetToken]): an error that wraps it says that there will be no token any
// more, for example because the user has logged out, and ends the client. After any other error the function is asked again.
var ErrTokenRefused = errors.New("no token for this user any more")

// Error is the answer to a call that failed: most often the service's. Two answers are given on the way there: 413 by the
// client itself, for a request larger than Centrifugo's limit of a message, and 429 by Centrifugo, over its rate limit.
//
// For [errors.Is] it is a [context.DeadlineExceeded] with [CodeDeadlineExceeded], and a [context.Canceled] with [CodeCancelled]: whether
// the service or the caller notices first that the time is up is chance.
type Error struct {
	// Code is one of the Code constants, or the application's own.
	Code int
	// Message is for people.
	Message string
	// Data is what the service adds for programs, as JSON; nil if there is nothing.
	Data json.RawMessage
	// Method is the method that was called.
	Method string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s (code %d)", e.Method, e.Message, e.Code)
}

// Is makes it a [context.DeadlineExceeded] or a [context.Canceled], by its code.
func (e *Error) Is(target error) bool {
	return e.Code == CodeDeadlineExceeded && target == context.DeadlineExceeded || e.Code == CodeCancelled && target == context.Canceled
}

// Timeout reports whether the time of the call was up, as for the timeouts of package net.
func (e *Error) Timeout() bool { return e.Code == CodeDeadlineExceeded }

// Retryable reports whether the method certainly never ran and the same call may well succeed later: codes 429 and 503.
func (e *Error) Retryable() bool {
	return e.Code == CodeOverloaded || e.Code == CodeUnavailable
}

// TimeoutError says that nobody answered within the timeout of a call. A method that ran out of time is answered with
// [CodeDeadlineExceeded] instead: here no service runs, or the request or its reply was lost.
//
// It is a [context.DeadlineExceeded] for [errors.Is].
type TimeoutError struct {
	// Method is the method that was called.
	Method string
	// Duration is the timeout of the call.
	Duration time.Duration
	// Sent reports whether the request went out, so that the method may have run.
	Sent bool
}

func (e *TimeoutError) Error() string {
	if e.Duration <= 0 {
		return fmt.Sprintf("%s: no time is left: the timeout of the call is %v, and nothing was sent", e.Method, e.Duration)
	}
	if !e.Sent {
		return fmt.Sprintf("%s: no answer within %v: there was no connection to Centrifugo and nothing was sent", e.Method, e.Duration)
	}
	return fmt.Sprintf("%s: no answer within %v", e.Method, e.Duration)
}

// Is makes it a [context.DeadlineExceeded].
func (e *TimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// Timeout is true, as for the timeouts of package net.
func (e *TimeoutError) Timeout() bool { return true }

// Retryable reports whether the request certainly never went out, though it had time.
func (e *TimeoutError) Retryable() bool { return !e.Sent && e.Duration > 0 }

// ConnectionError says that there is no connection and will be none: the client is closed, Centrifugo ended the connection for
// good or refuses what the client needs.
type ConnectionError struct {
	// Message is the reason, and what to do about it.
	Message string
	// Setup reports whether a setting or a token is to blame: trying again does not help.
	Setup bool
	// Err is the cause; nil if there is nothing to add.
	Err error
}

func (e *ConnectionError) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ConnectionError) Unwrap() error { return e.Err }

// EncodeError says that the params of a call have no JSON form that the service reads. Nothing was sent.
type EncodeError struct {
	// Method is the method that was called.
	Method string
	// Err is the reason, with the place.
	Err error
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("%s: the params cannot be written as JSON: %v", e.Method, e.Err)
}

// Unwrap returns the reason.
func (e *EncodeError) Unwrap() error { return e.Err }

// DecodeError says that the method ran, but its result is not what this client was generated for.
type DecodeError struct {
	// Method is the method that was called.
	Method string
	// Err is the reason, with the place.
	Err error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("%s: the result is not what this client was generated for: %v", e.Method, e.Err)
}

// Unwrap returns the reason.
func (e *DecodeError) Unwrap() error { return e.Err }

// ContractError says that the service has another contract than the one this client was generated from: generate it again, or
// wait until the service is the one that it was generated for.
type ContractError struct {
	// Generated is the hash of the contract that this client was generated from.
	Generated string
	// Served is the hash of the contract that the service has.
	Served string
}

func (e *ContractError) Error() string {
	return fmt.Sprintf("the service has the contract %s, but this client was generated from %s: generate it again", e.Served, e.Generated)
}
