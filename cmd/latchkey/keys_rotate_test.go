package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app/profile"
	"latchkey/internal/dynamo"
	"latchkey/internal/keyring"
)

// ring is what 'keys list' and its like print: of each key its id, algorithm and state.
func ring(t testing.TB, printed string) (keys [][3]string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	for _, line := range lines[1:] {
		f := strings.Fields(line)
		if len(f) != 6 {
			t.Fatalf("printed\n%s", printed)
		}
		keys = append(keys, [3]string{f[0], f[1], f[2]})
	}
	return keys
}

// age makes the next key of the file so old, as waiting would.
func (l *laptop) age(by time.Duration) {
	l.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(l.read("keys.json")), &doc); err != nil {
		l.Fatal(err)
	}
	for _, k := range doc["keys"].([]any) {
		if k := k.(map[string]any); k["kid"] == doc["next"] {
			k["createdAt"] = time.Now().Add(-by).Unix()
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		l.Fatal(err)
	}
	l.write("keys.json", string(text))
}

// TestKeysRotate promises the step, of a key file: the next key signs, the current one verifies, and the new one is of
// the algorithm asked for; too soon it says from when on, and leaves the ring alone unless told otherwise.
func TestKeysRotate(t *testing.T) {
	l := newLaptop(t)
	first := ring(t, l.ok("", "keys", "init"))
	before := l.read("keys.json")
	l.fails(exitFailed, "", []string{"keys", "rotate"}, "too soon", time.Now().UTC().Add(keyring.Lead).Format("2006-01-02T15:"))
	if l.read("keys.json") != before {
		t.Error("too soon, and the file changed")
	}
	l.age(keyring.Lead + time.Minute)
	second := ring(t, l.ok("", "keys", "rotate", "--algorithm", "EdDSA"))
	want := [][3]string{{first[0][0], "ES256", "previous"}, {first[1][0], "ES256", "current"}, {second[2][0], "EdDSA", "next"}}
	if diff := cmp.Diff(want, second); diff != "" {
		t.Errorf("after the rotation (-want +got):\n%s", diff)
	}
	l.fails(exitFailed, "", []string{"keys", "rotate"}, "too soon")
	third := ring(t, l.ok("", "keys", "rotate", "--now"))
	if len(third) != 4 || third[2] != [3]string{second[2][0], "EdDSA", "current"} || third[3][1] != "ES256" {
		t.Errorf("after --now: %v", third)
	}
	if list := ring(t, l.ok("", "keys", "list")); !slices.Equal(list, third) {
		t.Errorf("lists %v", list)
	}
	if files := l.files(); len(files) != 1 {
		t.Errorf("left %q", files)
	}
}

// TestKeysRotateTokens promises that a rotation signs nobody out, that the new key signs, and that revoking the old one
// ends its tokens.
func TestKeysRotateTokens(t *testing.T) {
	l := newLaptop(t)
	l.env["LATCHKEY_ISSUER"] = "https://login.example.com"
	l.addAda()
	s := l.serve()
	me := func(s *server, token string) int {
		t.Helper()
		return s.send("GET", "/api/users/me", "", "Authorization", "Bearer "+token).status
	}
	old := s.signIn("ada@example.com", secretPassword).body["access_token"].(string)
	s.end()
	keys := ring(t, l.ok("", "keys", "rotate", "--now"))
	s = l.serve()
	if got := me(s, old); got != 200 {
		t.Errorf("a token of before: %d", got)
	}
	renewed := s.signIn("ada@example.com", secretPassword).body["access_token"].(string)
	if keyOf(t, old) != keys[0][0] || keyOf(t, renewed) != keys[1][0] {
		t.Errorf("signed by %s, then %s; the ring is %v", keyOf(t, old), keyOf(t, renewed), keys)
	}
	if served := s.send("GET", "/.well-known/jwks.json", "").body["keys"].([]any); len(served) != 3 {
		t.Errorf("%d keys are served", len(served))
	}
	s.end()
	l.ok("", "keys", "revoke", "--yes", "--", keys[0][0])
	s = l.serve()
	if before, after := me(s, old), me(s, renewed); before != 401 || after != 200 {
		t.Errorf("the revoked key's token: %d, the other's: %d", before, after)
	}
}

