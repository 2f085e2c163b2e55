package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// How deeply arrays and objects are nested at most, as at the service.
const maxDepth = 127

// codec reads or writes a T; the coder decides which of both.
type codec[T any] func(v *T, c *coder)

// coder is one reading or writing of JSON. Package encoding/json is too lenient: it accepts names in any case, missing
// members, and null for every type.
type coder struct {
	// The value to read; nil when writing.
	in *node
	// The JSON written so far.
	out []byte
	// The first error. After it, all further results are ignored.
	err  error
	path []string
	// Whether an unknown value is an error, because another variant may match it.
	strict bool
	// How many values, and how many attempts at a variant, are open.
	depth, tries int
}

func encode[T any](v *T, code codec[T]) ([]byte, error) {
	c := &coder{}
	code(v, c)
	if c.err != nil {
		return nil, c.err
	}
	return c.out, nil
}

func decode[T any](data []byte, v *T, code codec[T]) error { return decodeAs(data, v, code, false) }

// converted is a value as another type that has the same JSON.
func converted[F, T any](from *F, write codec[F], read codec[T]) (to T, err error) {
	text, err := encode(from, write)
	if err == nil {
		err = decode(text, &to, read)
	}
	return to, err
}

// decodeAs reads a value, strictly or not.
func decodeAs[T any](data []byte, v *T, code codec[T], strict bool) error {
	in, err := parse(data)
	if err != nil {
		return err
	}
	var value T
	c := &coder{in: in, strict: strict}
	code(&value, c)
	if c.err == nil {
		*v = value
	}
	return c.err
}

func (c *coder) reading() bool { return c.in != nil }

func (c *coder) fail(format string, args ...any) {
	if c.err == nil {
		place := strings.TrimPrefix(strings.Join(c.path, ""), ".")
		if place == "" {
			place = "the value itself"
		}
		c.err = fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...))
	}
}

// expected fails because the value has another type.
func (c *coder) expected(what string) { c.fail("%s was expected, not %s", what, c.in.describe()) }

// step reads or writes a part of a value; when reading, the part in.
func (c *coder) step(name string, in *node, part func()) {
	if c.err != nil {
		return
	}
	outer := c.in
	c.in, c.path, c.depth = in, append(c.path, name), c.depth+1
	if c.depth > maxDepth {
		c.fail("it is nested more than %d deep", maxDepth)
	} else {
		part()
	}
	c.in, c.path, c.depth = outer, c.path[:len(c.path)-1], c.depth-1
}

func (c *coder) write(text string) { c.out = append(c.out, text...) }

func (c *coder) writeString(text string) {
	if !utf8.ValidString(text) {
		c.fail("the string is not UTF-8: %.40q", text)
		return
	}
	c.out = appendString(c.out, text)
}

func appendString(to []byte, text string) []byte {
	to = append(to, '"')
	for i := range len(text) {
		switch b := text[i]; {
		case b == '"' || b == '\\':
			to = append(to, '\\', b)
		case b < ' ':
			to = fmt.Appendf(to, `\u%04x`, b)
		default:
			to = append(to, b)
		}
	}
	return append(to, '"')
}

// node is a value of a JSON text.
type node struct {
	// The text of the value.
	raw []byte
	// The text of a string.
	text string
	// The items of an array, or the values of an object, whose names are beside them.
	items []node
	names []string
}

// kind is the first byte of the value; '0' for numbers.
func (n *node) kind() byte {
	if first := n.raw[0]; first != '-' && (first < '0' || first > '9') {
		return first
	}
	return '0'
}

func (n *node) describe() string {
	switch n.kind() {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return fmt.Sprintf("the string %.40q", n.text)
	case '0':
		return fmt.Sprintf("the number %.40s", n.raw)
	}
	return string(n.raw)
}

func (n *node) isNull() bool { return n.kind() == 'n' }

// parse reads a JSON text.
func parse(data []byte) (*node, error) {
	if !json.Valid(data) {
		return nil, errors.New("it is not JSON")
	}
	if !utf8.Valid(data) {
		return nil, errors.New("it is not UTF-8")
	}
	p := &parser{rest: data}
	root := p.value(0)
	return &root, p.err
}

// parser reads a text that is already known to be valid JSON.
type parser struct {
	rest []byte
	err  error
}

func (p *parser) space() {
	p.rest = bytes.TrimLeft(p.rest, " \t\r\n")
}

// next takes the next byte that is not white space.
func (p *parser) next() byte {
	p.space()
	b := p.rest[0]
	p.rest = p.rest[1:]
	return b
}

func (p *parser) value(depth int) (n node) {
	p.space()
	start := p.rest
	if p.err != nil {
		return node{raw: start}
	}
	switch start[0] {
	case '{', '[':
		if depth == maxDepth {
			p.err = fmt.Errorf("it is nested more than %d deep", maxDepth)
			return node{raw: start}
		}
		p.rest = p.rest[1:]
		end := start[0] + 2
		for p.space(); p.rest[0] != end; {
			if end == '}' {
				p.space()
				n.names = append(n.names, p.string())
				// The colon.
				p.next()
			}
			n.items = append(n.items, p.value(depth+1))
			if p.err != nil {
				return node{raw: start}
			}
			if p.space(); p.rest[0] == ',' {
				p.rest = p.rest[1:]
			}
		}
		p.rest = p.rest[1:]
	case '"':
		n.text = p.string()
	default:
		if length := bytes.IndexAny(p.rest, " \t\r\n,]}"); length >= 0 {
			p.rest = p.rest[length:]
		} else {
			p.rest = nil
		}
	}
	n.raw = start[:len(start)-len(p.rest)]
	return n
}

func (p *parser) string() string {
	quoted := p.rest[1:]
	if end := bytes.IndexAny(quoted, `"\`); quoted[end] == '"' {
		p.rest = quoted[end+1:]
		return string(quoted[:end])
	}
	var text []byte
	for {
		end := bytes.IndexAny(quoted, `"\`)
		text = append(text, quoted[:end]...)
		if quoted[end] == '"' {
			p.rest = quoted[end+1:]
			return string(text)
		}
		escape := quoted[end+1]
		quoted = quoted[end+2:]
		if escape == 'u' {
			char := hex4(quoted)
			quoted = quoted[4:]
			if char >= 0xd800 && char < 0xe000 {
				low := rune(0)
				if bytes.HasPrefix(quoted, []byte(`\u`)) {
					low = hex4(quoted[2:])
				}
				if char < 0xdc00 && low >= 0xdc00 && low < 0xe000 {
					quoted = quoted[6:]
					char = 0x10000 + (char-0xd800)<<10 + low - 0xdc00
				} else {
					p.err = errors.New("a string has half of a surrogate pair")
				}
			}
			text = utf8.AppendRune(text, char)
			continue
		}
		text = append(text, unescaped(escape))
	}
}

func hex4(digits []byte) rune {
	char, _ := strconv.ParseUint(string(digits[:4]), 16, 32)
	return rune(char)
}

func unescaped(escape byte) byte {
	switch escape {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return escape
}
