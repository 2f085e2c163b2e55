package client

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// leapZone names the time zone of times in a leap second, which [time.Time] does not have: 23:59:60.5 is read as
// 23:59:59.5 in such a zone, and is written as it was read. The name contains the second, so that other times in the
// zone keep their meaning.
func leapZone(unix int64) string { return fmt.Sprintf("leap second after %d", unix) }

// The years that a service supports.
const minYear, maxYear = -262143, 262142

// The format of times in years outside of 0 to 9999, or in a leap second.
var rareForm = regexp.MustCompile(`^([+-]\d{4,6}|\d{4})(-\d\d-\d\dT\d\d:\d\d:)(\d\d)((?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))$`)

func times(v *time.Time, c *coder) {
	if c.reading() {
		if c.in.kind() != '"' || v.UnmarshalText([]byte(c.in.text)) != nil && !readRareTime(v, c.in.text) {
			c.expected("a time like 2006-01-02T15:04:05Z")
		}
		return
	}
	zone, _ := v.Zone()
	isLeap := zone == leapZone(v.Unix())
	if year := v.Year(); isLeap || year < 0 || year > 9999 {
		if year < minYear || year > maxYear {
			c.fail("the time has no form at the service: its year is %d", year)
			return
		}
		c.writeString(rareTime(v, isLeap))
		return
	}
	text, err := v.MarshalText()
	if err != nil {
		c.fail("the time has no form in RFC 3339: %v", err)
		return
	}
	c.writeString(string(text))
}

func readRareTime(v *time.Time, text string) bool {
	parts := rareForm.FindStringSubmatch(text)
	if parts == nil {
		return false
	}
	year, err := strconv.Atoi(parts[1])
	if err != nil || year < minYear || year > maxYear {
		return false
	}
	second, isLeap := parts[3], parts[3] == "60"
	if isLeap {
		second = "59"
	}
	// The calendar repeats itself every 400 years.
	cycles := year/400 - 5
	if year%400 < 0 {
		cycles--
	}
	near, err := time.Parse(time.RFC3339Nano, fmt.Sprintf("%04d", year-400*cycles)+parts[2]+second+parts[4])
	if err != nil {
		return false
	}
	zone := time.UTC
	if _, offset := near.Zone(); parts[4][len(parts[4])-1] != 'Z' {
		zone = time.FixedZone("", offset)
	}
	in := func(zone *time.Location) time.Time {
		month, day := near.Month(), near.Day()
		return time.Date(year, month, day, near.Hour(), near.Minute(), near.Second(), near.Nanosecond(), zone)
	}
	*v = in(zone)
	if isLeap {
		_, offset := v.Zone()
		*v = in(time.FixedZone(leapZone(v.Unix()), offset))
	}
	return true
}

func rareTime(v *time.Time, isLeap bool) string {
	year := fmt.Sprintf("%+05d", v.Year())
	if v.Year() >= 0 && v.Year() <= 9999 {
		year = year[1:]
	}
	second := v.Format("05")
	if isLeap {
		second = "60"
	}
	return year + v.Format("-01-02T15:04:") + second + v.Format(".999999999Z07:00")
}
