package authtest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/auth"
)

func factorPromises() []promise {
	return []promise{
		{"a user without factors has no state", factorsAbsent},
		{"factors come back with the user", factorsRoundTrip},
		{"update keeps factors", factorsSurviveUpdate},
		{"a stale version changes nothing", factorsStale},
		{"a step is accepted once, and none before it", stepOnce},
		{"of concurrent uses of a step one succeeds", stepRace},
		{"a block stops right codes", stepBlocked},
		{"a recovery code is accepted once", recoveryOnce},
		{"of concurrent uses of a recovery code one succeeds", recoveryRace},
		{"wrong codes are counted by comparing", wrongCodes},
		{"of concurrent wrong codes each is counted", wrongCodeRace},
		{"a passkey's use is kept", passkeyUse},
		{"a handle leads to its user", handleFound},
		{"an import brings a handle along", handleImported},
		{"a handle moves with its factors, and dies with the user", handleMoves},
		{"uses of removed factors are forgotten", usesForgotten},
		{"a nonce is accepted once", nonceOnce},
		{"deleting the user deletes the state", factorsDeleted},
	}
}

// factors returns two authenticator apps and a passkey.
func factors() auth.Factors {
	at := Start().Add(time.Minute)
	return auth.Factors{
		Handle: "handle-of-ada",
		TOTP: []auth.TOTP{
			{ID: "totp-1", Name: "phone", Sealed: []byte{0, 1, 2, 0xff}, CreatedAt: at},
			{ID: "totp-2", Sealed: []byte("sealed"), CreatedAt: at.Add(time.Hour)},
		},
		Passkeys: []auth.Passkey{{
			ID: "key-1", Name: "laptop \u00e4", CredentialID: []byte("credential"), PublicKey: []byte{0xa5, 1, 2},
			Transports: []string{"internal", "hybrid"}, Synced: true, CreatedAt: at,
		}},
	}
}

// enrolled stores ada with factors and two recovery codes.
func enrolled(t *testing.T, s Store) auth.User {
	t.Helper()
	u := create(t, s, Ada())
	u.Factors = factors()
	if err := s.SetFactors(t.Context(), u.ID, u.Version, u.Factors, []string{"mac-1", "mac-2"}); err != nil {
		t.Fatalf("SetFactors: %v", err)
	}
	u.Version++
	return u
}

func wantState(t *testing.T, s Store, userID string, want auth.FactorState) {
	t.Helper()
	got, err := s.FactorState(t.Context(), userID)
	if err != nil {
		t.Fatalf("FactorState: %v", err)
	}
	slices.Sort(got.Recovery)
	if d := diff(want, got); d != "" {
		t.Errorf("FactorState differs (-want +got):\n%s", d)
	}
}

func factorsAbsent(t *testing.T, s Store) {
	u := create(t, s, Ada())
	wantUser(t, s, u)
	wantState(t, s, u.ID, auth.FactorState{})
	wantState(t, s, "unknown", auth.FactorState{})
	wantError(t, "ClearWrongCodes", s.ClearWrongCodes(t.Context(), u.ID), nil)
	wantState(t, s, u.ID, auth.FactorState{})
}

func factorsRoundTrip(t *testing.T, s Store) {
	u := enrolled(t, s)
	wantUser(t, s, u)
	wantState(t, s, u.ID, auth.FactorState{Recovery: []string{"mac-1", "mac-2"}})
	u.Factors.TOTP = u.Factors.TOTP[:1]
	wantError(t, "SetFactors", s.SetFactors(t.Context(), u.ID, u.Version, u.Factors, nil), nil)
	u.Version++
	wantUser(t, s, u)
	wantState(t, s, u.ID, auth.FactorState{Recovery: []string{"mac-1", "mac-2"}})
	u.Factors = auth.Factors{}
	wantError(t, "SetFactors", s.SetFactors(t.Context(), u.ID, u.Version, u.Factors, []string{}), nil)
	u.Version++
	wantUser(t, s, u)
	wantState(t, s, u.ID, auth.FactorState{})
}

