package api_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"latchkey/internal/factor"
)

// withFactors is what users with a second factor do; margaret must have one.
func withFactors(t *testing.T) []answer {
	t.Helper()
	s := newServer(t, "FACTOR_ROLES", "support", "THROTTLE", "off")
	var challenged struct{ Challenge struct{ ID string } }
	check(t, json.Unmarshal(s.want(t, 401, "", "POST", planpoint, username("margaret")).body, &challenged))
	enrolling := bearer(challenged.Challenge.ID)
	access, _ := s.want(t, 200, "", "POST", confirm, enrolling, s.pending(t, enrolling)).tokens()
	var listed struct{ Factors []struct{ ID string } }
	check(t, json.Unmarshal(s.want(t, 200, "", "GET", factors, bearer(access)).body, &listed))
	s.want(t, 403, "live-last-factor", "DELETE", factors+"/"+listed.Factors[0].ID, bearer(access))
	s.want(t, 200, "", "POST", planpoint, username("margaret", `,"impersonate":"ada@example.com","code":"`, s.recoveryCode(t, bearer(access)), `"`))
	s.impersonateInTwoCalls(t, s.recoveryCode(t, bearer(access)))

	s.Clock.Advance(factor.Period)
	second := s.pending(t, bearer(access))
	s.want(t, 200, "", "POST", confirm, bearer(access), second)
	s.want(t, 409, "", "POST", confirm, bearer(access), second)

	session := signIn(t, s)
	id := s.pending(t, session.access)
	s.want(t, 200, "", "POST", confirm, session.access, id)
	s.want(t, 409, "", "POST", confirm, session.access, id)
	s.wrongCodes(t)
	return s.answers
}

// pending begins an authenticator app and returns the body that confirms it.
func (s *server) pending(t *testing.T, who edit) edit {
	t.Helper()
	var begun struct{ ID, Secret string }
	check(t, json.Unmarshal(s.want(t, 200, "", "POST", totp, who).body, &begun))
	seed, err := factor.ParseSeed(begun.Secret)
	check(t, err)
	return body(fmt.Sprintf(`{"id":"%s","code":"%s"}`, begun.ID, seed.Code(factor.Step(s.Clock.Now()))))
}

// recoveryCode makes new recovery codes and returns one of them.
func (s *server) recoveryCode(t *testing.T, who edit) string {
	t.Helper()
	var made struct{ RecoveryCodes []string }
	check(t, json.Unmarshal(s.want(t, 200, "", "POST", recovery, who).body, &made))
	return made.RecoveryCodes[0]
}

// impersonateInTwoCalls asks for a target that is refused, which only the second call says.
func (s *server) impersonateInTwoCalls(t *testing.T, code string) {
	t.Helper()
	var challenged struct{ Challenge struct{ ID string } }
	refused := s.want(t, 401, "", "POST", planpoint, username("margaret", `,"impersonate":"nobody@example.com"`))
	check(t, json.Unmarshal(refused.body, &challenged))
	s.want(t, 403, "", "POST", planpoint+"/factor", body(`{"challenge":"`+challenged.Challenge.ID+`","code":"`+code+`"}`))
}

// wrongCodes guesses codes of a new app until it has to wait.
func (s *server) wrongCodes(t *testing.T) {
	t.Helper()
	access, _ := s.want(t, 200, "", "POST", planpoint, username("alan")).tokens()
	var begun struct{ ID string }
	check(t, json.Unmarshal(s.want(t, 200, "", "POST", totp, bearer(access)).body, &begun))
	for range 5 {
		s.want(t, 400, "", "POST", confirm, bearer(access), body(`{"id":"`+begun.ID+`","code":"12345"}`))
	}
	s.want(t, 429, "live-codes-throttled", "POST", confirm, bearer(access), body(`{"id":"`+begun.ID+`","code":"12345"}`))
}
