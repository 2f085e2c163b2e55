package client

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

const fullZoo = `{"bool":true,"text":"\u0001\u2028\"\\/\ud83e\udd80","char":"ż","time":"2024-02-29T23:59:59.123456789+05:30",` +
	`"uuid":"6BA7B810-9dad-11d1-80b4-00c04fd430c8","price":"-12.50","number":1e400,"int8":-128,"uint64":18446744073709551615,` +
	`"small":-3,"i128":-170141183460469231731687303715884105728,"u128":340282366920938463463374607431768211455,"nonz":1,` +
	`"f32":0.1,"f64":5.0,"any":{"b":[1,2.50,null],"a":"x"},"null":null,"color":"blue","list":[],"array":[0,255],"pair":[1,"x"],` +
	`"by_id":{"-1":"a","10":"b"},"by_n":{"18446744073709551615":true},"maybe":null,"may_l":null,"may_m":{},"may_w":null,` +
	`"self":null,"opt":0,"opt_l":[],"either":null}`

func textOf[T any](t *testing.T, v *T, code codec[T]) string {
	t.Helper()
	text, err := encode(v, code)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAValueThatIsReadIsWrittenAsTheSameValue(t *testing.T) {
	var v zoo
	if err := decode([]byte(fullZoo), &v, (*zoo).code); err != nil {
		t.Fatal(err)
	}
	if v.Text != "\x01\u2028\"\\/\U0001F980" || v.Char != 'ż' || v.Time.Nanosecond() != 123456789 || v.I128.Sign() >= 0 || v.Maybe != nil {
		t.Errorf("%+v", v)
	}
	again := textOf(t, &v, (*zoo).code)
	var first, second any
	_ = json.Unmarshal([]byte(strings.Replace(fullZoo, "1e400", "1", 1)), &first)
	_ = json.Unmarshal([]byte(strings.Replace(again, "1e400", "1", 1)), &second)
	if !reflect.DeepEqual(first, second) {
		t.Errorf("%s\n%s", fullZoo, again)
	}
	for _, exact := range []string{`"uint64":18446744073709551615`, `"f64":5.0`, `"f32":0.1,`, `"any":{"b":[1,2.50,null],"a":"x"}`, `"number":1e400`} {
		if !strings.Contains(again, exact) {
			t.Errorf("%s is not in %s", exact, again)
		}
	}
	// A null member stays null, an absent member stays absent.
	v.nulls[0] = 0
	if text := textOf(t, &v, (*zoo).code); strings.Contains(text, "either") {
		t.Error(text)
	}
	v.SetNull("either")
	if text := textOf(t, &v, (*zoo).code); !strings.Contains(text, `"either":null`) {
		t.Error(text)
	}
	v.Opt, v.OptL, v.Either, v.Self = nil, nil, Ptr("x"), &v
	v.Self = &zoo{I128: v.I128, U128: v.U128, NonZ: v.NonZ, UUID: v.UUID, Price: "1", Number: "0", Color: red, Char: 'x'}
	if text := textOf(t, &v, (*zoo).code); strings.Contains(text, `"opt`) || !strings.Contains(text, `"either":"x"`) || !strings.Contains(text, `"by_id":{}`) {
		t.Error(text)
	}
}

func TestWhatSerdeRefusesIsRefusedWithItsPlace(t *testing.T) {
	for _, test := range []struct{ from, to, place string }{
		{`"bool":true`, `"bool":1`, "bool: true or false"},
		{`"bool":true`, `"Bool":true`, `"bool" is missing`},
		{`"bool":true`, `"bool":true,"bool":true`, `"bool" is there twice`},
		{`"text":"`, `"text":7,"x":"`, "text: a string"},
		{`\ud83e\udd80`, `\ud83e`, "surrogate"},
		{`\ud83e\udd80`, `\udd80\ud83e`, "surrogate"},
		{`"char":"ż"`, `"char":"żż"`, "char: a string of one character"},
		{`"char":"ż"`, `"char":""`, "char"},
		{`2024-02-29`, `2023-02-29`, "time: a time"},
		{`23:59:59.123456789+05:30`, `23:59:59`, "time"},
		{`6BA7B810`, `6BA7B81`, "uuid"},
		{`"-12.50"`, `"-12.5.0"`, "price"},
		{`1e400`, `"1"`, "number"},
		{`-128`, `-129`, "int8: a whole number that fits int8"},
		{`-128`, `1.0`, "int8"},
		{`-128`, `1e2`, "int8"},
		{`-128`, `null`, "int8"},
		{`18446744073709551615,"small"`, `18446744073709551616,"small"`, "uint64"},
		{`"small":-3`, `"small":-129`, "small: a whole number that fits int8"},
		{`-170141183460469231731687303715884105728`, `-170141183460469231731687303715884105729`, "i128"},
		{`-170141183460469231731687303715884105728`, strings.Repeat("9", 1000), "i128"},
		{`340282366920938463463374607431768211455`, `340282366920938463463374607431768211456`, "u128"},
		{`"nonz":1`, `"nonz":-1`, "nonz"},
		{`"f32":0.1`, `"f32":1e39`, "f32"},
		{`"f64":5.0`, `"f64":null`, "f64"},
		{`"null":null`, `"null":0`, "null: null"},
		{`"color":"blue"`, `"color":1`, "color"},
		{`"list":[]`, `"list":{}`, "list: an array"},
		{`"list":[]`, `"list":[1,"x"]`, "list[1]: a whole number"},
		{`[0,255]`, `[0]`, "array: an array of 2"},
		{`[0,255]`, `[0,256]`, "array[1]"},
		{`[1,"x"]`, `[1,"x",2]`, "pair: an array of 2"},
		{`"-1":"a"`, `"+1":"a"`, "by_id.+1"},
		{`"-1":"a"`, `"01":"a"`, "by_id.01"},
		{`"-1":"a"`, `"9223372036854775808":"a"`, "by_id"},
		{`{"18446744073709551615":true}`, `{"-1":true}`, "by_n"},
		{`"self":null`, `"self":{}`, "self"},
		{`"opt":0`, `"opt":null`, "opt"},
		{`"opt_l":[]`, `"opt_l":null`, "opt_l"},
		{fullZoo, `[]`, "the value itself: an object was expected, not an array"},
		{fullZoo, `{`, "not JSON"},
		{fullZoo, "\"\xff\"", "not UTF-8"},
		{fullZoo, strings.Repeat("[", 128) + strings.Repeat("]", 128), "deep"},
	} {
		text := strings.Replace(fullZoo, test.from, test.to, 1)
		if text == fullZoo {
			t.Fatalf("%s is not there", test.from)
		}
		before := zoo{Text: "untouched"}
		err := decode([]byte(text), &before, (*zoo).code)
		if err == nil || !strings.Contains(err.Error(), test.place) || len(err.Error()) > 200 {
			t.Errorf("%s: %v", test.to, err)
		}
		if before.Text != "untouched" {
			t.Errorf("%s: half of it was read", test.to)
		}
	}
}

func TestTimesInAnyYearAndInLeapSeconds(t *testing.T) {
	for _, text := range []string{
		"2016-12-31T23:59:60Z", "2016-12-31T23:59:60.500000001Z", "2017-01-01T05:44:60+05:45", "2015-06-30T12:59:60.9-11:00",
		"0000-02-29T12:00:00Z", "-0001-12-31T23:59:59Z", "-0004-02-29T00:00:00.000000001-00:30", "+10000-01-01T00:00:00Z",
		"+12345-06-30T23:59:60Z", "-262143-01-01T00:00:00Z", "+262142-12-31T23:59:59.999999999Z",
	} {
		var v time.Time
		if err := decode([]byte(`"`+text+`"`), &v, times); err != nil {
			t.Errorf("%s: %v", text, err)
		} else if written, err := encode(&v, times); err != nil || string(written) != `"`+text+`"` {
			t.Errorf("%s: %s, %v", text, written, err)
		}
	}
	var leap time.Time
	if err := decode([]byte(`"2016-12-31T23:59:60.5Z"`), &leap, times); err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2016, 12, 31, 23, 59, 59, 5e8, time.UTC); !leap.Equal(want) {
		t.Error(leap)
	}
	later := leap.Add(time.Minute)
	if written, err := encode(&later, times); string(written) != `"2017-01-01T00:00:59.5Z"` {
		t.Error(string(written), err)
	}
	for _, text := range []string{
		"2016-12-31T23:59:61Z", "2016-12-31T23:60:60Z", "2016-12-31T24:59:60Z", "2015-02-29T23:59:60Z", "+10001-02-29T00:00:00Z",
		"10000-01-01T00:00:00Z", "+262143-01-01T00:00:00Z", "-262144-12-31T00:00:00Z", "+10000-01-01T00:00:00", "+10000-13-01T00:00:00Z",
		"+10000-01-01T00:00:00+24:00", "+9999999999999999999-01-01T00:00:00Z", "2016-12-31T23:59:60.Z", "-0001-1-01T00:00:00Z",
	} {
		var v time.Time
		if err := decode([]byte(`"`+text+`"`), &v, times); err == nil {
			t.Errorf("%s is read as %v", text, v)
		}
	}
	far := time.Date(maxYear+1, 1, 1, 0, 0, 0, 0, time.UTC)
	if written, err := encode(&far, times); err == nil {
		t.Errorf("%s", written)
	}
}

