package auth_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/password"
)

// verified hashes as the kit does, and notes the stored hashes that it was given.
type verified struct {
	*password.Hasher
	stored []string
}

func (v *verified) Verify(ctx context.Context, stored, password string) (match, outdated bool, err error) {
	v.stored = append(v.stored, stored)
	return v.Hasher.Verify(ctx, stored, password)
}

func serviceWith(k *authtest.Kit, v *verified, decoys []auth.Decoy) *auth.Service {
	r := rules()
	r.Decoys = decoys
	return auth.NewService(auth.Config{Store: k.Store, Passwords: v, Keys: k.Keyring, Rules: r, Audit: k.Log.Sink(), Log: k.Log.Logger(), Now: k.Clock.Now})
}

// TestDecoysStandInForHashes promises that an identifier without a hash costs one of the decoys, the same one in every service,
// and a user with a hash costs that hash; without decoys, no identifier costs a decoy.
func TestDecoysStandInForHashes(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	k.Update(t, "grace", func(u *auth.User) { u.PasswordHash, u.Status = "", auth.StatusPending })
	decoys := decoysOf("pbkdf2_sha256$%d$0123456789abcdef$MDEyMzQ1Njc4OWFiY2RlZg==", 1, 1, 1, 1, 1)
	names, chosen := []string{"ada", "dorothy", "grace"}, map[string]bool{}
	for i := range 30 {
		names = append(names, fmt.Sprintf("nobody%d", i))
	}
	for _, name := range names {
		v := &verified{Hasher: k.Hasher}
		for range 2 {
			a := attempt(name)
			a.Password = "wrong"
			if _, err := serviceWith(k, v, decoys).Login(t.Context(), a, profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
				t.Fatalf("%s: %v", name, err)
			}
		}
		a := attempt(name)
		a.Password = "wrong"
		_, _ = serviceWith(k, v, nil).Login(t.Context(), a, profileTerms())
		own := ""
		if u, err := k.Store.UserByIdentifier(t.Context(), a.Identifier); err == nil {
			own = u.PasswordHash
		}
		isDecoy := slices.ContainsFunc(decoys, func(d auth.Decoy) bool { return d.Hash == v.stored[0] })
		if len(v.stored) != 3 || v.stored[0] != v.stored[1] || isDecoy == (own != "") || v.stored[2] != own || own != "" && v.stored[0] != own {
			t.Errorf("%s, whose hash is %q, costs %q", name, own, v.stored)
		}
		chosen[v.stored[0]] = chosen[v.stored[0]] || isDecoy
	}
	if len(chosen) < 4 {
		t.Errorf("only %d decoys are chosen for 31 names", len(chosen))
	}
}

// TestDecoysSignNobodyIn promises that the password of a decoy is refused like any other to identifiers without a hash, even to
// a ready user.
func TestDecoysSignNobodyIn(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	made, err := k.Hasher.Hash(t.Context(), authtest.Password)
	if err != nil {
		t.Fatal(err)
	}
	k.Update(t, "grace", func(u *auth.User) { u.PasswordHash, u.Status = "", auth.StatusReady })
	k.Update(t, "joan", func(u *auth.User) { u.PasswordHash, u.Status = "", auth.StatusPending })
	k.Update(t, "dorothy", func(u *auth.User) { u.PasswordHash, u.Status = "", auth.StatusDisabled })
	decoys := []auth.Decoy{{Hash: made, Weight: 1}}
	for _, name := range []string{"nobody", "grace", "joan", "dorothy"} {
		v := &verified{Hasher: k.Hasher}
		_, err := serviceWith(k, v, decoys).Login(t.Context(), attempt(name), profileTerms())
		if !errors.Is(err, auth.ErrBadCredentials) || !slices.Equal(v.stored, []string{made}) {
			t.Errorf("%s is answered %v, after %q", name, err, v.stored)
		}
		audit := k.Log.Audit(t)
		if last := audit[len(audit)-1]; last["outcome"] != "refused" || last["reason"] != map[bool]string{true: "unknown_user", false: "wrong_password"}[name == "nobody"] {
			t.Errorf("%s is recorded as %v", name, last)
		}
	}
	if _, err := serviceWith(k, &verified{Hasher: k.Hasher}, decoys).Login(t.Context(), attempt("ada"), profileTerms()); err != nil {
		t.Errorf("with a hash of her own ada is answered %v", err)
	}
}

func decoysOf(format string, weights ...int) []auth.Decoy {
	var decoys []auth.Decoy
	for i, w := range weights {
		decoys = append(decoys, auth.Decoy{Hash: fmt.Sprintf(format, i+1), Weight: w})
	}
	return decoys
}

// TestDecoysComeOutAsWeighted promises that each decoy is chosen for its share of identifiers, whatever the number and order of decoys.
func TestDecoysComeOutAsWeighted(t *testing.T) {
	const names = 1500
	rapid.Check(t, func(r *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(1, 1000), 1, 8).Draw(r, "weights")
		seed := rapid.Uint64().Draw(r, "seed")
		decoys, total := decoysOf("decoy %d", weights...), 0
		for _, w := range weights {
			total += w
		}
		reversed := slices.Clone(decoys)
		slices.Reverse(reversed)
		counts := map[string]int{}
		for i := range names {
			name := fmt.Sprint(seed, "name", i)
			chosen := auth.DecoyFor(decoys, name)
			counts[chosen]++
			if other := auth.DecoyFor(reversed, name); other != chosen {
				r.Fatalf("%s is given %s, and %s in another order", name, chosen, other)
			}
		}
		for _, d := range decoys {
			share := float64(d.Weight) / float64(total)
			want, deviation := names*share, math.Sqrt(names*share*(1-share))
			if got := float64(counts[d.Hash]); math.Abs(got-want) > 5.5*deviation+1 { // fails by chance once in ten million runs
				r.Fatalf("%s of weight %d in %v is given to %v names of %d, want %v", d.Hash, d.Weight, weights, got, names, want)
			}
		}
	})
}

// TestDecoysMoveAsUsersDo promises that if one share grows at the cost of all others, an identifier keeps its decoy or moves to
// that one, and that dropping a decoy moves only its own identifiers.
func TestDecoysMoveAsUsersDo(t *testing.T) {
	before, after := decoysOf("decoy %d", 500, 300, 100, 100), decoysOf("decoy %d", 250, 150, 50, 550)
	moved := map[string]int{}
	for i := range 5000 {
		name := fmt.Sprint("name", i)
		from, to := auth.DecoyFor(before, name), auth.DecoyFor(after, name)
		if moved[from+" to "+to]++; from != to && to != "decoy 4" {
			t.Fatalf("%s goes from %s to %s", name, from, to)
		}
		if without := auth.DecoyFor(before[:3], name); from != "decoy 4" && without != from {
			t.Fatalf("%s goes from %s to %s without decoy 4", name, from, without)
		}
	}
	if moved["decoy 1 to decoy 4"] == 0 || moved["decoy 2 to decoy 4"] == 0 || auth.DecoyFor(nil, "name") != "" {
		t.Errorf("moved: %v", moved)
	}
}
