package authorizer_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authorizer"
	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
)

const arn = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod/GET/orders/7"

// kit is an authorizer over a real store and real keys, and a user who is signed in.
type kit struct {
	*authtest.Kit
	config  authorizer.Config
	ring    *keyring.Ring
	session auth.Session
	raw     string // the session's access token
	log     strings.Builder
}

func newKit(t testing.TB, mode authorizer.Revocation) *kit {
	t.Helper()
	user := auth.NewUser(auth.User{
		ID: "user-1", Email: "ada@example.com", Status: auth.StatusReady, Role: "editor", Version: 1,
		Accounts: []auth.Account{{ID: "a-1", OrganizationID: "org-1", OrganizationName: "One", UserType: "Organization Owner"}},
	}, authtest.Start())
	var err error
	if user.Identifier, err = auth.ParseIdentifier(user.Email); err != nil {
		t.Fatal(err)
	}
	k := &kit{Kit: authtest.NewKit(t, user)}
	if k.ring, err = keyring.New(jwk.ES256, authtest.Start()); err != nil {
		t.Fatal(err)
	}
	text, err := k.ring.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	k.Keyring = token.NewKeyring(fixed(text), keyring.Parse, k.tokens())
	k.session = auth.Session{
		ID: "sid-1", UserID: "user-1", PasswordEpoch: user.PasswordEpoch, Generation: 1, Nonce: "nonce", Contract: "organization", Org: "org-1",
		CreatedAt: k.Clock.Now(), RotatedAt: k.Clock.Now(), LastUsedAt: k.Clock.Now(), ExpiresAt: k.Clock.Now().Add(24 * time.Hour),
	}
	if err := k.Store.PutSession(t.Context(), k.session); err != nil {
		t.Fatal(err)
	}
	k.raw = k.sign(t, k.claims())
	k.config = authorizer.Config{
		Tokens: k.Keyring, Sessions: k.Store, Rules: rules(), Revocation: mode, Response: authorizer.Simple,
		Log: slog.New(slog.NewTextHandler(&k.log, nil)), Now: k.Clock.Now,
	}
	return k
}

func rules() auth.Rules {
	return auth.Rules{QualifyingRoles: []string{"Organization Owner"}, ImpersonatorRoles: []string{"support"}}
}

func (k *kit) tokens() token.Config {
	return token.Config{Issuer: "https://login.example.com", Audience: "test", Now: k.Clock.Now}
}

// fixed is a token.Source that never changes.
type fixed []byte

func (f fixed) Get(context.Context) ([]byte, error)     { return f, nil }
func (f fixed) Refresh(context.Context) ([]byte, error) { return f, nil }

func (k *kit) claims() auth.Claims {
	return auth.Claims{
		ID: "jti-1", Subject: "user-1", SessionID: "sid-1", Roles: []string{"editor", "Organization Owner"}, Org: "org-1",
		IssuedAt: k.Clock.Now().Truncate(time.Second), ExpiresAt: k.Clock.Now().Truncate(time.Second).Add(24 * time.Hour),
	}
}

func (k *kit) sign(t testing.TB, c auth.Claims) string {
	t.Helper()
	raw, _, err := k.Keyring.Sign(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// object is JSON to make events of.
type object = map[string]any

// The events of each kind, as short as they may be.
func http2(headers object, cookies ...string) object {
	return object{"version": "2.0", "type": "REQUEST", "routeArn": arn, "headers": headers, "cookies": cookies}
}

func http1(headers object) object {
	return object{"version": "1.0", "type": "REQUEST", "methodArn": arn, "headers": headers}
}

func restRequest(headers object) object {
	return object{"type": "REQUEST", "methodArn": arn, "headers": headers}
}

func restToken(text any) object {
	return object{"type": "TOKEN", "methodArn": arn, "authorizationToken": text}
}

func bearer(raw string) object { return object{"authorization": "Bearer " + raw} }

// changed returns the event with a member set, or without it where the value is nil.
func changed(event object, member string, value any) object {
	copied := object{}
	for k, v := range event {
		copied[k] = v
	}
	if copied[member] = value; value == nil {
		delete(copied, member)
	}
	return copied
}

func encode(t testing.TB, event any) []byte {
	t.Helper()
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func invoke(t testing.TB, c authorizer.Config, event any) (string, error) {
	t.Helper()
	answer, err := authorizer.New(c).Invoke(t.Context(), encode(t, event))
	return string(answer), err
}

const denyAll = `{"principalId":"nobody","policyDocument":{"Version":"2012-10-17","Statement":[` +
	`{"Action":"execute-api:Invoke","Effect":"Deny","Resource":"*"}]}}`

// wantDenied accepts every way to say no, and no other answer.
func wantDenied(t testing.TB, name, answer string, err error) {
	t.Helper()
	if errors.Is(err, authorizer.ErrUnauthorized) && err.Error() == "Unauthorized" && answer == "" {
		return
	}
	if err != nil || answer != `{"isAuthorized":false}` && answer != denyAll {
		t.Errorf("%s: got %s, %v; want it denied", name, answer, err)
	}
}

// failing is a store and a verifier that are down.
type failing struct{}

func (failing) SessionAndUser(context.Context, string, string) (auth.Session, auth.User, error) {
	return auth.Session{}, auth.User{}, errors.New("the table is on fire")
}

func (failing) Verify(context.Context, string) (auth.Claims, error) {
	return auth.Claims{}, auth.ErrUnavailable
}
