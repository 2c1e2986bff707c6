package authorizer_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authorizer"
)

const (
	callers = `{"sub":"user-1","sid":"sid-1","roles":"editor,Organization Owner","scope":"user","org":"org-1"}`
	simple  = `{"isAuthorized":true,"context":` + callers + `}`
	policy  = `{"principalId":"user-1","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke",` +
		`"Effect":"Allow","Resource":"arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod/*"}]},"context":` + callers + `}`
)

// TestAllow promises the answer that each kind of event waits for, to the letter, from a bearer and from the cookie.
func TestAllow(t *testing.T) {
	k := newKit(t, authorizer.Strict)
	both := func(headers object, name string) object {
		return changed(restRequest(headers), "multiValueHeaders", object{name: []string{headers[name].(string)}})
	}
	cookie := "planpoint=" + k.raw
	for _, test := range []struct {
		name     string
		response authorizer.Response
		event    object
		want     string
	}{
		{"HTTP API, simple", authorizer.Simple, http2(bearer(k.raw)), simple},
		{"HTTP API, simple, cookie", authorizer.Simple, http2(nil, "x=1", cookie), simple},
		{"HTTP API, simple, cookie as sam local sends it", authorizer.Simple, http2(object{"Cookie": "x=1; " + cookie}, "x=1", cookie), simple},
		{"HTTP API, simple, cookie header", authorizer.Simple, http2(object{"cookie": cookie}), simple},
		{"HTTP API, simple, bearer and cookie", authorizer.Simple, http2(bearer(k.raw), "planpoint=other"), simple},
		{"HTTP API, policy", authorizer.Policy, http2(bearer(k.raw)), policy},
		{"HTTP API 1.0", authorizer.Simple, http1(bearer(k.raw)), policy},
		{"HTTP API 1.0, cookie", authorizer.Policy, http1(object{"cookie": cookie}), policy},
		{"REST REQUEST", authorizer.Simple, restRequest(object{"Authorization": "Bearer " + k.raw}), policy},
		{"REST REQUEST, both kinds of headers", authorizer.Simple, both(object{"Authorization": "Bearer " + k.raw}, "Authorization"), policy},
		{"REST REQUEST, cookie", authorizer.Simple, both(object{"Cookie": cookie}, "Cookie"), policy},
		{"REST TOKEN", authorizer.Simple, restToken("Bearer " + k.raw), policy},
		{"$default stage", authorizer.Simple, changed(http2(bearer(k.raw)), "routeArn", strings.Replace(arn, "prod", "$default", 1)), simple},
		{"unknown members", authorizer.Simple, changed(http2(bearer(k.raw)), "isAuthorized", object{"x": []int{1}}), simple},
	} {
		k.config.Response = test.response
		if got, err := invoke(t, k.config, test.event); err != nil || got != test.want {
			t.Errorf("%s: %s, %v; want %s", test.name, got, err, test.want)
		}
	}
}

// TestContext promises flat text of what the token has, and no role that another could be read out of.
func TestContext(t *testing.T) {
	k := newKit(t, authorizer.Off)
	c := k.claims()
	c.SessionID, c.Org, c.Actor, c.Roles = "", "org-1", "user-2", []string{"a,admin", "é \"x\"", ""}
	want := `{"isAuthorized":true,"context":{"sub":"user-1","roles":"é \"x\",","scope":"user","org":"org-1","act":"user-2"}}`
	if got, err := invoke(t, k.config, http2(bearer(k.sign(t, c)))); err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	c.AMR, c.AuthTime = []string{"pwd", "otp", "mfa"}, time.Unix(1_767_323_045, 0)
	withFactor := strings.Replace(want, `"act":"user-2"`, `"act":"user-2","amr":"pwd,otp,mfa","auth_time":"1767323045"`, 1)
	if got, err := invoke(t, k.config, http2(bearer(k.sign(t, c)))); err != nil || got != withFactor {
		t.Errorf("with a factor: %s, %v; want %s", got, err, withFactor)
	}
	c.Roles, c.AMR, c.AuthTime = nil, nil, time.Time{}
	want = strings.Replace(want, `é \"x\",`, "", 1)
	if got, err := invoke(t, k.config, http2(bearer(k.sign(t, c)))); err != nil || got != want {
		t.Errorf("without roles: %s, %v; want %s", got, err, want)
	}
}

