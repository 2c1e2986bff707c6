package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestInvoke promises an answer in JSON, alone on standard output, to every event that there is a fixture of.
func TestInvoke(t *testing.T) {
	l := newLaptop(t)
	l.ok(`{"email":"ada@example.com","password":"correct horse battery staple","status":"ready"}`, "users", "import", "-")
	events, err := filepath.Glob("../../events/*/*.json")
	if err != nil || len(events) == 0 {
		t.Fatalf("no events: %v", err)
	}
	for _, event := range events {
		if strings.HasSuffix(event, ".want.json") {
			continue
		}
		var answer struct {
			StatusCode int
			Headers    map[string]string
			Cookies    []string
		}
		function := filepath.Base(filepath.Dir(event))
		got := l.run("", "invoke", function, event)
		if function == "authorizer" && got.code == exitFailed && strings.HasSuffix(got.err, "the function failed: Unauthorized\n") {
			continue // how an authorizer asks API Gateway for a 401
		}
		if err := json.Unmarshal([]byte(got.out), &answer); err != nil || got.code != exitOK {
			t.Errorf("%s: exit %d, %v", event, got.code, err)
		}
		if function != "authorizer" && (answer.StatusCode < 200 || answer.StatusCode >= 500) { // it does not speak HTTP
			t.Errorf("%s: status %d", event, answer.StatusCode)
		}
		if strings.HasSuffix(event, "login/planpoint-success.json") && (answer.StatusCode != 200 || len(answer.Cookies) != 2) {
			t.Errorf("%s: %+v", event, answer)
		}
	}
}

// TestInvokeOddEvents promises that what is no event is answered as Lambda would, from a file or standard input, and
// what cannot be read is an error.
func TestInvokeOddEvents(t *testing.T) {
	l := newLaptop(t)
	for _, event := range []string{"", "null", "[]", "{", "\x00\xff", `{"requestContext": 1}`, strings.Repeat("[", 100_000)} {
		for _, name := range []string{"-", l.write("event.json", event)} {
			if got := l.ok(event, "invoke", "login", name); !strings.Contains(got, `"statusCode":400`) {
				t.Errorf("%.20q: %s", event, got)
			}
		}
	}
	l.fails(exitFailed, "", []string{"invoke", "login", l.path("none.json")}, "none.json: no such file")
	l.fails(exitFailed, "", []string{"invoke", "login", l.dir}, "is a directory")
}

// TestInvokeOverTheFile promises the same sign-in that serve answers, with what it stored.
func TestInvokeOverTheFile(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	l.env["LATCHKEY_AUDIT"] = "-"
	event := `{"version":"2.0","rawPath":"/api/users/login","headers":{"content-type":"application/json","host":"localhost"},
		"requestContext":{"http":{"method":"POST","path":"/api/users/login","sourceIp":"192.0.2.1"},"requestId":"r1","stage":"$default"},
		"body":"{\"username\":\"ada@example.com\",\"password\":\"` + secretPassword + `\"}","isBase64Encoded":false}`
	got := l.run(event, "invoke", "login", "-")
	if got.code != exitOK || !strings.Contains(got.out, `"statusCode":200`) {
		t.Fatalf("%+v", got)
	}
	if !strings.Contains(got.err, `"message":"audit"`) || strings.Contains(got.err, secretPassword) {
		t.Errorf("logged %s", got.err)
	}
	sessions, err := l.store().SessionsOf(t.Context(), "u-ada")
	if err != nil || len(sessions) != 1 || !strings.HasPrefix(sessions[0].Source, "192.0.2.1") {
		t.Errorf("%+v, %v", sessions, err)
	}
}