func factorsSurviveUpdate(t *testing.T, s Store) {
	u := enrolled(t, s)
	changed := u
	changed.Role, changed.Factors = "changed", auth.Factors{}
	wantError(t, "UpdateUser", s.UpdateUser(t.Context(), changed), nil)
	u.Role, u.Version = "changed", u.Version+1
	wantUser(t, s, u)
	changed.Version = u.Version
	wantError(t, "UpdateUsers", errors.Join(s.UpdateUsers(t.Context(), []auth.User{changed})...), nil)
	u.Version++
	wantUser(t, s, u)
	wantError(t, "ReplaceHash", s.ReplaceHash(t.Context(), u.ID, u.PasswordHash, "stronger"), nil)
	u.PasswordHash, u.Version = "stronger", u.Version+1
	wantUser(t, s, u)
}

func factorsStale(t *testing.T, s Store) {
	u := enrolled(t, s)
	wantError(t, "SetFactors", s.SetFactors(t.Context(), u.ID, u.Version-1, auth.Factors{}, []string{}), auth.ErrConflict)
	wantError(t, "SetFactors", s.SetFactors(t.Context(), "unknown", 1, factors(), []string{"mac"}), auth.ErrNotFound)
	wantUser(t, s, u)
	wantState(t, s, u.ID, auth.FactorState{Recovery: []string{"mac-1", "mac-2"}})
	wantState(t, s, "unknown", auth.FactorState{})
}

func stepOnce(t *testing.T, s Store) {
	u, at := enrolled(t, s), Start()
	for _, use := range []struct {
		factor string
		step   int64
		want   error
	}{{"totp-1", 100, nil}, {"totp-1", 100, auth.ErrConflict}, {"totp-1", 99, auth.ErrConflict}, {"totp-2", 100, nil}, {"totp-1", 101, nil}} {
		_, err := s.UseStep(t.Context(), u.ID, use.factor, use.step, at)
		wantError(t, fmt.Sprintf("UseStep(%s, %d)", use.factor, use.step), err, use.want)
	}
	wantState(t, s, u.ID, auth.FactorState{Recovery: []string{"mac-1", "mac-2"}, Uses: map[string]auth.FactorUse{
		"totp-1": {At: at, Step: 101}, "totp-2": {At: at, Step: 100},
	}})
}

