package rotation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/auth"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/rotation"
)

const (
	arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:latchkey-local-AbCdEf"
	day = 24 * time.Hour
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

var errDown = errors.New("connection refused")

// tb is the part of a test that the helpers need; rapid's tests have it too.
type tb interface {
	Helper()
	Context() context.Context
	Errorf(format string, a ...any)
	Fatalf(format string, a ...any)
	Fatal(a ...any)
}

// vault is a secret of Secrets Manager in memory: its versions never change, and a label is on one version.
type vault struct {
	mu     sync.Mutex
	values map[string][]byte
	labels map[string]string // from label to version
	off    bool              // rotation is disabled
	tidies bool              // Promote moves AWSPENDING too, as the user guide says; not every implementation does
	fail   func(call string) error
}

func newVault(value string) *vault {
	return &vault{
		values: map[string][]byte{"v0": []byte(value)},
		labels: map[string]string{"AWSCURRENT": "v0"}, fail: func(string) error { return nil },
	}
}

func (v *vault) lock(call string) (func(), error) {
	err := v.fail(call) // may change the secret itself
	v.mu.Lock()
	return v.mu.Unlock, err
}

func (v *vault) Versions(context.Context) (map[string][]string, bool, error) {
	unlock, err := v.lock("Versions")
	defer unlock()
	if err != nil {
		return nil, false, err
	}
	labels := map[string][]string{}
	for label, version := range v.labels {
		labels[version] = append(labels[version], label)
	}
	return labels, !v.off, nil
}

func (v *vault) Value(_ context.Context, version string) ([]byte, bool, error) {
	unlock, err := v.lock("Value")
	defer unlock()
	value, found := v.values[version]
	return bytes.Clone(value), found && err == nil, err
}

func (v *vault) StorePending(_ context.Context, version string, value []byte) error {
	unlock, err := v.lock("StorePending")
	defer unlock()
	if err != nil {
		return err
	}
	if old, found := v.values[version]; found && !bytes.Equal(old, value) {
		return fmt.Errorf("version %s has another value", version)
	}
	v.values[version] = bytes.Clone(value)
	v.labels["AWSPENDING"] = version
	return nil
}

func (v *vault) Promote(_ context.Context, from, to string) error {
	unlock, err := v.lock("Promote")
	defer unlock()
	if err != nil {
		return err
	}
	if v.labels["AWSCURRENT"] != from {
		return fmt.Errorf("AWSCURRENT is at %s, not at %s", v.labels["AWSCURRENT"], from)
	}
	v.labels["AWSPREVIOUS"], v.labels["AWSCURRENT"] = from, to
	if v.tidies && v.labels["AWSPENDING"] == to {
		delete(v.labels, "AWSPENDING")
	}
	return nil
}

func (v *vault) Drop(_ context.Context, version string) error {
	unlock, err := v.lock("Drop")
	defer unlock()
	if err != nil {
		return err
	}
	if v.labels["AWSPENDING"] != version {
		return fmt.Errorf("AWSPENDING is not at %s", version)
	}
	delete(v.labels, "AWSPENDING")
	return nil
}

// begin does what RotateSecret does before it calls the function: it makes an empty version, unless one is pending.
func (v *vault) begin(version string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if at, pending := v.labels["AWSPENDING"]; pending && at != v.labels["AWSCURRENT"] {
		return errors.New("a previous rotation isn't complete")
	}
	v.labels["AWSPENDING"] = version
	return nil
}

// write puts a value in use, as an operator does.
func (v *vault) write(version string, value []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.values[version] = value
	v.labels["AWSPREVIOUS"], v.labels["AWSCURRENT"] = v.labels["AWSCURRENT"], version
}

func (v *vault) at(label string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.labels[label]
}

func (v *vault) current() []byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.values[v.labels["AWSCURRENT"]]
}

// snapshot returns the whole state, to see whether anything changed.
func (v *vault) snapshot() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all strings.Builder
	for _, version := range slices.Sorted(maps.Keys(v.values)) {
		fmt.Fprintf(&all, "%s=%s\n", version, v.values[version])
	}
	for _, label := range slices.Sorted(maps.Keys(v.labels)) {
		fmt.Fprintf(&all, "%s at %s\n", label, v.labels[label])
	}
	return all.String()
}

