package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/password"
)

const (
	djangoHash = "pbkdf2_sha256$50$3e494ac4bffbefade62918$qxPxnKU4HxxkR0/Fqh1R0U79YlNku1TYVatzzpGxC40="
	aspnetHash = "AEAZD6sIVqaMtJEvhdGCHBDqEbx0B3gPYr5yqGdCPRsAkEUTZ5PNzu9OpW1vyzH9bQ==" // of foreignPassword

	foreignPassword = "correct horse battery staple"
)

// linesWith returns the lines of an import, with n users for each credential.
func linesWith(counts map[string]int) string {
	var lines strings.Builder
	for credential, n := range counts {
		for range n {
			fmt.Fprintf(&lines, `{"email":"user%d@example.com","status":"ready",%s}`+"\n", strings.Count(lines.String(), "\n"), credential)
		}
	}
	return lines.String()
}

func hashed(hash string) string { return fmt.Sprintf(`"passwordHash":%q`, hash) }

// decoysOf returns the setting that users hashes prints, by scheme.
func (l *laptop) decoysOf(out string) (setting string, weights map[string]string) {
	l.Helper()
	m := regexp.MustCompile(`\nLATCHKEY_DECOYS='(.*)'\n$`).FindStringSubmatch(out)
	if m == nil {
		l.Fatalf("no setting in\n%s", out)
	}
	weights = map[string]string{}
	for entry := range strings.SplitSeq(m[1], " ") {
		weight, hash, _ := strings.Cut(entry, "*")
		weights[password.Scheme(hash)] += weight
	}
	return m[1], weights
}

// TestUsersHashes promises the users who are ready by the cost of their hashes, and shares of it for decoys, in which new hashes
// have their own share, but at least a tenth; always the same, and nothing of anybody's hash.
func TestUsersHashes(t *testing.T) {
	l := newLaptop(t)
	got := l.run(linesWith(map[string]int{hashed(djangoHash): 60, hashed(aspnetHash): 20, `"password":"p"`: 20})+
		`{"email":"joan@example.com","status":"pending",`+hashed(djangoHash)+"}\n", "users", "import", "-")
	if !strings.Contains(got.err, "see 'latchkey users hashes'.\n101 added") {
		t.Errorf("the import says %q", got.err)
	}
	out := l.ok("", "users", "hashes")
	wantTable := `USERS  HASH
20     argon2id, m=8,t=1,p=1
60     PBKDF2 of Django, SHA-256, 50 rounds, 32 bytes
20     ASP.NET Identity 2, SHA-1, 1000 rounds, 32 bytes

LATCHKEY_DECOYS='`
	_, weights := l.decoysOf(out)
	if !strings.HasPrefix(out, wantTable) || fmt.Sprint(weights) != "map[ASP.NET Identity 2:200 PBKDF2 of Django:600 argon2id:200]" {
		t.Errorf("want\n%sgot\n%s", wantTable, out)
	}
	for _, secret := range []string{"3e494ac4", "qxPxnKU4", "AEAZD6", "IVqaMtJ", "AkEUTZ5"} {
		if strings.Contains(out, secret) {
			t.Errorf("it shows %q of a hash", secret)
		}
	}
	if again := l.ok("", "users", "hashes"); again != out {
		t.Errorf("a second time it prints\n%s", again)
	}

	l = newLaptop(t)
	l.ok(linesWith(map[string]int{hashed(djangoHash): 2, hashed(strings.Replace(djangoHash, "3e49", "", 1)): 1}), "users", "import", "-")
	if _, weights := l.decoysOf(l.ok("", "users", "hashes")); fmt.Sprint(weights) != "map[PBKDF2 of Django:750 argon2id:250]" {
		t.Errorf("of three foreign hashes: %v", weights)
	}
}

