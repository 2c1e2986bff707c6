package password_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"latchkey/internal/password"
)

func TestParseParams(t *testing.T) {
	for _, test := range []struct {
		setting string
		want    password.Params
		reason  string
	}{
		{"argon2id:m=19456,t=2,p=1", password.Default(), ""},
		{"argon2id:m=8,t=1,p=1", cheap, ""},
		{"argon2id:m=262144,t=16,p=16", password.Params{Memory: 262144, Time: 16, Threads: 16}, ""},
		{"", password.Params{}, "want argon2id and its costs, for example argon2id:m=19456,t=2,p=1"},
		{"argon2id", password.Params{}, "want argon2id and its costs"},
		{"bcrypt:12", password.Params{}, "want argon2id and its costs"},
		{"argon2id:m=19456", password.Params{}, "want exactly the parameters m, t, p; for example argon2id"},
		{"argon2id:t=2,m=19456,p=1", password.Params{}, "in this order"},
		{"argon2id:m=19MiB,t=2,p=1", password.Params{}, "m is not a plain decimal number"},
		{"argon2id:m=262145,t=2,p=1", password.Params{}, "m is 262145 KiB, accepted are 8 (8 for each lane) to 262144"},
		{"argon2id:m=127,t=2,p=16", password.Params{}, "m is 127 KiB, accepted are 128 (8 for each lane) to 262144"},
		{"argon2id:m=19456,t=0,p=1", password.Params{}, "t is 0, accepted are 1 to 16"},
		{"argon2id:m=19456,t=2,p=257", password.Params{}, "p is 257, accepted are 1 to 16"},
		{"argon2id:m=19456,t=2,p=1 ", password.Params{}, "p is not a plain decimal number"},
	} {
		got, err := password.ParseParams(test.setting)
		switch {
		case test.reason == "" && (err != nil || got != test.want):
			t.Errorf("%q: %v, %v; want %v", test.setting, got, err, test.want)
		case test.reason != "" && (err == nil || !strings.Contains(err.Error(), test.reason)):
			t.Errorf("%q: %v, want it to say %q", test.setting, err, test.reason)
		}
	}
}

func TestParamsHaveOneSpelling(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		threads := rapid.Uint8Range(1, 16).Draw(r, "p")
		params := password.Params{
			Memory:  rapid.Uint32Range(8*uint32(threads), 262144).Draw(r, "m"),
			Time:    rapid.Uint32Range(1, 16).Draw(r, "t"),
			Threads: threads,
		}
		if got, err := password.ParseParams(params.String()); got != params || err != nil {
			r.Fatalf("ParseParams(%q) = %v, %v", params.String(), got, err)
		}
		setting := rapid.StringMatching(`argon2id:m=[0-9+ ]{1,7},t=[0-9]{1,3},p=[0-9]{1,3}`).Draw(r, "setting")
		if got, err := password.ParseParams(setting); err == nil && got.String() != setting {
			r.Fatalf("ParseParams(%q) = %v, a second spelling", setting, got)
		}
	})
}

func TestWeaker(t *testing.T) {
	for params, want := range map[password.Params]bool{
		password.Default(): false,
		{47104, 1, 1}:      false, {12288, 3, 1}: false, {9216, 4, 1}: false, {7168, 5, 1}: false,
		{65536, 3, 4}: false, {19456, 2, 16}: false, {15000, 3, 1}: false,
		{47103, 1, 1}: true, {19455, 2, 1}: true, {12287, 3, 1}: true, {9215, 4, 1}: true, {7167, 16, 1}: true,
		cheap: true, {}: true,
	} {
		if got := params.Weaker(); got != want {
			t.Errorf("%v: weaker is %v, want %v", params, got, want)
		}
	}
}

func TestNewPanicsOnCostsThatNoSettingGives(t *testing.T) {
	for _, params := range []password.Params{{}, {8, 0, 1}, {8, 1, 0}, {7, 1, 1}, {262145, 1, 1}, {4096, 17, 1}, {4096, 1, 17}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("New(%v) returned a hasher", params)
				}
			}()
			password.New(params, 0)
		}()
	}
}
