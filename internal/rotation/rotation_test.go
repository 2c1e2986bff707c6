package rotation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
)

// TestFirstRing promises that the first rotation of a stack makes the ring and publishes it, for every placeholder and in
// either spelling of the steps.
func TestFirstRing(t *testing.T) {
	for _, spelling := range [][]string{steps, {"create_secret", "set_secret", "test_secret", "finish_secret"}} {
		for i, placeholder := range []string{"", "{}", " {\n} "} {
			k := newKit(placeholder)
			k.vault.tidies = i == 0
			if err := k.vault.begin("v1"); err != nil {
				t.Fatal(err)
			}
			for _, step := range spelling {
				if out, err := k.Invoke(t.Context(), payload(step, "v1")); err != nil || string(out) != "null" {
					t.Fatalf("%q, %s: %s, %v", placeholder, step, out, err)
				}
			}
			ring := k.ring(t)
			if states := []keyring.State{ring.Facts()[0].State, ring.Facts()[1].State}; states[0] != keyring.Current || states[1] != keyring.Next {
				t.Errorf("states %v", states)
			}
			if diff := cmp.Diff(string(publicJWKS(t, ring)), string(k.table.jwks)); diff != "" {
				t.Errorf("published (-want +got):\n%s", diff)
			}
			if k.vault.at("AWSPENDING") != "" {
				t.Error("AWSPENDING stays, and would block the rotation after a ring stored by hand")
			}
		}
	}
}

// TestFirstValue promises the same for a secret without a version in use.
func TestFirstValue(t *testing.T) {
	k := newKit("")
	delete(k.vault.labels, "AWSCURRENT")
	k.rotate(t, "v1")
	k.ring(t)
}

