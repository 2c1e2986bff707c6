package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/keyring"
)

// TestKeysInit promises a ring of the given algorithm, in a file that only its owner can read, and that only public facts are
// printed.
func TestKeysInit(t *testing.T) {
	for _, tc := range []struct{ algorithm, want string }{
		{"", "ES256"}, {"RS256", "RS256"}, {"HS256", "HS256"}, {"EdDSA", "EdDSA"}, // RS256:3072 takes seconds
	} {
		l := newLaptop(t)
		args := []string{"keys", "init"}
		if tc.algorithm != "" {
			args = append(args, "--algorithm", tc.algorithm)
		}
		out := l.ok("", args...)
		if !regexp.MustCompile(`(?m)^\S+ +`+tc.want+` +current +\S+Z +\S+Z +-$`).MatchString(out) ||
			!regexp.MustCompile(`(?m)^\S+ +`+tc.want+` +next +\S+Z +- +-$`).MatchString(out) {
			t.Errorf("keys init %s prints\n%s", tc.algorithm, out)
		}
		document := l.read("keys.json")
		if _, err := keyring.Parse([]byte(document)); err != nil {
			t.Errorf("keys init %s: %v", tc.algorithm, err)
		}
		if info, _ := os.Stat(l.path("keys.json")); info.Mode() != 0o600 {
			t.Errorf("the file is %v", info.Mode())
		}
		list := l.ok("", "keys", "list")
		if list != out {
			t.Errorf("init printed\n%s\nand list\n%s", out, list)
		}
		for _, private := range privateParts(t, document) {
			if strings.Contains(list, private) {
				t.Errorf("%s: a private part is printed", tc.algorithm)
			}
		}
	}
}

// privateParts are the values in the document that nobody may see.
func privateParts(t *testing.T, document string) []string {
	t.Helper()
	var ring struct {
		Keys   []map[string]any
		MACKey string
	}
	if err := json.Unmarshal([]byte(document), &ring); err != nil || len(ring.Keys) != 2 || ring.MACKey == "" {
		t.Fatalf("%v: %d keys", err, len(ring.Keys))
	}
	parts := []string{ring.MACKey}
	for _, key := range ring.Keys {
		for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if value, ok := key[member].(string); ok {
				parts = append(parts, value)
			}
		}
	}
	if len(parts) < 3 {
		t.Fatal("the document has no private keys")
	}
	return parts
}

// TestKeysInitTwice promises that an existing ring is left alone, whatever the flags say.
func TestKeysInitTwice(t *testing.T) {
	l := newLaptop(t)
	l.ok("", "keys", "init")
	before := l.read("keys.json")
	l.fails(exitFailed, "", []string{"keys", "init", "--algorithm", "HS256"}, "keys.json holds a key ring already")
	if l.read("keys.json") != before {
		t.Error("the ring changed")
	}
}

// TestKeysInitOverNothing promises that an empty document, as a fresh secret has, is no ring.
func TestKeysInitOverNothing(t *testing.T) {
	for _, nothing := range []string{"", "{}", " { }\n"} {
		l := newLaptop(t)
		l.write("keys.json", nothing)
		l.fails(exitFailed, "", []string{"keys", "list"}, "holds no key ring yet", "latchkey keys init")
		l.ok("", "keys", "init")
		l.ok("", "keys", "list")
	}
}

// TestKeysInitAtOnce promises one ring and one winner, however many processes make the first one.
func TestKeysInitAtOnce(t *testing.T) {
	for _, there := range []bool{false, true} {
		l := newLaptop(t)
		if there {
			l.write("keys.json", "{}")
		}
		var all sync.WaitGroup
		ends := make([]said, 8)
		for i := range ends {
			all.Go(func() { ends[i] = l.run("", "keys", "init") })
		}
		all.Wait()
		won := 0
		for _, end := range ends {
			if end.code == exitOK {
				won++
				if list := l.ok("", "keys", "list"); list != end.out {
					t.Errorf("the ring is\n%s\nand somebody was told\n%s", list, end.out)
				}
			}
		}
		if won != 1 {
			t.Errorf("%d of %d were told that they made the ring", won, len(ends))
		}
		if files := l.files(); len(files) != 1 {
			t.Errorf("left %q", files)
		}
	}
}

