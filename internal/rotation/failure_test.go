package rotation_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
)

// failing makes the nth call of vault and table fail, and optionally the calls after it.
func (k *kit) failing(nth, lasting int) (calls *int) {
	calls = new(int)
	fail := func(string) error {
		*calls++
		if *calls >= nth && *calls < nth+lasting {
			return errDown
		}
		return nil
	}
	k.vault.fail, k.table.fail = fail, fail
	return calls
}

// TestFailures promises for a failure of any single call of a rotation that the step fails, that the ring in use signs with a
// published key, and that the same four steps, repeated, end as if nothing had happened.
func TestFailures(t *testing.T) {
	for _, first := range []bool{true, false} {
		for nth := 1; ; nth++ {
			k := newKit("{}")
			if !first {
				k.rotate(t, "v1")
				k.now = start.Add(30 * day)
			}
			if err := k.vault.begin("v2"); err != nil {
				t.Fatal(err)
			}
			calls := k.failing(nth, 1)
			failures := 0
			for range 2 {
				for _, step := range steps {
					if err := k.step(t, step, "v2"); err != nil {
						failures++
						if !errors.Is(err, errDown) {
							t.Fatalf("call %d: %s: %v", nth, step, err)
						}
						if !first {
							inUsePublished(t, k)
						}
						break
					}
				}
			}
			if *calls < nth {
				break // no such call
			}
			if failures != 1 {
				t.Fatalf("call %d fails and %d steps do", nth, failures)
			}
			ring := k.ring(t)
			if want := map[bool]int{true: 2, false: 3}[first]; len(keyIDs(ring)) != want || k.vault.at("AWSCURRENT") != "v2" {
				t.Errorf("call %d: %d keys in use, of %s", nth, len(keyIDs(ring)), k.vault.at("AWSCURRENT"))
			}
			if diff := cmp.Diff(keyIDs(ring), published(t, k.table.jwks)); diff != "" {
				t.Errorf("call %d: published (-want +got):\n%s", nth, diff)
			}
			if k.vault.at("AWSPENDING") != "" {
				t.Errorf("call %d: AWSPENDING stays", nth)
			}
		}
	}
}

// inUsePublished promises that verifiers know both keys of the ring in use.
func inUsePublished(t tb, k *kit) {
	t.Helper()
	known := strings.Join(published(t, k.table.jwks), " ")
	for _, id := range keyIDs(k.ring(t)) {
		if !strings.Contains(known, id) {
			t.Fatalf("key %s of the ring in use is not among the published %s", id, known)
		}
	}
}

// TestTableDown promises that no ring is made or put in use without the table.
func TestTableDown(t *testing.T) {
	k := newKit("{}")
	k.rotate(t, "v1")
	k.now = start.Add(30 * day)
	if err := k.vault.begin("v2"); err != nil {
		t.Fatal(err)
	}
	k.table.fail = func(string) error { return errDown }
	if err := k.step(t, "createSecret", "v2"); !errors.Is(err, errDown) || k.vault.values["v2"] != nil {
		t.Errorf("createSecret: %v", err)
	}
	k.table.fail = func(string) error { return nil }
	if err := k.step(t, "createSecret", "v2"); err != nil {
		t.Fatal(err)
	}
	k.table.fail = func(string) error { return errDown }
	for range 3 {
		if err := k.step(t, "finishSecret", "v2"); !errors.Is(err, errDown) || k.vault.at("AWSCURRENT") != "v1" {
			t.Errorf("finishSecret: %v, and %s is in use", err, k.vault.at("AWSCURRENT"))
		}
	}
}

// hostile are invalid rings: truncated, corrupted, foreign documents.
func hostile(t tb) map[string][]byte {
	ring, err := keyring.New(jwk.ES256, start)
	if err != nil {
		t.Fatal(err)
	}
	good := string(marshal(t, ring))
	return map[string][]byte{
		"cut":         []byte(good[:len(good)/2]),
		"no end":      []byte(good[:len(good)-1]),
		"a key less":  []byte(strings.Replace(good, `"next":"`, `"next":"x`, 1)),
		"bit flipped": []byte(strings.Replace(good, `"d":"`, `"d":"AAAA`, 1)),
		"no macKey":   []byte(strings.Replace(good, `"macKey"`, `"m"`, 1)),
		"password":    []byte(`{"username":"admin","password":"hunter2hunter2"}`),
		"text":        []byte("hunter2hunter2"),
		"null":        []byte("null"),
		"binary":      {0, 0xff, 0xfe},
	}
}

