package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestForeignHashesSignIn promises that users come in with the hashes that other systems made, sign in with their passwords and
// with no other, and from then on have a hash of ours, with which they sign in again.
func TestForeignHashesSignIn(t *testing.T) {
	text, err := os.ReadFile("../../internal/password/testdata/foreign.json")
	if err != nil {
		t.Fatal(err)
	}
	var foreign []struct{ Name, Password, Hash string }
	if err := json.Unmarshal(text, &foreign); err != nil {
		t.Fatal(err)
	}
	email := func(i int) string { return fmt.Sprintf("user%d@example.com", i) }
	var lines strings.Builder
	for i, f := range foreign {
		fmt.Fprintf(&lines, `{"email":%q,"passwordHash":%q,"status":"ready"}`+"\n", email(i), f.Hash)
	}
	l := newLaptop(t)
	l.ok(lines.String(), "users", "import", "-")
	s := l.serve()
	for i, f := range foreign {
		stored := l.user(email(i))
		if stored.PasswordHash != f.Hash {
			t.Errorf("%s: stored as %s", f.Name, stored.PasswordHash)
		}
		if plain := strings.HasSuffix(f.Name, "plain"); plain && s.signIn(email(i), "wrong").status != 401 {
			t.Errorf("%s: a wrong password signs in", f.Name)
		}
		for _, time := range []string{"first", "second"} {
			if got := s.signIn(email(i), f.Password); got.status != 200 {
				t.Errorf("%s: the %s sign-in is answered %d", f.Name, time, got.status)
			}
			if got := l.user(email(i)); !strings.HasPrefix(got.PasswordHash, "$argon2id$v=19$m=8,t=1,p=1$") || got.PasswordEpoch != stored.PasswordEpoch {
				t.Errorf("%s: after the %s sign-in the hash is %s", f.Name, time, got.PasswordHash)
			}
		}
	}
}

// TestImportNamesRefusedHashes promises the line and the scheme of what cannot be verified, and nothing of the hash.
func TestImportNamesRefusedHashes(t *testing.T) {
	const secret = "BsecretsaltSecretDigestSecret00"
	for hash, reason := range map[string]string{
		"$1$" + secret:                               "line 1: passwordHash: password hash: MD5-crypt: ",
		"$apr1$" + secret:                            "apr1 (htpasswd): ",
		"$6$" + secret:                               "SHA-512-crypt: ",
		"{SSHA}" + secret:                            "{ssha}: ",
		"$scrypt$ln=25,r=8,p=1$" + secret:            "scrypt: has 3 fields",
		"pbkdf2_sha256$600000$" + secret:             "PBKDF2 of Django: has 3 fields",
		"scrypt:1073741824:8:1$" + secret + "$00":    "scrypt of Werkzeug: the cost N is 1073741824",
		"$fbscrypt$v=1,n=14,r=8,p=1$" + secret + "$": "scrypt of Firebase: ",
		"AQAAAA" + secret:                            "ASP.NET Identity 3: ",
		secret:                                       "its format is not one that docs/hashes.md lists",
	} {
		got := newLaptop(t).fails(exitFailed, `{"email":"a@example.com","status":"ready","passwordHash":"`+hash+`"}`,
			[]string{"users", "import", "-"}, reason, "0 added, 0 updated, 1 refused")
		if strings.Contains(got.err, secret) {
			t.Errorf("shows the hash: %s", got.err)
		}
	}
}
