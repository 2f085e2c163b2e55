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
	// CodeInvalidParams means that the params do not decode; the message names the field.
	CodeInvalidParams = 400
	// CodeUnauthenticated means that the method needs a user and the caller is anonymous.
	CodeUnauthenticated = 401
	// CodePermissionDenied means that the caller may not call the method.
	CodePermissionDenied = 403
	// CodeMethodNotFound means that the service has no such method.
	CodeMethodNotFound = 404
	// CodeDeadlineExceeded means that the method ran out of time and was stopped.
	CodeDeadlineExceeded = 408
	// CodeTooLarge means that the params or the result are over a limit.
	CodeTooLarge = 413
	// CodeOverloaded means that a limit of concurrent calls was reached; the method never ran.
	CodeOverloaded = 429
	// CodeCancelled means that the call was cancelled.
	CodeCancelled = 499
	// CodeInternal means that the method failed; the reason is in the log of the service.
	CodeInternal = 500
	// CodeUnavailable means that the service is shutting down, or that no worker was running; the method never ran.
	CodeUnavailable = 503
	// CodeWorkerLost means that the worker that had the call is gone; whether the method ran is unknown.
	CodeWorkerLost = 504
	// CodeApplicationMin is the lowest code of the application's own errors.
	CodeApplicationMin = 1000
	// CodeApplicationMax is the highest code of the application's own errors.
	CodeApplicationMax = 1999
)

// ErrTokenRefused is for token functions (see [WithGetToken]). An error that wraps it means that there will be no
// further token, for example because the user has logged out, and ends the client. After any other error, the client
// calls the function again.
var ErrTokenRefused = errors.New("no token for this user any more")

// Error is the answer to a failed call, in most cases from the service. Two errors do not come from the service: 413
// comes from the client, for a request larger than Centrifugo's message size limit, and 429 from Centrifugo, over its
// rate limit.
//
// For [errors.Is], an Error with [CodeDeadlineExceeded] is a [context.DeadlineExceeded], and one with [CodeCancelled]
// is a [context.Canceled]: the service or the caller may be the first to notice the end of the time.
type Error struct {
	// Code is one of the Code constants, or the application's own.
	Code int
	// Message is for people.
	Message string
	// Data is additional data of the service for programs, as JSON; nil if there is none.
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

// Timeout reports whether the call timed out, as for the timeouts of package net.
func (e *Error) Timeout() bool { return e.Code == CodeDeadlineExceeded }

// Retryable reports whether the method certainly never ran and the same call may well succeed later: codes 429 and 503.
func (e *Error) Retryable() bool {
	return e.Code == CodeOverloaded || e.Code == CodeUnavailable
}

// TimeoutError means that no answer arrived within the timeout of a call: no service is running, or the request or its
// reply was lost. If a method runs out of time, the service answers with [CodeDeadlineExceeded] instead.
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
		return fmt.Sprintf("%s: no time is left: WithCallTimeout is %v, and nothing was sent; leave it out for the timeout of the client",
			e.Method, e.Duration)
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

// ConnectionError means that there is no connection and will be none: the client is closed, Centrifugo ended the
// connection permanently, or refuses an operation that the client needs.
type ConnectionError struct {
	// Message is the reason, and what to do about it.
	Message string
	// Setup reports whether a setting or a token is the cause: a retry does not help.
	Setup bool
	// Err is the cause; nil if there is none.
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

// EncodeError means that the params of a call have no JSON form that the service reads. Nothing was sent.
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

// DecodeError means that the method ran, but its result does not have the type that this client was generated for.
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

// ContractError means that the service has another contract than the one this client was generated from: generate the
// client again, or wait until the matching service is deployed.
type ContractError struct {
	// Generated is the hash of the contract that this client was generated from.
	Generated string
	// Served is the hash of the contract that the service has.
	Served string
}

func (e *ContractError) Error() string {
	return fmt.Sprintf("the service has the contract %s, but this client was generated from %s: generate it again", e.Served, e.Generated)
}
