package client

import (
	"encoding/json"
	"fmt"
	"slices"
)

// object is an object that is read or written member by member.
type object struct {
	c *coder
	// When reading: which members of the coder's value have been taken.
	taken []bool
	// When writing: the names so far.
	names []string
}

func (c *coder) object(members func(*object)) {
	if !c.reading() {
		c.write("{")
		members(&object{c: c})
		c.write("}")
		return
	}
	if c.in.kind() != '{' {
		c.expected("an object")
		return
	}
	members(&object{c: c, taken: make([]bool, len(c.in.items))})
}

// find returns the index of a member, or -1. A second member of the same name is an error.
func (o *object) find(name string) int {
	at := slices.Index(o.c.in.names, name)
	if at >= 0 && slices.Contains(o.c.in.names[at+1:], name) {
		o.c.fail("the member %q is there twice", name)
	}
	return at
}

func required[T any](o *object, name string, v *T, code codec[T]) {
	if !o.c.reading() {
		o.member(name, func() { code(v, o.c) })
		return
	}
	at := o.find(name)
	if at < 0 {
		o.c.fail("the member %q is missing", name)
		return
	}
	o.taken[at] = true
	o.c.step("."+name, &o.c.in.items[at], func() { code(v, o.c) })
}

// optional is a member that may be absent; an unset value is not written.
func optional[T any](o *object, name string, unset bool, v *T, code codec[T]) {
	if o.c.reading() && o.find(name) < 0 || !o.c.reading() && unset {
		return
	}
	required(o, name, v, code)
}

// absentOrNull is a member that may be absent or null. Nil is null if the bit of the member is set, and absent
// otherwise.
func absentOrNull[T any](o *object, name string, isNil bool, v *T, nulls []uint64, bit int, code codec[T]) {
	word, mask := &nulls[bit/64], uint64(1)<<(bit%64)
	if !o.c.reading() {
		optional(o, name, isNil && *word&mask == 0, v, code)
		return
	}
	if at := o.find(name); at >= 0 && o.c.in.items[at].isNull() {
		*word |= mask
	}
	optional(o, name, false, v, code)
}

// setNull sets the bits of names, which must be among the known ones.
func setNull(nulls []uint64, names []string, known ...string) {
	for _, name := range names {
		bit := slices.Index(known, name)
		if bit < 0 {
			panic(fmt.Sprintf("SetNull: %q is none of %q", name, known))
		}
		nulls[bit/64] |= 1 << (bit % 64)
	}
}

// member writes one member.
func (o *object) member(name string, value func()) {
	if slices.Contains(o.names, name) {
		o.c.fail("there would be two members %q", name)
		return
	}
	if len(o.names) > 0 {
		o.c.write(",")
	}
	o.names = append(o.names, name)
	o.c.writeString(name)
	o.c.write(":")
	o.c.step("."+name, nil, value)
}

// deny returns an error for members that have not been taken.
func (o *object) deny() {
	if !o.c.reading() {
		return
	}
	if at := slices.Index(o.taken, false); at >= 0 {
		o.c.fail("the member %q is not known", o.c.in.names[at])
	}
}

// raw takes all members that have not been taken, as an object.
func (o *object) raw() json.RawMessage {
	raw := []byte{'{'}
	for i, name := range o.c.in.names {
		if o.taken[i] {
			continue
		}
		o.taken[i] = true
		if len(raw) > 1 {
			raw = append(raw, ',')
		}
		raw = append(append(appendString(raw, name), ':'), o.c.in.items[i].raw...)
	}
	return append(raw, '}')
}

// spread writes the members of an object.
func (o *object) spread(raw json.RawMessage) {
	in, err := parse(raw)
	if err != nil || in.kind() != '{' {
		o.c.fail("the unknown variant is not an object")
		return
	}
	for i, name := range in.names {
		o.member(name, func() { o.c.write(string(in.items[i].raw)) })
	}
}

// try reads with part and reports whether that succeeded. After a failure, the object is unchanged.
func (o *object) try(part func()) bool {
	taken := slices.Clone(o.taken)
	if o.c.try(part) {
		return true
	}
	o.taken = taken
	return false
}

func (c *coder) try(part func()) bool {
	if c.err != nil {
		return false
	}
	if c.tries >= maxDepth {
		c.fail("too many variants are nested")
		return false
	}
	strict := c.strict
	c.strict, c.tries = true, c.tries+1
	part()
	c.strict, c.tries = strict, c.tries-1
	if c.err != nil {
		c.err = nil
		return false
	}
	return true
}

// noMembers is a variant without content, among members.
func noMembers[V any](*V, *object) {}