func TestAValueBecomesOneOfAnotherTypeWithTheSameJSON(t *testing.T) {
	text := "ż"
	if char, err := converted(&text, texts, chars); err != nil || char != 'ż' {
		t.Error(char, err)
	}
	for _, text := range []string{"ab", "\xff"} {
		if char, err := converted(&text, texts, chars); err == nil || char != 0 {
			t.Error(char, err)
		}
	}
}

func TestWhatHasNoFormIsNotWritten(t *testing.T) {
	good := func() zoo {
		var v zoo
		if err := decode([]byte(fullZoo), &v, (*zoo).code); err != nil {
			t.Fatal(err)
		}
		return v
	}
	for place, spoil := range map[string]func(*zoo){
		"text: the string is not UTF-8": func(v *zoo) { v.Text = "\xff" },
		"char":                          func(v *zoo) { v.Char = 0xd800 },
		"time":                          func(v *zoo) { v.Time = time.Date(maxYear+1, 1, 1, 0, 0, 0, 0, time.UTC) },
		`uuid: "" is not a UUID`:        func(v *zoo) { v.UUID = "" },
		"price":                         func(v *zoo) { v.Price = "1,5" },
		"number":                        func(v *zoo) { v.Number = "" },
		"i128: it is nil":               func(v *zoo) { v.I128 = nil },
		"u128":                          func(v *zoo) { v.U128 = big.NewInt(-1) },
		"nonz":                          func(v *zoo) { v.NonZ = big.NewInt(-1) },
		"f32":                           func(v *zoo) { v.F32 = float32(math.Inf(1)) },
		"f64: NaN":                      func(v *zoo) { v.F64 = math.NaN() },
		"any":                           func(v *zoo) { v.Any = json.RawMessage("{") },
		`color: it is not set: it is`:   func(v *zoo) { v.Color = "" },
		"deep":                          func(v *zoo) { v.Self = v },
	} {
		v := good()
		spoil(&v)
		if text, err := encode(&v, (*zoo).code); err == nil || !strings.Contains(err.Error(), place) {
			t.Errorf("%s: %s, %v", place, text, err)
		}
	}
}