// TestBrokenKeyFile promises that what is in a key file is never replaced by a new ring, for tokens and refresh tokens
// of it are out, and an error that says what to do.
func TestBrokenKeyFile(t *testing.T) {
	good := newLaptop(t)
	good.ok("", "keys", "init")
	document := good.read("keys.json")
	for _, tc := range []struct {
		name, content string
		mode          fs.FileMode
		want          string
	}{
		{"no JSON", "secret!", 0o600, "backup"},
		{"cut off", document[:len(document)/2], 0o600, "backup"},
		{"another document", `{"keys": []}`, 0o600, "backup"},
		{"readable by others", document, 0o644, "chmod 600"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLaptop(t)
			path := l.write("keys.json", tc.content)
			if err := os.Chmod(path, tc.mode); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{
				{"serve", "--addr", "127.0.0.1:0"}, {"keys", "init"}, {"keys", "list"}, {"invoke", "login", l.write("event.json", "{}")},
			} {
				got := l.fails(exitFailed, "", args, "keys.json", tc.want)
				if strings.Contains(got.err, "secret!") || strings.Contains(got.err, "no key ring") {
					t.Errorf("%v says %s", args, got.err)
				}
			}
			if l.read("keys.json") != tc.content {
				t.Error("the file changed")
			}
		})
	}
}

// TestKeyFileIsLocked promises that a lock that a killed process left is named, so that somebody can remove it.
func TestKeyFileIsLocked(t *testing.T) {
	l := newLaptop(t)
	l.write("keys.json", "{}")
	lock := l.write("keys.json.lock", "")
	for _, args := range [][]string{{"serve", "--addr", "127.0.0.1:0"}, {"keys", "init"}} {
		l.fails(exitFailed, "", args, "remove "+lock)
	}
}

// TestNoKeyDirectory promises an error that names the directory that is missing.
func TestNoKeyDirectory(t *testing.T) {
	l := newLaptop(t)
	l.fails(exitFailed, "", []string{"keys", "init", "--keys", "file:" + l.path("none/keys.json")}, l.path("none"), "no such file or directory")
}

// TestAlgorithmOfTheRing promises that serve says when its keys are not of the algorithm that is set, which is for
// new keys, and only then.
func TestAlgorithmOfTheRing(t *testing.T) {
	for _, tc := range []struct {
		made, set string
		warns     bool
	}{
		{"ES256", "ES256", false}, {"RS256", "RS256:3072", false}, {"ES256", "EdDSA", true},
	} {
		l := newLaptop(t)
		l.env["LATCHKEY_PASSWORD_HASH"] = ""
		l.ok("", "keys", "init", "--algorithm", tc.made)
		l.write("keys.json", previousFirst(t, l.read("keys.json")))
		s := l.serve("--algorithm", tc.set)
		s.end()
		if got := strings.Contains(s.log.String(), "level=WARN"); got != tc.warns {
			t.Errorf("keys of %s, algorithm %s: warned %v\n%s", tc.made, tc.set, got, s.log)
		}
	}
}

// previousFirst returns the ring with a key before the others that was rotated away from another algorithm.
func previousFirst(t *testing.T, document string) string {
	t.Helper()
	old := newLaptop(t)
	old.ok("", "keys", "init", "--algorithm", "EdDSA")
	type ring struct {
		Keys    []any  `json:"keys"`
		Current string `json:"current"`
		Next    string `json:"next"`
		MACKey  string `json:"macKey"`
	}
	var now, before ring
	for text, into := range map[string]*ring{document: &now, old.read("keys.json"): &before} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	now.Keys = append(before.Keys[:1], now.Keys...)
	raw, err := json.Marshal(now)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
