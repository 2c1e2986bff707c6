package session_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestMe promises the profile that the login showed, without the tokens, for the bearer token or the cookie.
func TestMe(t *testing.T) {
	s := newServer(t)
	b := browser{s, map[string]string{}}
	want := b.want(t, http.StatusOK, post(login, credentials("ada"))).members(t)
	for _, tokens := range []string{"message", "access_token", "token"} {
		delete(want, tokens)
	}
	want["expires_in"] = 86399. // the sign-in was 678 ms into a second
	for name, r := range map[string]*http.Request{
		"cookie":                with(get(me), "Cookie", "planpoint="+b.cookie["planpoint"]),
		"bearer":                bearer(b.cookie["planpoint"], get(me)),
		"bearer in small":       with(get(me), "Authorization", "bearer "+b.cookie["planpoint"]),
		"bearer after spaces":   with(get(me), "Authorization", "Bearer   "+b.cookie["planpoint"]),
		"bearer beside cookie":  bearer(b.cookie["planpoint"], with(get(me), "Cookie", "planpoint=junk")),
		"cookie beside a key":   with(with(get(me), "Authorization", "lk_key"), "Cookie", "planpoint="+b.cookie["planpoint"]),
		"cookie beside others":  with(get(me), "Cookie", "a=b; planpoint="+b.cookie["planpoint"]+"; planpointX=1"),
		"cookie in two headers": with(with(get(me), "Cookie", "a=b"), "Cookie", "planpoint="+b.cookie["planpoint"]),
	} {
		a := s.call(t, r)
		if d := cmp.Diff(want, a.members(t)); a.status != http.StatusOK || d != "" || len(a.cookies) > 0 {
			t.Errorf("%s: %d, %d cookies (-want +got):\n%s", name, a.status, len(a.cookies), d)
		}
	}

	token := s.organizationToken(t)
	if a := s.call(t, bearer(token, with(get(me), "Cookie", "planpoint="+b.cookie["planpoint"]))); a.member(t, "_id") != "grace" {
		t.Errorf("the bearer is grace and not the cookie's ada: %s", a.body)
	}
	if a := s.call(t, with(get(me), "Cookie", "planpoint="+token)); a.member(t, "_id") != "grace" {
		t.Errorf("a token of the other contract in the cookie: %s", a.body)
	}
}

// An invalid bearer never falls back to the cookie, which may belong to another user.
func TestNotSignedIn(t *testing.T) {
	s := newServer(t)
	b := s.signIn(t, "ada")
	good := b.cookie["planpoint"]
	short, rest, _ := strings.Cut(good, ".")
	requests := map[string]*http.Request{
		"nothing":             get(me),
		"empty cookie":        with(get(me), "Cookie", "planpoint="),
		"junk":                with(get(me), "Cookie", "planpoint=junk"),
		"altered":             bearer(short+".A"+rest, get(me)),
		"refresh token":       bearer(b.cookie["planpointRefresh"], get(me)),
		"refresh cookie":      with(get(me), "Cookie", "planpointRefresh="+b.cookie["planpointRefresh"]),
		"cookie in capitals":  with(get(me), "Cookie", "PLANPOINT="+good),
		"in the query":        get(me + "?access_token=" + good),
		"no scheme":           with(get(me), "Authorization", good),
		"another scheme":      with(get(me), "Authorization", "Basic "+good),
		"bad bearer":          bearer("junk", with(get(me), "Cookie", "planpoint="+good)),
		"empty bearer":        with(with(get(me), "Authorization", "Bearer"), "Cookie", "planpoint="+good),
		"two bearers":         with(bearer(good, get(me)), "Authorization", "Bearer "+good),
		"bearer, then key":    with(bearer(good, get(me)), "Authorization", "lk_key"),
		"two beside a cookie": with(with(bearer(good, get(me)), "Authorization", "lk_key"), "Cookie", "planpoint="+good),
		"two tokens in one":   bearer(good+","+good, get(me)),
		"9 KiB":               bearer(strings.Repeat("x", 9<<10), get(me)),
		"list":                get(sessions),
		"end":                 remove(b.id(t)),
		"end, by refresh":     with(remove(b.id(t)), "Cookie", "planpointRefresh="+b.cookie["planpointRefresh"]),
		"end, bad bearer":     bearer("junk", with(remove(b.id(t)), "Cookie", "planpoint="+good)),
		"refresh":             post(refresh, ""),
		"refresh, by bearer":  bearer(good, post(refresh, "")),
		"refresh, by access":  with(post(refresh, ""), "Cookie", "planpoint="+good),
		"logout of all":       post(logout+"?all=true", ""),
		"logout of all, junk": bearer("junk", with(post(logout+"?all=true", ""), "Cookie", "planpoint="+good)),
	}
	for name, r := range requests {
		if a := s.call(t, r); a.status != http.StatusUnauthorized || a.member(t, "message") != "Not signed in" {
			t.Errorf("%s: %d %s, want 401", name, a.status, a.body)
		}
	}
	if !b.signedIn(t) {
		t.Error("one of these ended the session")
	}
	s.Clock.Advance(day)
	b.want(t, http.StatusUnauthorized, get(me)) // the access token has expired
	b.want(t, http.StatusOK, post(refresh, ""))
	b.want(t, http.StatusOK, get(me))
}

