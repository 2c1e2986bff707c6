package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

const (
	planpoint    = "/api/users/login"
	organization = "/users/login"
	refresh      = "/api/users/refresh"
	logout       = "/api/users/logout"
	me           = "/api/users/me"
	sessions     = "/api/users/sessions"
	factors      = "/api/users/factors"
	totp         = factors + "/totp"
	confirm      = totp + "/confirm"
	recovery     = factors + "/recovery"

	passkeys       = "/api/users/passkeys"
	passkeyOptions = passkeys + "/options"
	passkeyLogin   = planpoint + "/passkey/options"
	related        = "/.well-known/webauthn"

	planpointPassword    = "/api/users/password"
	organizationPassword = "/users/password"

	jwks          = "/.well-known/jwks.json"
	configuration = "/.well-known/openid-configuration"

	origin = "https://app.example.org" // of a page that may call us
)

func credentials(member, user, password string, more ...string) edit {
	return body(`{"` + member + `":"` + user + `@example.com","password":"` + password + `"` + strings.Join(more, "") + `}`)
}

func username(user string, more ...string) edit {
	return credentials("username", user, authtest.Password, more...)
}

func email(user string) edit { return credentials("email", user, authtest.Password) }

// liveAnswers returns answers of the handlers of `latchkey serve`, with every setting that changes an answer.
func liveAnswers(t *testing.T) []answer {
	t.Helper()
	plain := newServer(t, "THROTTLE", "off")
	plain.want(t, 200, "live-healthz", "GET", "/healthz")
	plain.want(t, 200, "live-welcome", "GET", "/")
	life(t, plain)
	matrix(t, plain, signIn(t, plain))

	dressed := newServer(t, "THROTTLE", "off", "ALLOWED_ORIGINS", origin, "COOKIE_DOMAIN", "example.org", "ISSUER", "https://login.example.org/prod")
	dressed.each = []edit{header("Origin", origin), header("Sec-Fetch-Site", "cross-site")}
	life(t, dressed)
	matrix(t, dressed, signIn(t, dressed))

	broken := newServer(t, "THROTTLE", "off", "PASSKEY_RP", "example.org")
	session := signIn(t, broken)
	broken.breakDown(t)
	broken.want(t, 500, "live-health-failed", "GET", "/healthz")
	broken.want(t, 500, "live-failed", "POST", planpoint, username("ada"))
	broken.want(t, 500, "live-organization-failed", "POST", organization, email("grace"))
	broken.want(t, 500, "", "POST", refresh, session.refresh)
	matrix(t, broken, session)

	return slices.Concat(plain.answers, dressed.answers, broken.answers, byQuery(t), withKeys(t), throttled(t), withFactors(t), withPasskeys(t), withPasswords(t))
}

// session is the credential that a request carries.
type session struct{ access, refresh edit }

func signIn(t *testing.T, s *server) session {
	t.Helper()
	access, refresh := s.want(t, 200, "", "POST", planpoint, username("ada")).tokens()
	return session{cookie("planpoint", access), cookie("planpointRefresh", refresh)}
}

// life is what clients do.
func life(t *testing.T, s *server) {
	t.Helper()
	first := signIn(t, s)
	access, token := s.want(t, 200, "", "POST", refresh, first.refresh).tokens()
	s.want(t, 200, "", "POST", refresh, first.refresh) // within the grace
	s.want(t, 200, "", "GET", me, bearer(access))
	s.want(t, 200, "", "HEAD", me, bearer(access))
	s.want(t, 200, "", "HEAD", sessions, bearer(access))
	s.want(t, 200, "", "HEAD", factors, bearer(access))
	s.want(t, 200, "", "POST", refresh, body(`{"refreshToken":"`+token+`"}`))

	second := signIn(t, s)
	ids := s.sessionIDs(t, second.access)
	impersonating, _ := s.want(t, 200, "", "POST", planpoint, username("margaret", `,"impersonate":"ada@example.com"`)).tokens()
	s.want(t, 403, "", "POST", planpoint, username("ada", `,"impersonate":"margaret@example.com"`))
	for _, id := range ids {
		s.want(t, 403, "", "DELETE", sessions+"/"+id, bearer(impersonating))
		s.want(t, 204, "", "DELETE", sessions+"/"+id, second.access)
	}
	s.want(t, 401, "", "GET", me, second.access)
	s.want(t, 404, "", "DELETE", sessions+"/none", signIn(t, s).access)

	s.want(t, 403, "", "POST", logout+"?all=true", bearer(impersonating))
	s.want(t, 401, "", "POST", logout+"?all=true")
	s.want(t, 200, "", "POST", logout+"?all=true", signIn(t, s).access)
	s.want(t, 200, "", "POST", logout, signIn(t, s).refresh)
	s.want(t, 200, "", "POST", logout)

	s.want(t, 200, "", "POST", organization, email("grace"))
	for _, refused := range []string{"ada", "alan", "joan", "nobody"} {
		s.want(t, 200, "", "POST", organization, email(refused))
	}
	for _, document := range []string{jwks, configuration} {
		tag := s.want(t, 200, "", "GET", document).header.Get("Etag")
		s.want(t, 304, "", "GET", document, header("If-None-Match", tag))
		s.want(t, 304, "", "HEAD", document, header("If-None-Match", "W/"+tag))
	}
}

