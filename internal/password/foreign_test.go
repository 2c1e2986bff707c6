package password_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"latchkey/internal/password"
)

// foreignHash is a hash as another system stores it; testdata/make_foreign.py says which made it and how.
type foreignHash struct{ Name, Tool, Password, Hash string }

func readForeign(t testing.TB) []foreignHash {
	t.Helper()
	text, err := os.ReadFile("testdata/foreign.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []foreignHash
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestHashesOfOtherSystems promises that what other systems made matches its password alone, and is to be renewed whatever it
// cost.
func TestHashesOfOtherSystems(t *testing.T) {
	hasher := password.New(cheap, 0)
	for _, f := range readForeign(t) {
		t.Run(f.Name, func(t *testing.T) {
			if err := password.Check(f.Hash); err != nil {
				t.Errorf("Check of what %s made: %v", f.Tool, err)
			}
			match, outdated, err := hasher.Verify(t.Context(), f.Hash, f.Password)
			if !match || !outdated || err != nil {
				t.Errorf("match %v, outdated %v, %v; want both", match, outdated, err)
			}
			for _, wrong := range []string{f.Password + "x", f.Password[1:], strings.ToUpper(f.Password)} {
				if wrong != f.Password && matches(t, hasher, f.Hash, wrong) {
					t.Errorf("%.80q matches", wrong)
				}
				if strings.Contains(f.Name, "default") || strings.HasPrefix(f.Tool, "published") {
					break // these cost what true ones do: one is enough
				}
			}
		})
	}
}
