package api_test

import (
	"encoding/json"
	"testing"

	"latchkey/internal/authtest"
)

// withPasskeys is what users with passkeys do.
func withPasskeys(t *testing.T) []answer {
	t.Helper()
	off := newServer(t)
	off.want(t, 404, "live-passkeys-off", "POST", planpoint+"/passkey", body("no JSON"))

	s := newServer(t, "PASSKEY_RP", "example.org", "PASSKEY_ORIGINS", "https://shop.example", "ALLOWED_ORIGINS", origin, "FACTOR_ROLES", "support",
		"THROTTLE_SOURCE", "6/1h")
	tag := s.want(t, 200, "live-related-origins", "GET", related).header.Get("Etag")
	s.want(t, 304, "", "GET", related, header("If-None-Match", tag))
	s.want(t, 304, "", "HEAD", related, header("If-None-Match", tag))
	s.want(t, 200, "", "HEAD", related)

	margaret, judy := s.enrolling(t, "margaret"), s.enrolling(t, "judy")
	access, _ := s.want(t, 200, "", "POST", passkeys, margaret, s.newPasskey(t, s.authenticator(t), margaret)).tokens()
	s.want(t, 200, "", "GET", factors, bearer(access))

	a := s.authenticator(t)
	s.ownPasskeys(t, a)
	s.passkeyAfterPassword(t, a)
	s.throttlePasskeys(t, a, judy)
	return append(off.answers, s.answers...)
}

// enrolling signs in as a user who must have a factor, and returns the bearer that lets them set one up.
func (s *server) enrolling(t *testing.T, user string) edit {
	t.Helper()
	if user != "margaret" {
		u := authtest.NewUser(user)
		u.Role = "support"
		s.Add(t, u)
	}
	var challenged struct{ Challenge struct{ ID string } }
	check(t, json.Unmarshal(s.want(t, 401, "", "POST", planpoint, username(user)).body, &challenged))
	return bearer(challenged.Challenge.ID)
}

func (s *server) authenticator(t *testing.T) *authtest.Authenticator {
	t.Helper()
	return authtest.NewAuthenticator(t, -7, origin)
}

// asked is an answer with something to sign.
type asked struct {
	Challenge string
	PublicKey authtest.PublicKeyOptions
}

// newPasskey begins a passkey and returns the body that adds it.
func (s *server) newPasskey(t *testing.T, a *authtest.Authenticator, who edit) edit {
	t.Helper()
	var begun asked
	check(t, json.Unmarshal(s.want(t, 200, "", "POST", passkeyOptions, who).body, &begun))
	return body(`{"name":"laptop","challenge":"` + begun.Challenge + `","credential":` + string(a.Create(t, begun.PublicKey)) + `}`)
}

// sign returns the body of a sign-in with the passkey.
func (s *server) sign(t *testing.T, a *authtest.Authenticator) edit {
	t.Helper()
	var begun asked
	check(t, json.Unmarshal(s.want(t, 200, "", "POST", passkeyLogin, body(`{}`)).body, &begun))
	return body(`{"challenge":"` + begun.Challenge + `","assertion":` + string(a.Sign(t, begun.PublicKey)) + `}`)
}

// ownPasskeys adds the passkey to grace and signs in with it.
func (s *server) ownPasskeys(t *testing.T, a *authtest.Authenticator) {
	t.Helper()
	first, _ := s.want(t, 200, "", "POST", planpoint, username("grace")).tokens()
	a.Origin = "https://elsewhere.example"
	s.want(t, 400, "live-passkey-unfit", "POST", passkeys, bearer(first), s.newPasskey(t, a, bearer(first)))
	a.Origin = origin
	s.want(t, 200, "", "POST", passkeys, bearer(first), s.newPasskey(t, a, bearer(first)))
	access, _ := s.want(t, 200, "", "POST", planpoint+"/passkey", s.sign(t, a)).tokens()
	s.want(t, 409, "", "POST", passkeys, bearer(access), s.newPasskey(t, a, bearer(access)))
	s.want(t, 400, "", "POST", passkeys, bearer(access), body(`{"challenge":"x"}`))
	s.want(t, 200, "", "POST", organization+"/passkey", s.sign(t, a))
}

// passkeyAfterPassword signs in as grace with the password and the passkey.
func (s *server) passkeyAfterPassword(t *testing.T, a *authtest.Authenticator) {
	t.Helper()
	var challenged struct {
		Challenge struct {
			ID        string
			PublicKey authtest.PublicKeyOptions
		}
	}
	check(t, json.Unmarshal(s.want(t, 401, "", "POST", planpoint, username("grace")).body, &challenged))
	c := challenged.Challenge
	second := body(`{"challenge":"` + c.ID + `","assertion":` + string(a.Sign(t, c.PublicKey)) + `}`)
	s.want(t, 200, "", "POST", planpoint+"/factor", second)
	s.want(t, 401, "", "POST", planpoint+"/factor", second)
	s.want(t, 200, "", "POST", organization, email("grace"))
}

// throttlePasskeys uses one challenge again until the source has to wait, also for an enrollment.
func (s *server) throttlePasskeys(t *testing.T, a *authtest.Authenticator, enrolling edit) {
	t.Helper()
	made, used := s.newPasskey(t, s.authenticator(t), enrolling), s.sign(t, a)
	s.want(t, 200, "", "POST", planpoint+"/passkey", used)
	s.want(t, 401, "live-passkey-refused", "POST", planpoint+"/passkey", used)
	s.want(t, 200, "live-organization-passkey-refused", "POST", organization+"/passkey", used)
	for range 4 {
		s.send(t, "", "POST", planpoint+"/passkey", used)
	}
	s.want(t, 401, "", "POST", planpoint+"/passkey", s.sign(t, a))
	s.want(t, 429, "", "POST", passkeys, enrolling, made)
}