// successes runs the call n times at once and returns how many succeeded; the others must be refused.
func successes(t *testing.T, n int, refused error, call func() error) int64 {
	t.Helper()
	var succeeded atomic.Int64
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			switch err := call(); {
			case err == nil:
				succeeded.Add(1)
			case !errors.Is(err, refused):
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	return succeeded.Load()
}

func stepRace(t *testing.T, s Store) {
	u := enrolled(t, s)
	if n := successes(t, 20, auth.ErrConflict, func() error { _, err := s.UseStep(t.Context(), u.ID, "totp-1", 7, Start()); return err }); n != 1 {
		t.Errorf("%d uses of one step succeeded", n)
	}
}

func stepBlocked(t *testing.T, s Store) {
	u, at := enrolled(t, s), Start()
	block := auth.CodeCount{Wrong: 1, BlockedUntil: at.Add(time.Minute)}
	_, err := s.CountWrongCode(t.Context(), u.ID, auth.CodeCount{}, block)
	wantError(t, "CountWrongCode", err, nil)
	count, err := s.UseStep(t.Context(), u.ID, "totp-1", 7, at)
	wantError(t, "UseStep during the block", err, auth.ErrConflict)
	if count != block {
		t.Errorf("UseStep returns the count %+v, want %+v", count, block)
	}
	_, err = s.UseStep(t.Context(), u.ID, "totp-1", 7, at.Add(time.Minute))
	wantError(t, "UseStep at the end of the block", err, nil)
	wantState(t, s, u.ID, auth.FactorState{Recovery: []string{"mac-1", "mac-2"}, Uses: map[string]auth.FactorUse{
		"totp-1": {At: at.Add(time.Minute), Step: 7},
	}})
}

func recoveryOnce(t *testing.T, s Store) {
	u := enrolled(t, s)
	block := auth.CodeCount{Wrong: 1, BlockedUntil: Start().Add(time.Hour)}
	_, err := s.CountWrongCode(t.Context(), u.ID, auth.CodeCount{}, block)
	wantError(t, "CountWrongCode", err, nil)
	wantError(t, "UseRecovery of another code", s.UseRecovery(t.Context(), u.ID, "mac-3"), auth.ErrConflict)
	wantError(t, "UseRecovery of another user", s.UseRecovery(t.Context(), "unknown", "mac-1"), auth.ErrConflict)
	wantError(t, "UseRecovery", s.UseRecovery(t.Context(), u.ID, "mac-1"), nil)
	wantError(t, "UseRecovery again", s.UseRecovery(t.Context(), u.ID, "mac-1"), auth.ErrConflict)
	wantState(t, s, u.ID, auth.FactorState{Recovery: []string{"mac-2"}})
	wantError(t, "UseRecovery of the last", s.UseRecovery(t.Context(), u.ID, "mac-2"), nil)
	wantState(t, s, u.ID, auth.FactorState{})
}

func recoveryRace(t *testing.T, s Store) {
	u := enrolled(t, s)
	if n := successes(t, 20, auth.ErrConflict, func() error { return s.UseRecovery(t.Context(), u.ID, "mac-1") }); n != 1 {
		t.Errorf("%d uses of one recovery code succeeded", n)
	}
}

func wrongCodes(t *testing.T, s Store) {
	u := enrolled(t, s)
	one, two := auth.CodeCount{Wrong: 1}, auth.CodeCount{Wrong: 2, BlockedUntil: Start().Add(time.Second)}
	for _, step := range []struct {
		seen, next, stored auth.CodeCount
		want               error
	}{
		{auth.CodeCount{Wrong: 3}, auth.CodeCount{Wrong: 4}, auth.CodeCount{}, auth.ErrConflict},
		{auth.CodeCount{}, one, auth.CodeCount{}, nil},
		{auth.CodeCount{}, one, one, auth.ErrConflict},
		{one, two, auth.CodeCount{}, nil},
		{one, two, two, auth.ErrConflict},
	} {
		stored, err := s.CountWrongCode(t.Context(), u.ID, step.seen, step.next)
		wantError(t, fmt.Sprintf("CountWrongCode(%+v)", step.seen), err, step.want)
		if stored != step.stored {
			t.Errorf("CountWrongCode(%+v) returns %+v, want %+v", step.seen, stored, step.stored)
		}
	}
	wantState(t, s, u.ID, auth.FactorState{Codes: two, Recovery: []string{"mac-1", "mac-2"}})
	wantError(t, "ClearWrongCodes", s.ClearWrongCodes(t.Context(), u.ID), nil)
	wantState(t, s, u.ID, auth.FactorState{Recovery: []string{"mac-1", "mac-2"}})
}

func wrongCodeRace(t *testing.T, s Store) {
	u := enrolled(t, s)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			var seen auth.CodeCount
			for range 20 {
				stored, err := s.CountWrongCode(t.Context(), u.ID, seen, auth.CodeCount{Wrong: seen.Wrong + 1})
				if err == nil {
					return
				}
				seen = stored
			}
			t.Error("a wrong code was not counted in 20 rounds")
		})
	}
	wg.Wait()
	wantState(t, s, u.ID, auth.FactorState{Codes: auth.CodeCount{Wrong: 10}, Recovery: []string{"mac-1", "mac-2"}})
}

func passkeyUse(t *testing.T, s Store) {
	u := enrolled(t, s)
	for i, use := range []struct{ count, before uint32 }{{7, 0}, {1 << 31, 7}, {0, 1 << 31}} {
		before, err := s.UsePasskey(t.Context(), u.ID, "key-1", use.count, Start().Add(time.Duration(i)*time.Minute))
		wantError(t, "UsePasskey", err, nil)
		if before != use.before {
			t.Errorf("UsePasskey returns %d, want %d", before, use.before)
		}
	}
	wantState(t, s, u.ID, auth.FactorState{Recovery: []string{"mac-1", "mac-2"}, Uses: map[string]auth.FactorUse{
		"key-1": {At: Start().Add(2 * time.Minute)},
	}})
}

// wantHandle promises that the handle leads to the user, or to no user if userID is empty.
func wantHandle(t *testing.T, s Store, handle, userID string) {
	t.Helper()
	found, err := s.LookUp(t.Context(), auth.LookupQuery{Handle: handle})
	wantError(t, "LookUp", err, nil)
	if d := diff(auth.LookupResult{UserID: userID}, found); d != "" {
		t.Errorf("LookUp of the handle %q differs (-want +got):\n%s", handle, d)
	}
}

