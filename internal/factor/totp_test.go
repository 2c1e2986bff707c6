package factor_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"latchkey/internal/factor"
)

// rfcSeed is the secret of both RFCs' test values.
var rfcSeed = factor.Seed("12345678901234567890")

// TestHOTPVectors promises the values of RFC 4226 appendix D.
func TestHOTPVectors(t *testing.T) {
	for counter, want := range strings.Fields("755224 287082 359152 969429 338314 254676 287922 162583 399871 520489") {
		if got := rfcSeed.Code(int64(counter)); got != want {
			t.Errorf("counter %d: %s, want %s", counter, got, want)
		}
	}
}

// TestTOTPVectors promises the last six digits of the SHA-1 values of RFC 6238 appendix B.
func TestTOTPVectors(t *testing.T) {
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := rfcSeed.Code(factor.Step(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

// TestMatch promises that a code is accepted in its own period and one to either side, and reports its step.
func TestMatch(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	step := factor.Step(now)
	for offset := int64(-3); offset <= 3; offset++ {
		want := step + offset
		if offset < -1 || offset > 1 {
			want = 0
		}
		if got := rfcSeed.Match(rfcSeed.Code(step+offset), now); got != want {
			t.Errorf("the code of %d periods away: step %d, want %d", offset, got, want)
		}
	}
	for _, code := range []string{"", "12345", "1234567", "abcdef"} {
		if got := rfcSeed.Match(code, now); got != 0 {
			t.Errorf("%q matches step %d", code, got)
		}
	}
}

// TestMatchAnySeed promises the same of every seed and time, and that a code one digit off never matches its step.
func TestMatchAnySeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := factor.Seed(rapid.SliceOfN(rapid.Byte(), 10, 64).Draw(t, "seed"))
		now := time.Unix(rapid.Int64Range(1_000_000_000, 4_000_000_000).Draw(t, "now"), 0)
		code := seed.Code(factor.Step(now))
		if seed.Match(code, now) == 0 {
			t.Fatalf("%s does not match", code)
		}
		off := code[:5] + string('0'+(code[5]-'0'+1)%10)
		if seed.Match(off, now) == factor.Step(now) {
			t.Fatalf("%s matches the step of %s", off, code)
		}
	})
}

// TestParseSeed promises that the spellings of apps and exports are read, and that errors do not quote the secret.
func TestParseSeed(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for _, typed := range []string{secret, strings.ToLower(secret), "gezd gnbv gy3t qojq gezd gnbv gy3t qojq", "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ", secret + "===="} {
		seed, err := factor.ParseSeed(typed)
		if err != nil || seed.Base32() != secret || string(seed) != string(rfcSeed) {
			t.Errorf("%q: %v, %v", typed, []byte(seed), err)
		}
	}
	for _, typed := range []string{"", "A", "GEZDGNBV", "GEZDGNBVGY3TQOJ1", strings.Repeat("GEZDGNBV", 14), "GEZDGNBVGY3TQOJQ\x00"} {
		if _, err := factor.ParseSeed(typed); err == nil || len(typed) > 2 && strings.Contains(err.Error(), typed) {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

// TestNewSeed promises 160 bits that differ, and that a seed prints itself in no way that logs use.
func TestNewSeed(t *testing.T) {
	a, errA := factor.NewSeed(rand.Reader)
	b, errB := factor.NewSeed(rand.Reader)
	if errors.Join(errA, errB) != nil || len(a) != 20 || string(a) == string(b) {
		t.Errorf("seeds of %d bytes, equal: %v", len(a), string(a) == string(b))
	}
	if got := fmt.Sprintf("%v %s %#v %v", a, a, a, a.LogValue()); got != "[seed] [seed] [seed] [seed]" {
		t.Errorf("printed as %s", got)
	}
}

// TestURI promises an otpauth URI that apps read: service and account as typed, and the parameters that Code uses.
func TestURI(t *testing.T) {
	for _, test := range []struct{ service, account, path, issuer string }{
		{"login.example.com", "ada@example.com", "/login.example.com:ada@example.com", "login.example.com"},
		{"Ada & Söhne: shop", "a+b@example.com", "/Ada & Söhne  shop:a+b@example.com", "Ada & Söhne  shop"},
	} {
		text := rfcSeed.URI(test.service, test.account)
		if strings.Contains(text, "+") {
			t.Errorf("%s has a plus sign, which apps show", text)
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		want := "issuer=" + test.issuer + " secret=" + rfcSeed.Base32() + " algorithm=SHA1 digits=6 period=30"
		q := u.Query()
		got := fmt.Sprintf("issuer=%s secret=%s algorithm=%s digits=%s period=%s", q.Get("issuer"), q.Get("secret"), q.Get("algorithm"), q.Get("digits"), q.Get("period"))
		if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != test.path || got != want {
			t.Errorf("%s: path %q, %s", text, u.Path, got)
		}
	}
}
