package client

import (
	"encoding/json"
	"math/big"
	"time"
)

// Types as they are generated: something of everything.

type zoo struct {
	Bool   bool
	Text   string
	Char   Char
	Time   time.Time
	UUID   string
	Price  string
	Number json.Number
	Int8   int8
	Uint64 uint64
	Small  int8
	I128   *big.Int
	U128   *big.Int
	NonZ   *big.Int
	F32    float32
	F64    float64
	Any    json.RawMessage
	Null   Null
	Color  color
	List   []int32
	Array  [2]uint8
	Pair   pair
	ByID   map[int64]string
	ByN    map[uint64]bool
	Maybe  *string
	MayL   []uint8
	MayM   map[string]Null
	MayW   *big.Int
	Self   *zoo
	Opt    *uint8
	OptL   []string
	Either *string

	nulls [1]uint64
}

func (v *zoo) code(c *coder) { c.object(v.members) }

func (v *zoo) members(o *object) {
	required(o, "bool", &v.Bool, bools)
	required(o, "text", &v.Text, texts)
	required(o, "char", &v.Char, chars)
	required(o, "time", &v.Time, times)
	required(o, "uuid", &v.UUID, uuids)
	required(o, "price", &v.Price, decimals)
	required(o, "number", &v.Number, numbers)
	required(o, "int8", &v.Int8, integers[int8])
	required(o, "uint64", &v.Uint64, naturals[uint64])
	required(o, "small", &v.Small, integers[int8])
	required(o, "i128", &v.I128, signed128)
	required(o, "u128", &v.U128, unsigned128)
	required(o, "nonz", &v.NonZ, unsigned128)
	required(o, "f32", &v.F32, floats[float32])
	required(o, "f64", &v.F64, floats[float64])
	required(o, "any", &v.Any, anything)
	required(o, "null", &v.Null, nulls)
	required(o, "color", &v.Color, (*color).code)
	required(o, "list", &v.List, list(integers[int32]))
	required(o, "array", &v.Array, array2(naturals[uint8]))
	required(o, "pair", &v.Pair, (*pair).code)
	required(o, "by_id", &v.ByID, table(signedKeys, texts))
	required(o, "by_n", &v.ByN, table(unsignedKeys, bools))
	required(o, "maybe", &v.Maybe, pointer(texts))
	required(o, "may_l", &v.MayL, nullList(list(naturals[uint8])))
	required(o, "may_m", &v.MayM, nullTable(table(textKeys, nulls)))
	required(o, "may_w", &v.MayW, nullWide(unsigned128))
	required(o, "self", &v.Self, pointer((*zoo).code))
	optional(o, "opt", v.Opt == nil, &v.Opt, present(naturals[uint8]))
	optional(o, "opt_l", v.OptL == nil, &v.OptL, list(texts))
	absentOrNull(o, "either", v.Either == nil, &v.Either, v.nulls[:], 0, pointer(texts))
}

func (v *zoo) SetNull(names ...string) { setNull(v.nulls[:], names, "either") }

func array2[T any](code codec[T]) codec[[2]T] {
	return func(v *[2]T, c *coder) { array(c, v[:], code) }
}

type pair struct {
	V0 int32
	V1 string
}

func (v *pair) code(c *coder) {
	tuple(c, func() { integers(&v.V0, c) }, func() { texts(&v.V1, c) })
}

type color string

const (
	red  color = "red"
	blue color = "blue"
)

func (v *color) code(c *coder) { enum(v, c, red, blue) }

type point struct{ X int32 }

func (v *point) code(c *coder) { c.object(v.members) }

func (v *point) members(o *object) { required(o, "x", &v.X, integers[int32]) }

// Externally tagged; and, among other members, as serde flattens it.
type shape struct{ Value shapeVariant }

type shapeVariant interface{ isShape() }

type (
	shapeEmpty  struct{}
	shapeCircle struct{ Value point }
)

func (shapeEmpty) isShape()  {}
func (shapeCircle) isShape() {}
func (Unknown) isShape()     {}

func (v *shapeCircle) code(c *coder) { v.Value.code(c) }

