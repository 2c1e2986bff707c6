package authtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"latchkey/internal/web"
)

// badRequests promises a refusal that costs no call to every body that is not one JSON object of application/json, and
// to credentials that are incomplete.
func (ct contractTest) badRequests() {
	good := ct.body(ct.T, "grace@example.com", Password)
	media := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Content-Type", value) }
	}
	for name, r := range map[string]*http.Request{
		"not JSON":            ct.request(good[:len(good)-1]),
		"an array":            ct.request("[" + good + "]"),
		"trailing data":       ct.request(good + "x"),
		"a member twice":      ct.request(`{"again":1,"again":2,` + good[1:]),
		"not UTF-8":           ct.request(`{"text":"` + "\xff" + `",` + good[1:]),
		"over 16 KiB":         ct.request(good + strings.Repeat(" ", web.MaxBody)),
		"text":                ct.request(good, media("text/plain")),
		"a form":              ct.request(good, media("application/x-www-form-urlencoded")),
		"no content type":     ct.request(good, func(r *http.Request) { r.Header.Del("Content-Type") }),
		"two content types":   ct.request(good, func(r *http.Request) { r.Header.Add("Content-Type", "application/json") }),
		"a half content type": ct.request(good, media("application/json; charset")),
	} {
		a := ct.send(r)
		ct.wantAnswer(name, web.ErrBody, a)
		ct.wantNoCalls(name, a)
	}
	for name, body := range map[string]string{
		"no address":           ct.body(ct.T, "", Password),
		"no password":          ct.body(ct.T, "grace@example.com", ""),
		"a name, no address":   ct.body(ct.T, "grace", Password),
		"an empty object":      "{}",
		"no body":              "",
		"null":                 "null",
		"a NUL in the address": ct.body(ct.T, "grace\x00@example.com", Password),
		"only an address":      ct.without(good, Password),
		"only a password":      ct.without(good, "grace@example.com"),
		"a password of null":   strings.Replace(good, `"`+Password+`"`, "null", 1),
		"a password in a list": strings.Replace(good, `"`+Password+`"`, `["`+Password+`"]`, 1),
	} {
		a := ct.send(ct.request(body))
		if a.Status < 400 || a.Status >= 500 || ct.accessToken(a) != "" {
			ct.Errorf("%s: %d %s, want a refusal", name, a.Status, a.Body)
		}
		ct.wantNoCalls(name, a)
	}
	if a := ct.send(ct.request(`{"unknown":{"member":[1e999]},`+good[1:], media("application/json; charset=utf-8"))); ct.accessToken(a) == "" {
		ct.Errorf("an unknown member: %d %s, want a sign-in", a.Status, a.Body)
	}
}

// without returns the body without the members that have the value.
func (ct contractTest) without(body, value string) string {
	ct.Helper()
	var members map[string]any
	check(ct.T, json.Unmarshal([]byte(body), &members))
	maps.DeleteFunc(members, func(_ string, v any) bool { return v == value })
	rest, err := json.Marshal(members)
	check(ct.T, err)
	return string(rest)
}

func (ct contractTest) wantNoCalls(what string, a contractAnswer) {
	ct.Helper()
	if len(a.Calls) > 0 {
		ct.Errorf("%s costs the calls %v", what, a.Calls)
	}
}

// methods promises 405 with Allow to every method except POST.
func (ct contractTest) methods() {
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post"} {
		a := ct.signIn("grace", Password, func(r *http.Request) { r.Method = method })
		ct.wantAnswer(method, web.ErrMethod, a)
		ct.wantNoCalls(method, a)
		if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "POST" {
			ct.Errorf("%s: %d, Allow %q", method, a.Status, a.Header.Get("Allow"))
		}
	}
}

// otherSites promises that pages of allowed origins can sign in and read every answer, and that others cannot.
func (ct contractTest) otherSites() {
	for origin, allowed := range map[string]bool{friendly: true, "https://evil.example": false, "null": false} {
		from := func(r *http.Request) {
			r.Header.Set("Origin", origin)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}
		for _, a := range []contractAnswer{ct.signIn("grace", Password, from), ct.signIn("grace", "wrong", from)} {
			readable := a.Header.Get("Access-Control-Allow-Origin") == origin && a.Header.Get("Access-Control-Expose-Headers") == "Retry-After"
			if readable != allowed {
				ct.Errorf("%s can read the answer: %t, want %t", origin, readable, allowed)
			}
			if !allowed {
				ct.wantAnswer(origin, web.ErrCrossSite, a)
				ct.wantNoCalls(origin, a)
			}
		}
		a := ct.send(ct.request("", from, func(r *http.Request) {
			r.Method = http.MethodOptions
			r.Header.Set("Access-Control-Request-Method", "POST")
			r.Header.Set("Access-Control-Request-Headers", "content-type,traceparent")
		}))
		if named := strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "traceparent"); a.Status != http.StatusNoContent || named != allowed {
			ct.Errorf("a preflight from %s: %d %v", origin, a.Status, a.Header)
		}
	}
}