func handleFound(t *testing.T, s Store) {
	wantHandle(t, s, "handle-of-ada", "")
	u := enrolled(t, s)
	create(t, s, Grace())
	wantHandle(t, s, "handle-of-ada", u.ID)
	wantHandle(t, s, "HANDLE-OF-ADA", "")
	wantHandle(t, s, u.Identifier.String(), "")
	found, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: Identifier("handle-of-ada@example.com")})
	wantError(t, "LookUp", err, nil)
	if found.UserID != "" {
		t.Errorf("an identifier finds the user of a handle")
	}
}

func handleImported(t *testing.T, s Store) {
	u := Ada()
	u.Factors = factors()
	wantUser(t, s, create(t, s, u))
	wantHandle(t, s, "handle-of-ada", u.ID)
	grace := Grace()
	grace.Factors.Handle = u.Factors.Handle
	wantError(t, "CreateUser with the handle of another", s.CreateUser(t.Context(), grace), auth.ErrConflict)
	wantError(t, "DeleteUser", s.DeleteUser(t.Context(), u.ID), nil)
	wantHandle(t, s, "handle-of-ada", "")
}

func handleMoves(t *testing.T, s Store) {
	u := enrolled(t, s)
	set := func(f auth.Factors) {
		t.Helper()
		wantError(t, "SetFactors", s.SetFactors(t.Context(), u.ID, u.Version, f, nil), nil)
		u.Version++
		u.Factors = f
		wantUser(t, s, u)
	}
	set(auth.Factors{Handle: "handle-of-ada"})
	wantHandle(t, s, "handle-of-ada", u.ID)
	set(auth.Factors{Handle: "another"})
	wantHandle(t, s, "handle-of-ada", "")
	wantHandle(t, s, "another", u.ID)
	set(auth.Factors{})
	wantHandle(t, s, "another", "")
	set(factors())
	wantHandle(t, s, "handle-of-ada", u.ID)
	u.Role = "changed"
	wantError(t, "UpdateUser", s.UpdateUser(t.Context(), u), nil)
	wantHandle(t, s, "handle-of-ada", u.ID)
	wantError(t, "DeleteUser", s.DeleteUser(t.Context(), u.ID), nil)
	wantHandle(t, s, "handle-of-ada", "")
}

func usesForgotten(t *testing.T, s Store) {
	u := enrolled(t, s)
	_, err := s.UseStep(t.Context(), u.ID, "totp-1", 7, Start())
	wantError(t, "UseStep", err, nil)
	_, err = s.UsePasskey(t.Context(), u.ID, "key-1", 7, Start())
	wantError(t, "UsePasskey", err, nil)
	u.Factors.TOTP = nil
	wantError(t, "SetFactors", s.SetFactors(t.Context(), u.ID, u.Version, u.Factors, nil), nil)
	wantState(t, s, u.ID, auth.FactorState{Recovery: []string{"mac-1", "mac-2"}, Uses: map[string]auth.FactorUse{
		"key-1": {At: Start(), SignCount: 7},
	}})
}

func nonceOnce(t *testing.T, s Store) {
	until := Start().Add(time.Minute)
	if n := successes(t, 20, auth.ErrConflict, func() error { return s.SpendNonce(t.Context(), "nonce", until) }); n != 1 {
		t.Errorf("%d uses of one nonce succeeded", n)
	}
	wantError(t, "SpendNonce again", s.SpendNonce(t.Context(), "nonce", until), auth.ErrConflict)
	wantError(t, "SpendNonce of another", s.SpendNonce(t.Context(), "another", until), nil)
}

func factorsDeleted(t *testing.T, s Store) {
	u := enrolled(t, s)
	_, err := s.UseStep(t.Context(), u.ID, "totp-1", 7, Start())
	wantError(t, "UseStep", err, nil)
	wantError(t, "DeleteUser", s.DeleteUser(t.Context(), u.ID), nil)
	wantState(t, s, u.ID, auth.FactorState{})
	wantUser(t, s, create(t, s, Ada()))
	wantState(t, s, u.ID, auth.FactorState{})
}
