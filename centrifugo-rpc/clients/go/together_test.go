package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// gate is a network that takes nothing while it is locked.
type gate struct {
	sync.RWMutex
	// How many writes it has seen.
	writes atomic.Int32
}

type gated struct {
	net.Conn
	gate *gate
}

func (c gated) Write(data []byte) (int, error) {
	c.gate.writes.Add(1)
	c.gate.RLock()
	defer c.gate.RUnlock()
	return c.Conn.Write(data)
}

// crowd makes many calls at one moment, and gets to know how each of them ends.
type crowd struct {
	t     *testing.T
	gate  gate
	api   *APIClient
	ended chan ended
}

// ended is how a call or a notification ended.
type ended struct {
	method string
	result string
	err    error
}

func newCrowd(t *testing.T, url, token string, options ...Option) *crowd {
	t.Helper()
	c := &crowd{t: t, ended: make(chan ended, 1000)}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return gated{conn, &c.gate}, err
	}
	c.api = NewAPIClient(url, token, "42", append(options, WithDialer(dial))...)
	t.Cleanup(func() { _ = c.api.Close() })
	if err := c.api.Connect(background(t)); err != nil {
		t.Fatal(err)
	}
	return c
}

// call begins a call; its params are its method.
func (c *crowd) call(ctx context.Context, method string, options ...CallOption) {
	go func() {
		result, err := c.api.Call(ctx, method, json.RawMessage(fmt.Sprintf("%q", method)), options...)
		c.ended <- ended{method, string(result), err}
	}()
}

func (c *crowd) notify(ctx context.Context, method string) {
	go func() { c.ended <- ended{method, "", c.api.Notify(ctx, method, nil)} }()
}

// hold stops the network with a first call, and queues the calls of begin, in this order.
func (c *crowd) hold(begin ...func()) {
	c.t.Helper()
	transport := transportOf(c.api)
	c.gate.Lock()
	before := c.gate.writes.Load()
	c.call(background(c.t), "a.first")
	eventually(c.t, "the first call", func() bool { return c.gate.writes.Load() > before })
	for i, begin := range begin {
		begin()
		eventually(c.t, "a call in the queue", func() bool {
			transport.outbox.mu.Lock()
			defer transport.outbox.mu.Unlock()
			return len(transport.outbox.queue) == i+1
		})
	}
}

// release sends the queued messages.
func (c *crowd) release() { c.gate.Unlock() }

// begin are calls with these methods; a.note… are notifications.
func (c *crowd) begin(ctx context.Context, methods ...string) []func() {
	var all []func()
	for _, method := range methods {
		if strings.HasPrefix(method, "a.note") {
			all = append(all, func() { c.notify(ctx, method) })
		} else {
			all = append(all, func() { c.call(ctx, method) })
		}
	}
	return all
}

