package rotation_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the wanted answers anew")

// The versions of the events: in use, the one before, and pending.
const (
	inUseVersion    = "ffffffff-ffff-4fff-8fff-ffffffffffff"
	oldVersion      = "00000000-0000-4000-8000-000000000000"
	pendingVersion  = "5f0c2a7e-3b1d-4c7e-9a52-6d1f0e8b4c21"
	createdByEvents = "create" // prefix of the names of events whose pending version is empty
)

// TestEvents replays every event of events/rotate and compares Lambda's answer: null, or the error's text.
func TestEvents(t *testing.T) {
	events, err := filepath.Glob("../../events/rotate/*.json")
	if err != nil || len(events) == 0 {
		t.Fatalf("no events found: %v", err)
	}
	for _, path := range events {
		if strings.HasSuffix(path, ".want.json") {
			continue
		}
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			event, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			k := rotating(t)
			if !strings.HasPrefix(name, createdByEvents) {
				if err := k.step(t, "createSecret", pendingVersion); err != nil {
					t.Fatal(err)
				}
			}
			got, failed := k.Invoke(t.Context(), event)
			if failed != nil {
				if got, err = json.MarshalIndent(map[string]string{"errorMessage": failed.Error()}, "", "  "); err != nil {
					t.Fatal(err)
				}
			}
			compare(t, strings.TrimSuffix(path, ".json")+".want.json", string(got)+"\n")
		})
	}
}

// rotating returns a secret in its second rotation.
func rotating(t *testing.T) *kit {
	t.Helper()
	k := newKit("{}")
	k.rotate(t, oldVersion)
	k.rotate(t, inUseVersion)
	k.now = start.Add(30 * day)
	if err := k.vault.begin(pendingVersion); err != nil {
		t.Fatal(err)
	}
	return k
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the answer changed (-want +got):\n%s", diff)
	}
}

// FuzzInvoke promises that no event and no text in the secret makes the function panic, write anything but a ring, or reveal
// what it read.
func FuzzInvoke(f *testing.F) {
	for _, document := range hostile(f) {
		f.Add([]byte(`{"Step":"createSecret","SecretId":"x","ClientRequestToken":"y"}`), document, document)
		f.Add(payload("finishSecret", pendingVersion), document, []byte("{}"))
	}
	f.Fuzz(func(t *testing.T, event, current, pending []byte) {
		k := newKit(string(current))
		if err := k.vault.begin(pendingVersion); err != nil {
			t.Fatal(err)
		}
		k.vault.values[pendingVersion] = pending
		_, _ = k.Invoke(t.Context(), event)
		for _, step := range steps {
			if _, err := k.Invoke(t.Context(), payload(step, pendingVersion)); err != nil {
				wantSilent(t, err.Error(), current, pending)
			}
		}
		if k.vault.at("AWSCURRENT") == pendingVersion {
			k.ring(t)
		}
		wantSilent(t, k.log.String(), current, pending)
	})
}
