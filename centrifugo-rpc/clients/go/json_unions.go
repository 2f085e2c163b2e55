package client

import (
	"encoding/json"
)

// Unknown is a variant that this client does not know: a newer service may have it.
type Unknown struct {
	// Raw is the JSON as it arrived.
	Raw json.RawMessage
}

// union reads or writes one of several variants into or out of an interface I. Each variant is tried once, in order,
// and the first one that fits is used.
type union[I any] struct {
	c     *coder
	value *I
	done  bool
	// When reading: the value that names the variant, and its content; nil for the names of unit variants.
	name    string
	content *node
	// The object of unions that are members of one.
	o *object
}

// is returns the variant that is to be written, if it is a V.
func is[V, I any](u *union[I]) (*V, bool) {
	if u.done {
		return nil, false
	}
	switch value := any(*u.value).(type) {
	case V:
		u.done = true
		return &value, true
	case *V:
		u.done = value != nil
		return value, u.done
	}
	return nil, false
}

// set stores the value that was read.
func set[V, I any](u *union[I], variant V) {
	u.done = true
	value, ok := any(variant).(I)
	if !ok {
		u.c.fail("%T is no variant", variant)
		return
	}
	*u.value = value
}

// end returns an error if no variant matched.
func (u *union[I]) end() {
	switch {
	case u.done || u.c.err != nil:
	case u.c.reading():
		u.c.fail("%s is none of the variants", u.c.in.describe())
	default:
		u.c.fail("the variant is not set")
	}
}

// external is "Unit" or {"Variant": content}.
func external[I any](c *coder, value *I) *union[I] {
	u := &union[I]{c: c, value: value}
	switch {
	case !c.reading():
	case c.in.kind() == '"':
		u.name = c.in.text
	case c.in.kind() == '{' && len(c.in.items) == 1:
		u.name, u.content = c.in.names[0], &c.in.items[0]
	default:
		c.expected("a string or an object with one member")
	}
	return u
}

// unit is a variant of an external union without content.
func unit[V, I any](u *union[I], name string) {
	if !u.c.reading() {
		if _, ok := is[V](u); ok {
			u.c.writeString(name)
		}
		return
	}
	if u.c.err != nil || u.done || u.name != name {
		return
	}
	if u.content != nil && !u.content.isNull() {
		u.c.fail("the variant %q holds nothing", name)
		return
	}
	var variant V
	set(u, variant)
}

// holding is a variant of an external union with content.
func holding[V, I any](u *union[I], name string, code codec[V]) {
	if !u.c.reading() {
		if variant, ok := is[V](u); ok {
			o := &object{c: u.c}
			u.c.write("{")
			o.member(name, func() { code(variant, u.c) })
			u.c.write("}")
		}
		return
	}
	if u.c.err != nil || u.done || u.name != name {
		return
	}
	if u.content == nil {
		u.c.fail("the variant %q has a content", name)
		return
	}
	var variant V
	u.c.step("."+name, u.content, func() { code(&variant, u.c) })
	set(u, variant)
}

// endKeeping keeps an unknown variant.
func (u *union[I]) endKeeping() {
	if u.done || u.c.err != nil || u.c.strict {
		u.end()
		return
	}
	if u.c.reading() {
		set(u, Unknown{append(json.RawMessage(nil), u.c.in.raw...)})
		return
	}
	if unknown, ok := is[Unknown](u); ok {
		anything(&unknown.Raw, u.c)
	}
	u.end()
}

// internal is an object with a tag among the members of its variant.
func internal[I any](o *object, tag string, value *I) *union[I] {
	u := &union[I]{c: o.c, o: o, value: value}
	if !o.c.reading() {
		return u
	}
	if at := o.find(tag); at < 0 {
		o.c.fail("the member %q is missing", tag)
	} else if in := &o.c.in.items[at]; in.kind() != '"' {
		o.c.step("."+tag, in, func() { o.c.expected("a string") })
	} else {
		u.name = in.text
	}
	return u
}

// tagged is a variant of an internal union. If members is nil, the variant has no content.
func tagged[V, I any](u *union[I], tag, name string, members func(*V, *object)) {
	var variant *V
	if u.c.reading() {
		if u.c.err != nil || u.done || u.name != name {
			return
		}
		variant = new(V)
	} else {
		var ok bool
		if variant, ok = is[V](u); !ok {
			return
		}
	}
	required(u.o, tag, &name, texts)
	if members != nil {
		members(variant, u.o)
	}
	if u.c.reading() {
		set(u, *variant)
	}
}

// endKeepingMembers keeps an unknown variant.
func (u *union[I]) endKeepingMembers() {
	if u.done || u.c.err != nil || u.c.strict {
		u.end()
		return
	}
	if u.c.reading() {
		set(u, Unknown{u.o.raw()})
		return
	}
	if unknown, ok := is[Unknown](u); ok {
		u.o.spread(unknown.Raw)
	}
	u.end()
}

// among is an external union whose variants are members of an object with others.
func among[I any](o *object, value *I) *union[I] {
	return &union[I]{c: o.c, o: o, value: value}
}

// member is a variant of a union among other members.
func member[V, I any](u *union[I], name string, code codec[V]) {
	if !u.c.reading() {
		if variant, ok := is[V](u); ok {
			u.o.member(name, func() { code(variant, u.c) })
		}
		return
	}
	if u.c.err != nil || u.done {
		return
	}
	// Another one of several such unions takes it.
	if at := u.o.find(name); at < 0 || u.o.taken[at] {
		return
	}
	var variant V
	required(u.o, name, &variant, code)
	set(u, variant)
}

// untagged is the content of the first variant that fits.
func untagged[I any](c *coder, value *I) *union[I] {
	return &union[I]{c: c, value: value}
}

// fitting is a variant of an untagged union.
func fitting[V, I any](u *union[I], code codec[V]) {
	if !u.c.reading() {
		if variant, ok := is[V](u); ok {
			code(variant, u.c)
		}
		return
	}
	var variant V
	if !u.done && u.c.try(func() { code(&variant, u.c) }) {
		set(u, variant)
	}
}

// fittingMembers is a variant of an untagged union among other members.
func fittingMembers[V, I any](u *union[I], members func(*V, *object)) {
	if !u.c.reading() {
		if variant, ok := is[V](u); ok {
			members(variant, u.o)
		}
		return
	}
	var variant V
	if !u.done && u.o.try(func() { members(&variant, u.o) }) {
		set(u, variant)
	}
}

// perhaps is a union among other members that may be absent as a whole.
func perhaps[T any](o *object, unset bool, v *T, members func(*T, *object)) {
	if !o.c.reading() {
		if !unset {
			members(v, o)
		}
		return
	}
	var value T
	if o.try(func() { members(&value, o) }) {
		*v = value
	}
}

// whole is an object of any members, with others beside them.
func whole(o *object, v *json.RawMessage) {
	if o.c.reading() {
		*v = o.raw()
		return
	}
	o.spread(*v)
}
