package client

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestSettingsThatCannotWorkAreTheErrorOfConnect(t *testing.T) {
	leavesNothing(t)
	const url = "ws://localhost:1/connection/websocket"
	for _, test := range []struct {
		api   *APIClient
		named string
	}{
		{NewAPIClient("http://localhost:8000", "", "42"), "WebSocket URL"},
		{NewAPIClient("localhost", "", "42"), "WebSocket URL"},
		{NewAPIClient("ws://", "", "42"), "WebSocket URL"},
		{NewAPIClient(url, "", "a,b"), `"a,b" cannot own a reply channel`},
		{NewAPIClient(url, "", "a#b"), "cannot own a reply channel"},
		{NewAPIClient(url, "", "zoë"), "cannot own a reply channel"},
		{NewAPIClient(url, "", "a\nb"), `"a\nb" cannot own`},
		{NewAPIClient(url, "", strings.Repeat("ë", 1000)), "cannot own a reply channel"},
		{NewAPIClient(url, sign("x", map[string]any{"sub": "43"}), "42"), `the token is for the user "43"`},
		{NewAPIClient(url, "", "42", WithRequestChannel("requests")), "WithRequestChannel"},
		{NewAPIClient(url, "", "42", WithReplyNamespace("re:ply")), "WithReplyNamespace"},
		{NewAPIClient(url, "", "42", WithTimeout(0)), "WithTimeout is 0s"},
		{NewAPIClient(url, "", "42", WithConnectTimeout(-1)), "WithConnectTimeout is -1ns"},
		{NewAPIClient(url, "", "42", WithReadLimit(0)), "WithReadLimit is 0"},
		{NewAPIClient(url, "", "42", WithMessageSizeLimit(-1)), "WithMessageSizeLimit is -1"},
		{NewAPIClient(url, "", "42", WithDialer(nil)), "WithDialer"},
		{NewAPIClient(url, "", "42", WithLogger(nil)), "WithLogger"},
	} {
		err := test.api.Connect(context.Background())
		isSetup(t, err, test.named)
		if len(err.Error()) > 1000 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q", err)
		}
		if _, callErr := invoke[any](context.Background(), test.api, "a.b", nil, nil); callErr != err {
			t.Errorf("a call says %v", callErr)
		}
		_ = test.api.Close()
	}
}

func TestATokenThatCentrifugoWouldRefuseIsTheErrorOfConnect(t *testing.T) {
	leavesNothing(t)
	token := sign("x", map[string]any{"sub": "42"})
	with := func(name string, value any) string { return sign("x", map[string]any{"sub": "42", name: value}) }
	type given struct{ token, named string }
	wrong := []given{
		{"Bearer " + token, `contains "Bearer ", which no JWT contains`},
		{"bearer " + token, `contains "bearer "`},
		{`"` + token + `"`, `contains "\""`},
		{" " + token, `contains " "`},
		{token + " ", `contains " "`},
		{"\n" + token, `contains "\n"`},
		{strings.Replace(token, ".", ".\n", 1), `contains "\n"`},
		{token + "=", `contains "="`},
		{with("sub", 42), "sub is 42, which is not a string"},
	}
	accepted := []string{"opaque", "a.b.c", token, token + "\n", token + "\r\n"}
	for _, name := range []string{"exp", "nbf", "iat"} {
		for _, value := range []any{"2026-11-30T00:00:00Z", "1h", "", true, []int{1}, map[string]int{}} {
			shown, _ := json.Marshal(value)
			wrong = append(wrong, given{with(name, value), "the token's " + name + " is " + string(shown) + ", which is not a number"})
		}
		for _, value := range []any{1, 1.5, -1, nil, "1900000000", "1.8e9"} {
			accepted = append(accepted, with(name, value))
		}
	}
	for _, given := range wrong {
		api := NewAPIClient("ws://localhost:1/", given.token, "42")
		err := api.Connect(context.Background())
		isSetup(t, err, given.named)
		if strings.Contains(err.Error(), token) {
			t.Errorf("%v shows the token", err)
		}
		_ = api.Close()
	}
	for _, token := range accepted {
		if err := checkToken(token, "42"); err != nil {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestAClientThatIsNotConnectedSaysSo(t *testing.T) {
	api := NewAPIClient("ws://localhost:1/", "", "42")
	if _, err := invoke[any](context.Background(), api, "a.b", nil, nil); err == nil || !strings.Contains(err.Error(), "call Connect first") {
		t.Error(err)
	}
	if err := api.Close(); err != nil {
		t.Error(err)
	}
}

func TestAnUnreachableServerIsTriedUntilTheTimeoutAndNamed(t *testing.T) {
	leavesNothing(t)
	address := freeAddress(t)
	api := NewAPIClient("ws://user:pa55@"+address+"/connection/websocket?key=s3cret", "t0ken", "42", WithConnectTimeout(500*time.Millisecond))
	defer api.Close()
	err := api.Connect(context.Background())
	var connection *ConnectionError
	if !errors.As(err, &connection) || connection.Setup || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "within 500ms") {
		t.Error(err)
	}
	for _, secret := range []string{"pa55", "s3cret", "t0ken"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%v shows %s", err, secret)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := api.Connect(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &connection) {
		t.Error(err)
	}
	// The same client, when there is a server.
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("another test has the port now: %v", err)
	}
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			(&peer{t: t, conn: conn, r: bufio.NewReader(conn)}).letIn()
		}
	}()
	defer listener.Close()
	if err := api.Connect(context.Background()); err != nil || !api.Connected() {
		t.Error(err)
	}
}

