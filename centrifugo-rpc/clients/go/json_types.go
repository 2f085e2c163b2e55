package client

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Null is the one value of a type without any: null.
type Null struct{}

func nulls(_ *Null, c *coder) {
	switch {
	case !c.reading():
		c.write("null")
	case !c.in.isNull():
		c.expected("null")
	}
}

// Never is a type without values.
type Never struct{}

func nevers(_ *Never, c *coder) { c.fail("there is no value of this type") }

// Char is one Unicode character; in JSON, a string of it.
type Char rune

func chars(v *Char, c *coder) {
	if !c.reading() {
		if !utf8.ValidRune(rune(*v)) {
			c.fail("%d is no character", *v)
			return
		}
		c.writeString(string(*v))
		return
	}
	char, size := utf8.DecodeRuneInString(c.in.text)
	if c.in.kind() != '"' || size == 0 || size != len(c.in.text) {
		c.expected("a string of one character")
		return
	}
	*v = Char(char)
}

func bools(v *bool, c *coder) {
	switch {
	case !c.reading():
		c.write(strconv.FormatBool(*v))
	case c.in.kind() == 't' || c.in.kind() == 'f':
		*v = c.in.kind() == 't'
	default:
		c.expected("true or false")
	}
}

func texts(v *string, c *coder) {
	switch {
	case !c.reading():
		c.writeString(*v)
	case c.in.kind() == '"':
		*v = c.in.text
	default:
		c.expected("a string")
	}
}

// formatted is a string that must match a pattern.
func formatted(v *string, c *coder, pattern *regexp.Regexp, what string) {
	if c.reading() {
		texts(v, c)
	}
	if c.err == nil && !pattern.MatchString(*v) {
		c.fail("%.60q is not %s", *v, what)
		return
	}
	if !c.reading() {
		c.writeString(*v)
	}
}

var (
	uuidForm = regexp.MustCompile(`^(?i:(urn:uuid:)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|` +
		`\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}|[0-9a-f]{32})$`)
	decimalForm = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$`)
	numberForm  = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$`)
)

func uuids(v *string, c *coder) { formatted(v, c, uuidForm, "a UUID") }

func decimals(v *string, c *coder) {
	if c.reading() && c.in.kind() == '0' {
		*v = string(c.in.raw)
		return
	}
	formatted(v, c, decimalForm, "a decimal number")
}

func numbers(v *json.Number, c *coder) {
	switch {
	case c.reading() && c.in.kind() == '0':
		*v = json.Number(c.in.raw)
	case c.reading():
		c.expected("a number")
	case numberForm.MatchString(string(*v)):
		c.write(string(*v))
	default:
		c.fail("%.60q is not a number", string(*v))
	}
}

// anything is any JSON; nil is written as null.
func anything(v *json.RawMessage, c *coder) {
	if c.reading() {
		*v = append(json.RawMessage(nil), c.in.raw...)
		return
	}
	if *v == nil {
		c.write("null")
		return
	}
	if _, err := parse(*v); err != nil {
		c.fail("%v", err)
		return
	}
	c.out = append(c.out, *v...)
}

func integers[T ~int8 | ~int16 | ~int32 | ~int64](v *T, c *coder) {
	if !c.reading() {
		c.out = strconv.AppendInt(c.out, int64(*v), 10)
		return
	}
	whole, err := strconv.ParseInt(string(c.in.raw), 10, 64)
	*v = T(whole)
	if err != nil || int64(*v) != whole {
		c.expected(fmt.Sprintf("a whole number that fits %T", *v))
	}
}

func naturals[T ~uint8 | ~uint16 | ~uint32 | ~uint64](v *T, c *coder) {
	if !c.reading() {
		c.out = strconv.AppendUint(c.out, uint64(*v), 10)
		return
	}
	whole, err := strconv.ParseUint(string(c.in.raw), 10, 64)
	*v = T(whole)
	if err != nil || uint64(*v) != whole {
		c.expected(fmt.Sprintf("a whole number that fits %T", *v))
	}
}

// The limits of wide integers.
var (
	maxUnsigned = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))
	maxSigned   = new(big.Int).Rsh(maxUnsigned, 1)
	minSigned   = new(big.Int).Not(maxSigned)
)

func signed128(v **big.Int, c *coder)   { wide(v, c, minSigned, maxSigned, "an i128") }
func unsigned128(v **big.Int, c *coder) { wide(v, c, new(big.Int), maxUnsigned, "a u128") }

func wide(v **big.Int, c *coder, lowest, highest *big.Int, what string) {
	if c.reading() {
		whole, ok := new(big.Int).SetString(string(c.in.raw), 10)
		// A longer number is out of range in any case.
		if len(c.in.raw) > 64 || !ok || whole.Cmp(lowest) < 0 || whole.Cmp(highest) > 0 {
			c.expected("a whole number that fits " + what)
			return
		}
		*v = whole
		return
	}
	switch {
	case *v == nil:
		c.fail("it is nil: set a number")
	case (*v).Cmp(lowest) < 0 || (*v).Cmp(highest) > 0:
		c.fail("%.60v does not fit %s", *v, what)
	default:
		c.out = (*v).Append(c.out, 10)
	}
}

func floats[T ~float32 | ~float64](v *T, c *coder) {
	bits := 64
	if _, single := any(*v).(float32); single {
		bits = 32
	}
	if c.reading() {
		if c.in.kind() != '0' {
			c.expected("a number")
			return
		}
		number, err := strconv.ParseFloat(string(c.in.raw), bits)
		if err != nil {
			c.expected(fmt.Sprintf("a number that fits %T", *v))
		}
		*v = T(number)
		return
	}
	number := float64(*v)
	if math.IsNaN(number) || math.IsInf(number, 0) {
		c.fail("%v is no JSON number", number)
		return
	}
	text := strconv.FormatFloat(number, 'g', -1, bits)
	if !strings.ContainsAny(text, ".e") {
		// A value that is read as an integer may be another variant of an enum.
		text += ".0"
	}
	c.write(text)
}

// enum is one of a set of strings. Unknown strings are kept, because a newer service may know them; except the empty
// string, which in Go is an unset value.
func enum[T ~string](v *T, c *coder, known ...T) {
	if c.reading() {
		if c.in.kind() != '"' {
			c.expected("a string")
			return
		}
		*v = T(c.in.text)
	}
	for _, value := range known {
		if *v == value {
			if !c.reading() {
				c.writeString(string(*v))
			}
			return
		}
	}
	switch {
	case c.strict, c.reading() && *v == "":
		c.fail("%.40q is not known", string(*v))
	case c.reading():
	case *v == "":
		c.fail("it is not set: it is one of %.200q", known)
	default:
		c.writeString(string(*v))
	}
}

// integerEnum is one of a set of integers. Unknown integers are kept, because a newer service may have them; except 0
// if it is not in the set: in Go, that is an unset value.
func integerEnum[T ~int64](v *T, c *coder, known ...T) {
	if c.reading() {
		integers(v, c)
	}
	isKnown := slices.Contains(known, *v)
	switch {
	case c.err != nil:
	case !isKnown && !c.reading() && *v == 0:
		c.fail("it is not set: it is one of %.200v", known)
	case !isKnown && (c.strict || *v == 0):
		c.fail("%d is not known", *v)
	case !c.reading():
		integers(v, c)
	}
}

// nothing is a variant without content, as null.
func nothing[V any](_ *V, c *coder) { nulls(nil, c) }