func TestValuesMayBeAsDeepAsAtTheService(t *testing.T) {
	deepest := strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)
	var v value
	if err := decode([]byte(deepest), &v, (*value).code); err != nil || textOf(t, &v, (*value).code) != deepest {
		t.Error(err)
	}
}

func TestSetNullKnowsItsNames(t *testing.T) {
	defer func() {
		if said := fmt.Sprint(recover()); !strings.Contains(said, `"missing"`) || !strings.Contains(said, `"either"`) {
			t.Error(said)
		}
	}()
	(&zoo{}).SetNull("missing")
}

func unionCase[T any](t *testing.T, code codec[T], text string, want T) {
	t.Helper()
	var got T
	if err := decode([]byte(text), &got, code); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s is %#v, %v", text, got, err)
		return
	}
	if again := textOf(t, &got, code); again != text {
		t.Errorf("%s is written as %s", text, again)
	}
}

func TestUnionsOfEveryKind(t *testing.T) {
	unionCase(t, (*shape).code, `"Empty"`, shape{shapeEmpty{}})
	unionCase(t, (*shape).code, `{"Circle":{"x":1}}`, shape{shapeCircle{point{1}}})
	unionCase(t, (*shape).code, `"New"`, shape{Unknown{json.RawMessage(`"New"`)}})
	unionCase(t, (*shape).code, `{"New":[1.0]}`, shape{Unknown{json.RawMessage(`{"New":[1.0]}`)}})
	unionCase(t, (*event).code, `{"type":"Created"}`, event{eventCreated{}})
	unionCase(t, (*event).code, `{"type":"Moved","x":1}`, event{eventMoved{point{1}}})
	unionCase(t, (*event).code, `{"type":"Other","y":1.0}`, event{eventOther{json.RawMessage(`{"y":1.0}`)}})
	unionCase(t, (*event).code, `{"type":"New","y":1.0}`, event{Unknown{json.RawMessage(`{"type":"New","y":1.0}`)}})
	unionCase(t, (*color).code, `"green"`, color("green"))
	unionCase(t, (*value).code, `null`, value{valueNothing{}})
	unionCase(t, (*value).code, `5`, value{valueNumber{5}})
	unionCase(t, (*value).code, `5.0`, value{valueFloat{5}})
	unionCase(t, (*value).code, `{"x":1}`, value{valuePoint{point{1}}})
	unionCase(t, (*value).code, `[5,[],"x"]`, value{valueList{[]value{{valueNumber{5}}, {valueList{[]value{}}}, {valueText{"x"}}}}})
	unionCase(t, (*value).code, `"red"`, value{valueColor{red}})
	unionCase(t, (*value).code, `"Empty"`, value{valueShape{shape{shapeEmpty{}}}})
	unionCase(t, (*flat).code, `{"id":1,"Empty":null,"type":"Created","x":1,"left":2}`,
		flat{1, shape{shapeEmpty{}}, event{eventCreated{}}, value{valuePoint{point{1}}}, map[string]int32{"left": 2}})
	unionCase(t, (*flat).code, `{"id":1,"Circle":{"x":1}}`,
		flat{1, shape{shapeCircle{point{1}}}, event{}, value{valueNothing{}}, map[string]int32{}})
	// A pointer to a variant is a variant too.
	if text := textOf(t, &shape{&shapeCircle{point{2}}}, (*shape).code); text != `{"Circle":{"x":2}}` {
		t.Error(text)
	}
}

