package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/secret"
)

// tryKeys are the names of ada's counters for the source.
func (l *laptop) tryKeys(source string) auth.AttemptKeys {
	l.Helper()
	config, err := app.ConfigFrom(func(name string) string {
		if name == "LATCHKEY_ISSUER" {
			return "http://localhost"
		}
		return l.env[name]
	})
	if err != nil {
		l.Fatal(err)
	}
	id, _ := auth.ParseIdentifier("ada@example.com")
	ring := app.NewKeyring(config, app.CachedKeys(config.Keys, secret.File(l.path("keys.json"))))
	keys, err := auth.NewAttemptKeys(l.Context(), ring, id, auth.ParseSource(source))
	if err != nil {
		l.Fatal(err)
	}
	return keys
}

// holdUp makes ada wait for about two minutes from the source, by twelve failures of just now.
func (l *laptop) holdUp(source string) {
	l.Helper()
	first := auth.Pair{Failures: 1, LastAt: time.Now().UTC().Truncate(time.Millisecond)}
	keys := l.tryKeys(source)
	err := l.store().CountAttempt(l.Context(), keys, auth.Pair{}, first, 1)
	if err == nil {
		err = l.store().CountAttempt(l.Context(), keys, first, auth.Pair{Failures: 12, LastAt: first.LastAt}, 1)
	}
	if err != nil {
		l.Fatal(err)
	}
}

// shown is what 'users show' says of failed sign-ins.
type shown struct {
	Failures, WaitingSources, KnownSources int
	StrangersWait                          *time.Time
}

func (l *laptop) show(name string) shown {
	l.Helper()
	var facts struct{ Throttle *shown }
	out := l.ok("", "users", "show", name)
	if err := json.Unmarshal([]byte(out), &facts); err != nil || facts.Throttle == nil {
		l.Fatalf("%v:\n%s", err, out)
	}
	return *facts.Throttle
}

func throttled(r reply) bool {
	return fmt.Sprint(r.body["message"]) == "Too many failed attempts; try again later"
}

// TestUnlock promises that the operator sees who waits and can let them in at once, without making their sources unknown.
func TestUnlock(t *testing.T) {
	l := newLaptop(t)
	l.env["LATCHKEY_THROTTLE_USER"] = "6/1h"
	l.env["LATCHKEY_TRUSTED_PROXIES"] = "127.0.0.1"
	l.addAda()
	s := l.serve()
	from := func(source, password string) reply {
		return s.signIn("ada@example.com", password, "X-Forwarded-For", source)
	}
	if got := from("192.0.2.7", secretPassword); got.status != 200 {
		t.Fatalf("%+v", got)
	}
	if got := l.show("ada@example.com"); got != (shown{KnownSources: 1}) {
		t.Errorf("after a sign-in: %+v", got)
	}
	for _, name := range []string{"u-ada", "ADA@example.com"} {
		for i := range 6 {
			from(fmt.Sprintf("198.51.100.%d", i), "wrong")
		}
		l.holdUp("198.51.100.200")
		got := l.show(name)
		if got.Failures != 6 || got.WaitingSources != 1 || got.KnownSources != 1 || got.StrangersWait == nil || time.Until(*got.StrangersWait) < 50*time.Minute {
			t.Errorf("after failures: %+v", got)
		}
		for _, source := range []string{"198.51.100.1", "198.51.100.200", "203.0.113.9"} {
			if got := from(source, secretPassword); !throttled(got) || got.header.Get("Retry-After") == "" {
				t.Errorf("%s is not held up: %+v", source, got)
			}
		}
		if out := l.run("", "users", "unlock", name); out.code != exitOK || out.out != "" || !strings.Contains(out.err, "forgot the failed sign-ins of "+name) {
			t.Errorf("%+v", out)
		}
		if got := l.show(name); got != (shown{KnownSources: 1}) {
			t.Errorf("after unlock: %+v", got)
		}
	}
	if got := from("198.51.100.200", secretPassword); got.status != 200 {
		t.Errorf("after unlock: %+v", got)
	}
}

// TestUnlockNobody promises that failures of an unknown address can be cleared too, and that an id must belong to a user.
func TestUnlockNobody(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	l.serve().signIn("nobody@example.com", "wrong")
	l.ok("", "users", "unlock", "nobody@example.com")
	l.fails(exitFailed, "", []string{"users", "unlock", "u-nobody"}, "u-nobody")
}

// TestWithoutTheKeys promises that what needs the key ring says so, and that the rest is shown without it.
func TestWithoutTheKeys(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	for _, content := range []string{"", "{"} {
		if content != "" {
			l.write("keys.json", content)
		}
		got := l.run("", "users", "show", "ada@example.com")
		if got.code != exitOK || !strings.Contains(got.out, `"id": "u-ada"`) || strings.Contains(got.out, "throttle") || !strings.Contains(got.err, "keys.json") {
			t.Errorf("%+v", got)
		}
		l.fails(exitFailed, "", []string{"users", "unlock", "ada@example.com"}, "the counters are named with the key ring", "keys.json")
	}
	if err := os.Remove(l.path("keys.json")); err != nil {
		t.Fatal(err)
	}
}

// TestThrottleFlags promises that each flag of a limit limits what it says it does.
func TestThrottleFlags(t *testing.T) {
	for _, test := range []struct {
		args        []string
		names       int // that are guessed in turn
		least, most int // guesses that are verified, of twenty
	}{
		{[]string{"--throttle-user", "3/1h"}, 1, 3, 3},
		{[]string{"--throttle-source", "3/1h"}, 5, 3, 3},
		{[]string{"--throttle-free", "2"}, 1, 2, 19}, // more where a guess takes as long as the wait
		{[]string{"--throttle", "off"}, 1, 20, 20},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			l := newLaptop(t)
			l.addAda()
			s := l.serve(test.args...)
			verified := 0
			for verified < 20 && !throttled(s.signIn(fmt.Sprintf("user-%d@example.com", verified%test.names), "wrong")) {
				verified++
			}
			if verified < test.least || verified > test.most {
				t.Errorf("%d guesses were verified, want %d", verified, test.least)
			}
		})
	}
}

// TestTrustedProxies promises that serve takes a source from X-Forwarded-For of the proxies that it was told, and of
// nobody else.
func TestTrustedProxies(t *testing.T) {
	for _, test := range []struct {
		args   []string
		header string // %d: another for each attempt
		alike  bool
	}{
		{nil, "198.51.100.%d", true},
		{[]string{"--trusted-proxies", "10.0.0.0/8"}, "198.51.100.%d", true},
		{[]string{"--trusted-proxies", "10.0.0.0/8,127.0.0.1"}, "198.51.100.%d", false},
		{[]string{"--trusted-proxies", "127.0.0.0/8"}, "198.51.100.%d, 192.0.2.7", true},
		{[]string{"--trusted-proxies", "127.0.0.0/8"}, "192.0.2.%d, 127.0.0.2", false},
	} {
		t.Run(fmt.Sprint(test.args, test.header), func(t *testing.T) {
			l := newLaptop(t)
			l.addAda()
			s := l.serve(append(test.args, "--throttle-source", "3/1h")...)
			for i := range 5 {
				got := s.signIn("ada@example.com", "wrong", "X-Forwarded-For", fmt.Sprintf(test.header, i))
				if want := test.alike && i >= 3; got.status != 401 || throttled(got) != want {
					t.Errorf("attempt %d: %+v, want throttled %t", i+1, got, want)
				}
			}
		})
	}
}
