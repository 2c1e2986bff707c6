package password_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"latchkey/internal/auth"
	"latchkey/internal/password"
)

var _ auth.Passwords = (*password.Hasher)(nil)

// cheap is what most tests hash with: the least that argon2id is defined for.
var cheap = password.Params{Memory: 8, Time: 1, Threads: 1}

// bcryptOfPassword is of "password", made by pyca/bcrypt 5.0.0.
const (
	bcryptOfPassword = "$2b$04$" + b22 + b31
	b22              = "z2tV/tMkJbZwgyoMhkUpz."
	b31              = "c72uHY9UvueXU.dzYMsfMMB51g3GabC"
)

func newHash(t testing.TB, setting, plain string) string {
	t.Helper()
	params, err := password.ParseParams(setting)
	if err != nil {
		t.Fatal(err)
	}
	made, err := password.New(params, 0).Hash(t.Context(), plain)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func matches(t testing.TB, hasher *password.Hasher, stored, plain string) bool {
	t.Helper()
	match, outdated, err := hasher.Verify(t.Context(), stored, plain)
	if err != nil {
		t.Fatal(err)
	}
	if outdated && !match {
		t.Errorf("%q is called outdated though the password does not match", stored)
	}
	return match
}

// vector is a hash made by another implementation; testdata/vectors.py says by which and how.
type vector struct {
	Name, Hash string
	Password   []byte
}

func readVectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestHashesOfOtherImplementations(t *testing.T) {
	hasher := password.New(cheap, 0)
	for _, v := range readVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			if err := password.Check(v.Hash); err != nil {
				t.Errorf("Check: %v", err)
			}
			right := string(v.Password)
			if !matches(t, hasher, v.Hash, right) {
				t.Error("the right password does not match")
			}
			for _, wrong := range []string{right + "x", right + "\x00", strings.Repeat("\x00", 1025)} {
				if matches(t, hasher, v.Hash, wrong) {
					t.Errorf("%.80q matches", wrong)
				}
			}
		})
	}
}

func TestHashThenVerify(t *testing.T) {
	hasher := password.New(cheap, 0)
	rapid.Check(t, func(r *rapid.T) {
		usable := func(s string) bool { return len(s) <= 1024/3 && !strings.Contains(s, "\x00") }
		anyText := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).
			Filter(usable)
		plain, other := anyText.Draw(r, "plain"), anyText.Draw(r, "other")
		stored, err := hasher.Hash(t.Context(), plain)
		if err != nil {
			r.Fatal(err)
		}
		if err := password.Check(stored); err != nil {
			r.Fatalf("Check(%q): %v", stored, err)
		}
		for _, typed := range []string{plain, norm.NFC.String(plain), norm.NFD.String(plain)} {
			match, outdated, err := hasher.Verify(t.Context(), stored, typed)
			if !match || outdated || err != nil {
				r.Fatalf("Verify(%q): %v, %v, %v; want a match of today's strength", typed, match, outdated, err)
			}
		}
		same := norm.NFC.String(plain) == norm.NFC.String(other)
		if match, _, _ := hasher.Verify(t.Context(), stored, other); match != same {
			r.Fatalf("Verify(%q) is %v for the hash of %q", other, match, plain)
		}
	})
}

func TestHashesAreSalted(t *testing.T) {
	if one, two := newHash(t, cheap.String(), "a"), newHash(t, cheap.String(), "a"); one == two {
		t.Errorf("two hashes of one password are both %q", one)
	}
}

func TestHashRefusesWhatNeverMatches(t *testing.T) {
	hasher := password.New(cheap, 0)
	for _, plain := range []string{strings.Repeat("a", 1025), "a\x00b", "\x00"} {
		if made, err := hasher.Hash(t.Context(), plain); err == nil {
			t.Errorf("Hash of %d bytes made %q, which no password would match", len(plain), made)
		}
	}
}

func TestOutdated(t *testing.T) {
	const target = "argon2id:m=19456,t=2,p=1"
	byName := map[string]string{}
	for _, v := range readVectors(t) {
		byName[v.Name] = v.Hash
	}
	for _, test := range []struct {
		name, target, stored string
		want                 bool
	}{
		{"same", target, newHash(t, target, "correct horse battery staple"), false},
		{"made elsewhere, same", target, byName["argon2id, default parameters"], false},
		{"stronger", target, byName["argon2id, 32 MiB in four lanes"], false},
		{"more lanes", target, newHash(t, "argon2id:m=19456,t=2,p=2", "correct horse battery staple"), false},
		{"fewer passes", target, newHash(t, "argon2id:m=19456,t=1,p=1", "correct horse battery staple"), true},
		{"less memory", target, newHash(t, "argon2id:m=19448,t=2,p=1", "correct horse battery staple"), true},
		{"less work than a target above the minimum", "argon2id:m=19456,t=3,p=1", byName["argon2id, default parameters"], true},
		{"less work than a target below the minimum", "argon2id:m=65,t=1,p=1", byName["argon2id, plain"], true},
		{"more memory, one pass, more work", target, newHash(t, "argon2id:m=47104,t=1,p=1", "correct horse battery staple"), false},
		{"more work, too little memory", target, newHash(t, "argon2id:m=4096,t=16,p=1", "correct horse battery staple"), true},
		{"same cost, short salt", "argon2id:m=64,t=1,p=1", byName["argon2id, shortest salt"], true},
		{"same cost, short digest", "argon2id:m=64,t=1,p=1", byName["argon2id, shortest digest"], true},
		{"same cost, long salt and digest", "argon2id:m=64,t=1,p=1", byName["argon2id, longest salt and digest"], false},
		{"bcrypt", "argon2id:m=8,t=1,p=1", byName["bcrypt 2b, cost 5"], true},
	} {
		t.Run(test.name, func(t *testing.T) {
			params, err := password.ParseParams(test.target)
			if err != nil {
				t.Fatal(err)
			}
			match, outdated, err := password.New(params, 0).Verify(t.Context(), test.stored, "correct horse battery staple")
			if !match || err != nil || outdated != test.want {
				t.Errorf("match %v, outdated %v, %v; want a match, outdated %v", match, outdated, err, test.want)
			}
		})
	}
}
