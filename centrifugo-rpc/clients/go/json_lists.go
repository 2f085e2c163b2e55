package client

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
)

// array reads or writes exactly these items.
func array[T any](c *coder, items []T, code codec[T]) {
	if c.reading() {
		if c.in.kind() != '[' || len(c.in.items) != len(items) {
			c.expected(fmt.Sprintf("an array of %d", len(items)))
			return
		}
		for i := range items {
			c.step(fmt.Sprintf("[%d]", i), &c.in.items[i], func() { code(&items[i], c) })
		}
		return
	}
	c.write("[")
	for i := range items {
		if i > 0 {
			c.write(",")
		}
		c.step(fmt.Sprintf("[%d]", i), nil, func() { code(&items[i], c) })
	}
	c.write("]")
}

// list is an array of any length; nil is written as an empty one.
func list[T any](code codec[T]) codec[[]T] {
	return func(v *[]T, c *coder) {
		if c.reading() {
			if c.in.kind() != '[' {
				c.expected("an array")
				return
			}
			*v = make([]T, len(c.in.items))
		}
		array(c, *v, code)
	}
}

// tuple reads or writes an array whose items have types of their own.
func tuple(c *coder, items ...func()) {
	if c.reading() && (c.in.kind() != '[' || len(c.in.items) != len(items)) {
		c.expected(fmt.Sprintf("an array of %d", len(items)))
		return
	}
	array(c, items, func(item *func(), _ *coder) { (*item)() })
}

// keys defines how the keys of a map are written and read.
type keys[K cmp.Ordered] struct {
	write func(K) string
	read  func(string) (K, error)
	what  string
	// An additional check of a key; nil if there is none.
	check func(K, *coder)
}

var (
	textKeys = keys[string]{
		func(key string) string { return key },
		func(key string) (string, error) { return key, nil },
		"a string",
		nil,
	}
	signedKeys = keys[int64]{
		func(key int64) string { return strconv.FormatInt(key, 10) },
		func(key string) (int64, error) { return strconv.ParseInt(key, 10, 64) },
		"a whole number that fits int64: " + textKeysInstead,
		nil,
	}
	unsignedKeys = keys[uint64]{
		func(key uint64) string { return strconv.FormatUint(key, 10) },
		func(key string) (uint64, error) { return strconv.ParseUint(key, 10, 64) },
		"a whole number that fits uint64: " + textKeysInstead,
		nil,
	}
)

// The schema of a map does not contain the width of its keys.
const textKeysInstead = "for wider keys the service describes the map with #[schemars(with = \"BTreeMap<String, …>\")]"

// enumKeys are the values of an enum, which are checked as they are elsewhere.
func enumKeys[K ~string](code codec[K]) keys[K] {
	return keys[K]{
		func(key K) string { return string(key) },
		func(key string) (K, error) { return K(key), nil },
		"a string",
		func(key K, c *coder) {
			in, out := c.in, c.out
			if c.reading() {
				c.in = &node{raw: []byte(`"`), text: string(key)}
			}
			code(&key, c)
			c.in, c.out = in, out
		},
	}
}

// table is an object whose names are the keys of a map; nil is written as an empty one.
func table[K cmp.Ordered, T any](keys keys[K], code codec[T]) codec[map[K]T] {
	return func(v *map[K]T, c *coder) {
		c.object(func(o *object) { rest(o, v, keys, code) })
	}
}

// rest is a map of all members that have not been taken.
func rest[K cmp.Ordered, T any](o *object, v *map[K]T, keys keys[K], code codec[T]) {
	if !o.c.reading() {
		for _, key := range slices.Sorted(maps.Keys(*v)) {
			value := (*v)[key]
			if keys.check != nil {
				o.c.step("."+keys.write(key), nil, func() { keys.check(key, o.c) })
			}
			required(o, keys.write(key), &value, code)
		}
		return
	}
	*v = map[K]T{}
	for i, name := range o.c.in.names {
		if o.taken[i] {
			continue
		}
		o.taken[i] = true
		o.c.step("."+name, &o.c.in.items[i], func() {
			key, err := keys.read(name)
			if err != nil || keys.write(key) != name {
				o.c.fail("the key is not %s", keys.what)
				return
			}
			if keys.check != nil {
				keys.check(key, o.c)
			}
			var value T
			code(&value, o.c)
			(*v)[key] = value
		})
	}
}

// pointer is a value that may be null, which is nil.
func pointer[T any](code codec[T]) codec[*T] {
	inner := present(code)
	return func(v **T, c *coder) { nullable(*v == nil, v, c, inner) }
}

// nullList is a list that may be null, which is nil.
func nullList[T any](code codec[[]T]) codec[[]T] {
	return func(v *[]T, c *coder) { nullable(*v == nil, v, c, code) }
}

// nullTable is a map that may be null, which is nil.
func nullTable[K cmp.Ordered, T any](code codec[map[K]T]) codec[map[K]T] {
	return func(v *map[K]T, c *coder) { nullable(*v == nil, v, c, code) }
}

// nullWide is a wide integer that may be null, which is nil.
func nullWide(code codec[*big.Int]) codec[*big.Int] {
	return func(v **big.Int, c *coder) { nullable(*v == nil, v, c, code) }
}

func nullable[T any](isNil bool, v *T, c *coder, code codec[T]) {
	switch {
	case c.reading() && c.in.isNull():
	case !c.reading() && isNil:
		c.write("null")
	default:
		code(v, c)
	}
}

// present is a value behind a pointer that is not nil.
func present[T any](code codec[T]) codec[*T] {
	return func(v **T, c *coder) {
		if c.reading() {
			*v = new(T)
		}
		code(*v, c)
	}
}

// Ptr is a pointer to a value, for members that may be left out or null.
func Ptr[T any](value T) *T { return &value }
