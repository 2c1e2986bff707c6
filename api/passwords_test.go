package api_test

import (
	"encoding/json"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// newPassword is the body of a change.
func newPassword(current, next string) edit {
	return body(`{"currentPassword":"` + current + `","newPassword":"` + next + `"}`)
}

// accessToken returns the token in the body of the organization contract.
func (a answer) accessToken(t *testing.T) string {
	t.Helper()
	var given struct{ AccessToken string }
	check(t, json.Unmarshal(a.body, &given))
	return given.AccessToken
}

// withPasswords is what users do about their passwords.
func withPasswords(t *testing.T) []answer {
	t.Helper()
	const chosen, another = "a walrus in the attic", "another walrus in the attic"
	s := newServer(t, "THROTTLE_FREE", "1")
	access := s.want(t, 200, "", "POST", organization, email("grace")).accessToken(t)
	access = s.want(t, 200, "", "POST", organizationPassword, bearer(access), newPassword(authtest.Password, chosen)).accessToken(t)
	s.want(t, 400, "", "POST", organizationPassword, bearer(access), newPassword(authtest.Password, another))
	s.want(t, 200, "", "POST", organizationPassword, bearer(access), newPassword(chosen, another)) // throttled

	session := signIn(t, s)
	access, _ = s.want(t, 200, "", "POST", planpointPassword, session.access, newPassword(authtest.Password, chosen)).tokens()
	s.want(t, 400, "", "POST", planpointPassword, bearer(access), newPassword("wrong", another))
	s.want(t, 429, "live-password-throttled", "POST", planpointPassword, bearer(access), newPassword(chosen, another))
	s.resets(t)
	return s.answers
}

// resets is what users do who forgot their passwords; alan has a second factor.
func (s *server) resets(t *testing.T) {
	t.Helper()
	for path, member := range map[string]string{planpointPassword: "username", organizationPassword: "email"} {
		s.want(t, 200, "", "POST", path+"/reset", body(`{"`+member+`":"margaret@example.com"}`))
		s.want(t, 400, "", "POST", path+"/reset/confirm", body(`{"token":"`+s.resetToken(t, "margaret")+`","newPassword":"short"}`))
	}
	access, _ := s.want(t, 200, "", "POST", planpoint, username("alan")).tokens()
	s.want(t, 200, "", "POST", confirm, bearer(access), s.pending(t, bearer(access)))
	wrongCode := `{"token":"` + s.resetToken(t, "alan") + `","newPassword":"a walrus in the attic","code":"12345"}`
	for range 5 {
		s.want(t, 400, "", "POST", planpointPassword+"/reset/confirm", body(wrongCode))
	}
	s.want(t, 429, "", "POST", planpointPassword+"/reset/confirm", body(wrongCode))
	s.want(t, 200, "", "POST", organizationPassword+"/reset/confirm", body(wrongCode)) // throttled
}

// resetToken returns the token of a mail to the user.
func (s *server) resetToken(t *testing.T, user string) string {
	t.Helper()
	service := auth.NewService(auth.Config{Store: s.store, Keys: s.keys, Audit: s.Log.Sink(), Log: s.Log.Logger(), Now: s.Clock.Now})
	_, token, err := service.MailToken(t.Context(), user, auth.MessageReset, true)
	check(t, err)
	s.Log.Keep(token)
	return token
}