// TestUsersHashesOfOwn promises that nothing is to be set where all hashes are as new ones are, and that the import says nothing.
func TestUsersHashesOfOwn(t *testing.T) {
	l := newLaptop(t)
	l.fails(exitFailed, "", []string{"users", "hashes"}, "there is no file "+l.path("users.db"))
	l.store()
	if got := l.run("", "users", "hashes"); !strings.Contains(got.err, "DECOYS may stay empty") || strings.Contains(got.out, "DECOYS") {
		t.Errorf("without users: %+v", got)
	}
	for range 2 { // from plain passwords, and then from the hashes of the first
		got := l.run(linesWith(map[string]int{`"password":"p"`: 3}), "users", "import", "-")
		if strings.Contains(got.err, "hashes") {
			t.Errorf("the import says %q", got.err)
		}
		got = l.run("", "users", "hashes")
		if got.code != exitOK || got.out != "USERS  HASH\n3      argon2id, m=8,t=1,p=1\n" || !strings.Contains(got.err, "DECOYS may stay empty") {
			t.Errorf("%+v", got)
		}
		l.write("users.jsonl", l.ok("", "users", "export", "-"))
	}
}

// TestUsersHashesOfMany promises a setting that is accepted, with the most usual kinds, and says how many are left out.
func TestUsersHashesOfMany(t *testing.T) {
	counts := map[string]int{}
	for rounds := 1; rounds <= 30; rounds++ {
		counts[hashed(strings.Replace(djangoHash, "$50$", fmt.Sprintf("$%d$", rounds), 1))] = rounds
	}
	l := newLaptop(t)
	l.ok(linesWith(counts), "users", "import", "-")
	got := l.run("", "users", "hashes")
	setting, _ := l.decoysOf(got.out)
	if !strings.Contains(setting, "*pbkdf2_sha256$30$") || !strings.Contains(setting, "*pbkdf2_sha256$16$") || strings.Contains(setting, "*pbkdf2_sha256$15$") ||
		!strings.Contains(got.err, "without the 15 rarest kinds, of 120 users: ") || len(setting) > 2048 {
		t.Errorf("%d bytes: %+v", len(setting), got)
	}
	l.env["LATCHKEY_DECOYS"] = setting
	l.ok("", "users", "list")

	firebase := `$fbscrypt$v=1,n=5,r=4,p=1,ss=Bw==,sk=T4t+kIvcdwCkaMkCBC/ZyVthKByME3MPweP8JR4nDXUO5G1U0u95QIkkbXB/l+VnhacdejzZEbjYMHRB6OwQ+w==` +
		`$I+cUdSzVsa0ScA==$KqHPdvDu+t6U/sA7dY0/ue2sUC5RPTV8eodYZkqzXj1ejxaiypfWFCebu0hmLdwq4bdXhwUJOD4i87KBLGFH1w==`
	clear(counts)
	for p := 1; p <= 12; p++ {
		counts[hashed(strings.Replace(firebase, "p=1", fmt.Sprintf("p=%d", p), 1))] = p
	}
	l = newLaptop(t)
	l.ok(linesWith(counts), "users", "import", "-")
	got = l.run("", "users", "hashes")
	if setting, _ := l.decoysOf(got.out); len(setting) > 2048 || len(setting) < 1700 || !strings.Contains(got.err, "rarest kinds") {
		t.Errorf("%d bytes: %+v", len(setting), got)
	}
}

// TestDecoysServe promises that with the printed setting unknown addresses cannot sign in, imported users can, and all refusals are
// the same.
func TestDecoysServe(t *testing.T) {
	l := newLaptop(t)
	l.ok(linesWith(map[string]int{hashed(djangoHash): 3, hashed(aspnetHash): 3}), "users", "import", "-")
	l.env["LATCHKEY_DECOYS"], _ = l.decoysOf(l.ok("", "users", "hashes"))
	l.env["LATCHKEY_THROTTLE"] = "off"
	s := l.serve()
	want := s.signIn("user0@example.com", "wrong")
	for i := range 20 {
		if got := s.signIn(fmt.Sprintf("nobody%d@example.com", i), foreignPassword); got.status != 401 || fmt.Sprint(got.body) != fmt.Sprint(want.body) {
			t.Errorf("nobody is answered %+v, a wrong password %+v", got, want)
		}
	}
	signedIn := 0
	for i := range 6 {
		if s.signIn(fmt.Sprintf("user%d@example.com", i), foreignPassword).status == 200 {
			signedIn++
		}
	}
	if signedIn != 3 { // the other users have another password
		t.Errorf("%d users signed in", signedIn)
	}
}