func TestWhatIsNoVariantIsAnError(t *testing.T) {
	refused := func(err error, text, place string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), place) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, place := range map[string]string{
		`1`: "a string or an object with one member", `{}`: "one member", `{"Circle":1,"Empty":2}`: "one member",
		`"Circle"`: `"Circle" has a content`, `{"Empty":1}`: `"Empty" holds nothing`, `{"Circle":{"x":"y"}}`: "Circle.x: a whole number",
	} {
		var v shape
		refused(decode([]byte(text), &v, (*shape).code), text, place)
	}
	for text, place := range map[string]string{
		`{}`: `"type" is missing`, `{"type":1}`: "type: a string", `{"type":"Moved"}`: `"x" is missing`, `[]`: "an object",
	} {
		var v event
		refused(decode([]byte(text), &v, (*event).code), text, place)
	}
	for _, text := range []string{`true`, `{"y":1}`, `{"New":1}`} {
		var v value
		refused(decode([]byte(text), &v, (*value).code), text, "none of the variants")
	}
	for text, code := range map[string]func([]byte) error{
		`"New"`:          func(data []byte) error { return decodeAs(data, new(shape), (*shape).code, true) },
		`{"type":"New"}`: func(data []byte) error { return decodeAs(data, new(event), (*event).code, true) },
		`"green"`:        func(data []byte) error { return decodeAs(data, new(color), (*color).code, true) },
		`""`:             func(data []byte) error { return decodeAs(data, new(color), (*color).code, false) },
	} {
		if code([]byte(text)) == nil {
			t.Errorf("%s is known", text)
		}
	}
	for _, err := range []error{
		second(encode(&shape{}, (*shape).code)), second(encode(&event{}, (*event).code)), second(encode(&value{}, (*value).code)),
		second(encode(&shape{(*shapeCircle)(nil)}, (*shape).code)),
	} {
		refused(err, "nil", "not set")
	}
	refused(second(encode(&event{Unknown{json.RawMessage("1")}}, (*event).code)), "1", "not an object")
	refused(second(encode(&flat{Rest: map[string]int32{"id": 1}, Shape: shape{shapeEmpty{}}, Value: value{valueNothing{}}}, (*flat).code)),
		"id", "two members")
	var v closed
	refused(decode([]byte(`{"b":1}`), &v, (*closed).code), "b", `"b" is not known`)
	refused(decode([]byte(`{"a":1}`), &v, (*closed).code), "a", "a: there is no value")
	if err := decode([]byte(`{}`), &v, (*closed).code); err != nil {
		t.Error(err)
	}
}

