package admin_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
	"latchkey/internal/keyring"
	"latchkey/internal/sqlite"
)

// records keeps audit records in memory. Once full it loses them.
type records struct {
	kept []auth.AuditRecord
	full bool
}

func (r *records) Record(_ context.Context, record auth.AuditRecord) error {
	if r.full {
		return errors.New("disk full")
	}
	r.kept = append(r.kept, record)
	return nil
}

// last returns what the last record says, without the operator.
func (r *records) last(t *testing.T) auth.AuditRecord {
	t.Helper()
	if len(r.kept) == 0 {
		t.Fatal("no record was written")
	}
	record := r.kept[len(r.kept)-1]
	if record.Operator != "op" {
		t.Errorf("the operator is %q", record.Operator)
	}
	record.Operator, record.IdentifierHash = "", ""
	return record
}

// macs computes no secret hashes: the tests have no key ring.
type macs struct{}

func (macs) Sign(context.Context, auth.Claims) (string, string, error) {
	return "", "", errors.New("no keys")
}

func (macs) MAC(_ context.Context, label string, parts ...string) ([]byte, error) {
	mac := make([]byte, 32)
	for _, part := range append(parts, label) {
		for i, b := range []byte(part) {
			mac[i%len(mac)] ^= b + byte(i)
		}
	}
	return mac, nil
}

// failing is a store in which the named calls fail once each.
type failing struct {
	admin.Store
	updates, ends error
}

func (s *failing) UpdateUser(ctx context.Context, u auth.User) error {
	if err := s.updates; err != nil {
		s.updates = nil
		return err
	}
	return s.Store.UpdateUser(ctx, u)
}

func (s *failing) EndSessions(ctx context.Context, userID, last string) error {
	if err := s.ends; err != nil {
		s.ends = nil
		return err
	}
	return s.Store.EndSessions(ctx, userID, last)
}

// closing keeps the store open between operations.
type closing struct{ *sqlite.Store }

func (closing) Close() error { return nil }

type fixture struct {
	*admin.Admin
	store *failing
	audit *records
	warns []error
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "users.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	f := &fixture{store: &failing{Store: closing{store}}, audit: &records{}}
	f.Admin = admin.New(admin.Config{
		OpenStore: func(context.Context, bool) (admin.Store, error) { return f.store, nil }, StoreName: "sqlite:users.db",
		OpenRing: func(context.Context) (keyring.Changer, io.Closer, error) {
			return keyring.Changer{}, nil, errors.Join(errors.New("no route to host"), auth.ErrUnavailable)
		},
		Keys: macs{}, Warn: func(err error) { f.warns = append(f.warns, err) },
		Audit: f.audit, Operator: "op", Now: time.Now,
	})
	return f
}

func hash(context.Context, auth.User) (string, bool, error) { return "$hash$", false, nil }

func (f *fixture) addAda(t *testing.T) auth.User {
	t.Helper()
	id, err := auth.ParseIdentifier("ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	u := auth.User{ID: "u-ada", Email: "ada@example.com", Identifier: id, Status: auth.StatusReady}
	if err := f.AddUser(t.Context(), u, hash); err != nil {
		t.Fatal(err)
	}
	return u
}

// TestAddUser promises that no password is asked for an address that is taken, and a record of either end.
func TestAddUser(t *testing.T) {
	f := newFixture(t)
	u := f.addAda(t)
	if want, got := (auth.AuditRecord{Event: "user_add", Outcome: "success", Reason: "ok", UserID: "u-ada"}), f.audit.last(t); got != want {
		t.Errorf("record %+v, want %+v", got, want)
	}
	u.ID = "u-2"
	err := f.AddUser(t.Context(), u, func(context.Context, auth.User) (string, bool, error) {
		t.Error("a password is asked for")
		return "", false, nil
	})
	if !errors.Is(err, auth.ErrConflict) {
		t.Errorf("%v", err)
	}
	if want, got := (auth.AuditRecord{Event: "user_add", Outcome: "refused", Reason: "conflict"}), f.audit.last(t); got != want {
		t.Errorf("record %+v, want %+v", got, want)
	}
}

// TestChangeStartsOver promises that a change meets another one by reading again, and asks for the password once.
func TestChangeStartsOver(t *testing.T) {
	f := newFixture(t)
	f.addAda(t)
	f.store.updates = auth.ErrConflict
	asked := 0
	u, err := f.SetPassword(t.Context(), "ADA@example.com", func(context.Context, auth.User) (string, bool, error) {
		asked++
		return "$other$", false, nil
	})
	if err != nil || u.PasswordHash != "$other$" || asked != 1 {
		t.Errorf("%+v, %v, asked %d times", u, err, asked)
	}
}

// TestSessionsThatDoNotEnd promises an error that says what is done and what is not, a record of our failure, and that
// repeating the change ends the sessions.
func TestSessionsThatDoNotEnd(t *testing.T) {
	f := newFixture(t)
	f.addAda(t)
	now := time.Now()
	session := auth.Session{ID: auth.NewID(), UserID: "u-ada", CreatedAt: now, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour)}
	if err := f.store.PutSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	f.store.ends = auth.ErrUnavailable
	_, err := f.DisableUser(t.Context(), "u-ada")
	const want = "u-ada is changed, but their sessions have not ended: run the same command again"
	if !errors.Is(err, auth.ErrUnavailable) || err.Error()[:len(want)] != want {
		t.Errorf("%v", err)
	}
	if got := f.audit.last(t); got.Outcome != auth.OutcomeFailed || got.UserID != "u-ada" {
		t.Errorf("record %+v", got)
	}
	if _, err := f.DisableUser(t.Context(), "u-ada"); err != nil {
		t.Error(err)
	}
	if left, err := f.store.SessionsOf(t.Context(), "u-ada", "", 1000); err != nil || len(left) > 0 {
		t.Errorf("%d sessions are left, %v", len(left), err)
	}
}

