package password_test

import (
	"strings"
	"testing"

	"latchkey/internal/password"
)

// describedHashes maps a hash of each scheme and spelling to its description.
func describedHashes() map[string]string {
	return map[string]string{
		good:                               "argon2id, m=64,t=1,p=1",
		argon2iPHC:                         "argon2i, m=64,t=1,p=1",
		djangoArgon2:                       "argon2id of Django, m=64,t=1,p=1",
		bcryptOfPassword:                   "bcrypt, cost 4",
		djangoBcrypt:                       "bcrypt of Django, cost 4",
		"bcrypt_sha256" + djangoBcrypt[6:]: "bcrypt_sha256 of Django, cost 4",
		scryptPHC:                          "scrypt, N=16,r=8,p=1",
		djangoScrypt:                       "scrypt of Django, N=16,r=8,p=1",
		werkzeugScrypt:                     "scrypt of Werkzeug, N=16,r=8,p=1",
		pbkdf2PHC:                          "PBKDF2, SHA-256, 10 rounds, 32 bytes",
		pbkdf2Passlib:                      "PBKDF2, SHA-256, 10 rounds, 32 bytes",
		pbkdf2SHA1:                         "PBKDF2, SHA-1, 10 rounds, 20 bytes",
		djangoPBKDF2:                       "PBKDF2 of Django, SHA-256, 10 rounds, 32 bytes",
		werkzeugPBKDF2:                     "PBKDF2 of Werkzeug, SHA-256, 10 rounds, 32 bytes",
		firebase:                           "scrypt of Firebase, N=16,r=8,p=1",
		aspnet3:                            "ASP.NET Identity 3, SHA-256, 10 rounds, 32 bytes",
		aspnet2:                            "ASP.NET Identity 2, SHA-1, 1000 rounds, 32 bytes",
		scryptN:                            "scrypt, N=16,r=8,p=1",
		cryptScrypt:                        "scrypt of crypt(3), N=16,r=8,p=1",
		yescrypt:                           "yescrypt, N=1024,r=8",
		sha256Crypt:                        "SHA-256-crypt, 1000 rounds",
		sha512Crypt:                        "SHA-512-crypt, 5000 rounds",
		phpass:                             "phpass, MD5, 128 rounds",
		"U" + phpass:                       "phpass, MD5 over MD5, 128 rounds",
		drupal:                             "phpass of Drupal, SHA-512, 128 rounds",
		drupalUpgraded:                     "phpass of Drupal, SHA-512 over MD5, 128 rounds",
		wordPress:                          "bcrypt of WordPress, cost 4",
		betterAuth:                         "scrypt of better-auth, N=16384,r=16,p=1",
		lucia2:                             "scrypt of Lucia, N=16384,r=16,p=1",
	}
}

// TestDescribe promises the scheme and all parameters, and an error for what Check refuses.
func TestDescribe(t *testing.T) {
	for stored, want := range describedHashes() {
		got, err := password.Describe(stored)
		if scheme := password.Scheme(stored); got != want || err != nil || !strings.HasPrefix(want, scheme+", ") {
			t.Errorf("%s is described as %q, of the scheme %q (error %v); want %q", stored, got, scheme, err, want)
		}
	}
	for _, test := range append(foreignHostile(), hostile...) {
		if got, err := password.Describe(test.stored); got != "" || err == nil {
			t.Errorf("%s is described as %q", test.name, got)
		}
		if got, err := password.Scramble(test.stored); got != "" || err == nil {
			t.Errorf("%s is scrambled to %q", test.name, got)
		}
	}
	for _, stored := range []string{"", "!", "$1$saltsalt$qjXMvbEw8oaLCzflDtaK00", "argon2id"} {
		if got := password.Scheme(stored); got != "unknown" {
			t.Errorf("%q is of the scheme %q", stored, got)
		}
	}
}