// sessionIDs returns the ids of the user's sessions, the current one last.
func (s *server) sessionIDs(t *testing.T, access edit) []string {
	t.Helper()
	var listed struct {
		Sessions []struct {
			ID      string
			Current bool
		}
	}
	check(t, json.Unmarshal(s.want(t, 200, "", "GET", sessions, access).body, &listed))
	var ids []string
	own := ""
	for _, v := range listed.Sessions {
		if v.Current {
			own = v.ID
		} else {
			ids = append(ids, v.ID)
		}
	}
	return append(ids, own)
}

// matrix calls every path with every method and every fault of a request.
func matrix(t *testing.T, s *server, session session) {
	t.Helper()
	paths := []string{
		planpoint, organization, refresh, logout, logout + "?all=true", me, sessions, sessions + "/none", jwks, configuration,
		planpoint + "/factor", organization + "/factor", planpoint + "/passkey", organization + "/passkey", passkeyLogin, passkeys,
		passkeyOptions, related, factors, factors + "/none", totp, confirm, recovery,
		planpointPassword, planpointPassword + "/reset", planpointPassword + "/reset/confirm",
		organizationPassword, organizationPassword + "/reset", organizationPassword + "/reset/confirm",
		"/", "/healthz", "/healthz/", sessions + "/", "/api/users/nothing",
	}
	methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "LOCK"}
	ways := [][]edit{
		nil,
		{session.access},
		{session.access, session.access},
		{session.refresh, session.refresh},
		{bearer("stale"), session.access},
		{header("Authorization", "not-a-key")},
		{header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://elsewhere.example")},
		{header("Origin", "https://elsewhere.example")},
		{header("Access-Control-Request-Method", "POST"), header("Origin", origin)},
		{header("Access-Control-Request-Method", "POST"), header("Origin", "https://elsewhere.example")},
		{body(`{}`)},
		{body(`{"username":"no address","email":"no address","password":"x"}`)},
		{body(`{"refreshToken":"x"}`), session.refresh},
		{header("Content-Type", "text/plain"), body(`{}`)},
		{body(strings.Repeat(" ", 17<<10))},
		{body(`{"password":1,"refreshToken":1}`)},
		{username("ada"), header("If-None-Match", "*")},
		{credentials("username", "ada", "wrong")},
		{credentials("email", "grace", "wrong")},
	}
	for _, path := range paths {
		for _, method := range methods {
			for _, way := range ways {
				s.send(t, "", method, path, way...)
			}
		}
	}
}

// byQuery is sign-in by credentials in the URL.
func byQuery(t *testing.T) []answer {
	t.Helper()
	s := newServer(t, "ALLOW_QUERY_CREDENTIALS", "true")
	query := planpoint + "?username=ada%40example.com&password=" + strings.ReplaceAll(authtest.Password, " ", "+")
	s.want(t, 200, "", "POST", query)
	s.want(t, 400, "live-query-and-body", "POST", query, username("ada"))
	s.want(t, 400, "", "POST", planpoint+"?username=ada%40example.com")
	return s.answers
}

// withKeys is sign-in of API clients.
func withKeys(t *testing.T) []answer {
	t.Helper()
	s := newServer(t, "REQUIRE_API_KEY", "true")
	s.want(t, 401, "", "POST", planpoint, username("ada"))
	s.want(t, 200, "", "POST", planpoint, username("ada"), header("Authorization", s.Client(t, auth.ClientStandard, false)))
	integration := s.want(t, 200, "", "POST", planpoint, username("ada"), header("Authorization", s.Client(t, auth.ClientIntegration, false)))
	if access, refresh := integration.tokens(); access == "" || refresh != "" {
		t.Error("an integration has no access token, or has a refresh token")
	}
	return s.answers
}

// throttled is sign-in after too many failures.
func throttled(t *testing.T) []answer {
	t.Helper()
	s := newServer(t)
	for range 6 {
		s.send(t, "", "POST", planpoint, credentials("username", "grace", "wrong"))
	}
	byPlanpoint := s.want(t, 401, "live-planpoint-throttled", "POST", planpoint, username("grace"))
	byOrganization := s.want(t, 200, "live-organization-throttled", "POST", organization, email("grace"))
	waits := []http.Header{byPlanpoint.header, byOrganization.header}
	if diff := cmp.Diff([]string{"1", "1"}, []string{waits[0].Get("Retry-After"), waits[1].Get("Retry-After")}); diff != "" {
		t.Errorf("Retry-After (-want +got):\n%s", diff)
	}
	return s.answers
}
