package authtest

import (
	"context"
	"testing"
	"time"

	"latchkey/internal/auth"
)

// Sessions returns what is done with open sessions, over the kit and with the rules that Service has.
func (k *Kit) Sessions(rules auth.Rules) *auth.Sessions {
	return auth.NewSessions(auth.SessionsConfig{
		Store: k.SessionStore(), Keys: k.Keys(), Tokens: k.Tokens(), Rules: withTimes(rules), Log: k.Log.Logger(), Now: k.Clock.Now,
	})
}

// SessionStore is the port to open sessions, for handlers that are made of ports; Before steps between, as for Sessions.
func (k *Kit) SessionStore() auth.SessionStore { return kitSessions{k} }

// Keys is the port to the key ring that signs; see SessionStore.
func (k *Kit) Keys() auth.Keys { return kitKeys{k} }

// Tokens is the port to the key ring that verifies; its one method is called VerifyToken here. See SessionStore.
func (k *Kit) Tokens() auth.Verifier { return kitTokens{k} }

// withTimes gives sessions a week where the rules do not say how long they last, and then a grace of 10 s.
func withTimes(rules auth.Rules) auth.Rules {
	if rules.SessionIdle == 0 {
		rules.SessionIdle, rules.SessionMax, rules.RefreshGrace = 7*24*time.Hour, 90*24*time.Hour, 10*time.Second
	}
	return rules
}

// Update changes a stored user.
func (k *Kit) Update(t testing.TB, userID string, change func(*auth.User)) {
	t.Helper()
	u, err := k.Store.UserByID(t.Context(), userID)
	check(t, err)
	change(&u)
	check(t, k.Store.UpdateUser(t.Context(), u))
}

type kitSessions struct{ k *Kit }

func (s kitSessions) SessionAndUser(ctx context.Context, userID, sessionID string) (auth.Session, auth.User, error) {
	if err := s.k.called("SessionAndUser"); err != nil {
		return auth.Session{}, auth.User{}, err
	}
	return s.k.Store.SessionAndUser(ctx, userID, sessionID)
}

func (s kitSessions) RotateSession(ctx context.Context, next auth.Session, from int64) error {
	if err := s.k.called("RotateSession"); err != nil {
		return err
	}
	return s.k.Store.RotateSession(ctx, next, from)
}

func (s kitSessions) SessionsOf(ctx context.Context, userID string) ([]auth.Session, error) {
	if err := s.k.called("SessionsOf"); err != nil {
		return nil, err
	}
	return s.k.Store.SessionsOf(ctx, userID)
}

func (s kitSessions) EndSession(ctx context.Context, userID, sessionID string) error {
	if err := s.k.called("EndSession"); err != nil {
		return err
	}
	return s.k.Store.EndSession(ctx, userID, sessionID)
}

func (s kitSessions) EndSessions(ctx context.Context, userID, last string) error {
	if err := s.k.called("EndSessions"); err != nil {
		return err
	}
	return s.k.Store.EndSessions(ctx, userID, last)
}

type kitTokens struct{ k *Kit }

func (v kitTokens) Verify(ctx context.Context, token string) (auth.Claims, error) {
	if err := v.k.called("VerifyToken"); err != nil {
		return auth.Claims{}, err
	}
	return v.k.Keyring.Verify(ctx, token)
}
