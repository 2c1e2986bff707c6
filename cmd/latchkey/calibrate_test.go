package main

import (
	"encoding/json"
	"strings"
	"testing"

	"latchkey/internal/calibrate"
	"latchkey/internal/password"
)

// TestCalibrate promises a table, a plot and a recommendation for people, and the same as JSON.
func TestCalibrate(t *testing.T) {
	l := newLaptop(t)
	out := l.ok("", "calibrate", "--runs", "1", "--budget", "1ms") // so that it stops after the default
	for _, want := range []string{"m=19456,t=2,p=1", "PER MILLION", "█", "PASSWORD_HASH=" + password.Default().String(), calibrate.PriceTable().Date} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	var result calibrate.Result
	out = l.ok("", "calibrate", "--runs", "1", "--budget", "1ms", "--argon2", "x/crypto", "--json")
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatal(err)
	}
	if m := result.Measurements; len(m) != 1 || m[0].Implementation != "x/crypto" || len(result.Rows) != 1 || !result.Recommended[0].OverBudget {
		t.Errorf("%+v", result)
	}
}

func TestCalibrateRefuses(t *testing.T) {
	l := newLaptop(t)
	for _, flags := range [][]string{
		{"--budget", "0s"}, {"--budget", "2m"}, {"--runs", "0"}, {"--runs", "1001"}, {"--memory", "64"}, {"--memory", "512,20000"}, {"now"},
	} {
		if code := l.run("", append([]string{"calibrate"}, flags...)...).code; code != exitUsage {
			t.Errorf("%q: exit code %d, want %d", flags, code, exitUsage)
		}
	}
}
