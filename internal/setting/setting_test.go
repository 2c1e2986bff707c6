package setting_test

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"latchkey/internal/setting"
)

// TestDigits promises expressions that match the whole numbers of a range and no others.
func TestDigits(t *testing.T) {
	for _, r := range [][2]int{{0, 0}, {0, 9}, {1, 9}, {1, 10}, {5, 128}, {60, 9600}, {99, 101}, {100, 199}, {1, 9599}, {128, 26144}, {7, 7}} {
		pattern := regexp.MustCompile("^(" + setting.Digits(r[0], r[1]) + ")$")
		for n := range 30_000 {
			if got, want := pattern.MatchString(strconv.Itoa(n)), r[0] <= n && n <= r[1]; got != want {
				t.Fatalf("%d in %v: %v, by %s", n, r, got, pattern)
			}
		}
		if pattern.MatchString("01") || pattern.MatchString("") {
			t.Errorf("%v takes a leading zero or nothing", r)
		}
	}
}

// TestDurationPattern promises that the pattern matches nothing the parser refuses, and each common spelling that it accepts.
func TestDurationPattern(t *testing.T) {
	for _, r := range [][2]time.Duration{{0, 10 * time.Minute}, {time.Minute, 9600 * time.Hour}, {time.Second, 24 * time.Hour}, {90 * time.Second, 2 * time.Hour}} {
		kind := setting.Duration(r[0], r[1])
		pattern := regexp.MustCompile(kind.Pattern)
		for n := range 12_000 {
			for _, unit := range []string{"s", "m", "h", "h0m", "h59m"} {
				text := strconv.Itoa(n) + unit
				_, err := kind.Parse(text)
				if atEnd := unit == "h0m" && time.Duration(n)*time.Hour == r[1]; n > 0 && !atEnd && pattern.MatchString(text) != (err == nil) {
					t.Fatalf("%s from %s to %s: the pattern says %v, the parser %v", text, r[0], r[1], pattern.MatchString(text), err)
				}
			}
		}
		for _, text := range []string{"7d", "-1s", "soon", "10", "1.5h ", "", "1h60m", "0m1s "} {
			if pattern.MatchString(text) {
				t.Errorf("%s matches %s", text, pattern)
			}
		}
	}
}
