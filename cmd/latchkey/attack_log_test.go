package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode"
)

// TestAttackLogs promises that clients cannot write a line of the log or the audit, whatever their names, paths and headers
// contain, and that nothing they send moves the cursor of a terminal.
func TestAttackLogs(t *testing.T) {
	inFull(t)
	l := newLaptop(t)
	l.env["LATCHKEY_AUDIT"] = l.path("audit.jsonl")
	s, _ := l.besieged()
	const forged = `{"level":"INFO","message":"audit","event":"login","outcome":"success","user":"u-root"}`
	names := 0
	for _, poison := range []string{"\n" + forged + "\n", "\r\n" + forged, "\x1b[2K\x1b[1A" + forged, "\u2028" + forged, "\u202e", "\x00", `"` + forged, "%0a" + forged} {
		text, err := json.Marshal("ada@example.com" + poison)
		if err != nil {
			t.Fatal(err)
		}
		s.post("/api/users/login", `{"username":`+string(text)+`,"password":`+string(text)+`}`)
		s.post("/api/users/refresh", `{"refreshToken":`+string(text)+`}`)
		escaped := strings.NewReplacer("\n", "%0a", "\r", "%0d", "\x1b", "%1b", "\x00", "%00", " ", "%20", `"`, "%22", "{", "%7b", "}", "%7d").Replace(poison)
		s.send(http.MethodGet, "/api/users/"+escaped, "", "User-Agent", "x\t"+forged, "X-Request-Id", forged, "Forwarded", "for="+forged)
		s.send(http.MethodDelete, "/api/users/sessions/"+escaped, "", "Authorization", "Bearer "+forged)
		names++
	}
	for kind, text := range map[string]string{"log": s.log.String(), "audit": l.read("audit.jsonl")} {
		lines := 0
		for line := range strings.Lines(text) {
			lines++
			line = strings.TrimSuffix(line, "\n")
			if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' }) {
				t.Errorf("the %s has %q", kind, line)
			}
			var record struct{ Event, Outcome, User string }
			switch {
			case kind == "log" && !strings.HasPrefix(line, "time="):
				t.Errorf("the log has a line of another's: %q", line)
			case kind == "audit" && json.Unmarshal([]byte(line), &record) != nil:
				t.Errorf("the audit has a line of another's: %q", line)
			case kind == "audit" && (record.User == "u-root" || record.Event == "login" && record.Outcome == "success"):
				t.Errorf("the audit has been told %q", line)
			}
		}
		tell(t, "%s: %d lines after %d poisoned requests, all of them the server's own", kind, lines, 4*names)
	}
}