// TestCorruptCurrent promises that an unreadable ring in use stops every step that would replace it, without writing or quoting
// anything: an operator must decide, because a new ring would sign everybody out.
func TestCorruptCurrent(t *testing.T) {
	for name, document := range hostile(t) {
		k := newKit(string(document))
		if err := k.vault.begin("v1"); err != nil {
			t.Fatal(err)
		}
		before := k.vault.snapshot()
		for _, step := range []string{"createSecret", "testSecret", "finishSecret"} {
			err := k.step(t, step, "v1")
			if err == nil || errors.Is(err, keyring.ErrNoRing) {
				t.Fatalf("%s, %s: %v", name, step, err)
			}
			if strings.Contains(err.Error()+k.log.String(), "hunter2") {
				t.Errorf("%s, %s: quoted: %v", name, step, err)
			}
			wantSilent(t, err.Error()+k.log.String(), document)
		}
		if k.vault.snapshot() != before || k.table.puts != 0 {
			t.Errorf("%s: something was written", name)
		}
	}
}

// TestCorruptPending promises that an unreadable pending ring is never put in use, does not block later rotations, and is not
// quoted.
func TestCorruptPending(t *testing.T) {
	for name, document := range hostile(t) {
		for i, step := range []string{"createSecret", "testSecret", "finishSecret", "finishSecret"} {
			k, keys := newKit("{}"), 2
			if i < 3 { // the last time without a ring
				k.rotate(t, "v1")
				k.now, keys = start.Add(30*day), 3
			}
			if err := k.vault.begin("v2"); err != nil {
				t.Fatal(err)
			}
			k.vault.values["v2"] = document
			err := k.step(t, step, "v2")
			if err == nil || !strings.Contains(err.Error(), "the next rotation starts over") {
				t.Fatalf("%s, %s: %v", name, step, err)
			}
			if strings.Contains(err.Error()+k.log.String(), "hunter2") {
				t.Errorf("%s, %s: quoted: %v", name, step, err)
			}
			wantSilent(t, err.Error()+k.log.String(), document)
			k.rotate(t, "v3")
			if len(keyIDs(k.ring(t))) != keys {
				t.Errorf("%s, %s: the next rotation did nothing", name, step)
			}
		}
	}
}

// TestStuck promises that if the label cannot be removed either, the error says both.
func TestStuck(t *testing.T) {
	k := newKit("{}")
	k.rotate(t, "v1")
	if err := k.vault.begin("v2"); err != nil {
		t.Fatal(err)
	}
	k.vault.values["v2"] = []byte("null")
	k.vault.fail = func(call string) error {
		if call == "Drop" {
			return errDown
		}
		return nil
	}
	if err := k.step(t, "finishSecret", "v2"); !errors.Is(err, errDown) || !strings.Contains(err.Error(), "key ring") {
		t.Error(err)
	}
}

// TestValueNotFound promises that a version in use without a value is not mistaken for a new secret.
func TestValueNotFound(t *testing.T) {
	k := newKit("{}")
	k.rotate(t, "v1")
	if err := k.vault.begin("v2"); err != nil {
		t.Fatal(err)
	}
	delete(k.vault.values, "v1")
	before, puts := k.vault.snapshot(), k.table.puts
	for _, step := range []string{"createSecret", "testSecret", "finishSecret"} {
		if err := k.step(t, step, "v2"); err == nil || !strings.Contains(err.Error(), "has no value") {
			t.Errorf("%s: %v", step, err)
		}
	}
	if k.vault.snapshot() != before || k.table.puts != puts {
		t.Error("something was written")
	}
}

// TestUnreadable promises that an unreadable secret fails every step that needs it.
func TestUnreadable(t *testing.T) {
	k := newKit("{}")
	if err := k.vault.begin("v1"); err != nil {
		t.Fatal(err)
	}
	before := k.vault.snapshot()
	k.vault.fail = func(call string) error {
		if call == "Value" {
			return errDown
		}
		return nil
	}
	for _, step := range []string{"createSecret", "testSecret", "finishSecret"} {
		if err := k.step(t, step, "v1"); !errors.Is(err, errDown) {
			t.Errorf("%s: %v", step, err)
		}
	}
	if k.vault.snapshot() != before || k.table.puts != 0 {
		t.Error("something was written")
	}
}