// What ends a user's sessions is seen by the next request.
func TestUsersChange(t *testing.T) {
	for name, change := range map[string]func(*auth.User){
		"disabled":         func(u *auth.User) { u.Status = auth.StatusDisabled },
		"pending":          func(u *auth.User) { u.Status = auth.StatusPending },
		"password changed": func(u *auth.User) { u.PasswordEpoch++ },
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			b := s.signIn(t, "ada")
			s.Update(t, "ada", change)
			for _, r := range []*http.Request{get(me), get(sessions), remove("any"), post(logout+"?all=true", ""), post(refresh, "")} {
				b.want(t, http.StatusUnauthorized, r)
			}
		})
	}
}

// TestSessions promises the caller's live sessions and no others, the newest first, with what distinguishes them.
func TestSessions(t *testing.T) {
	s := newServer(t)
	oldest := s.signIn(t, "ada")
	s.Clock.Advance(time.Hour)
	key := s.Client(t, auth.ClientStandard, false)
	middle := browser{s, map[string]string{}}
	middle.want(t, http.StatusOK, with(post(login, credentials("ada")), "Authorization", key))
	s.signIn(t, "grace")
	s.Clock.Advance(time.Hour)
	oldest.want(t, http.StatusOK, post(refresh, ""))
	s.Clock.Advance(time.Hour)
	r := post(login, credentials("ada"))
	r.RemoteAddr = "[2001:db8:1:2:3::4]:1"
	newest := browser{s, map[string]string{}}
	newest.want(t, http.StatusOK, r)

	listed := func(b browser, created, used, source, client string, current bool) map[string]any {
		return map[string]any{
			"id": b.id(t), "createdAt": created, "lastUsedAt": used, "source": source, "client": client, "current": current,
		}
	}
	want := map[string]any{"expires_in": 79199., "sessions": []any{
		listed(newest, "2026-01-02T06:04:05Z", "2026-01-02T06:04:05Z", "2001:db8:1:2::/64", "", false),
		listed(middle, "2026-01-02T04:04:05Z", "2026-01-02T04:04:05Z", "198.51.100.9", auth.HashAPIKey(key)[:16], true),
		listed(oldest, "2026-01-02T03:04:05Z", "2026-01-02T05:04:05Z", "198.51.100.9", "", false),
	}}
	if d := cmp.Diff(want, middle.want(t, http.StatusOK, get(sessions)).members(t)); d != "" {
		t.Errorf("the list differs (-want +got):\n%s", d)
	}

	token := s.organizationToken(t)
	list := s.call(t, bearer(token, get(sessions))).members(t)["sessions"].([]any)
	current := func(one any) bool { return one.(map[string]any)["current"].(bool) }
	if len(list) != 2 || !slices.ContainsFunc(list, current) {
		t.Errorf("grace has %v, want two sessions, one of them current", list)
	}
}