// TestRotation promises one step of the ring per rotation, a copy if it is too soon, and that all keys are published each time.
func TestRotation(t *testing.T) {
	k := newKit("{}")
	k.rotate(t, "v1")
	first := k.vault.current()
	ids := keyIDs(k.ring(t))

	k.now = start.Add(keyring.Lead - time.Second)
	k.rotate(t, "v2")
	if string(k.vault.current()) != string(first) || k.vault.at("AWSCURRENT") != "v2" {
		t.Error("too soon, and the ring is not a copy")
	}
	k.now = start.Add(30 * day)
	k.rotate(t, "v3")
	second := keyIDs(k.ring(t))
	if len(second) != 3 || second[0] != ids[0] || second[1] != ids[1] {
		t.Fatalf("from %v to %v", ids, second)
	}
	k.now = start.Add(60 * day)
	k.rotate(t, "v4")
	third := keyIDs(k.ring(t))
	if diff := cmp.Diff(second, third[:3]); diff != "" || len(third) != 4 {
		t.Errorf("the second rotation (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(third, published(t, k.table.jwks)); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	k.now = start.Add(152 * day) // both previous keys are retired
	k.rotate(t, "v5")
	if diff := cmp.Diff(third[2:], keyIDs(k.ring(t))[:2]); diff != "" {
		t.Errorf("after their time (-want +got):\n%s", diff)
	}
}

// TestAnnounced promises that a ring that is not published, or no longer, is published first and rotated later, whatever its
// age.
func TestAnnounced(t *testing.T) {
	old, err := keyring.New(jwk.ES256, start.Add(-365*day))
	if err != nil {
		t.Fatal(err)
	}
	k := newKit(string(marshal(t, old)))
	k.rotate(t, "v1")
	if diff := cmp.Diff(keyIDs(old), keyIDs(k.ring(t))); diff != "" {
		t.Errorf("rotated at once (-want +got):\n%s", diff)
	}
	k.now = start.Add(keyring.Lead)
	k.rotate(t, "v2")
	if k.ring(t).Facts()[1].KeyID != keyIDs(old)[1] {
		t.Error("not rotated after Lead")
	}
	k.table.jwks = nil // another table
	k.now = start.Add(day)
	k.rotate(t, "v3")
	if len(keyIDs(k.ring(t))) != 3 {
		t.Error("rotated although verifiers have no keys")
	}
	if len(published(t, k.table.jwks)) != 3 {
		t.Error("not published")
	}
}

// TestRepeated promises that any step may be repeated at any later point, and then changes nothing.
func TestRepeated(t *testing.T) {
	k := newKit("{}")
	k.rotate(t, "v1")
	k.now = start.Add(30 * day)
	if err := k.vault.begin("v2"); err != nil {
		t.Fatal(err)
	}
	var pending []byte
	for i, step := range steps {
		for range 2 {
			for _, earlier := range steps[:i+1] {
				if err := k.step(t, earlier, "v2"); err != nil {
					t.Fatalf("%s, after %s: %v", earlier, step, err)
				}
			}
		}
		if pending == nil {
			pending = k.vault.values["v2"]
		}
		if string(k.vault.values["v2"]) != string(pending) {
			t.Fatalf("%s made another ring", step)
		}
	}
	if string(k.vault.current()) != string(pending) {
		t.Error("another ring is in use")
	}
	k.now = start.Add(31 * day)
	k.table.jwks = nil
	if err := k.step(t, "finishSecret", "v2"); err != nil || len(published(t, k.table.jwks)) != 3 {
		t.Errorf("finishSecret after the promotion does not publish again: %v", err)
	}
	if err := k.step(t, "createSecret", "v1"); err == nil {
		t.Error("a step of a rotation that is long over is taken")
	}
}

// TestOutOfOrder promises that a step out of order does no harm, and that the rotation can continue.
func TestOutOfOrder(t *testing.T) {
	k := newKit("{}")
	if err := k.vault.begin("v1"); err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"testSecret", "setSecret"} {
		if err := k.step(t, step, "v1"); err != nil {
			t.Errorf("%s first: %v", step, err) // Secrets Manager tests a new schedule so
		}
	}
	if err := k.step(t, "finishSecret", "v1"); err == nil || !strings.Contains(err.Error(), "createSecret comes first") {
		t.Errorf("finishSecret first: %v", err)
	}
	if string(k.vault.current()) != "{}" || k.table.jwks != nil {
		t.Error("something changed")
	}
	for _, step := range []string{"createSecret", "finishSecret"} {
		if err := k.step(t, step, "v1"); err != nil {
			t.Fatal(err)
		}
	}
	k.ring(t)
}

// TestThrowAway promises that the test step which Secrets Manager runs for a schedule without immediate rotation passes, with an
// empty version or a copy, and leaves no trace.
func TestThrowAway(t *testing.T) {
	k := newKit("{}")
	k.rotate(t, "v1")
	for _, copied := range []bool{false, true} {
		version := fmt.Sprint("throw-away-", copied)
		if err := k.vault.begin(version); err != nil {
			t.Fatal(err)
		}
		if copied {
			k.vault.values[version] = k.vault.current()
		}
		before := k.vault.snapshot()
		if err := k.step(t, "testSecret", version); err != nil {
			t.Error(err)
		}
		if after := k.vault.snapshot(); after != before {
			t.Errorf("the secret changed:\n%s", cmp.Diff(before, after))
		}
		delete(k.vault.labels, "AWSPENDING")
	}
}

// TestChangedByHand promises that a pending ring is never put in use after a rotation or revocation by hand, that verifiers
// then have the keys of the ring in use, and that the next rotation works.
func TestChangedByHand(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(t *testing.T, r *keyring.Ring, now time.Time) *keyring.Ring
	}{
		{"rotated", func(t *testing.T, r *keyring.Ring, now time.Time) *keyring.Ring {
			next, changed, err := r.Rotate(jwk.ES256, publicJWKS(t, r), now)
			if err != nil || !changed {
				t.Fatal(changed, err)
			}
			return next
		}},
		{"current revoked", func(t *testing.T, r *keyring.Ring, now time.Time) *keyring.Ring {
			return revoke(t, r, keyring.Current, now)
		}},
		{"next revoked", func(t *testing.T, r *keyring.Ring, now time.Time) *keyring.Ring {
			return revoke(t, r, keyring.Next, now)
		}},
		{"another ring", func(t *testing.T, _ *keyring.Ring, now time.Time) *keyring.Ring {
			r, err := keyring.New(jwk.ES256, now)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}},
	} {
		for _, step := range []string{"createSecret", "testSecret", "finishSecret"} {
			t.Run(tc.name+", then "+step, func(t *testing.T) {
				k := newKit("{}")
				k.rotate(t, "v1")
				k.now = start.Add(30 * day)
				if err := errors.Join(k.vault.begin("v2"), k.step(t, "createSecret", "v2")); err != nil {
					t.Fatal(err)
				}
				pending := k.vault.values["v2"]
				byHand := tc.change(t, k.ring(t), k.now)
				k.vault.write("by-hand", marshal(t, byHand)) // the pending keys are still published

				err := k.step(t, step, "v2")
				if err == nil || k.vault.at("AWSCURRENT") != "by-hand" {
					t.Fatalf("%v; %s is in use", err, k.vault.at("AWSCURRENT"))
				}
				wantSilent(t, err.Error()+k.log.String(), pending, marshal(t, byHand))
				if diff := cmp.Diff(keyIDs(byHand), published(t, k.table.jwks)); diff != "" {
					t.Errorf("published (-want +got):\n%s", diff)
				}
				if err := k.step(t, "finishSecret", "v2"); err == nil {
					t.Error("the second try gets through")
				}
				k.now = k.now.Add(day)
				k.rotate(t, "v3")
				if ring := k.ring(t); ring.Facts()[len(ring.Facts())-2].KeyID != keyIDs(byHand)[len(keyIDs(byHand))-1] {
					t.Error("the next rotation does not go on from the ring in use")
				}
			})
		}
	}
}