func (v *shape) code(c *coder) {
	u := external(c, &v.Value)
	unit[shapeEmpty](u, "Empty")
	holding(u, "Circle", (*shapeCircle).code)
	u.endKeeping()
}

func (v *shape) members(o *object) {
	u := among(o, &v.Value)
	member(u, "Empty", nothing[shapeEmpty])
	member(u, "Circle", (*shapeCircle).code)
	u.end()
}

// Internally tagged.
type event struct{ Value eventVariant }

type eventVariant interface{ isEvent() }

type (
	eventCreated struct{}
	eventMoved   struct{ Value point }
	eventOther   struct{ Value json.RawMessage }
)

func (eventCreated) isEvent() {}
func (eventMoved) isEvent()   {}
func (eventOther) isEvent()   {}
func (Unknown) isEvent()      {}

func (v *eventMoved) members(o *object) { v.Value.members(o) }

func (v *eventOther) members(o *object) { whole(o, &v.Value) }

func (v *event) code(c *coder) { c.object(v.members) }

func (v *event) members(o *object) {
	u := internal(o, "type", &v.Value)
	tagged[eventCreated](u, "type", "Created", nil)
	tagged(u, "type", "Moved", (*eventMoved).members)
	tagged(u, "type", "Other", (*eventOther).members)
	u.endKeepingMembers()
}

// Untagged; and among other members.
type value struct{ Value valueVariant }

type valueVariant interface{ isValue() }

type (
	valueNothing struct{}
	valueNumber  struct{ Value int64 }
	valueFloat   struct{ Value float64 }
	valuePoint   struct{ Value point }
	valueList    struct{ Value []value }
	valueColor   struct{ Value color }
	valueShape   struct{ Value shape }
	valueText    struct{ Value string }
)

func (valueNothing) isValue() {}
func (valueNumber) isValue()  {}
func (valueFloat) isValue()   {}
func (valuePoint) isValue()   {}
func (valueList) isValue()    {}
func (valueColor) isValue()   {}
func (valueShape) isValue()   {}
func (valueText) isValue()    {}

func (v *valueNumber) code(c *coder)    { integers(&v.Value, c) }
func (v *valueFloat) code(c *coder)     { floats(&v.Value, c) }
func (v *valuePoint) code(c *coder)     { v.Value.code(c) }
func (v *valuePoint) members(o *object) { v.Value.members(o) }
func (v *valueList) code(c *coder)      { list((*value).code)(&v.Value, c) }
func (v *valueColor) code(c *coder)     { v.Value.code(c) }
func (v *valueShape) code(c *coder)     { v.Value.code(c) }
func (v *valueShape) members(o *object) { v.Value.members(o) }
func (v *valueText) code(c *coder)      { texts(&v.Value, c) }

func (v *value) code(c *coder) {
	u := untagged(c, &v.Value)
	fitting(u, nothing[valueNothing])
	fitting(u, (*valueNumber).code)
	fitting(u, (*valueFloat).code)
	fitting(u, (*valuePoint).code)
	fitting(u, (*valueList).code)
	fitting(u, (*valueColor).code)
	fitting(u, (*valueShape).code)
	fitting(u, (*valueText).code)
	u.end()
}

func (v *value) members(o *object) {
	u := among(o, &v.Value)
	fittingMembers(u, (*valuePoint).members)
	fittingMembers(u, (*valueShape).members)
	fittingMembers(u, noMembers[valueNothing])
	u.end()
}

// Flattened: one of each, and the remaining members.
type flat struct {
	ID    uint8
	Shape shape
	Event event
	Value value
	Rest  map[string]int32
}

func (v *flat) code(c *coder) { c.object(v.members) }

func (v *flat) members(o *object) {
	required(o, "id", &v.ID, naturals[uint8])
	v.Shape.members(o)
	perhaps(o, v.Event.Value == nil, &v.Event, (*event).members)
	v.Value.members(o)
	rest(o, &v.Rest, textKeys, integers[int32])
}

// Denies unknown members.
type closed struct{ A Never }

func (v *closed) code(c *coder) {
	c.object(func(o *object) {
		optional(o, "a", true, &v.A, nevers)
		o.deny()
	})
}