// TestSessionPages promises 100 sessions and a cursor for the rest, and 400 for text that cannot be one.
func TestSessionPages(t *testing.T) {
	s := newServer(t)
	var b browser
	for range 101 {
		s.Clock.Advance(time.Millisecond)
		b = s.signIn(t, "ada")
	}
	first := b.want(t, http.StatusOK, get(sessions)).members(t)
	next, _ := first["next"].(string)
	second := b.want(t, http.StatusOK, get(sessions+"?cursor="+next)).members(t)
	if len(first["sessions"].([]any)) != 100 || len(second["sessions"].([]any)) != 1 || second["next"] != nil {
		t.Errorf("first %d, next %q, then %v", len(first["sessions"].([]any)), next, second)
	}
	last := second["sessions"].([]any)[0].(map[string]any)["id"].(string)
	if a := b.want(t, http.StatusOK, get(sessions+"?cursor="+last)); !strings.Contains(a.body, `"sessions":[]`) {
		t.Errorf("after the last: %s", a.body)
	}
	for _, query := range []string{"?cursor=a%20b", "?cursor=%ff", "?cursor=%00", "?cursor=" + strings.Repeat("z", 129), "?cursor=a&cursor=b", "?cursor=%zz"} {
		b.want(t, http.StatusBadRequest, get(sessions+query))
	}
	b.want(t, http.StatusOK, get(sessions+"?cursor="))
}

// TestEnd promises the end of one session of the caller's own, and one 404 for whatever else is named.
func TestEnd(t *testing.T) {
	s := newServer(t)
	b, second, grace := s.signIn(t, "ada"), s.signIn(t, "ada"), s.signIn(t, "grace")
	if a := b.want(t, http.StatusNoContent, remove(second.id(t))); a.body != "" || len(a.cookies) > 0 {
		t.Errorf("%q and %d cookies, want nothing", a.body, len(a.cookies))
	}
	if second.signedIn(t) || !b.signedIn(t) {
		t.Error("the wrong session ended")
	}
	for name, id := range map[string]string{
		"ended": second.id(t), "another user's": grace.id(t), "unknown": "unknown", "dots": "..", "a path": "a%2Fb", "not UTF-8": "%ff",
		"NUL": "%00", "long": strings.Repeat("x", 4000), "a token": b.cookie["planpointRefresh"],
	} {
		if a := b.want(t, http.StatusNotFound, remove(id)); a.body != `{"message":"Not Found"}` {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	if !grace.signedIn(t) {
		t.Error("another user's session ended")
	}
	a := b.want(t, http.StatusNoContent, remove(b.id(t)))
	if len(a.cookies) != 2 || len(b.cookie) > 0 {
		t.Errorf("%d cookies in the answer, %v left; want both cleared", len(a.cookies), b.cookie)
	}
	token := s.organizationToken(t)
	if a := s.call(t, bearer(token, remove(grace.id(t)))); a.status != http.StatusNoContent || grace.signedIn(t) {
		t.Errorf("%d by a token of the other contract", a.status)
	}
}

// An impersonator sees what the target sees, and can end only the impersonation.
func TestImpersonation(t *testing.T) {
	s := newServer(t)
	ada, margaret := s.signIn(t, "ada"), browser{s, map[string]string{}}
	a := margaret.want(t, http.StatusOK, post(login,
		`{"username":"margaret@example.com","password":"`+authtest.Password+`","impersonate":"ada@example.com"}`))
	if len(a.cookies) != 1 || margaret.want(t, http.StatusOK, get(me)).member(t, "_id") != "ada" {
		t.Errorf("%d cookies, want the access cookie of ada", len(a.cookies))
	}
	margaret.want(t, http.StatusUnauthorized, post(refresh, ""))
	for _, r := range []*http.Request{post(logout+"?all=true", ""), remove(ada.id(t)), remove("unknown")} {
		if a := margaret.want(t, http.StatusForbidden, r); a.body != `{"message":"Not allowed while impersonating"}` {
			t.Error(a.body)
		}
	}
	own := s.signIn(t, "margaret")
	for name, test := range map[string]struct {
		browser
		mark, other string
	}{"margaret as ada": {margaret, "impersonatedBy", "margaret"}, "ada": {ada, "impersonatedBy", "margaret"}, "margaret": {own, "impersonates", "ada"}} {
		list := test.want(t, http.StatusOK, get(sessions)).members(t)["sessions"].([]any)
		marked := slices.DeleteFunc(slices.Clone(list), func(one any) bool { return one.(map[string]any)[test.mark] != test.other })
		if len(list) != 2 || len(marked) != 1 {
			t.Errorf("%s: %v, want two sessions, one of them marked as an impersonation", name, list)
		}
	}
	token := margaret.cookie["planpoint"]
	margaret.want(t, http.StatusOK, post(logout, ""))
	if a := s.call(t, bearer(token, get(me))); a.status != http.StatusUnauthorized || !ada.signedIn(t) {
		t.Errorf("the impersonation goes on (%d), or ada was signed out", a.status)
	}
}