func keyOf(t *testing.T, text string) string {
	t.Helper()
	first, _, _ := strings.Cut(text, ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	var header struct{ Kid string }
	if err = errors.Join(err, json.Unmarshal(raw, &header)); err != nil {
		t.Fatal(err)
	}
	return header.Kid
}

// TestKeysRevoke promises that a key goes at once, and only where that is really meant.
func TestKeysRevoke(t *testing.T) {
	for state, left := range map[string]int{"previous": 2, "current": 3, "next": 3} {
		l := newLaptop(t)
		l.ok("", "keys", "init")
		keys := ring(t, l.ok("", "keys", "rotate", "--now"))
		before := l.read("keys.json")
		kid := keys[slices.IndexFunc(keys, func(k [3]string) bool { return k[2] == state })][0]
		l.fails(exitUsage, "", []string{"keys", "revoke", "--", kid}, "--yes is missing")
		l.fails(exitUsage, "", []string{"keys", "revoke", "--yes"}, "takes KID")
		l.fails(exitFailed, "", []string{"keys", "revoke", "--yes", "x" + kid[1:]}, "has no key")
		if l.read("keys.json") != before {
			t.Fatalf("%s: the ring changed", state)
		}
		got := ring(t, l.ok("", "keys", "revoke", "--yes", "--", kid))
		if len(got) != left || slices.ContainsFunc(got, func(k [3]string) bool { return k[0] == kid }) {
			t.Errorf("%s key revoked: %v is left of %v", state, got, keys)
		}
		if strings.Contains(l.read("keys.json"), kid) {
			t.Errorf("%s: the key is still in the file", state)
		}
	}
}

// TestKeysRotateBroken promises that no change begins from a ring that cannot be read, or none.
func TestKeysRotateBroken(t *testing.T) {
	for content, want := range map[string]string{"{}": "latchkey keys init", "secret!": "backup"} {
		l := newLaptop(t)
		l.write("keys.json", content)
		for _, args := range [][]string{{"keys", "rotate"}, {"keys", "rotate", "--now"}, {"keys", "revoke", "--yes", "kid"}} {
			if got := l.fails(exitFailed, "", args, want); strings.Contains(got.err, "secret!") {
				t.Errorf("%v says %s", args, got.err)
			}
		}
		if l.read("keys.json") != content {
			t.Error("the file changed")
		}
	}
}

// TestKeysRotateAtOnce promises that of several who rotate at once each that succeeds took a step of its own.
func TestKeysRotateAtOnce(t *testing.T) {
	l := newLaptop(t)
	l.ok("", "keys", "init")
	var all sync.WaitGroup
	ends := make([]said, 8)
	for i := range ends {
		all.Go(func() { ends[i] = l.run("", "keys", "rotate", "--now") })
	}
	all.Wait()
	done := 0
	for _, end := range ends {
		switch {
		case end.code == exitOK:
			done++
		case !strings.Contains(end.err, "changed meanwhile"):
			t.Errorf("exit %d: %s", end.code, end.err)
		}
	}
	if keys := ring(t, l.ok("", "keys", "list")); done == 0 || len(keys) != 2+done {
		t.Errorf("%d succeeded, and the ring is %v", done, keys)
	}
}

// TestKeysAudited promises the records of both changes, by the key that is meant, also where nothing was done.
func TestKeysAudited(t *testing.T) {
	l := newLaptop(t)
	keys := ring(t, l.ok("", "keys", "init"))
	l.env["LATCHKEY_AUDIT"] = "-"
	record := func(event, outcome, reason, kid string) map[string]any {
		r := map[string]any{"event": event, "outcome": outcome, "reason": reason, "operator": operator()}
		if kid != "" {
			r["kid"] = kid
		}
		return r
	}
	for _, tc := range []struct {
		args []string
		want map[string]any
	}{
		{[]string{"rotate"}, record("key_rotate", "refused", "conflict", "")},
		{[]string{"rotate", "--now"}, record("key_rotate", "success", "ok", keys[1][0])},
		{[]string{"revoke", "--yes", "--", keys[0][0]}, record("key_revoke", "success", "ok", keys[0][0])},
		{[]string{"revoke", "--yes", "--", keys[0][0]}, record("key_revoke", "refused", "not_found", "")},
	} {
		got := l.run("", append([]string{"keys"}, tc.args...)...)
		if diff := cmp.Diff([]map[string]any{tc.want}, records(t, got.err)); diff != "" {
			t.Errorf("%v: the record differs (-want +got):\n%s", tc.args, diff)
		}
	}
}

// TestKeysPublished promises that each change of a ring in a secret puts its public keys into the table, and that without a
// table no change is made.
func TestKeysPublished(t *testing.T) {
	l := newAccount(t)
	published := func() (ids []string) {
		t.Helper()
		cfg, err := profile.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		jwks, err := dynamo.New(cfg, strings.TrimPrefix(l.env["LATCHKEY_STORE"], "dynamodb:")).PublicKeys(t.Context())
		var set struct{ Keys []struct{ Kid string } }
		if err = errors.Join(err, json.Unmarshal(jwks, &set)); err != nil {
			t.Fatal(err)
		}
		for _, k := range set.Keys {
			ids = append(ids, k.Kid)
		}
		return ids
	}
	for _, args := range [][]string{{"init"}, {"rotate", "--now"}, {"rotate", "--now"}, {"revoke"}} {
		if args[0] == "revoke" {
			args = []string{"revoke", "--yes", "--", published()[0]}
		}
		printed := l.ok("", append([]string{"keys"}, args...)...)
		var want []string
		for _, k := range ring(t, printed) {
			want = append(want, k[0])
		}
		if diff := cmp.Diff(want, published()); diff != "" {
			t.Errorf("keys %v: published (-want +got):\n%s", args, diff)
		}
	}
	l.fails(exitFailed, "", []string{"keys", "rotate"}, "too soon")

	before := l.ok("", "keys", "list")
	l.env["LATCHKEY_STORE"] = "sqlite:" + l.path("users.db")
	for _, args := range [][]string{{"keys", "rotate", "--now"}, {"keys", "revoke", "--yes", "kid"}} {
		l.fails(exitUsage, "", args, "--store dynamodb:TABLE")
	}
	if l.ok("", "keys", "list") != before {
		t.Error("the ring changed")
	}
	l.env["LATCHKEY_KEYS"] += "-2"
	if got := l.run("", "keys", "init"); got.code != exitOK || !strings.Contains(got.err, "give --store dynamodb:TABLE") {
		t.Errorf("a first ring without a table: exit %d, %s", got.code, got.err)
	}
}

// TestInvokeRotate promises the rotate function over a secret as Secrets Manager hands it over, and its errors as
// Lambda reports them.
func TestInvokeRotate(t *testing.T) {
	newLaptop(t).fails(exitUsage, "", []string{"invoke", "rotate", "../../events/rotate/create-secret.json"}, "keys rotate")
	l := newAccount(t)
	const version = "5f0c2a7e-3b1d-4c7e-9a52-6d1f0e8b4c21"
	cfg, err := profile.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := strings.TrimPrefix(l.env["LATCHKEY_KEYS"], "secretsmanager:")
	_, err = secretsmanager.NewFromConfig(cfg).RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &id, ClientRequestToken: aws.String(version), RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)},
		RotationLambdaARN: aws.String("arn:aws:lambda:us-east-1:123456789012:function:none"),
	})
	if _, begun := errors.AsType[*types.ResourceNotFoundException](err); !begun { // moto looks for the function last
		t.Fatal(err)
	}
	for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
		event := fmt.Sprintf(`{"Step":%q,"SecretId":%q,"ClientRequestToken":%q}`, step, id, version)
		if out := l.ok(event, "invoke", "rotate", "-"); out != "null\n" {
			t.Errorf("%s: %s", step, out)
		}
	}
	if keys := ring(t, l.ok("", "keys", "list")); len(keys) != 2 {
		t.Errorf("the ring is %v", keys)
	}
	got := l.fails(exitFailed, "", []string{"invoke", "rotate", "../../events/rotate/unknown-step.json"}, "no step")
	if !strings.Contains(got.out, `{"errorMessage":"rotation event: refused: there is no step`) {
		t.Errorf("printed %s", got.out)
	}
}

// TestServeTakesUpARotation promises that a server that runs signs with the new key soon, and nobody is signed out.
func TestServeTakesUpARotation(t *testing.T) {
	t.Parallel()
	l := newLaptop(t)
	l.addAda()
	s := l.serve()
	signIn := func() string { return s.signIn("ada@example.com", secretPassword).body["access_token"].(string) }
	old := signIn()
	keys := ring(t, l.ok("", "keys", "rotate", "--now"))
	for patience := time.Now().Add(time.Minute); keyOf(t, signIn()) != keys[1][0]; time.Sleep(time.Second) {
		if time.Now().After(patience) {
			t.Fatalf("after a minute it still signs with the old key; the ring is %v", keys)
		}
	}
	if got := s.send("GET", "/api/users/me", "", "Authorization", "Bearer "+old).status; got != 200 {
		t.Errorf("a token of before: %d", got)
	}
}
