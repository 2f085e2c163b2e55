package client

import (
	"encoding/json"
	"sync"
)

// answer is the end of a call, other than by its caller or its deadline: a result or an error.
type answer struct {
	result json.RawMessage
	err    error
}

// pendingCall is a call whose caller waits.
type pendingCall struct {
	id string
	// Has room for the one answer, so that the sender does not wait for the caller.
	answers chan answer
	// The publication of the request; nil until it is queued. Guarded by the mutex of the calls.
	publication *outgoing
}

// pendingCalls maps answers to calls. It has one entry per waiting caller, so that callers bound its size.
type pendingCalls struct {
	mu    sync.Mutex
	calls map[string]*pendingCall
	ended error
}

func newPendingCalls() *pendingCalls {
	return &pendingCalls{calls: map[string]*pendingCall{}}
}

// open begins a call; after the end, it returns an error.
func (p *pendingCalls) open() (*pendingCall, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != nil {
		return nil, p.ended
	}
	call := &pendingCall{id: newUUID(), answers: make(chan answer, 1)}
	p.calls[call.id] = call
	return call, nil
}

// sending notes that the request is about to be queued. It returns false if the call has ended: the request must not be
// queued.
func (p *pendingCalls) sending(call *pendingCall, publication *outgoing) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[call.id] != call {
		return false
	}
	call.publication = publication
	return true
}

// answer ends a call. It returns false if no call waits for the answer: it is late, a duplicate or of an unknown call.
func (p *pendingCalls) answer(id string, a answer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	call, waits := p.calls[id]
	if waits {
		delete(p.calls, id)
		call.answers <- a
	}
	return waits
}

// forget drops a call that its caller gave up. It returns true if the method may be running.
func (p *pendingCalls) forget(call *pendingCall) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[call.id] != call {
		return false
	}
	delete(p.calls, call.id)
	return call.mayRun()
}

// end ends all calls, and all calls to come. It returns the IDs of calls that may be running. The first reason stays.
func (p *pendingCalls) end(err error) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != nil {
		return nil
	}
	p.ended = err
	var running []string
	for id, call := range p.calls {
		if call.mayRun() {
			running = append(running, id)
		}
		call.answers <- answer{err: err}
	}
	clear(p.calls)
	return running
}

func (p *pendingCalls) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.calls)
}

// mayRun reports whether the request went out; a request that did not go out never will.
func (c *pendingCall) mayRun() bool {
	return c.publication != nil && !c.publication.abandon()
}
