package password_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"latchkey/internal/password"
)

// foreignHash is a hash as another system writes it; the scripts in testdata say which tool made it and how.
type foreignHash struct{ Name, Tool, Password, Hash string }

// readForeign returns the hashes in both files, as Import would have them stored.
func readForeign(t testing.TB) []foreignHash {
	t.Helper()
	var all []foreignHash
	for _, name := range []string{"testdata/foreign.json", "testdata/systems.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var some []foreignHash
		if err := json.Unmarshal(text, &some); err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
	}
	for i, f := range all {
		stored, err := password.Import(f.Hash)
		if err != nil {
			t.Fatalf("Import of what %s made for %s: %v", f.Tool, f.Name, err)
		}
		all[i].Hash = stored
	}
	return all
}

// TestHashesOfOtherSystems promises that a hash which another system made matches only its password, and should be renewed.
func TestHashesOfOtherSystems(t *testing.T) {
	hasher := password.New(password.Params{Memory: 19456, Time: 2, Threads: 1}, 0)
	for _, f := range readForeign(t) {
		t.Run(f.Name, func(t *testing.T) {
			start := time.Now()
			match, outdated, err := hasher.Verify(t.Context(), f.Hash, f.Password)
			if !match || !outdated || err != nil {
				t.Errorf("match %v, outdated %v, %v; want both", match, outdated, err)
			}
			if time.Since(start) > 20*time.Millisecond && !strings.HasSuffix(f.Name, "plain") {
				return // its system's other hashes are tried with wrong passwords
			}
			for _, wrong := range []string{f.Password + "x", f.Password[1:], strings.ToUpper(f.Password)} {
				if wrong != f.Password && strings.TrimSpace(wrong) != strings.TrimSpace(f.Password) && matches(t, hasher, f.Hash, wrong) {
					t.Errorf("%.80q matches", wrong)
				}
			}
		})
	}
}
