package factor_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/factor"
)

var _ auth.Codes = factor.Codes{}

// TestPending promises that a pending seed is confirmed by its own code, in time and by its own user, and then works as a stored one.
func TestPending(t *testing.T) {
	codes, ctx := factor.NewCodes(authtest.NewKit(t).Keyring, rand.Reader), t.Context()
	now := time.Unix(1_800_000_000, 0)
	pending, secret, err := codes.NewPending(ctx, "ada", "phone", now.Add(10*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := factor.ParseSeed(secret)
	if err != nil {
		t.Fatal(err)
	}
	right := seed.Code(factor.Step(now))
	for name, confirm := range map[string]func() ([]byte, string, int64, error){
		"another user": func() ([]byte, string, int64, error) { return codes.Confirm(ctx, "grace", pending, right, now) },
		"too late": func() ([]byte, string, int64, error) {
			late := now.Add(10 * time.Minute)
			return codes.Confirm(ctx, "ada", pending, seed.Code(factor.Step(late)), late)
		},
		"changed": func() ([]byte, string, int64, error) { return codes.Confirm(ctx, "ada", pending[1:], right, now) },
	} {
		if _, _, _, err := confirm(); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, step, err := codes.Confirm(ctx, "ada", pending, "000000", now); err != nil || step != 0 && right != "000000" {
		t.Errorf("a wrong code: step %d, error %v", step, err)
	}
	sealed, name, step, err := codes.Confirm(ctx, "ada", pending, right, now)
	if err != nil || name != "phone" || step != factor.Step(now) {
		t.Fatalf("name %q, step %d, error %v", name, step, err)
	}
	next := now.Add(factor.Period)
	if step, err := codes.Step(ctx, "ada", sealed, seed.Code(factor.Step(next)), next); err != nil || step != factor.Step(next) {
		t.Errorf("the stored seed: step %d, error %v", step, err)
	}
	if _, err := codes.Step(ctx, "ada", pending, right, now); !errors.Is(err, factor.ErrSealed) {
		t.Errorf("a pending seed passes for a stored one: %v", err)
	}
	if _, _, _, err := codes.Confirm(ctx, "ada", sealed, right, now); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("a stored seed passes for a pending one: %v", err)
	}
}

// TestStepOfNoSeed promises that a user without a seed has no code, at no error.
func TestStepOfNoSeed(t *testing.T) {
	codes := factor.NewCodes(authtest.NewKit(t).Keyring, rand.Reader)
	for _, code := range []string{"", "000000", "328482", make(factor.Seed, 20).Code(factor.Step(time.Unix(0, 0)))} {
		if step, err := codes.Step(t.Context(), "ada", nil, code, time.Unix(0, 0)); step != 0 || err != nil {
			t.Errorf("%q: step %d, error %v", code, step, err)
		}
	}
}