// TestScramble promises for every scheme that a scrambled hash can be read, has the length and costs of the stored one, and shares
// no salt, digest, key or password with it.
func TestScramble(t *testing.T) {
	hasher := password.New(cheap, 0)
	hashes := readForeign(t)
	for stored := range describedHashes() {
		hashes = append(hashes, foreignHash{Name: stored, Password: "password", Hash: stored})
	}
	for _, f := range hashes {
		scrambled, err := password.Scramble(f.Hash)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		before, _ := password.Describe(f.Hash)
		after, err := password.Describe(scrambled)
		if err != nil || before != after || len(scrambled) != len(f.Hash) {
			t.Errorf("%s: %s is scrambled to %s, %q to %q (error %v)", f.Name, f.Hash, scrambled, before, after, err)
		}
		if common := longestCommon(secretPart(f.Hash), secretPart(scrambled)); len(common) > 6 {
			t.Errorf("%s: %s and %s have %q in common", f.Name, f.Hash, scrambled, common)
		}
		if !strings.Contains(f.Name, "default") && !strings.HasPrefix(f.Tool, "published") { // those cost what true ones do
			if matches(t, hasher, scrambled, f.Password) {
				t.Errorf("%s: the password matches what it was scrambled to", f.Name)
			}
		}
		if again, _ := password.Scramble(scrambled); again != scrambled {
			t.Errorf("%s: hashes of one kind scramble to %s and to %s", f.Name, scrambled, again)
		}
	}
}

// secretPart leaves out the scheme and its parameters, except those inside ASP.NET's base64.
func secretPart(stored string) string {
	var secret []string
	for i, field := range strings.Split(stored, "$") {
		_, keys, firebase := strings.Cut(field, ",ss=")
		named := strings.ContainsAny(field, ",_") || strings.Contains(field, ":") && !strings.HasPrefix(field, "s2:") && len(field) < 100 || strings.HasPrefix(field, "rounds=") || strings.HasPrefix(field, "argon2") || strings.HasPrefix(field, "pbkdf2") || field == "fbscrypt"
		switch {
		case firebase:
			secret = append(secret, keys)
		case strings.HasPrefix(field, "AQAAAA"):
			secret = append(secret, field[18:])
		case strings.HasPrefix(stored, "$7$") && i == 2:
			secret = append(secret, field[11:])
		case len(field) >= 8 && !named:
			secret = append(secret, field)
		}
	}
	return strings.Join(secret, "$")
}

func longestCommon(a, b string) (longest string) {
	for i := range a {
		for j := i + len(longest) + 1; j <= len(a) && strings.Contains(b, a[i:j]); j++ {
			longest = a[i:j]
		}
	}
	return longest
}

// TestScrambledTakeAsMuch promises that a scrambled hash takes the memory of the stored one; Describe shows rounds and passes.
func TestScrambledTakeAsMuch(t *testing.T) {
	hasher := password.New(cheap, 0)
	for _, stored := range []string{swap(good, "m=64", "m=1024"), swap(scryptPHC, "ln=4", "ln=9"), swap(firebase, "n=4", "n=9")} {
		scrambled, err := password.Scramble(stored)
		if err != nil {
			t.Fatal(err)
		}
		before := measure(func() { matches(t, hasher, stored, "wrong") }).bytes
		after := measure(func() { matches(t, hasher, scrambled, "wrong") }).bytes
		if after < before*98/100 || after > before*102/100 {
			t.Errorf("%s takes %d bytes, and %s %d", stored, before, scrambled, after)
		}
	}
}

// TestHasherDescribes promises that a hasher describes its new hashes as Describe does, and has a decoy of that kind.
func TestHasherDescribes(t *testing.T) {
	hasher := password.New(password.Params{Memory: 64, Time: 3, Threads: 2}, 0)
	made := newHash(t, "argon2id:m=64,t=3,p=2", "password")
	for _, stored := range []string{made, hasher.Decoy()} {
		if about, err := password.Describe(stored); about != hasher.Describe() || err != nil {
			t.Errorf("%q is described as %q (error %v), new hashes as %q", stored, about, err, hasher.Describe())
		}
	}
	if scrambled, err := password.Scramble(made); scrambled != hasher.Decoy() || err != nil {
		t.Errorf("new hashes scramble to %s, and the decoy is %s (error %v)", scrambled, hasher.Decoy(), err)
	}
}
