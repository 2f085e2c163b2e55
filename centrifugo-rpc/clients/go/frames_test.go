package client

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func readerOf(stream []byte, limit int) *frameReader {
	return &frameReader{r: bufio.NewReader(bytes.NewReader(stream)), limit: limit, onPing: func([]byte) {}}
}

func TestMessagesOfEveryLengthArriveWhole(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 100_000} {
		want := strings.Repeat("x", n)
		got, err := readerOf(serverFrame(true, opText, want), 100_000).next()
		if err != nil || string(got) != want {
			t.Errorf("%d bytes: %d, %v", n, len(got), err)
		}
	}
}

func TestTheReadLimitIsOfAMessageNotOfItsFrames(t *testing.T) {
	whole := append(serverFrame(false, opText, "1234"), serverFrame(true, opContinuation, "5678")...)
	if got, err := readerOf(whole, 8).next(); err != nil || string(got) != "12345678" {
		t.Error(string(got), err)
	}
	var violation *frameError
	if _, err := readerOf(whole, 7).next(); !errors.As(err, &violation) || violation.code != closeTooBig {
		t.Error(err)
	}
}

func TestFramesOfAClientAreMaskedEachWithAKeyOfItsOwn(t *testing.T) {
	payload := []byte("a payload that is long enough")
	first, second := appendFrame(nil, opText, payload), appendFrame(nil, opText, payload)
	if bytes.Equal(first, second) || bytes.Contains(first, payload) {
		t.Errorf("%x", first)
	}
	for i := range payload {
		if first[6+i]^first[2+i&3] != payload[i] {
			t.Fatalf("byte %d of %x", i, first)
		}
	}
	for n, header := range map[int]int{0: 6, 125: 6, 126: 8, 65535: 8, 65536: 14} {
		if got := len(appendFrame(nil, opText, make([]byte, n))); got != n+header {
			t.Errorf("%d bytes make a frame of %d", n, got)
		}
	}
}

func TestALongReasonFitsIntoACloseFrame(t *testing.T) {
	if n := len(appendClose(nil, closeProtocolError, strings.Repeat("x", 1000))); n != 6+maxControlPayload {
		t.Error(n)
	}
}

var frameSeeds = [][]byte{
	serverFrame(true, opText, "{}"),
	append(serverFrame(false, opText, "{"), append(serverFrame(true, opPing, "x"), serverFrame(true, opContinuation, "}")...)...),
	serverFrame(true, opClose, "\x03\xe8bye"),
	serverFrame(true, opText, strings.Repeat("x", 70_000)),
	{0x81, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'x'},
}

func FuzzFrames(f *testing.F) {
	for _, seed := range frameSeeds {
		f.Add(seed, uint64(1))
	}
	f.Fuzz(checkFrames)
}

// A fixed seed, so that a build fails because of a change and not by chance. FuzzFrames searches further.
func TestAnyFramesAreReadOrRefused(t *testing.T) {
	seed := uint64(0)
	mutations(frameSeeds, []string{"\x00", "\x01", "\x80", "\x81", "\x88", "\x89", "\x7e", "\x7f", "\xfe", "\xff"}, func(stream []byte) {
		seed++
		checkFrames(t, stream, seed)
	})
}

// checkFrames holds for all bytes from a server: messages within the limit and in UTF-8, then an error; the same for any cut of the
// stream.
func checkFrames(t *testing.T, stream []byte, seed uint64) {
	const limit = 1000
	read := func(r io.Reader) (messages [][]byte, ending string) {
		reader := &frameReader{r: bufio.NewReaderSize(r, 16), limit: limit, onPing: func(p []byte) {
			if len(p) > maxControlPayload {
				t.Errorf("a ping of %d bytes", len(p))
			}
		}}
		for {
			message, err := reader.next()
			if err != nil {
				return messages, err.Error()
			}
			if len(message) > limit || !utf8.Valid(message) {
				t.Errorf("a message of %d bytes: %q", len(message), message)
			}
			messages = append(messages, message)
		}
	}
	messages, ending := read(bytes.NewReader(stream))
	again, same := read(&pieces{stream, rand.New(rand.NewPCG(seed, 0))})
	if ending != same || len(messages) != len(again) {
		t.Errorf("%q: %q and %q, %d and %d messages", stream, ending, same, len(messages), len(again))
		return
	}
	for i := range messages {
		if !bytes.Equal(messages[i], again[i]) {
			t.Errorf("message %d of %q differs", i, stream)
		}
		_ = decodeReplies(messages[i], func(*reply) error { return nil })
	}
}

// pieces reads a stream in pieces of any size.
type pieces struct {
	left   []byte
	random *rand.Rand
}

func (s *pieces) Read(to []byte) (int, error) {
	if len(s.left) == 0 {
		return 0, io.EOF
	}
	n := copy(to, s.left[:min(len(s.left), 1+s.random.IntN(7))])
	s.left = s.left[n:]
	return n, nil
}