// TestHostileTokens promises that only a valid token opens anything, in any kind of event, and that the log does
// not have it.
func TestHostileTokens(t *testing.T) {
	k := newKit(t, authorizer.Bounded)
	late := k.claims()
	late.IssuedAt, late.ExpiresAt = late.IssuedAt.Add(-2*time.Hour), late.IssuedAt
	part := strings.Split(k.raw, ".")
	stranger := newKit(t, authorizer.Off)
	for name, raw := range map[string]string{
		"expired": k.sign(t, late), "another issuer's key": stranger.raw, "empty": "", "dots": "..", "no signature": part[0] + "." + part[1] + ".",
		"cut": k.raw[:len(k.raw)-3], "doubled": k.raw + "." + k.raw, "trailing LF": k.raw + "\n", "trailing space": k.raw + " ",
		"padded": k.raw + "=", "quoted": `"` + k.raw + `"`, "swapped": part[1] + "." + part[0] + "." + part[2],
		"alg none": "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIiwia2lkIjoieCJ9." + part[1] + ".", "huge": strings.Repeat("A", 20<<10),
		"two, as gateways join them": k.raw + ",Bearer " + k.raw, "NUL": "\x00", "an API key": "lk_Zm9yIGV2ZW50",
	} {
		for _, event := range []object{
			http2(bearer(raw)), http1(bearer(raw)), restRequest(bearer(raw)), restToken("Bearer " + raw),
			http2(nil, "planpoint="+raw), http2(bearer(raw), "planpoint="+k.raw),
		} {
			got, err := invoke(t, k.config, event)
			if raw == k.raw+" " && err == nil && got == simple {
				continue // browsers and gateways strip the space around a value
			}
			wantDenied(t, name, got, err)
		}
		for _, part := range strings.Split(raw, ".") {
			if len(part) > 20 && strings.Contains(k.log.String(), part) {
				t.Errorf("%s: the log has it", name)
			}
		}
	}
}

// TestCredentials promises that of several, odd or missing credentials none is picked.
func TestCredentials(t *testing.T) {
	k := newKit(t, authorizer.Off)
	good, cookie := "Bearer "+k.raw, "planpoint="+k.raw
	multi := func(name string, values ...any) object {
		return object{"type": "REQUEST", "methodArn": arn, "multiValueHeaders": object{name: values}}
	}
	for name, event := range map[string]object{
		"none":                          http2(nil),
		"headers null":                  changed(http2(nil), "headers", nil),
		"bad bearer, good cookie":       http2(object{"authorization": "Bearer x"}, cookie),
		"empty header, good cookie":     http2(object{"authorization": ""}, cookie),
		"null header, good cookie":      http2(object{"authorization": nil}, cookie),
		"Basic, good cookie":            http2(object{"authorization": "Basic YTpi"}, cookie),
		"API key, good cookie":          http2(object{"authorization": "lk_Zm9y"}, cookie),
		"bare token":                    http2(object{"authorization": k.raw}),
		"scheme alone":                  http2(object{"authorization": "Bearer"}),
		"joined headers":                http2(object{"authorization": good + "," + good}),
		"two spellings":                 http2(object{"authorization": good, "Authorization": good}),
		"two values":                    multi("Authorization", good, good),
		"two values, one bad":           multi("Authorization", "Bearer x", good),
		"two spellings of values":       changed(multi("Authorization", good), "multiValueHeaders", object{"Authorization": []string{good}, "authorization": []string{good}}),
		"cookie twice":                  http2(nil, cookie, cookie),
		"cookie twice, other value":     http2(nil, "planpoint=x", cookie),
		"cookie twice in one element":   http2(nil, "planpoint=x; "+cookie),
		"cookie twice in two headers":   multi("Cookie", cookie, cookie),
		"cookie of another name":        http2(nil, "planpointRefresh="+k.raw, "Planpoint="+k.raw),
		"cookie quoted":                 http2(nil, `planpoint="`+k.raw+`"`),
		"cookies win over a header":     http2(object{"cookie": cookie}, "x=1"),
		"another header":                http2(object{"x-authorization": good, "proxy-authorization": good}),
		"in the query":                  changed(http2(nil), "queryStringParameters", object{"access_token": k.raw, "authorization": good}),
		"as identity source alone":      changed(http2(nil), "identitySource", []string{good}),
		"TOKEN: cookie":                 restToken(cookie),
		"TOKEN: bare":                   restToken(k.raw),
		"TOKEN: header beside":          changed(restToken("Bearer x"), "headers", bearer(k.raw)),
		"TOKEN: none, header beside":    changed(restToken(nil), "headers", bearer(k.raw)),
		"1.0: authorizationToken alone": changed(http1(nil), "authorizationToken", good),
	} {
		got, err := invoke(t, k.config, event)
		wantDenied(t, name, got, err)
	}
}