func second(_ []byte, err error) error { return err }

var jsonSeeds = [][]byte{
	[]byte(fullZoo), []byte(`[5,[],"x\u00e9\ud83e\udd80"]`), []byte(`{"x":-0.0e1}`), []byte("\"\\u\""), []byte(" [ ] "),
	[]byte(`{"a":{"a":{}}}`), []byte(`{"id":1,"Empty":null,"type":"Created","x":1,"left":2}`),
}

func FuzzJSON(f *testing.F) {
	for _, seed := range jsonSeeds {
		f.Add(seed)
	}
	f.Fuzz(checkJSON)
}

// A fixed seed, so that a build fails because of a change and not by chance. FuzzJSON searches further.
func TestAnyJSONIsReadOrRefused(t *testing.T) {
	mutations(jsonSeeds, []string{`"`, `\u`, `{`, `}`, `[`, `]`, `,`, `:`, `null`, `""`, `-`, `.`, `e9`, `0`, "\xff"}, func(data []byte) { checkJSON(t, data) })
}

// checkJSON holds for any bytes: text that package encoding/json accepts is read, written and read as the same value, or refused with
// a reason.
func checkJSON(t *testing.T, data []byte) {
	in, err := parse(data)
	if err != nil {
		return
	}
	if !json.Valid(data) {
		t.Errorf("%q is no JSON", data)
	}
	if len(in.items) == 0 && in.kind() == '"' {
		var want string
		if json.Unmarshal(data, &want) != nil || want != in.text {
			t.Errorf("%q is %q, not %q", data, in.text, want)
		}
	}
	for _, read := range []func() (string, error){
		func() (string, error) { return reread(data, (*value).code) },
		func() (string, error) { return reread(data, (*flat).code) },
		func() (string, error) { return reread(data, (*zoo).code) },
		func() (string, error) { return reread(data, (*event).code) },
	} {
		if text, err := read(); err != nil {
			t.Errorf("%q is written as %s: %v", data, text, err)
		}
	}
}

// reread reads, writes and reads again. Unreadable text is not an error.
func reread[T any](data []byte, code codec[T]) (string, error) {
	var first, second T
	if decode(data, &first, code) != nil {
		return "", nil
	}
	text, err := encode(&first, code)
	if err != nil {
		return "", err
	}
	if err := decode(text, &second, code); err != nil {
		return string(text), err
	}
	again, err := encode(&second, code)
	if err == nil && string(again) != string(text) {
		err = fmt.Errorf("then as %s", again)
	}
	return string(text), err
}
