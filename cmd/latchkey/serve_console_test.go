package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/console"
)

// operatorToken returns the token that the server printed after its URLs.
func (s *server) operatorToken() string {
	s.Helper()
	for {
		line, err := s.out.ReadString('\n')
		if m := regexp.MustCompile(`^operators open http://localhost:\d+/#token=([A-Z2-7]{26})\n$`).FindStringSubmatch(line); m != nil {
			return m[1]
		} else if err != nil {
			s.Fatalf("no link for operators: %v", err)
		}
	}
}

// operate sends a call for operators, as the console's page does.
func (s *server) operate(token, name, body string) *http.Response {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), "POST", s.base+"/console/operator/"+name, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Host = strings.Replace(r.Host, "127.0.0.1", "localhost", 1)
	for name, value := range map[string]string{"Origin": "http://" + r.Host, console.TokenHeader: token, "Content-Type": "application/json"} {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { answer.Body.Close() })
	return answer
}

// TestServeConsole promises operators the ring, a rotation and a stream of audit records by the printed token, and that a
// stream does not keep the server from ending well.
func TestServeConsole(t *testing.T) {
	s := newLaptop(t).serve()
	token := s.operatorToken()
	if got := s.operate("WRONG", "keys", "{}"); got.StatusCode != http.StatusForbidden {
		t.Errorf("a wrong token: %d", got.StatusCode)
	}
	stream := s.operate(token, "audit", "")
	if got := s.operate(token, "keys/rotate", "{}"); got.StatusCode != http.StatusConflict {
		t.Errorf("too soon: %d", got.StatusCode)
	}
	rotated, err := io.ReadAll(s.operate(token, "keys/rotate", `{"now":true}`).Body)
	if err != nil || strings.Count(string(rotated), `"kid"`) != 3 {
		t.Errorf("%s %v", rotated, err)
	}
	time.AfterFunc(time.Second, func() { s.end() })
	records, err := io.ReadAll(stream.Body)
	if err != nil || !strings.Contains(string(records), `"event":"key_rotate","outcome":"success"`) {
		t.Errorf("%s %v", records, err)
	}
	if code := s.end(); code != exitOK {
		t.Errorf("exit %d", code)
	}
	if strings.Contains(s.log.String(), token) {
		t.Error("the log shows the token")
	}
}

// TestServeMails promises operators of the demo the mail of a reset, whose link opens the console.
func TestServeMails(t *testing.T) {
	l := newLaptop(t)
	l.env["LATCHKEY_MAIL"] = "file:" + l.path("mails")
	s := l.serve("--demo")
	token := s.operatorToken()
	if got := s.send("POST", "/users/password/reset", `{"email":"grace@example.com"}`, "Content-Type", "application/json"); got.status != 200 {
		t.Fatalf("ask for a reset: %+v", got)
	}
	link := strings.Replace(s.base, "127.0.0.1", "localhost", 1) + "/#token="
	deadline := time.Now().Add(10 * time.Second)
	for {
		mails, err := io.ReadAll(s.operate(token, "mails", "{}").Body)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(mails), link) && strings.Contains(string(mails), "grace@example.com") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no link %s in %s", link, mails)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestServeWithoutConsole promises no console, and no token, where other machines can call or a proxy stands in front.
func TestServeWithoutConsole(t *testing.T) {
	for _, args := range [][]string{{"--addr", "0.0.0.0:0"}, {"--issuer", "https://login.example.com"}} {
		s := newLaptop(t).serve(args...)
		if got := s.send("GET", "/", "", "Accept", "text/html"); got.status != 200 || got.body["message"] == "" {
			t.Errorf("%v: %+v", args, got)
		}
		if got := s.send("GET", "/console/app.js", ""); got.status != 404 {
			t.Errorf("%v: %+v", args, got)
		}
		s.end()
		if rest, _ := io.ReadAll(s.out); strings.Contains(string(rest), "token") {
			t.Errorf("%v prints %q", args, rest)
		}
	}
}