// TestOddEvents promises that any other event is denied, in either format, and stops nothing.
func TestOddEvents(t *testing.T) {
	k := newKit(t, authorizer.Off)
	good := http2(bearer(k.raw))
	events := map[string][]byte{
		"nothing": nil, "empty text": []byte(``), "null": []byte(`null`), "number": []byte(`5`), "text": []byte(`"x"`),
		"array": []byte(`[]`), "empty object": []byte(`{}`), "not JSON": []byte(`{"version"`), "NUL": []byte("\x00"),
		"trailing": append(encode(t, good), 'x'), "two values": append(encode(t, good), encode(t, good)...),
		"not UTF-8":    []byte("{\"version\":\"2.0\xff\"}"),
		"member twice": []byte(strings.Replace(string(encode(t, good)), `"version"`, `"version":"1.0","version"`, 1)),
		"deep":         []byte(strings.Repeat(`{"x":`, 5000) + "1" + strings.Repeat("}", 5000)),
		"huge":         encode(t, changed(good, "x", strings.Repeat("x", 1<<20))),
		"S3":           []byte(`{"Records":[{"eventSource":"aws:s3"}]}`),
		"rotation":     []byte(`{"Step":"createSecret","SecretId":"x","ClientRequestToken":"y"}`),
	}
	for name, e := range map[string]object{
		"an HTTP event":         changed(good, "type", nil),
		"type in lower case":    changed(good, "type", "request"),
		"type of tomorrow":      changed(good, "type", "JWT"),
		"type a number":         changed(good, "type", 1),
		"type null":             {"version": "2.0", "type": nil, "routeArn": arn, "headers": bearer(k.raw)},
		"version 3.0":           changed(good, "version", "3.0"),
		"version 2":             changed(good, "version", 2),
		"version absent":        changed(good, "version", nil),
		"version and TOKEN":     changed(restToken("Bearer "+k.raw), "version", "2.0"),
		"no ARN":                changed(good, "routeArn", nil),
		"ARN of the other kind": changed(changed(good, "routeArn", nil), "methodArn", arn),
		"ARN a number":          changed(good, "routeArn", 7),
		"ARN an object":         changed(good, "routeArn", object{"x": 1}),
		"headers text":          changed(good, "headers", "authorization: Bearer x"),
		"headers array":         changed(good, "headers", []string{"Bearer " + k.raw}),
		"headers number":        changed(good, "headers", 1),
		"header an array":       http2(object{"authorization": []string{"Bearer " + k.raw}}),
		"header a number":       http2(object{"authorization": 1}),
		"header an object":      http2(object{"authorization": object{"Bearer": k.raw}}),
		"values no array":       changed(restRequest(nil), "multiValueHeaders", bearer(k.raw)),
		"values nested":         changed(restRequest(nil), "multiValueHeaders", object{"authorization": [][]string{{"Bearer " + k.raw}}}),
		"cookies text":          changed(http2(nil), "cookies", "planpoint="+k.raw),
		"cookies numbers":       changed(http2(nil), "cookies", []int{1}),
		"cookies object":        changed(http2(nil), "cookies", object{"planpoint": k.raw}),
		"token a number":        restToken(1),
		"token null":            {"type": "TOKEN", "methodArn": arn, "authorizationToken": nil},
		"token an array":        restToken([]string{"Bearer " + k.raw}),
		"token true":            restToken(true),
		"members in capitals":   {"Version": "2.0", "Type": "REQUEST", "RouteArn": arn, "Headers": bearer(k.raw)},
	} {
		events[name] = encode(t, e)
	}
	for _, response := range []authorizer.Response{authorizer.Simple, authorizer.Policy} {
		k.config.Response = response
		a := authorizer.New(k.config)
		for name, event := range events {
			got, err := a.Invoke(t.Context(), event)
			wantDenied(t, string(response)+", "+name, string(got), err)
		}
		if got, err := a.Invoke(t.Context(), encode(t, good)); err != nil || strings.Contains(string(got), "false") {
			t.Errorf("%s: the event they were made from: %s, %v", response, got, err)
		}
	}
}