func revoke(t tb, r *keyring.Ring, state keyring.State, now time.Time) *keyring.Ring {
	t.Helper()
	for _, k := range r.Facts() {
		if k.State == state {
			revoked, err := r.Revoke(k.KeyID, jwk.ES256, now)
			if err != nil {
				t.Fatal(err)
			}
			return revoked
		}
	}
	t.Fatalf("no %s key", state)
	return nil
}

// TestTooLate promises that a ring is not put in use after more than 18 hours: its previous key would retire before the tokens
// that it signed in the meantime.
func TestTooLate(t *testing.T) {
	k := newKit("{}")
	k.rotate(t, "v1")
	k.now = start.Add(30 * day)
	if err := errors.Join(k.vault.begin("v2"), k.step(t, "createSecret", "v2")); err != nil {
		t.Fatal(err)
	}
	k.now = k.now.Add(18*time.Hour + time.Second)
	if err := k.step(t, "finishSecret", "v2"); err == nil || k.vault.at("AWSCURRENT") != "v1" {
		t.Errorf("promoted: %v", err)
	}
	k.rotate(t, "v3")
}

// TestRecords promises one audit record per event, with the public ids of the keys.
func TestRecords(t *testing.T) {
	k := newKit("{}")
	k.rotate(t, "v1")
	ids := keyIDs(k.ring(t))
	k.rotate(t, "v2")
	if err := k.step(t, "testSecret", "v2"); err != nil {
		t.Fatal(err)
	}
	type record struct{ Level, Msg, Event, Outcome, Reason, Step, Kid, Next string }
	entry := func(step, reason string, ids ...string) record {
		r := record{"INFO", "audit", "key_rotation", "success", reason, step, "", ""}
		if len(ids) > 0 {
			r.Kid, r.Next = ids[0], ids[1]
		}
		return r
	}
	want := []record{
		entry("createSecret", "first_ring", ids...), entry("setSecret", "nothing_to_set"),
		entry("testSecret", "ok", ids...), entry("finishSecret", "in_use", ids...),
		entry("createSecret", "too_soon", ids...), entry("setSecret", "nothing_to_set"),
		entry("testSecret", "ok", ids...), entry("finishSecret", "in_use", ids...),
		entry("testSecret", "current_already"),
	}
	var got []record
	for line := range strings.Lines(k.log.String()) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	wantSilent(t, k.log.String(), k.vault.current())
	if strings.Contains(k.log.String(), "who-calls") {
		t.Error("the RotationToken is logged")
	}
}
