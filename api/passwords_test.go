package api_test

import (
	"encoding/json"
	"testing"

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
	return s.answers
}
