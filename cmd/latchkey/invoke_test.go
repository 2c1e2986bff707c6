package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestInvoke promises an answer in JSON, alone on standard output, to every HTTP event that there is a fixture of.
func TestInvoke(t *testing.T) {
	l := newLaptop(t)
	l.ok(`{"email":"ada@example.com","password":"correct horse battery staple","status":"ready"}`, "users", "import", "-")
	for _, function := range []string{"login", "session", "keys"} {
		events, err := filepath.Glob("../../events/" + function + "/*.json")
		if err != nil {
			t.Fatal(err)
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
			if err := json.Unmarshal([]byte(l.ok("", "invoke", function, event)), &answer); err != nil {
				t.Errorf("%s: %v", event, err)
			}
			if answer.StatusCode < 200 || answer.StatusCode >= 500 {
				t.Errorf("%s: status %d", event, answer.StatusCode)
			}
			if strings.HasSuffix(event, "login/planpoint-success.json") && (answer.StatusCode != 200 || len(answer.Cookies) != 2) {
				t.Errorf("%s: %+v", event, answer)
			}
		}
	}
}

// TestInvokeOddEvents promises that an invalid event is answered as on Lambda, from a file or standard input, and that an
// unreadable file is an error.
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
	sessions, err := l.store().SessionsOf(t.Context(), "u-ada", "", 1000)
	if err != nil || len(sessions) != 1 || !strings.HasPrefix(sessions[0].Source, "192.0.2.1") {
		t.Errorf("%+v, %v", sessions, err)
	}
}