func TestHeadersDialerAndTLSAreTheUsers(t *testing.T) {
	leavesNothing(t)
	var header atomic.Pointer[http.Header]
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header.Store(&r.Header)
		http.Error(w, "", http.StatusTeapot)
	}))
	defer server.Close()
	address := server.Listener.Addr().String()
	url := "wss://user:pass@example.com/connection/websocket"
	dialed := make(chan string, 10)
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		dialed <- addr
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	untrusting := NewAPIClient(url, "", "42", WithDialer(dial))
	defer untrusting.Close()
	isSetup(t, untrusting.Connect(context.Background()), "WithTLSConfig")
	if addr := receive(t, "the dialer", dialed); addr != "example.com:443" {
		t.Error(addr)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	api := NewAPIClient(url, "", "42", WithDialer(dial), WithTLSConfig(&tls.Config{RootCAs: roots}), WithHeader(http.Header{"X-Test": {"yes"}}))
	defer api.Close()
	isSetup(t, api.Connect(context.Background()), "HTTP 418")
	if got := *header.Load(); got.Get("X-Test") != "yes" || got.Get("Upgrade") != "websocket" || got.Get("Authorization") != "Basic dXNlcjpwYXNz" {
		t.Errorf("%v", got)
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	confused := NewAPIClient("wss"+strings.TrimPrefix(plain.URL, "http"), "", "42")
	defer confused.Close()
	isSetup(t, confused.Connect(context.Background()), "ws instead of wss")
	server.CloseClientConnections()
	plain.CloseClientConnections()
}

func TestCallsOverTLS(t *testing.T) {
	leavesNothing(t)
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	url := serve(t, func(p *peer) {
		p.conn = tls.Server(p.conn, &tls.Config{Certificates: server.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}})
		p.r = bufio.NewReader(p.conn)
		p.letIn()
		if r, ok := p.request(); ok {
			p.text(r.reply())
		}
		p.rest()
	})
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	api := NewAPIClient("wss"+strings.TrimPrefix(url, "ws"), "", "42", WithTLSConfig(&tls.Config{RootCAs: roots}))
	defer api.Close()
	if err := api.Connect(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, err := invoke[text](context.Background(), api, "a.b", text{"x"}, nil); err != nil || got.Text != "x" {
		t.Error(got, err)
	}
}

func TestATokenFunctionThatNeverReturnsDoesNotKeepTheClientFromClosing(t *testing.T) {
	block := make(chan struct{})
	defer close(block)
	api := NewAPIClient("ws://localhost:1/", "", "42", WithConnectTimeout(50*time.Millisecond), WithGetToken(
		func(context.Context) (string, error) { <-block; return "", nil }))
	start := time.Now()
	if err := api.Connect(context.Background()); err == nil || api.Close() != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > closeLinger {
		t.Errorf("it took %v", took)
	}
}

func TestDeadlines(t *testing.T) {
	d := newDeadline(30 * time.Second)
	if grace := d.giveUp.Sub(d.at); grace != maxGrace {
		t.Error(grace)
	}
	if d.remaining(context.Background()) != 30_000 {
		t.Error(d.remaining(context.Background()))
	}
	short := newDeadline(time.Millisecond)
	if grace := short.giveUp.Sub(short.at); grace != minGrace {
		t.Error(grace)
	}
	past, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Hour))
	defer cancel()
	if d.remaining(past) != 1 {
		t.Error(d.remaining(past))
	}
	if long := newDeadline(1 << 62); long.timeout != maxTimeout {
		t.Error(long.timeout)
	}
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	for attempt := range 100 {
		ceiling := min(minReconnectDelay<<min(attempt, 20), maxReconnectDelay)
		if delay := backoff(attempt); delay < ceiling/2 || delay > ceiling {
			t.Errorf("%d: %v", attempt, delay)
		}
	}
	if refreshDelay(3600) != 54*time.Minute || refreshDelay(0) != time.Second {
		t.Error("refresh delays")
	}
	if years := refreshDelay(math.MaxUint32).Hours() / 24 / 365; years < 122 || years > 123 {
		t.Errorf("a token of 136 years is renewed after %v", years)
	}
}

