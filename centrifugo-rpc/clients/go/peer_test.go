package client

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// peer is the other end of one connection: a server that does what its test wants, byte for byte.
type peer struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
	// The number of the connection on its server, from 0.
	number int
	// Batched requests that the test has not requested yet.
	requests []request
}

// serve runs each connection through script, and ends with the test.
func serve(t *testing.T, script func(*peer)) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var tasks sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	tasks.Add(1)
	go func() {
		defer tasks.Done()
		for number := 0; ; number++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			tasks.Add(1)
			go func() {
				defer tasks.Done()
				defer conn.Close()
				script(&peer{t: t, conn: conn, r: bufio.NewReader(conn), number: number})
			}()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for _, conn := range conns {
			_ = conn.Close()
		}
		mu.Unlock()
		tasks.Wait()
	})
	return "ws://" + listener.Addr().String() + "/connection/websocket"
}

// accept answers the handshake; with the key, changes turn a good answer into another one.
func (p *peer) accept(changes ...func(header http.Header)) {
	request, err := http.ReadRequest(p.r)
	if err != nil {
		return
	}
	sum := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + acceptSalt))
	header := http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-Websocket-Accept": {base64.StdEncoding.EncodeToString(sum[:])},
	}
	for _, change := range changes {
		change(header)
	}
	fmt.Fprint(p.conn, "HTTP/1.1 101 Switching Protocols\r\n")
	_ = header.Write(p.conn)
	fmt.Fprint(p.conn, "\r\n")
}

// frame writes a frame as a server does.
func (p *peer) frame(final bool, opcode byte, payload string) {
	_, _ = p.conn.Write(serverFrame(final, opcode, payload))
}

func serverFrame(final bool, opcode byte, payload string) []byte {
	if final {
		opcode |= 0x80
	}
	frame := []byte{opcode}
	switch n := len(payload); {
	case n <= maxControlPayload:
		frame = append(frame, byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 127), uint64(n))
	}
	return append(frame, payload...)
}

func (p *peer) text(payload string) { p.frame(true, opText, payload) }

func (p *peer) raw(bytes ...byte) { _, _ = p.conn.Write(bytes) }

// frameFromClient reads one frame, which must be masked.
func (p *peer) frameFromClient() (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(p.r, head[:]); err != nil {
		return 0, nil, err
	}
	if head[0]&0xf0 != 0x80 || head[1]&0x80 == 0 {
		p.t.Errorf("a frame that begins with %x", head)
	}
	length := uint64(head[1] & 0x7f)
	var more [8]byte
	switch length {
	case 126:
		_, _ = io.ReadFull(p.r, more[6:])
		length = binary.BigEndian.Uint64(more[:])
	case 127:
		_, _ = io.ReadFull(p.r, more[:])
		length = binary.BigEndian.Uint64(more[:])
	}
	body := make([]byte, 4+length)
	if _, err := io.ReadFull(p.r, body); err != nil {
		return 0, nil, err
	}
	payload = body[4:]
	for i := range payload {
		payload[i] ^= body[i&3]
	}
	return head[0] & 0x0f, payload, nil
}

// command reads the next command; nil at the end.
func (p *peer) command() *command {
	for {
		opcode, payload, err := p.frameFromClient()
		if err != nil || opcode == opClose {
			return nil
		}
		if opcode != opText || string(payload) == "{}" {
			continue
		}
		var c command
		if err := json.Unmarshal(payload, &c); err != nil {
			p.t.Errorf("%s: %v", payload, err)
		}
		return &c
	}
}

// letIn goes all the way to a subscribed client.
func (p *peer) letIn() {
	p.accept()
	p.greet()
}

// greet answers the connect and the subscribe command.
func (p *peer) greet() {
	if c := p.command(); c != nil && c.Connect != nil {
		p.text(fmt.Sprintf(`{"id":%d,"connect":{"client":"x","version":"0","ping":25,"pong":true}}`, c.ID))
	}
	if c := p.command(); c != nil && c.Subscribe != nil {
		p.text(fmt.Sprintf(`{"id":%d,"subscribe":{"recoverable":true,"epoch":"e","offset":0}}`, c.ID))
	}
}

// request reads the next request and confirms it; false at the end.
func (p *peer) request() (request, bool) {
	for len(p.requests) == 0 {
		c := p.command()
		if c == nil {
			return request{}, false
		}
		if c.Publish == nil {
			continue
		}
		p.text(fmt.Sprintf(`{"id":%d,"publish":{}}`, c.ID))
		requests, err := requestsOf(c.Publish.Data)
		if err != nil {
			p.t.Errorf("%s: %v", c.Publish.Data, err)
		}
		p.requests = requests
	}
	r := p.requests[0]
	p.requests = p.requests[1:]
	return r, true
}

// requestsOf reads a publication of the request channel: one request, or a batch.
func requestsOf(data json.RawMessage) ([]request, error) {
	var together struct {
		Batch []request `json:"batch"`
	}
	if json.Unmarshal(data, &together) == nil && together.Batch != nil {
		return together.Batch, nil
	}
	var alone request
	if err := json.Unmarshal(data, &alone); err != nil {
		return nil, err
	}
	return []request{alone}, nil
}

// reply is the message with which a request is answered with its own params.
func (r request) reply() string {
	return fmt.Sprintf(`{"push":{"channel":%q,"pub":{"data":{"correlation_id":%q,"result":%s}}}}`, r.ReplyTo, r.CorrelationID, r.Params)
}
