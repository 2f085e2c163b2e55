package client

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// patience is how long anything that should happen is waited for; only a failing test uses it up.
const patience = 20 * time.Second

// centrifugo is a real Centrifugo that ends with its test.
type centrifugo struct {
	t           *testing.T
	binary      string
	config      string
	address     string
	secret, key string

	mu      sync.Mutex
	process *exec.Cmd
}

// centrifugoBinary is the one that the tests of the workspace build, or the one that CENTRIFUGO names.
func centrifugoBinary(t *testing.T) string {
	binary := os.Getenv("CENTRIFUGO")
	if binary == "" {
		binary, _ = filepath.Abs("../../../target/tools/centrifugo")
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("these tests run a real Centrifugo: name its binary with CENTRIFUGO, or build it with "+
			"`cd tests/centrifugo && go build -o ../../target/tools/centrifugo github.com/centrifugal/centrifugo/v6` (%v)", err)
	}
	return binary
}

// startCentrifugo starts one with the options of the protocol, and changes to them.
func startCentrifugo(t *testing.T, changes ...func(config map[string]any)) *centrifugo {
	t.Helper()
	c := &centrifugo{t: t, binary: centrifugoBinary(t), secret: newUUID(), key: newUUID()}
	rpc := map[string]any{
		"name": "rpc", "channel_regex": "^requests$", "publication_data_format": "json_object", "allow_publish_for_client": true,
		"history_size": 10000, "history_ttl": "60s", "force_recovery": true, "presence": true, "join_leave": true,
		"force_push_join_leave": true,
	}
	reply := map[string]any{
		"name": "reply", "channel_regex": "^[A-Za-z0-9_-]{16,64}#[^,#]*$", "allow_user_limited_channels": true,
		"history_size": 128, "history_ttl": "60s", "force_recovery": true,
	}
	config := map[string]any{
		"client":   map[string]any{"token": map[string]any{"hmac_secret_key": c.secret}},
		"http_api": map[string]any{"key": c.key},
		"channel":  map[string]any{"namespaces": []any{rpc, reply}},
		"rpc":      rpc, "reply": reply,
	}
	for _, change := range changes {
		change(config)
	}
	delete(config, "rpc")
	delete(config, "reply")
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	c.config = filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(c.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	c.address = freeAddress(t)
	t.Cleanup(c.kill)
	c.start()
	return c
}

func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func (c *centrifugo) start() {
	c.t.Helper()
	host, port, _ := net.SplitHostPort(c.address)
	var printed bytes.Buffer
	process := exec.Command(c.binary, "-c", c.config)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "CENTRIFUGO_") {
			process.Env = append(process.Env, variable)
		}
	}
	process.Env = append(process.Env, "CENTRIFUGO_HTTP_SERVER_ADDRESS="+host, "CENTRIFUGO_HTTP_SERVER_PORT="+port,
		"CENTRIFUGO_HEALTH_ENABLED=true")
	process.Stdout, process.Stderr = &printed, &printed
	if err := process.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	c.process = process
	c.mu.Unlock()
	deadline := time.Now().Add(patience)
	for {
		response, err := http.Get("http://" + c.address + "/health")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				http.DefaultClient.CloseIdleConnections()
				return
			}
		}
		if time.Now().After(deadline) {
			c.kill()
			c.t.Fatalf("Centrifugo did not become healthy: %v\n%s", err, printed.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (c *centrifugo) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process != nil {
		_ = c.process.Process.Kill()
		_ = c.process.Wait()
		c.process = nil
	}
}

func (c *centrifugo) url() string { return "ws://" + c.address + "/connection/websocket" }

// sign makes a JWT with these claims.
func sign(secret string, claims map[string]any) string {
	part := func(v any) string {
		text, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	head := part(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." + part(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(head))
	return head + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (c *centrifugo) token(user string, ttl time.Duration) string {
	return sign(c.secret, map[string]any{"sub": user, "exp": time.Now().Add(ttl).Unix()})
}

// api calls Centrifugo's server API.
func (c *centrifugo) api(method string, params any) {
	c.t.Helper()
	if err := c.tryAPI(method, params); err != nil {
		c.t.Fatal(err)
	}
}

func (c *centrifugo) tryAPI(method string, params any) error {
	body, _ := json.Marshal(params)
	request, _ := http.NewRequest(http.MethodPost, "http://"+c.address+"/api/"+method, bytes.NewReader(body))
	request.Header.Set("X-API-Key", c.key)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct{ Error *centrifugoError }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return answer.Error
	}
	return nil
}

// connect makes a client and connects it. It is closed with the test.
func (c *centrifugo) connect(user string, options ...Option) *APIClient {
	c.t.Helper()
	api := NewAPIClient(c.url(), c.token(user, time.Hour), user, options...)
	c.t.Cleanup(func() { _ = api.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := api.Connect(ctx); err != nil {
		c.t.Fatal(err)
	}
	return api
}

// worker is a service of a test: it reads requests as a worker does and answers with the server API.
type worker struct {
	centrifugo *centrifugo
	ws         *webSocket
	// All that arrives, in its order.
	requests chan request
	// In how many publications.
	publications atomic.Int32
	ended        chan struct{}
}

func startWorker(c *centrifugo) *worker {
	c.t.Helper()
	target := NewAPIClient(c.url(), "", "").target
	ws, err := dialWebSocket(context.Background(), &target)
	if err != nil {
		c.t.Fatal(err)
	}
	w := &worker{centrifugo: c, ws: ws, requests: make(chan request, 10000), ended: make(chan struct{})}
	ws.frames.onPing = func([]byte) {}
	exp := time.Now().Add(time.Hour).Unix()
	for _, command := range []string{
		fmt.Sprintf(`{"id":1,"connect":{"token":%q}}`, c.token("worker", time.Hour)),
		fmt.Sprintf(`{"id":2,"subscribe":{"channel":"rpc:requests","token":%q}}`,
			sign(c.secret, map[string]any{"sub": "worker", "channel": "rpc:requests", "exp": exp})),
	} {
		if _, err := ws.Write(appendFrame(nil, opText, []byte(command))); err != nil {
			c.t.Fatal(err)
		}
	}
	ready := make(chan struct{})
	go w.read(ready)
	c.t.Cleanup(w.stop)
	awaited(c.t, "the worker's subscription", ready)
	return w
}

func (w *worker) read(ready chan<- struct{}) {
	defer close(w.ended)
	for {
		message, err := w.ws.frames.next()
		if err != nil {
			return
		}
		_ = decodeReplies(message, func(r *reply) error {
			switch {
			case r.isPing():
				_, _ = w.ws.Write(appendFrame(nil, opText, []byte("{}")))
			case r.ID == 2 && r.Error == nil:
				close(ready)
			case r.Push != nil && r.Push.Pub != nil:
				w.publications.Add(1)
				requests, _ := requestsOf(r.Push.Pub.Data)
				for _, request := range requests {
					w.requests <- request
				}
			}
			return nil
		})
	}
}

func (w *worker) stop() {
	_ = w.ws.Close()
	<-w.ended
}

// next is the next request.
func (w *worker) next() request {
	w.centrifugo.t.Helper()
	return receive(w.centrifugo.t, "a request", w.requests)
}

// answer publishes a reply, result or error as JSON.
func (w *worker) answer(r request, member, value string) error {
	data := fmt.Sprintf(`{"correlation_id":%q,%q:%s}`, r.CorrelationID, member, value)
	return w.centrifugo.tryAPI("publish", map[string]any{"channel": r.ReplyTo, "data": json.RawMessage(data)})
}

// answerTogether answers requests of one caller with their own params, in one publication.
func (w *worker) answerTogether(requests []request) error {
	data := json.RawMessage(batchOf(requests))
	return w.centrifugo.tryAPI("publish", map[string]any{"channel": requests[0].ReplyTo, "data": data})
}

// batchOf is a batch of replies to requests, each with its own params.
func batchOf(requests []request) string {
	replies := make([]string, len(requests))
	for i, r := range requests {
		replies[i] = fmt.Sprintf(`{"correlation_id":%q,"result":%s}`, r.CorrelationID, r.Params)
	}
	return fmt.Sprintf(`{"batch":[%s]}`, strings.Join(replies, ","))
}

// serve answers every request with its own params, in batches as a worker does, until the test ends.
func (w *worker) serve() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case r := <-w.requests:
				w.answerWith(r)
			case <-w.ended:
				return
			}
		}
	}()
	w.centrifugo.t.Cleanup(func() { w.stop(); <-done })
}

// answerWith answers a request, and with it all others that are there.
func (w *worker) answerWith(r request) {
	together := map[string][]request{}
	for more := true; more; {
		if r.CorrelationID != "" {
			together[r.ReplyTo] = append(together[r.ReplyTo], r)
		}
		select {
		case r = <-w.requests:
		default:
			more = false
		}
	}
	for _, requests := range together {
		if len(requests) > 1 {
			_ = w.answerTogether(requests)
		} else {
			_ = w.answer(requests[0], "result", string(requests[0].Params))
		}
	}
}

// proxy is a network between the client and Centrifugo.
type proxy struct {
	listener net.Listener
	target   string
	mu       sync.Mutex
	conns    []net.Conn
	refusing bool
}

func startProxy(t *testing.T, target string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, target: target}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.carry(conn)
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); p.cut() })
	return p
}

func (p *proxy) carry(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	refusing := p.refusing
	p.conns = append(p.conns, client, server)
	p.mu.Unlock()
	if refusing {
		p.cut()
	}
	pump := func(to, from net.Conn) {
		_, _ = bufio.NewReader(from).WriteTo(to)
		_ = to.Close()
	}
	go pump(server, client)
	pump(client, server)
}

// cut breaks all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}

// refuse breaks all connections, and all later ones, or accepts connections again.
func (p *proxy) refuse(on bool) {
	p.mu.Lock()
	p.refusing = on
	p.mu.Unlock()
	if on {
		p.cut()
	}
}

func (p *proxy) url() string { return "ws://" + p.listener.Addr().String() + "/connection/websocket" }