// TestAtOnce promises that concurrent steps leave one ring, which is published, whichever of them fail.
func TestAtOnce(t *testing.T) {
	k := newKit("{}")
	k.rotate(t, "v1")
	k.now = start.Add(30 * day)
	if err := k.vault.begin("v2"); err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { _ = k.step(t, step, "v2") })
		}
		all.Wait()
		if err := k.step(t, step, "v2"); err != nil {
			t.Fatalf("%s, repeated: %v", step, err)
		}
	}
	if k.vault.at("AWSCURRENT") != "v2" || len(keyIDs(k.ring(t))) != 3 {
		t.Error("not rotated")
	}
	inUsePublished(t, k)
}

// TestPublishedFirst promises that no ring is stored or put in use before its keys are public, so that verifiers learn them
// in time, and that a repeated createSecret publishes them again if the table lost them.
func TestPublishedFirst(t *testing.T) {
	k := newKit("{}")
	k.rotate(t, "v1")
	k.now = start.Add(30 * day)
	if err := k.vault.begin("v2"); err != nil {
		t.Fatal(err)
	}
	var calls []string
	note := func(call string) error {
		if call != "Versions" && call != "Value" {
			calls = append(calls, call)
		}
		return nil
	}
	k.vault.fail, k.table.fail = note, note
	for range 2 {
		if err := k.step(t, "createSecret", "v2"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(keyIDs(parse(t, k.vault.values["v2"])), published(t, k.table.jwks)); diff != "" {
			t.Errorf("published (-want +got):\n%s", diff)
		}
		k.table.jwks = nil
	}
	if err := k.step(t, "finishSecret", "v2"); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"PublicKeys", "PutPublicKeys", "StorePending", // createSecret
		"PutPublicKeys",                                     // repeated
		"PutPublicKeys", "Promote", "PutPublicKeys", "Drop", // finishSecret
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestChangedWhilePublishing promises that the keys of the ring in use are published last, even if it was put in use and
// published while the keys of another ring were being written to the table.
func TestChangedWhilePublishing(t *testing.T) {
	for _, changes := range []int{1, 3} {
		k := newKit("{}")
		k.rotate(t, "v1")
		var stays *keyring.Ring
		made := 0
		k.table.fail = func(call string) error {
			if call == "PutPublicKeys" && made < changes {
				made++
				stays = revoke(t, k.ring(t), keyring.Current, k.now)
				k.vault.write(strings.Repeat("x", made), marshal(t, stays))
			}
			return nil
		}
		err := k.step(t, "finishSecret", "v1")
		if changes == 3 {
			if err == nil || !strings.Contains(err.Error(), "changed again") {
				t.Errorf("the ring never holds still: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(keyIDs(stays), published(t, k.table.jwks)); diff != "" {
			t.Errorf("published (-want +got):\n%s", diff)
		}
	}
}

// TestOvertaken promises the same for a ring that is announced while another is put in use: the step fails, and the keys of the
// ring in use are published.
func TestOvertaken(t *testing.T) {
	for made, step := range []string{"createSecret", "createSecret", "finishSecret"} {
		k := newKit("{}")
		k.rotate(t, "v1")
		k.now = start.Add(30 * day)
		if err := k.vault.begin("v2"); err != nil {
			t.Fatal(err)
		}
		if made > 0 {
			if err := k.step(t, "createSecret", "v2"); err != nil {
				t.Fatal(err)
			}
		}
		var byHand *keyring.Ring
		k.table.fail = func(call string) error {
			if call == "PutPublicKeys" && byHand == nil {
				byHand = revoke(t, k.ring(t), keyring.Current, k.now)
				k.vault.write("by-hand", marshal(t, byHand))
			}
			return nil
		}
		if err := k.step(t, step, "v2"); err == nil || k.vault.at("AWSCURRENT") != "by-hand" {
			t.Errorf("%s: %v", step, err)
		}
		if diff := cmp.Diff(keyIDs(byHand), published(t, k.table.jwks)); diff != "" {
			t.Errorf("%s: published (-want +got):\n%s", step, diff)
		}
	}
}