// ends waits for the end of these, in any order, and checks each.
func (c *crowd) ends(methods []string, check func(ended) bool) {
	c.t.Helper()
	left := slices.Clone(methods)
	for range methods {
		end := receive(c.t, "an end", c.ended)
		i := slices.Index(left, end.method)
		if i < 0 || !check(end) {
			c.t.Errorf("%s ended with %s, %v", end.method, end.result, end.err)
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
}

// succeeds is the end of a call that was answered with its own params, or of a notification.
func succeeds(end ended) bool {
	return end.err == nil && (end.result == "" || end.result == fmt.Sprintf("%q", end.method))
}

// published is a publication as the peer saw it.
type published struct {
	peer *peer
	id   uint32
	data string
}

// recorder is a peer that reports all publications, and leaves the answers to its test.
func recorder(t *testing.T) (url string, arrived chan published) {
	arrived = make(chan published, 1000)
	return serve(t, func(p *peer) {
		p.letIn()
		for c := p.command(); c != nil; c = p.command() {
			if c.Publish != nil {
				arrived <- published{p, c.ID, string(c.Publish.Data)}
			}
		}
	}), arrived
}

func (p published) confirm() { p.peer.text(fmt.Sprintf(`{"id":%d,"publish":{}}`, p.id)) }

func (p published) refuse(code int) {
	p.peer.text(fmt.Sprintf(`{"id":%d,"error":{"code":%d,"message":"no"}}`, p.id, code))
}

func (p published) requests() []request {
	p.peer.t.Helper()
	requests, err := requestsOf(json.RawMessage(p.data))
	if err != nil {
		p.peer.t.Fatalf("%s: %v", p.data, err)
	}
	return requests
}

// answer answers the calls among the requests, one by one.
func (p published) answer() {
	for _, r := range p.requests() {
		if r.CorrelationID != "" {
			p.peer.text(r.reply())
		}
	}
}

// names are the methods of a batch, and `cancel` for a cancel.
func (p published) names() string {
	var names []string
	for _, r := range p.requests() {
		if r.Cancel != "" {
			r.Method = "cancel"
		}
		names = append(names, r.Method)
	}
	return strings.Join(names, " ")
}

// is checks what the next publication holds, and its form to the last byte.
func (c *crowd) is(from chan published, names string) published {
	c.t.Helper()
	p := receive(c.t, names, from)
	if p.names() != names {
		c.t.Fatalf("%q instead of %q", p.names(), names)
	}
	var alone []string
	for _, r := range p.requests() {
		data, err := marshal(&r)
		if err != nil {
			c.t.Fatal(err)
		}
		alone = append(alone, string(data))
	}
	want := alone[0]
	if len(alone) > 1 {
		want = `{"batch":[` + strings.Join(alone, ",") + `]}`
	}
	if p.data != want {
		c.t.Errorf("%s instead of %s", p.data, want)
	}
	return p
}

// teach lets the client see that the worker knows batches. It returns its peer.
func (c *crowd) teach(from chan published) *peer {
	c.t.Helper()
	c.call(background(c.t), "a.taught")
	p := c.is(from, "a.taught")
	p.confirm()
	requests := p.requests()
	p.peer.text(fmt.Sprintf(`{"push":{"channel":%q,"pub":{"data":%s}}}`, requests[0].ReplyTo, batchOf(requests)))
	c.ends([]string{"a.taught"}, succeeds)
	return p.peer
}

func TestRequestsGoTogetherOnceTheWorkerSentABatch(t *testing.T) {
	leavesNothing(t)
	url, arrived := recorder(t)
	c := newCrowd(t, url, "")
	methods := []string{"a.b", "a.note", "a.c", "a.d"}
	rush := func(publications ...string) {
		t.Helper()
		c.hold(c.begin(background(t), methods...)...)
		c.release()
		for _, names := range append([]string{"a.first"}, publications...) {
			p := c.is(arrived, names)
			p.confirm()
			p.answer()
		}
		c.ends(append(methods, "a.first"), succeeds)
	}
	rush(methods...)
	c.teach(arrived)
	rush("a.b a.note a.c a.d")
	// One that is alone is never a batch.
	c.call(background(t), "a.b")
	c.is(arrived, "a.b").answer()
	c.ends([]string{"a.b"}, succeeds)
	if len(arrived) != 0 {
		t.Error((<-arrived).data)
	}
}

func TestABatchThatIsRefusedFailsAllItsCalls(t *testing.T) {
	leavesNothing(t)
	url, arrived := recorder(t)
	c := newCrowd(t, url, "")
	c.teach(arrived)
	methods := []string{"a.b", "a.note", "a.c"}
	for code, is := range map[int]func(error) bool{
		centrifugoPermissionDenied: func(err error) bool {
			var connection *ConnectionError
			return errors.As(err, &connection) && connection.Setup
		},
		centrifugoTooManyRequests: func(err error) bool {
			var answered *Error
			return errors.As(err, &answered) && answered.Retryable()
		},
	} {
		c.hold(c.begin(background(t), methods...)...)
		c.release()
		c.is(arrived, "a.first").answer()
		c.is(arrived, "a.b a.note a.c").refuse(code)
		c.ends(append(methods, "a.first"), func(end ended) bool {
			var answered *Error
			if errors.As(end.err, &answered) && answered.Method != end.method {
				return false
			}
			return end.method == "a.first" || is(end.err)
		})
	}
	// Without a cancel before it: there is nothing to cancel.
	c.teach(arrived)
}

func TestACallThatEndsBeforeItGoesOutIsLeftOut(t *testing.T) {
	leavesNothing(t)
	url, arrived := recorder(t)
	c := newCrowd(t, url, "")
	c.teach(arrived)
	ctx, cancel := context.WithCancel(background(t))
	begin := c.begin(background(t), "a.b")
	begin = append(begin, c.begin(ctx, "a.gone", "a.note.gone")...)
	begin = append(begin, func() { c.call(background(t), "a.late", WithCallTimeout(10*time.Millisecond)) })
	begin = append(begin, c.begin(background(t), "a.c")...)
	c.hold(begin...)
	cancel()
	c.ends([]string{"a.gone", "a.note.gone", "a.late"}, func(end ended) bool {
		return errors.Is(end.err, map[bool]error{true: context.DeadlineExceeded, false: context.Canceled}[end.method == "a.late"])
	})
	c.release()
	c.is(arrived, "a.first").answer()
	c.is(arrived, "a.b a.c").answer()
	c.ends([]string{"a.b", "a.c", "a.first"}, succeeds)
	// Where only one is left, it goes as if it had always been alone.
	ctx, cancel = context.WithCancel(background(t))
	c.hold(append(c.begin(ctx, "a.gone"), c.begin(background(t), "a.b")...)...)
	cancel()
	c.ends([]string{"a.gone"}, func(end ended) bool { return errors.Is(end.err, context.Canceled) })
	c.release()
	c.is(arrived, "a.first").answer()
	c.is(arrived, "a.b").answer()
	c.ends([]string{"a.b", "a.first"}, succeeds)
	if len(arrived) != 0 {
		t.Error((<-arrived).data)
	}
}

func TestACallThatEndsOnItsWayDoesNotDisturbTheOthers(t *testing.T) {
	leavesNothing(t)
	url, arrived := recorder(t)
	c := newCrowd(t, url, "")
	c.teach(arrived)
	ctx, cancel := context.WithCancel(background(t))
	// The first one, whose command all of them wait for, and one in the middle.
	begin := append(c.begin(ctx, "a.gone"), c.begin(background(t), "a.b")...)
	begin = append(begin, c.begin(ctx, "a.note.gone")...)
	c.hold(append(begin, c.begin(background(t), "a.note", "a.c")...)...)
	c.release()
	c.is(arrived, "a.first").answer()
	together := c.is(arrived, "a.gone a.b a.note.gone a.note a.c")
	cancel()
	c.ends([]string{"a.gone", "a.note.gone", "a.first"}, func(end ended) bool {
		return end.method == "a.first" || errors.Is(end.err, context.Canceled)
	})
	if p := c.is(arrived, "cancel"); p.requests()[0].Cancel != together.requests()[0].CorrelationID {
		t.Error(p.data)
	}
	together.confirm()
	together.answer()
	c.ends([]string{"a.b", "a.note", "a.c"}, succeeds)
	c.forgot()
}

// forgot fails the test if the client still waits for Centrifugo's word on anything.
func (c *crowd) forgot() {
	c.t.Helper()
	transport := transportOf(c.api)
	transport.mu.Lock()
	defer transport.mu.Unlock()
	if len(transport.waiting) != 0 {
		c.t.Errorf("%v", transport.waiting)
	}
}

func TestCallsWithoutAWordOfCentrifugoLeaveNothingBehind(t *testing.T) {
	leavesNothing(t)
	url, arrived := recorder(t)
	c := newCrowd(t, url, "")
	c.teach(arrived)
	c.hold(c.begin(background(t), "a.b", "a.c", "a.d")...)
	c.release()
	c.is(arrived, "a.first").answer()
	c.is(arrived, "a.b a.c a.d").answer()
	c.ends([]string{"a.b", "a.c", "a.d", "a.first"}, succeeds)
	c.forgot()
}

func TestAConnectionThatBreaksUnderABatch(t *testing.T) {
	leavesNothing(t)
	url, arrived := recorder(t)
	c := newCrowd(t, url, "", WithTimeout(patience))
	c.teach(arrived)
	c.hold(c.begin(background(t), "a.b", "a.note", "a.c")...)
	c.release()
	first := c.is(arrived, "a.first")
	together := c.is(arrived, "a.b a.note a.c")
	_ = first.peer.conn.Close()
	// The delivery is unknown: calls wait for their replies, and are not published again.
	c.ends([]string{"a.note"}, func(end ended) bool { return errors.Is(end.err, errUnconfirmed) })
	// Another connection knows nothing of the worker yet.
	eventually(t, "another connection", c.api.Connected)
	c.hold(c.begin(background(t), "a.d", "a.e")...)
	c.release()
	for _, names := range []string{"a.first", "a.d", "a.e"} {
		p := c.is(arrived, names)
		p.confirm()
		p.answer()
		together.peer = p.peer
	}
	together.answer()
	first.peer = together.peer
	first.answer()
	c.ends([]string{"a.b", "a.c", "a.d", "a.e", "a.first", "a.first"}, succeeds)
	c.forgot()
	if len(arrived) != 0 {
		t.Error((<-arrived).data)
	}
	c.teach(arrived)
	c.hold(c.begin(background(t), "a.b", "a.c")...)
	c.release()
	c.is(arrived, "a.first").answer()
	c.is(arrived, "a.b a.c").answer()
	c.ends([]string{"a.b", "a.c", "a.first"}, succeeds)
}

func TestWhatWasQueuedWhenAConnectionBreaksGoesOutOverTheNext(t *testing.T) {
	leavesNothing(t)
	url, arrived := recorder(t)
	c := newCrowd(t, url, "", WithTimeout(patience))
	peer := c.teach(arrived)
	c.hold(c.begin(background(t), "a.b", "a.note", "a.c")...)
	_ = peer.conn.Close()
	eventually(t, "the end of the connection", func() bool { return !c.api.Connected() })
	c.release()
	left := []string{"a.b", "a.note", "a.c"}
	for range len(left) {
		p := receive(t, "a request", arrived)
		i := slices.Index(left, p.names())
		if i < 0 {
			t.Fatalf("%q instead of one of %q", p.names(), left)
		}
		left = slices.Delete(left, i, i+1)
		p.confirm()
		p.answer()
	}
	c.ends([]string{"a.b", "a.note", "a.c"}, succeeds)
}

func TestRequestsThroughCentrifugoTogether(t *testing.T) {
	leavesNothing(t)
	centrifugo := startCentrifugo(t)
	worker := startWorker(centrifugo)
	c := newCrowd(t, centrifugo.url(), centrifugo.token("42", time.Hour))
	methods := []string{"a.b", "a.note", "a.c", "a.d"}
	for _, publications := range []int32{5, 2} {
		before := worker.publications.Load()
		c.hold(c.begin(background(t), methods...)...)
		c.release()
		var calls []request
		for _, method := range append([]string{"a.first"}, methods...) {
			r := worker.next()
			if r.Method != method {
				t.Fatalf("%s instead of %s", r.Method, method)
			}
			if r.CorrelationID != "" {
				calls = append(calls, r)
			}
		}
		if got := worker.publications.Load() - before; got != publications {
			t.Errorf("%d publications instead of %d", got, publications)
		}
		if err := worker.answerTogether(calls); err != nil {
			t.Fatal(err)
		}
		c.ends(append(methods, "a.first"), succeeds)
	}
	c.forgot()
}

// framed is what goes out of messages of these sizes over a connection that knows batches: the payload of each publication. A size of
// 0 is a cancel.
func framed(t *testing.T, api *APIClient, sizes ...int) []string {
	t.Helper()
	calls := api.newCalls()
	calls.replies.batches.Store(true)
	var messages []*outgoing
	for i, size := range sizes {
		message := &outgoing{id: uint32(i + 1), opcode: opText, channel: "rpc:requests", joiner: calls.batcher}
		if size > 0 {
			number := fmt.Sprint(i + 1)
			message.payload = []byte(number + strings.Repeat("0", size-len(number)))
		} else {
			message.joiner = nil
			message.payload = []byte("0")
		}
		messages = append(messages, message)
	}
	frames := (&transport{}).appendFrames(nil, messages)
	p := &peer{t: t, r: bufio.NewReader(bytes.NewReader(frames))}
	var published []string
	for command := p.command(); command != nil; command = p.command() {
		if limit := api.settings.messageSizeLimit; command.Publish.Channel != "rpc:requests" || len(published) > len(sizes) {
			t.Errorf("%+v, limit %d", command, limit)
		}
		published = append(published, string(command.Publish.Data))
	}
	return published
}

func TestABatchHasAtMost16KiBAndKeepsTheOrder(t *testing.T) {
	const limit = 16_384
	around := len(`{"batch":[,]}`)
	api := NewAPIClient("ws://localhost", "", "42")
	for name, test := range map[string]struct {
		sizes []int
		// How many are in each publication.
		want []int
	}{
		"one":                      {[]int{10}, []int{1}},
		"two":                      {[]int{10, 10}, []int{2}},
		"exactly full":             {[]int{100, limit - around - 100}, []int{2}},
		"one byte too many":        {[]int{100, limit - around - 99}, []int{1, 1}},
		"full, and one more":       {[]int{100, limit - around - 100, 10, 10}, []int{2, 2}},
		"a large one in between":   {[]int{10, 10, limit, 10, 10}, []int{2, 1, 2}},
		"larger than any batch":    {[]int{10, 30_000, 10}, []int{1, 1, 1}},
		"large ones in a row":      {[]int{30_000, limit, 9_000, 9_000, 7_000}, []int{1, 1, 1, 2}},
		"a large one at the end":   {[]int{10, 10, 60_000}, []int{2, 1}},
		"a cancel in between":      {[]int{10, 10, 0, 10, 10}, []int{2, 1, 2}},
		"a cancel leaves one":      {[]int{10, 0, 10, 0}, []int{1, 1, 1, 1}},
		"more than a worker takes": {slices.Repeat([]int{10}, 354), []int{177, 177}},
		"nothing but cancels":      {[]int{0, 0}, []int{1, 1}},
		"nothing that is to go on": {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			next := 1
			var got []int
			for _, data := range framed(t, api, test.sizes...) {
				parts := []string{data}
				if inside, found := strings.CutPrefix(data, `{"batch":[`); found {
					parts = strings.Split(strings.TrimSuffix(inside, `]}`), ",")
					if len(data) > limit || len(parts) < 2 {
						t.Errorf("a batch of %d with %d bytes", len(parts), len(data))
					}
				}
				got = append(got, len(parts))
				for _, part := range parts {
					size := test.sizes[next-1]
					if part != "0" && (!strings.HasPrefix(part, fmt.Sprint(next)) || len(part) != size) || part == "0" && size != 0 {
						t.Errorf("%.5s… instead of the one of %d bytes", part, size)
					}
					next++
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%v instead of %v", got, test.want)
			}
		})
	}
}

func TestABatchIsNoLargerThanCentrifugosLimitOfAMessage(t *testing.T) {
	const limit = 1_000
	api := NewAPIClient("ws://localhost", "", "42", WithMessageSizeLimit(limit))
	room := limit - len("rpc:requests") - publishOverhead - len(`{"batch":[,]}`)
	if got := framed(t, api, 100, room-100); len(got) != 1 {
		t.Errorf("%q", got)
	}
	if got := framed(t, api, 100, room-99); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

func TestARequestIsWrittenAsPackageJSONDoes(t *testing.T) {
	data, err := marshal(&request{Method: "a.b", Params: json.RawMessage(`"<&> \u2028 zoë"`), Batch: true})
	if err != nil {
		t.Fatal(err)
	}
	want, err := marshal(&command{ID: 7, Publish: &publishRequest{"rpc:requests", data}})
	if got := publishCommand(7, "rpc:requests", data); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s instead of %s", got, want)
	}
}