// TestDeleteAsks promises that nothing is deleted without a yes.
func TestDeleteAsks(t *testing.T) {
	f := newFixture(t)
	f.addAda(t)
	if _, err := f.DeleteUser(t.Context(), "u-ada", func(auth.User) error { return errors.New("no") }); err == nil {
		t.Error("it is deleted")
	}
	if _, err := f.ShowUser(t.Context(), "u-ada"); err != nil {
		t.Error(err)
	}
}

// TestRotateClientDelivers promises that a new key that could not be handed over is disabled, and the old one stays.
func TestRotateClientDelivers(t *testing.T) {
	f := newFixture(t)
	_, client, err := f.AddClient(t.Context(), "zapier", auth.ClientIntegration)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.RotateClient(t.Context(), client.ID(), 0, func(string) error { return errors.New("closed pipe") }); err == nil {
		t.Error("no error")
	}
	clients, err := f.Clients(t.Context())
	of := func(x auth.Client) bool { return x.KeyHash == client.KeyHash } // both may be of one millisecond
	if old := slices.IndexFunc(clients, of); err != nil || len(clients) != 2 || clients[old].Disabled || !clients[1-old].Disabled {
		t.Errorf("%+v, %v", clients, err)
	}
}

// TestRingUnavailable promises that a key ring that cannot be reached is recorded as our failure, without the text that was typed.
func TestRingUnavailable(t *testing.T) {
	f := newFixture(t)
	if _, _, err := f.RevokeKey(t.Context(), "kid"); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	want := auth.AuditRecord{Event: "key_revoke", Outcome: "failed", Reason: "unavailable"}
	if got := f.audit.last(t); got != want {
		t.Errorf("record %+v, want %+v", got, want)
	}
}

// TestLostRecord promises an error if the record of a change is lost, which says that the change is made.
func TestLostRecord(t *testing.T) {
	f := newFixture(t)
	f.addAda(t)
	f.audit.full = true
	if _, err := f.DisableUser(t.Context(), "u-ada"); err == nil {
		t.Error("no error")
	}
	if facts, err := f.ShowUser(t.Context(), "u-ada"); err != nil || facts.Status != auth.StatusDisabled {
		t.Errorf("%+v, %v", facts, err)
	}
}

// TestDemo promises the demo users once, and none in a store of other users.
func TestDemo(t *testing.T) {
	f := newFixture(t)
	for range 2 {
		if err := admin.AddDemo(t.Context(), f.store, passwords{}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	found, err := admin.FindDemo(t.Context(), f.store)
	if err != nil || len(found) != 4 || found[0].PasswordEpoch == 0 {
		t.Errorf("%+v, %v", found, err)
	}
	other := newFixture(t)
	other.addAda(t)
	if err := admin.AddDemo(t.Context(), other.store, passwords{}, time.Now()); err == nil {
		t.Error("a store with other users is taken")
	}
}

type passwords struct{ auth.Passwords }

func (passwords) Hash(context.Context, string) (string, error) { return "$hash$", nil }

// TestNotices promises one mail for a changed password, removed factors and ended sessions, none where there was nothing to remove or to
// end, and that a mail which cannot be sent is a warning that changes nothing else.
func TestNotices(t *testing.T) {
	f := newFixture(t)
	u := f.addAda(t)
	var sent []auth.MessageKind
	var lost error
	f.Notify = func(_ context.Context, _ admin.Store, m auth.Message) error {
		if m.UserID != u.ID || m.Drop {
			t.Errorf("%+v", m)
		}
		sent = append(sent, m.Kind)
		return lost
	}
	sign := func(id string) {
		t.Helper()
		at := time.Now()
		stored, err := f.store.UserByID(t.Context(), u.ID)
		if err == nil {
			err = f.store.PutSession(t.Context(), auth.Session{
				ID: id, UserID: u.ID, Contract: "planpoint", PasswordEpoch: stored.PasswordEpoch, CreatedAt: at, RotatedAt: at, LastUsedAt: at, ExpiresAt: at.Add(time.Hour),
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	do := func() {
		t.Helper()
		_, passwordErr := f.SetPassword(t.Context(), u.ID, hash)
		sign("zz0123456789ab")
		_, ended, endErr := f.SignOut(t.Context(), u.ID)
		_, again, againErr := f.SignOut(t.Context(), u.ID)
		_, removed, resetErr := f.ResetFactors(t.Context(), u.ID)
		if err := errors.Join(passwordErr, endErr, againErr, resetErr); err != nil || ended != 1 || again != 0 || removed != 0 {
			t.Fatalf("%d, %d, %d, %v", ended, again, removed, err)
		}
	}
	do()
	if want := []auth.MessageKind{auth.MessagePasswordChanged, auth.MessageSessionsEnded}; !slices.Equal(sent, want) {
		t.Errorf("mails %q, want %q", sent, want)
	}
	lost, f.warns = auth.ErrUnavailable, nil
	do()
	if len(f.warns) != 2 || !errors.Is(f.warns[0], auth.ErrUnavailable) {
		t.Errorf("warnings: %v", f.warns)
	}
}
