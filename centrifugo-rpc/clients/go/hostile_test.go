package client

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// wait reads until the client is gone.
func (p *peer) wait() { _, _ = io.Copy(io.Discard, p.r) }

// rest reads until the client closes the connection.
func (p *peer) rest() {
	for {
		if opcode, _, err := p.frameFromClient(); err != nil || opcode == opClose {
			return
		}
	}
}

func drop(name string) func(*peer) {
	return func(p *peer) { p.accept(func(header http.Header) { header.Del(name) }); p.wait() }
}

func answers(text string) func(*peer) {
	return func(p *peer) {
		_, _ = http.ReadRequest(p.r)
		_, _ = io.WriteString(p.conn, text)
		p.wait()
	}
}

// After the handshake, these bytes.
func sends(bytes ...byte) func(*peer) {
	return func(p *peer) { p.accept(); p.command(); p.raw(bytes...); p.wait() }
}

func says(text string) func(*peer) {
	return func(p *peer) { p.accept(); p.command(); p.text(text); p.wait() }
}

func TestServersThatAreNotCentrifugo(t *testing.T) {
	leavesNothing(t)
	for name, test := range map[string]struct {
		script func(*peer)
		named  string
	}{
		"closes at once":          {func(*peer) {}, ""},
		"says nothing":            {(*peer).wait, "no connection"},
		"is not HTTP":             {answers("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "RFC 6455"},
		"stops within its answer": {answers("HTTP/1.1 101 Switching Protocols\r\nUpgra"), "no connection"},
		"has endless headers":     {answers("HTTP/1.1 101 Switching Protocols\r\nX: " + strings.Repeat("x", 1<<20)), "RFC 6455"},
		"redirects":               {answers("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), "HTTP 302"},
		"is a web page":           {answers("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), "/connection/websocket"},
		"is broken":               {answers("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), "HTTP 502"},
		"does not upgrade":        {drop("Upgrade"), "Upgrade: websocket"},
		"does not switch":         {drop("Connection"), "Connection: Upgrade"},
		"does not know the key":   {drop("Sec-Websocket-Accept"), "Sec-WebSocket-Accept"},
		"compresses": {func(p *peer) {
			p.accept(func(h http.Header) { h.Set("Sec-WebSocket-Extensions", "permessage-deflate") })
			p.wait()
		}, "extension"},
		"says nothing after that":    {func(p *peer) { p.accept(); p.wait() }, "no connection"},
		"never subscribes":           {func(p *peer) { p.accept(); p.command(); p.text(`{"id":1,"connect":{}}`); p.wait() }, "no connection"},
		"is not JSON":                {says(`hello`), "not Centrifugo's JSON protocol"},
		"answers half":               {says(`{"id":1`), "not Centrifugo's JSON protocol"},
		"answers something else":     {says(`{"id":1,"publish":{}}`), "malformed answer"},
		"answers an array":           {says(`[1]`), "not Centrifugo's JSON protocol"},
		"connects twice":             {says("{\"id\":1,\"connect\":{}}\n{\"id\":1,\"connect\":{}}"), "malformed answer"},
		"masks":                      {sends(0x81, 0x82, 1, 2, 3, 4, 'a', 'b'), "masked"},
		"sets reserved bits":         {sends(0xc1, 2, '{', '}'), "reserved bits"},
		"has other opcodes":          {sends(0x83, 0), "opcode 3"},
		"has other control opcodes":  {sends(0x8b, 0), "opcode 11"},
		"fragments pings":            {sends(0x09, 0), "control frame"},
		"has long pings":             {sends(0x89, 126, 0, 126), "control frame"},
		"continues nothing":          {sends(0x80, 0), "mixed"},
		"mixes messages":             {sends(0x01, 1, '{', 0x81, 1, '}'), "mixed"},
		"is binary":                  {sends(0x82, 2, '{', '}'), "binary"},
		"is not UTF-8":               {sends(0x81, 2, 0xc3, 0x28), "UTF-8"},
		"splits a character":         {sends(0x01, 1, 0xc3, 0x80, 1, 0x28), "UTF-8"},
		"wastes length bytes":        {sends(0x81, 126, 0, 2, '{', '}'), "length"},
		"wastes more length bytes":   {sends(0x81, 127, 0, 0, 0, 0, 0, 0, 0, 2, '{', '}'), "length"},
		"has negative lengths":       {sends(0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "length"},
		"has huge lengths":           {sends(0x81, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "read limit"},
		"has huge fragments":         {sends(0x01, 1, '{', 0x80, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "read limit"},
		"promises and stops":         {sends(0x81, 126, 0xff, 0xff, '{'), "no connection"},
		"ends within a header":       {func(p *peer) { p.accept(); p.command(); p.raw(0x81) }, "EOF"},
		"ends within a payload":      {func(p *peer) { p.accept(); p.command(); p.raw(0x81, 5, '{') }, "EOF"},
		"ends within a message":      {func(p *peer) { p.accept(); p.command(); p.raw(0x01, 1, '{') }, "EOF"},
		"closes with half a code":    {sends(0x88, 1, 3), "half a code"},
		"closes with a foreign code": {sends(0x88, 2, 0x03, 0xed), "code 1005"},
		"closes with garbage":        {sends(0x88, 4, 0x03, 0xe8, 0xc3, 0x28), "UTF-8"},
		"closes":                     {sends(0x88, 0), "1005"},
		"closes and is gone":         {func(p *peer) { p.accept(); p.command(); p.raw(0x88, 2, 0x03, 0xe9) }, "1001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := NewAPIClient(serve(t, test.script), "", "42", WithConnectTimeout(400*time.Millisecond))
			defer api.Close()
			start := time.Now()
			err := api.Connect(context.Background())
			var connection *ConnectionError
			if !errors.As(err, &connection) || !strings.Contains(err.Error(), test.named) {
				t.Errorf("%T: %v", err, err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// After any failure of the first connection, a call in flight is answered over the next one, and all legal messages are
// understood.
func TestConnectionsThatGoWrongUnderACall(t *testing.T) {
	leavesNothing(t)
	long := strings.Repeat("x", 100_000)
	for name, wrong := range map[string]func(p *peer, r request){
		"is cut":             func(p *peer, _ request) {},
		"closes":             func(p *peer, _ request) { p.raw(0x88, 2, 0x0b, 0xc2) },
		"ends in the middle": func(p *peer, r request) { p.frame(false, opText, r.reply()[:20]) },
		"masks":              func(p *peer, _ request) { p.raw(0x81, 0x80, 1, 2, 3, 4) },
		"is too large":       func(p *peer, _ request) { p.raw(binary.BigEndian.AppendUint64([]byte{0x81, 127}, 1<<40)...) },
		"is not JSON":        func(p *peer, _ request) { p.text("\x00") },
		"nests without end":  func(p *peer, _ request) { p.text(strings.Repeat("[", 1_000_000)) },
		"is mixed":           func(p *peer, r request) { p.frame(false, opText, "{"); p.text(r.reply()) },
		"answers unknown":    func(p *peer, r request) { r.CorrelationID = "x"; p.text(r.reply()) },
		"answers malformed": func(p *peer, r request) {
			r.Params = []byte(`{`)
			p.text(strings.Replace(r.reply(), `"result":{`, `"error":[1]`, 1))
		},
		"answers elsewhere": func(p *peer, r request) { r.ReplyTo = "reply:x#42"; p.text(r.reply()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			under := make(chan request, 1)
			url := serve(t, func(p *peer) {
				p.letIn()
				if p.number == 0 {
					r, ok := p.request()
					if !ok {
						return
					}
					wrong(p, r)
					under <- r
					return
				}
				p.text((<-under).reply())
				p.rest()
			})
			api := NewAPIClient(url, "", "42", WithTimeout(patience))
			defer api.Close()
			if err := api.Connect(context.Background()); err != nil {
				t.Fatal(err)
			}
			want := text{long[:40_000]}
			if got, err := invoke[text](context.Background(), api, "a.b", want, nil); err != nil || got != want {
				t.Errorf("%.100v, %v", got, err)
			}
		})
	}
}

func TestALostSubscriptionIsMadeAgainAndRecovers(t *testing.T) {
	leavesNothing(t)
	url := serve(t, func(p *peer) {
		p.letIn()
		r, _ := p.request()
		p.text(fmt.Sprintf(`{"push":{"channel":%q,"pub":{"offset":7,"data":{}}}}`, r.ReplyTo))
		p.text(fmt.Sprintf(`{"push":{"channel":%q,"unsubscribe":{"code":2500,"reason":"insufficient state"}}}`, r.ReplyTo))
		c := p.command()
		if c == nil || c.Subscribe == nil || !c.Subscribe.Recover || c.Subscribe.Epoch != "e" || c.Subscribe.Offset != 7 {
			p.t.Errorf("%+v", c)
			return
		}
		p.text(fmt.Sprintf(`{"id":%d,"subscribe":{"recoverable":true,"epoch":"e","offset":8,"was_recovering":true,"recovered":true,
			"publications":[{"offset":8,"data":{"correlation_id":%q,"result":%s}}]}}`, c.ID, r.CorrelationID, r.Params))
		p.rest()
	})
	api := NewAPIClient(url, "", "42")
	defer api.Close()
	if err := api.Connect(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, err := invoke[text](context.Background(), api, "a.b", text{"x"}, nil); err != nil || got.Text != "x" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestATemporaryRefusalOfTheSubscriptionIsTriedAgain(t *testing.T) {
	leavesNothing(t)
	const refusals = 2
	var subscribes atomic.Int32
	url := serve(t, func(p *peer) {
		p.accept()
		c := p.command()
		p.text(fmt.Sprintf(`{"id":%d,"connect":{"client":"x","version":"0","ping":25,"pong":true}}`, c.ID))
		for range refusals {
			c = p.command()
			subscribes.Add(1)
			p.text(fmt.Sprintf(`{"id":%d,"error":{"code":100,"message":"internal server error","temporary":true}}`, c.ID))
		}
		c = p.command()
		subscribes.Add(1)
		p.text(fmt.Sprintf(`{"id":%d,"subscribe":{"recoverable":true,"epoch":"e","offset":0}}`, c.ID))
		r, _ := p.request()
		p.text(r.reply())
		p.rest()
	})
	api := NewAPIClient(url, "", "42")
	defer api.Close()
	if err := api.Connect(background(t)); err != nil {
		t.Fatal(err)
	}
	if got, err := invoke[text](background(t), api, "a.b", text{"x"}, nil); err != nil || got.Text != "x" {
		t.Errorf("%v, %v", got, err)
	}
	if n := subscribes.Load(); n != refusals+1 {
		t.Errorf("%d attempts", n)
	}
}

func TestCallsAreCancelledWhenTheReplyChannelEnds(t *testing.T) {
	leavesNothing(t)
	cancelled := make(chan string, 1)
	sent := make(chan string, 1)
	url := serve(t, func(p *peer) {
		p.letIn()
		r, _ := p.request()
		sent <- r.CorrelationID
		p.text(fmt.Sprintf(`{"push":{"channel":%q,"unsubscribe":{"code":2000,"reason":"server unsubscribe"}}}`, r.ReplyTo))
		for c := p.command(); c != nil; c = p.command() {
			var cancel struct {
				Cancel string `json:"cancel"`
			}
			if c.Publish != nil && json.Unmarshal(c.Publish.Data, &cancel) == nil && cancel.Cancel != "" {
				cancelled <- cancel.Cancel
				p.text(fmt.Sprintf(`{"id":%d,"publish":{}}`, c.ID))
			}
		}
	})
	api := NewAPIClient(url, "", "42")
	defer api.Close()
	if err := api.Connect(background(t)); err != nil {
		t.Fatal(err)
	}
	var lost *ConnectionError
	if _, err := invoke[text](background(t), api, "a.b", text{"x"}, nil); !errors.As(err, &lost) {
		t.Error(err)
	}
	if id := receive(t, "the cancellation", cancelled); id != receive(t, "the request", sent) {
		t.Error(id)
	}
}

func TestRepliesAreReadAgainOnce(t *testing.T) {
	leavesNothing(t)
	const state = `{"recoverable":true,"epoch":"new","offset":%d,"was_recovering":true,"recovered":%v}`
	var connects atomic.Int32
	url := serve(t, func(p *peer) {
		if p.number == 0 {
			p.letIn()
			p.request()
			return
		}
		connects.Add(1)
		p.accept()
		c := p.command()
		p.text(fmt.Sprintf(`{"id":%d,"connect":{"client":"x","version":"0","ping":25,"pong":true}}`, c.ID))
		first := p.command()
		if s := first.Subscribe; p.number == 2 && (s.Epoch != "new" || s.Offset != 200-keptReplies) {
			t.Errorf("%+v", s)
		}
		p.text(fmt.Sprintf(`{"id":%d,"subscribe":`+state+`}`, first.ID, 200, false))
		// Both are legal before the next command is read.
		p.text(fmt.Sprintf(`{"push":{"channel":%q,"pub":{"offset":201,"data":{}}}}`, first.Subscribe.Channel))
		p.text(fmt.Sprintf(`{"push":{"channel":%q,"unsubscribe":{"code":2500,"reason":"insufficient state"}}}`, first.Subscribe.Channel))
		if c := p.command(); c == nil || c.Unsubscribe == nil || c.Unsubscribe.Channel != first.Subscribe.Channel {
			t.Errorf("%+v", c)
			return
		} else if p.number == 1 {
			// Lost in the middle: the next connection reads all the same.
			return
		} else {
			p.text(fmt.Sprintf(`{"id":%d,"unsubscribe":{}}`, c.ID))
		}
		c = p.command()
		if s := c.Subscribe; s == nil || !s.Recover || s.Epoch != "new" || s.Offset != 200-keptReplies {
			t.Errorf("%+v", s)
			return
		}
		// There is nothing more to be had.
		p.text(fmt.Sprintf(`{"id":%d,"subscribe":`+state+`}`, c.ID, 201, false))
		p.rest()
	})
	api := NewAPIClient(url, "", "42", WithTimeout(100*time.Millisecond))
	defer api.Close()
	if err := api.Connect(background(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := invoke[text](background(t), api, "a.lost", text{"x"}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	eventually(t, "the connection that holds", func() bool { return connects.Load() == 2 && api.Connected() })
	_ = api.Close()
	if got := api.calls.replies.subscription.position; got != (position{known: true, epoch: "new", offset: 201}) {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsLegalIsUnderstood(t *testing.T) {
	leavesNothing(t)
	pongs := make(chan string, 1)
	for name, deliver := range map[string]func(p *peer, message string){
		"slow bytes": func(p *peer, message string) {
			for _, b := range serverFrame(true, opText, message) {
				p.raw(b)
			}
		},
		"one byte a fragment": func(p *peer, message string) {
			for i := range len(message) {
				p.frame(false, opcodeOf(i), message[i:i+1])
				p.frame(true, opPong, "unasked")
			}
			p.frame(true, opContinuation, "")
		},
		"empty fragments": func(p *peer, message string) {
			p.frame(false, opText, "")
			p.frame(false, opContinuation, "")
			p.frame(true, opContinuation, message)
		},
		"a ping between fragments": func(p *peer, message string) {
			p.frame(false, opText, message[:10])
			p.frame(true, opPing, "are you there")
			opcode, payload, _ := p.frameFromClient()
			pongs <- fmt.Sprint(opcode, string(payload))
			p.frame(true, opContinuation, message[10:])
		},
		"centrifugo's ping": func(p *peer, message string) {
			p.text("{}\n" + message + "\n{}\n")
			for range 2 {
				if opcode, payload, _ := p.frameFromClient(); opcode != opText || string(payload) != "{}" {
					p.t.Errorf("%d %s", opcode, payload)
				}
			}
		},
		"what is not known": func(p *peer, message string) {
			p.text(`{"push":{"channel":"else","join":{"info":{}}}}` + "\n" + `{"id":99,"later":{}}` + "\n" + message)
		},
	} {
		t.Run(name, func(t *testing.T) {
			leavesNothing(t)
			url := serve(t, func(p *peer) {
				p.letIn()
				if r, ok := p.request(); ok {
					deliver(p, r.reply())
				}
				p.rest()
			})
			api := NewAPIClient(url, "", "42")
			defer api.Close()
			if err := api.Connect(context.Background()); err != nil {
				t.Fatal(err)
			}
			want := text{"zoë \U0001F980"}
			if got, err := invoke[text](context.Background(), api, "a.b", want, nil); err != nil || got != want {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	if pong := receive(t, "a pong", pongs); pong != fmt.Sprint(opPong, "are you there") {
		t.Error(pong)
	}
}

func opcodeOf(fragment int) byte {
	if fragment == 0 {
		return opText
	}
	return opContinuation
}

// A server that trickles bytes for ever is no better than a silent one.
func TestASilentConnectionIsGivenUp(t *testing.T) {
	leavesNothing(t)
	for name, script := range map[string]func(p *peer){
		"silence": (*peer).wait,
		"a trickle": func(p *peer) {
			p.raw(0x81, 126, 0xff, 0xff)
			for {
				if _, err := p.conn.Write([]byte("x")); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			leavesNothing(t)
			url := serve(t, func(p *peer) { p.accept(); script(p) })
			api := NewAPIClient(url, "", "42")
			ws, err := dialWebSocket(context.Background(), &api.target)
			if err != nil {
				t.Fatal(err)
			}
			transport := newTransport(ws, nil)
			// As after ping and pingGrace.
			if err := transport.request(&command{Connect: &connectRequest{}}, 50*time.Millisecond, nil); err != nil {
				t.Fatal(err)
			}
			var timeout net.Error
			if err := transport.run(context.Background(), func(error) {}); !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Error(err)
			}
		})
	}
}

func TestAServerThatReadsNothing(t *testing.T) {
	leavesNothing(t)
	url := serve(t, func(p *peer) {
		p.letIn()
		// Until its other end is closed.
		for buffer := make([]byte, 1); ; {
			if _, err := p.conn.Read(buffer[:0]); err != nil || p.t.Context().Err() != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	api := NewAPIClient(url, "", "42", WithMessageSizeLimit(1<<24))
	if err := api.Connect(context.Background()); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 20)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for range cap(done) {
		go func() {
			_, err := invoke[any](ctx, api, "a.b", text{strings.Repeat("x", 1<<20)}, nil)
			done <- err
		}()
	}
	eventually(t, "the calls", func() bool { return api.calls.pending.len() == cap(done) })
	cancel()
	for range cap(done) {
		if err := receive(t, "the end", done); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	start := time.Now()
	_ = api.Close()
	if took := time.Since(start); took > 3*closeLinger {
		t.Errorf("closing took %v", took)
	}
}