// TestDeny promises the refusal that each kind of event waits for.
func TestDeny(t *testing.T) {
	k := newKit(t, authorizer.Off)
	for _, test := range []struct {
		name     string
		response authorizer.Response
		event    any
		want     string
		err      error
	}{
		{"HTTP API, simple", authorizer.Simple, http2(nil), `{"isAuthorized":false}`, nil},
		{"HTTP API, policy", authorizer.Policy, http2(nil), denyAll, nil},
		{"HTTP API 1.0", authorizer.Simple, http1(nil), denyAll, nil},
		{"REST REQUEST", authorizer.Simple, restRequest(nil), "", authorizer.ErrUnauthorized},
		{"REST TOKEN", authorizer.Policy, restToken("x"), "", authorizer.ErrUnauthorized},
		{"REST, an odd ARN", authorizer.Policy, changed(restToken("Bearer "+k.raw), "methodArn", "arn:aws"), "", authorizer.ErrUnauthorized},
		{"unknown, simple", authorizer.Simple, "x", `{"isAuthorized":false}`, nil},
		{"unknown, policy", authorizer.Policy, "x", denyAll, nil},
	} {
		k.config.Response = test.response
		if got, err := invoke(t, k.config, test.event); got != test.want || err != test.err {
			t.Errorf("%s: %s, %v; want %s, %v", test.name, got, err, test.want, test.err)
		}
	}
}

// TestFailures promises that our own faults are neither a yes nor a no, and that the answer does not say what they are.
func TestFailures(t *testing.T) {
	k := newKit(t, authorizer.Strict)
	noKeys, noStore, panics := k.config, k.config, k.config
	noKeys.Tokens, noStore.Sessions, panics.Sessions = failing{}, failing{}, nil
	for name, c := range map[string]authorizer.Config{"no keys": noKeys, "no store": noStore, "panic": panics} {
		for _, event := range []object{http2(bearer(k.raw)), http1(bearer(k.raw)), restRequest(bearer(k.raw)), restToken("Bearer " + k.raw)} {
			k.log.Reset()
			got, err := invoke(t, c, event)
			if got != "" || !errors.Is(err, authorizer.ErrFailed) || err.Error() != "authorizer: failed" {
				t.Errorf("%s: %s, %v", name, got, err)
			}
			if !strings.Contains(k.log.String(), "level=ERROR") || strings.Contains(k.log.String(), k.raw) {
				t.Errorf("%s: the log says %s", name, k.log.String())
			}
		}
	}
	if errors.Is(auth.ErrUnavailable, authorizer.ErrFailed) {
		t.Error("the errors are one")
	}
}
