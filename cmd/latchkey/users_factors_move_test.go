package main

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/factor"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
)

// rfcSecret is the seed of RFC 6238, appendix B, in base32.
const rfcSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// seeds opens what the laptop's store has sealed.
func (l *laptop) seeds() factor.Seeds {
	ring := token.NewKeyring(ringFile(l.read("keys.json")), keyring.Parse, token.Config{Now: time.Now})
	return factor.NewSeeds(ring, rand.Reader)
}

// ringFile is a token.Source that never changes.
type ringFile string

func (f ringFile) Get(context.Context) ([]byte, error)     { return []byte(f), nil }
func (f ringFile) Refresh(context.Context) ([]byte, error) { return []byte(f), nil }

// enrollAda gives Ada an authenticator app with rfcSecret and a recovery code.
func (l *laptop) enrollAda() {
	l.Helper()
	l.addAda()
	l.ok("", "keys", "init")
	sealed, err := l.seeds().Seal(l.Context(), "u-ada", rfcSecret)
	if err == nil {
		phone := auth.TOTP{ID: "f1", Name: "phone", Sealed: sealed, CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
		err = l.store().SetFactors(l.Context(), "u-ada", l.user("ada@example.com").Version, auth.Factors{TOTP: []auth.TOTP{phone}}, []string{"mac"})
	}
	if err != nil {
		l.Fatal(err)
	}
}

// wantApp checks that Ada has one app, with rfcSecret under the laptop's own keys, and no recovery code.
func (l *laptop) wantApp(name string) {
	l.Helper()
	u := l.user("ada@example.com")
	if len(u.Factors.TOTP) != 1 || u.Factors.TOTP[0].Name != name {
		l.Fatalf("the factors are %+v", u.Factors)
	}
	secret, err := l.seeds().Open(l.Context(), u.ID, u.Factors.TOTP[0].Sealed)
	if err != nil || secret != rfcSecret {
		l.Errorf("the seed does not open: %v", err)
	}
	if state, err := l.store().FactorState(l.Context(), u.ID); err != nil || len(state.Recovery) > 0 {
		l.Errorf("the state is %+v, %v", state, err)
	}
}

// TestSealedFactorsMove promises that an export has factors as they are stored, that the same key ring imports them, and that another
// one refuses the line and says why.
func TestSealedFactorsMove(t *testing.T) {
	l := newLaptop(t)
	l.enrollAda()
	file := l.path("users.jsonl")
	l.ok("", "users", "export", file)
	exported := l.read("users.jsonl")
	if strings.Contains(exported, rfcSecret) || !strings.Contains(exported, `"factors":{"key":"`) {
		t.Errorf("exported\n%s", exported)
	}
	sameKeys := newLaptop(t)
	sameKeys.write("keys.json", l.read("keys.json"))
	got := sameKeys.run(exported, "users", "import", "-")
	if got.code != exitOK || !strings.Contains(got.err, "1 were added with second factors and no recovery codes") {
		t.Errorf("%+v", got)
	}
	sameKeys.wantApp("phone")
	otherKeys := newLaptop(t)
	otherKeys.ok("", "keys", "init")
	otherKeys.fails(exitFailed, exported, []string{"users", "import", "-"}, "line 1: the second factors are sealed under another key ring", "--open-factors", "1 refused")
	otherKeys.fails(exitFailed, exported, []string{"users", "import", "-", "--dry-run"}, "sealed under another key ring")
	otherKeys.ok(exported, "users", "import", "-", "--without-factors")
	if u := otherKeys.user("ada@example.com"); u.Factors.Any() {
		t.Errorf("the factors are %+v", u.Factors)
	}
	moved := strings.Replace(exported, `"u-ada"`, `"u-eve"`, 1)
	sameKeys.fails(exitFailed, strings.Replace(moved, "ada@", "eve@", 1), []string{"users", "import", "-"}, "a second factor does not open")
}

// TestOpenFactorsMove promises that an export asks before it writes seeds in clear, to a file that only its owner reads, with an audit
// record that says so; and that another deployment takes them.
func TestOpenFactorsMove(t *testing.T) {
	l, elsewhere := newLaptop(t), newLaptop(t)
	l.enrollAda()
	elsewhere.ok("", "keys", "init")
	file := l.path("users.jsonl")
	l.fails(exitUsage, "", []string{"users", "export", file, "--open-factors"}, "--yes is missing")
	l.fails(exitUsage, "", []string{"users", "export", file, "--open-factors", "--without-factors"}, "not both")
	audit := l.path("audit.jsonl")
	l.ok("", "users", "export", file, "--open-factors", "--yes", "--audit", audit)
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if record := l.read("audit.jsonl"); !strings.Contains(record, `"openFactors":true`) || strings.Contains(record, rfcSecret) {
		t.Errorf("the record is %s", record)
	}
	exported := l.read("users.jsonl")
	if !strings.Contains(exported, `"totpSecret":"`+rfcSecret+`"`) || strings.Contains(exported, `"factors"`) {
		t.Errorf("exported\n%s", exported)
	}
	elsewhere.ok(exported, "users", "import", "-")
	elsewhere.wantApp("")
	l.ok("", "users", "export", file, "--without-factors", "--force")
	if exported := l.read("users.jsonl"); strings.Contains(exported, "totpSecret") || strings.Contains(exported, "factors") {
		t.Errorf("exported\n%s", exported)
	}
}

// TestImportedSecrets promises that a seed from another system signs in, in the spellings that systems export, and that a bad one refuses
// its line without being quoted.
func TestImportedSecrets(t *testing.T) {
	l := newLaptop(t)
	l.ok("", "keys", "init")
	l.ok(`{"email":"ada@example.com","passwordHash":"`+bcryptHash+`","status":"ready","totpSecret":"gezd gnbv gy3t qojq gezd gnbv gy3t qojq"}`,
		"users", "import", "-")
	l.wantApp("")
	server := l.serve()
	if got := server.signIn("ada@example.com", "password of bob"); got.status != 401 || got.body["challenge"] == nil {
		t.Errorf("%+v", got)
	}
	for name, line := range map[string]string{
		"not base32": `"totpSecret":"geheim18"`, "a number": `"totpSecret":12345`, "too short": `"totpSecret":"GEZDGNBV"`,
		"eleven": `"totpSecret":["` + strings.Repeat(rfcSecret+`","`, 10) + rfcSecret + `"]`, "an object": `"totpSecret":{"a":"geheim18"}`,
		"twice":             `"totpSecret":"` + rfcSecret + `","factors":{"totp":[{"id":"f1","sealed":"c2VhbGVk","createdAt":"2026-01-02T03:04:05Z"}]}`,
		"an unknown member": `"factors":{"recovery":["a"]}`, "an empty seal": `"factors":{"totp":[{"id":"f1","sealed":"","createdAt":"2026-01-02T03:04:05Z"}]}`,
	} {
		got := l.run(`{"email":"eve@example.com","status":"pending",`+line+`}`, "users", "import", "-")
		if got.code != exitFailed || !strings.Contains(got.err, "line 1: ") || strings.Contains(got.err, "geheim") || strings.Contains(got.err, rfcSecret) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestStoredFactorsStay promises that no import and no update changes the second factors of a stored user.
func TestStoredFactorsStay(t *testing.T) {
	l := newLaptop(t)
	l.enrollAda()
	before := l.user("ada@example.com").Factors
	other := "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"
	line := `{"id":"u-ada","email":"ada@example.com","status":"ready","passwordHash":"` + bcryptHash + `","role":"changed","totpSecret":"` + other + `"}`
	l.ok(line, "users", "import", "-", "--update")
	l.fails(exitFailed, "", []string{"users", "update", "u-ada", "--json", `{"totpSecret":"` + other + `"}`}, "second factors are not changed here")
	l.fails(exitFailed, "", []string{"users", "update", "u-ada", "--json", `{"factors":null}`}, "second factors are not changed here")
	after := l.user("ada@example.com")
	if after.Role != "changed" || len(after.Factors.TOTP) != 1 || string(after.Factors.TOTP[0].Sealed) != string(before.TOTP[0].Sealed) {
		t.Errorf("the factors are %+v, before %+v", after.Factors, before)
	}
}

// TestLostRing promises that no new ring is made while users have second factors, by keys init or by serve, before it is said what
// that breaks; and that a stored ring is never in question.
func TestLostRing(t *testing.T) {
	l := newLaptop(t)
	l.enrollAda()
	l.fails(exitFailed, "", []string{"keys", "init"}, "holds a key ring already")
	if err := os.Remove(l.path("keys.json")); err != nil {
		t.Fatal(err)
	}
	l.fails(exitUsage, "", []string{"keys", "init"}, "Users with second factors: 1.", "--reset", "--yes is missing")
	l.fails(exitFailed, "", []string{"serve", "--addr", "127.0.0.1:0"}, "holds no key ring", "Users with second factors: 1.", "latchkey keys init")
	if _, err := os.Stat(l.path("keys.json")); err == nil {
		t.Error("a ring was made")
	}
	l.ok("", "keys", "init", "--yes")
	l.fails(exitFailed, "", []string{"users", "export", l.path("open.jsonl"), "--open-factors", "--yes"}, "the second factors of ada@example.com", "does not open")
	if got := l.serve().post("/api/users/login", `{"username":"ada@example.com","password":"`+secretPassword+`","code":"123456"}`); got.status != 500 {
		t.Errorf("a seed that does not open: %+v", got)
	}
	l.ok("", "users", "factors", "ada@example.com", "--reset")
	if got := l.serve().signIn("ada@example.com", secretPassword); got.status != 200 {
		t.Errorf("after the reset: %+v", got)
	}
}

// TestPasskeysMove promises that passkeys move with every export, in clear or not, and only to a deployment with the same relying
// party.
func TestPasskeysMove(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	want := auth.Factors{Handle: "aGFuZGxl", Passkeys: []auth.Passkey{{
		ID: "p1", Name: "laptop", CredentialID: []byte("credential"), PublicKey: []byte{0xa5, 1, 2}, RelyingParty: "example.com",
		Transports: []string{"internal"}, Synced: true, CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}}}
	if err := l.store().SetFactors(t.Context(), "u-ada", l.user("ada@example.com").Version, want, nil); err != nil {
		t.Fatal(err)
	}
	for _, flags := range [][]string{nil, {"--open-factors", "--yes"}} {
		exported := l.ok("", append([]string{"users", "export", "-"}, flags...)...)
		elsewhere := newLaptop(t)
		elsewhere.fails(exitFailed, exported, []string{"users", "import", "-", "--passkey-rp", "example.org"}, `the passkeys are for "example.com"`, "--without-factors")
		elsewhere.ok(exported, "users", "import", "-", "--passkey-rp", "example.com")
		if d := cmp.Diff(want, elsewhere.user("ada@example.com").Factors); d != "" {
			t.Errorf("%q: the factors differ (-want +got):\n%s", flags, d)
		}
	}
}

// TestSecretsNeedARing promises that an import which needs a key ring and finds none stores nothing and says what to do.
func TestSecretsNeedARing(t *testing.T) {
	l := newLaptop(t)
	line := `{"email":"ada@example.com","status":"pending","totpSecret":"` + rfcSecret + `"}`
	l.fails(exitFailed, line, []string{"users", "import", "-"}, "'latchkey keys init' makes one", "0 added")
	l.ok(line, "users", "import", "-", "--without-factors")
}