func TestCodesOfCentrifugoThatLetClientsComeBack(t *testing.T) {
	for code, want := range map[int]bool{
		1000: true, 1001: true, 1005: true, 1009: false, 3000: true, 3499: true, 3500: false, 3999: false, 4000: true, 4499: true,
		4500: false, 4999: false, 5000: true,
	} {
		if reconnects(code) != want {
			t.Errorf("%d", code)
		}
	}
}

func TestSessionsAreRandomUUIDs(t *testing.T) {
	first, second := newUUID(), newUUID()
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if first == second || !form.MatchString(first) || !form.MatchString(second) {
		t.Error(first, second)
	}
}

func TestTheLogTellsWhatIsIgnoredAndNoSecrets(t *testing.T) {
	leavesNothing(t)
	url := serve(t, func(p *peer) {
		p.letIn()
		r, _ := p.request()
		late := r
		late.CorrelationID = "late"
		p.text(late.reply())
		p.text(r.reply())
		p.rest()
	})
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	api := NewAPIClient(url+"?key=s3cret", "t0ken", "42", WithLogger(logger))
	if err := api.Connect(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := invoke[text](context.Background(), api, "a.b", text{"pr1vate"}, nil); err != nil {
		t.Error(err)
	}
	_ = api.Close()
	if !strings.Contains(log.String(), "unknown reply is ignored") || !strings.Contains(log.String(), "correlation_id=late") {
		t.Error(log.String())
	}
	for _, secret := range []string{"s3cret", "t0ken", "pr1vate"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log shows %s", secret)
		}
	}
}

func TestMethodsByNameAndTheCheckOfTheContract(t *testing.T) {
	leavesNothing(t)
	url := serve(t, func(p *peer) {
		p.letIn()
		for {
			r, ok := p.request()
			if !ok {
				return
			}
			if r.Method == "system.contract" {
				r.Params = []byte(`{"hash":"abc","version":1}`)
			}
			if r.CorrelationID != "" {
				p.text(r.reply())
			}
		}
	})
	ctx := context.Background()
	api := NewAPIClient(url, "", "42")
	defer api.Close()
	if err := api.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	if result, err := api.Call(ctx, "a.b", json.RawMessage(`[1.0]`)); err != nil || string(result) != "[1.0]" {
		t.Errorf("%s, %v", result, err)
	}
	var encode *EncodeError
	if _, err := api.Call(ctx, "a.b", json.RawMessage(`{`)); !errors.As(err, &encode) || encode.Method != "a.b" {
		t.Error(err)
	}
	if err := api.Notify(ctx, "a.b", nil); err != nil {
		t.Error(err)
	}
	if err := checkContract(ctx, api, "abc", nil); err != nil {
		t.Error(err)
	}
	var contract *ContractError
	if err := checkContract(ctx, api, "def", nil); !errors.As(err, &contract) || contract.Served != "abc" || contract.Generated != "def" {
		t.Error(err)
	}
}

func TestRefusalsThatASettingCausesNameIt(t *testing.T) {
	subscribe := func(channel, user string, code uint32) string {
		return subscribeRefusal(channel, user, &refusedSubscribe{code: code, reason: "no"}).Error()
	}
	long := strings.Repeat("x", 255)
	for _, c := range []struct{ said, part string }{
		{subscribe("reply:x#42", "42", 106), "client.channel_limit"},
		{subscribe("reply:x#42", "42", 107), "channel_regex"},
		{subscribe("reply:"+long+"#"+long, long, 107), "channel.max_length to 517"},
		{subscribe("reply:x#42", "42", 109), "WithGetToken"},
		{disconnectRefusal("ws://h/", &closeError{code: 3500}).Error(), "sub is a string"},
		{disconnectRefusal("ws://h/", &closeError{code: 3500}).Error(), "three parts"},
		{connectRefusal("ws://h/", &centrifugoError{Code: 109}).Error(), "nbf"},
	} {
		if !strings.Contains(c.said, c.part) {
			t.Errorf("%q is not in: %s", c.part, c.said)
		}
	}
}