// table is auth.PublicKeys in memory.
type table struct {
	mu   sync.Mutex
	jwks []byte
	puts int
	fail func(call string) error
}

func newTable() *table { return &table{fail: func(string) error { return nil }} }

func (s *table) PublicKeys(context.Context) ([]byte, error) {
	err := s.fail("PublicKeys")
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if s.jwks == nil {
		return nil, auth.ErrNotFound
	}
	return s.jwks, nil
}

func (s *table) PutPublicKeys(_ context.Context, jwks []byte) error {
	err := s.fail("PutPublicKeys")
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	s.jwks, s.puts = bytes.Clone(jwks), s.puts+1
	return nil
}

// kit is a rotator with everything it uses, and a clock.
type kit struct {
	*rotation.Rotator
	vault *vault
	table *table
	now   time.Time
	log   bytes.Buffer
}

func newKit(value string) *kit {
	k := &kit{vault: newVault(value), table: newTable(), now: start}
	k.Rotator = rotation.New(rotation.Config{
		SecretID: arn, Vault: k.vault, Public: k.table, Algorithm: jwk.ES256,
		Audit: audit.Log(slog.New(slog.NewJSONHandler(&k.log, nil))), Now: func() time.Time { return k.now },
	})
	return k
}

func payload(step, version string) []byte {
	return fmt.Appendf(nil, `{"Step":%q,"SecretId":%q,"ClientRequestToken":%q,"RotationToken":"who-calls"}`, step, arn, version)
}

func (k *kit) step(t tb, step, version string) error {
	t.Helper()
	_, err := k.Invoke(t.Context(), payload(step, version))
	return err
}

var steps = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}

// rotate runs the four steps, as Secrets Manager does.
func (k *kit) rotate(t tb, version string) {
	t.Helper()
	if err := k.vault.begin(version); err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if err := k.step(t, step, version); err != nil {
			t.Fatal(err)
		}
	}
}

// ring returns the ring in use.
func (k *kit) ring(t tb) *keyring.Ring {
	t.Helper()
	return parse(t, k.vault.current())
}

func parse(t tb, document []byte) *keyring.Ring {
	t.Helper()
	r, err := keyring.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func marshal(t tb, r *keyring.Ring) []byte {
	t.Helper()
	text, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func publicJWKS(t tb, r *keyring.Ring) []byte {
	t.Helper()
	text, err := r.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// inUse returns the key that signs.
func inUse(r *keyring.Ring) keyring.KeyFacts {
	facts := r.Facts()
	return facts[slices.IndexFunc(facts, func(k keyring.KeyFacts) bool { return k.State == keyring.Current })]
}

// keyIDs returns the ids of the ring's keys in order.
func keyIDs(r *keyring.Ring) []string {
	var ids []string
	for _, k := range r.Facts() {
		ids = append(ids, k.KeyID)
	}
	return ids
}

// published returns the keys that are served to verifiers.
func published(t tb, jwks []byte) []string {
	t.Helper()
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal(jwks, &set); err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, k := range set.Keys {
		ids = append(ids, k.Kid)
	}
	return ids
}

// secrets returns the secret parts of a document.
func secrets(document []byte) []string {
	var doc struct {
		MACKey string
		Keys   []struct{ D, K string }
	}
	_ = json.Unmarshal(document, &doc)
	found := []string{doc.MACKey}
	for _, k := range doc.Keys {
		found = append(found, k.D, k.K)
	}
	return slices.DeleteFunc(found, func(s string) bool { return len(s) < 8 })
}

// wantSilent requires that none of the documents is quoted.
func wantSilent(t tb, said string, documents ...[]byte) {
	t.Helper()
	for _, document := range documents {
		for _, secret := range secrets(document) {
			if strings.Contains(said, secret) {
				t.Errorf("key material in: %s", said)
			}
		}
	}
}
