package client

import (
	"strings"
	"testing"
)

type level int64

const (
	low  level = -1
	high level = 2
)

func (v *level) code(c *coder) { integerEnum(v, c, low, high) }

type side string

func (v *side) code(c *coder) { enum(v, c, side("left")) }

func TestEnumsOfIntegersKeepWhatANewerServiceHas(t *testing.T) {
	read := func(text string, strict bool) error {
		var v level
		return decodeAs([]byte(text), &v, (*level).code, strict)
	}
	for _, text := range []string{"-1", "2"} {
		if err := read(text, true); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := read("7", false); err != nil {
		t.Error(err)
	}
	for text, strict := range map[string]bool{"7": true, "0": false, "1.5": false, `"2"`: false, "true": false} {
		if err := read(text, strict); err == nil {
			t.Errorf("%s is read", text)
		}
	}
	if text, err := encode(new(level), (*level).code); err == nil || !strings.Contains(err.Error(), "it is not set") {
		t.Errorf("%s, %v", text, err)
	}
	newer := level(7)
	if text, err := encode(&newer, (*level).code); err != nil || string(text) != "7" {
		t.Errorf("%s, %v", text, err)
	}
}

func TestKeysOfMapsMayBeTheValuesOfAnEnum(t *testing.T) {
	code := table(enumKeys((*side).code), integers[int8])
	read := func(text string, strict bool) (map[side]int8, error) {
		var v map[side]int8
		return v, decodeAs([]byte(text), &v, code, strict)
	}
	if _, err := read(`{"left":1}`, true); err != nil {
		t.Error(err)
	}
	if _, err := read(`{"right":1}`, false); err != nil {
		t.Error(err)
	}
	if _, err := read(`{"right":1}`, true); err == nil || !strings.Contains(err.Error(), "right") {
		t.Errorf("an unknown key is read: %v", err)
	}
	unset := map[side]int8{"": 1}
	if text, err := encode(&unset, code); err == nil || !strings.Contains(err.Error(), "it is not set") {
		t.Errorf("%s, %v", text, err)
	}
	both := map[side]int8{"left": 1, "right": 2}
	if text, err := encode(&both, code); err != nil || string(text) != `{"left":1,"right":2}` {
		t.Errorf("%s, %v", text, err)
	}
}
