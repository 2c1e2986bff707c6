package main

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
)

// giveFactors gives ada an authenticator app that was used, two recovery codes, and wrong codes that have to wait.
func (l *laptop) giveFactors() {
	l.Helper()
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	phone := auth.TOTP{ID: "f1", Name: "phone", Sealed: []byte("sealed seed"), CreatedAt: created}
	check := func(err error) {
		l.Helper()
		if err != nil {
			l.Fatal(err)
		}
	}
	check(l.store().SetFactors(l.Context(), "u-ada", l.user("ada@example.com").Version, auth.Factors{TOTP: []auth.TOTP{phone}}, []string{"a", "b"}))
	_, err := l.store().UseStep(l.Context(), "u-ada", "f1", 7, created.Add(time.Hour))
	check(err)
	wrong := auth.CodeCount{Wrong: 9, BlockedUntil: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)}
	_, err = l.store().CountWrongCode(l.Context(), "u-ada", auth.CodeCount{}, wrong)
	check(err)
}

// TestUsersFactors promises a line for each factor, what its use has left, and never a seed or a recovery code's hash.
func TestUsersFactors(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	l.giveFactors()
	got := l.run("", "users", "factors", "ada@example.com")
	want := "ID  KIND  NAME   CREATED               LAST USED\n" + "f1  totp  phone  2026-01-02T03:04:05Z  2026-01-02T04:04:05Z\n"
	told := "2 recovery codes are left; 9 wrong codes since the last right one\n" +
		"codes are refused until 2999-01-01T00:00:00Z; 'latchkey users unlock' ends that\n"
	if got.code != exitOK || got.out != want || got.err != told {
		t.Errorf("want\n%s%sgot\n%s%s", want, told, got.out, got.err)
	}
	device := auth.Device{ID: "d1", UserID: "u-ada", PasswordEpoch: l.user("ada@example.com").PasswordEpoch, ExpiresAt: time.Now().Add(time.Hour)}
	if err := l.store().PutDevice(t.Context(), device); err != nil {
		t.Fatal(err)
	}
	if got := l.run("", "users", "factors", "ada@example.com"); !strings.Contains(got.err, "not asked for a factor: 1;") {
		t.Errorf("%+v", got)
	}
	json := l.ok("", "users", "factors", "u-ada", "--json")
	for _, part := range []string{`"kind": "totp"`, `"devices": 1`, `"recoveryCodes": 2`, `"wrongCodes": 9`, `"codesWaitUntil": "2999-01-01T00:00:00Z"`} {
		if !strings.Contains(json, part) || strings.Contains(json, "c2VhbGVk") {
			t.Errorf("no %s, or a secret, in\n%s", part, json)
		}
	}
	l.ok("", "keys", "init", "--yes")
	l.ok("", "users", "unlock", "ada@example.com")
	if state, err := l.store().FactorState(t.Context(), "u-ada"); err != nil || state.Codes != (auth.CodeCount{}) || len(state.Recovery) != 2 {
		t.Errorf("after unlock: %+v, %v", state, err)
	}
}

// TestUsersFactorsReset promises that no factor, recovery code or wrong code is left, in one audited change.
func TestUsersFactorsReset(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	l.giveFactors()
	device := auth.Device{ID: "d1", UserID: "u-ada", ExpiresAt: time.Now().Add(time.Hour)}
	if err := l.store().PutDevice(t.Context(), device); err != nil {
		t.Fatal(err)
	}
	if got := l.run("", "users", "factors", "u-ada", "--reset"); got.code != exitOK || got.err != "second factors removed from ada@example.com: 1\n" {
		t.Errorf("%d %s%s", got.code, got.out, got.err)
	}
	u := l.user("ada@example.com")
	state, err := l.store().FactorState(t.Context(), "u-ada")
	if err != nil || u.Factors.Any() || len(state.Recovery)+len(state.Uses) > 0 || state.Codes != (auth.CodeCount{}) {
		t.Errorf("left are %+v and %+v, %v", u.Factors, state, err)
	}
	if devices, err := l.store().DevicesOf(t.Context(), "u-ada"); err != nil || len(devices) > 0 {
		t.Errorf("left are the devices %+v, %v", devices, err)
	}
	if got := l.run("", "users", "factors", "u-ada", "--reset", "--json"); got.code != exitUsage {
		t.Errorf("--reset --json: %d", got.code)
	}
	if got := l.run("", "users", "factors", "nobody@example.com"); got.code != exitFailed {
		t.Errorf("an unknown user: %d", got.code)
	}
}
