package client

import (
	"encoding/json"
	"sync"
)

// answer is how a call ended, other than by its caller or its deadline: with a result or an error.
type answer struct {
	result json.RawMessage
	err    error
}

// pendingCall is a call that somebody waits for.
type pendingCall struct {
	id string
	// Has room for the one answer, so that nobody waits for the caller.
	answers chan answer
	// The publication of the request; nil until it is queued. Guarded by the mutex of the calls.
	publication *outgoing
}

// pendingCalls knows which answer belongs to which call. One entry per call that somebody waits for, so that callers bound it.
type pendingCalls struct {
	mu    sync.Mutex
	calls map[string]*pendingCall
	ended error
}

func newPendingCalls() *pendingCalls {
	return &pendingCalls{calls: map[string]*pendingCall{}}
}

// open begins a call; none begins after the end.
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

// sending notes that the request is about to be queued. False if the call has ended meanwhile: then it must not.
func (p *pendingCalls) sending(call *pendingCall, publication *outgoing) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[call.id] != call {
		return false
	}
	call.publication = publication
	return true
}

// answer ends a call. False if nobody waits for it: the answer is late, a duplicate or somebody else's.
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

// forget drops a call that its caller gave up. True if the method may be running.
func (p *pendingCalls) forget(call *pendingCall) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[call.id] != call {
		return false
	}
	delete(p.calls, call.id)
	return call.mayRun()
}

// end ends all calls and those to come. It returns those that may be running. The first reason stays.
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

// mayRun reports whether the request went out; where it did not, it never will.
func (c *pendingCall) mayRun() bool {
	return c.publication != nil && !c.publication.abandon()
}
