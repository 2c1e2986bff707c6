package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// theft is a session of Ada's, and her refresh token in two hands. Each hand goes on with what it last got.
type theft struct {
	*laptop
	server  *server
	name    string
	session string
	holds   map[string]string // refresh tokens
	access  map[string]string
}

const theftGrace = time.Second

func newTheft(l *laptop, s *server, name string) *theft {
	access, refresh := s.tokens()
	session, _ := claims(l, access)["sid"].(string)
	return &theft{
		laptop: l, server: s, name: name, session: session,
		holds: map[string]string{"owner": refresh, "thief": refresh}, access: map[string]string{"owner": access, "thief": access},
	}
}

// refresh has them in turn trade the refresh token that they hold, and says how each try ended.
func (f *theft) refresh(whose ...string) (ended []string) {
	f.Helper()
	for _, who := range whose {
		got := f.server.post("/api/users/refresh", `{"refreshToken":"`+f.holds[who]+`"}`)
		for _, c := range (&http.Response{Header: got.header}).Cookies() {
			if c.Name == "planpointRefresh" && c.Value != "" {
				f.holds[who] = c.Value
				f.access[who], _ = got.body["access_token"].(string)
			}
		}
		ended = append(ended, fmt.Sprintf("%s %d", who, got.status))
	}
	return ended
}

// wantOver: neither of them gets anywhere any more, and the audit says why.
func (f *theft) wantOver(tries []string) {
	f.Helper()
	tries = append(tries, f.refresh("owner", "thief")...)
	me := fmt.Sprintf("owner %d, thief %d", f.server.me(f.access["owner"]), f.server.me(f.access["thief"]))
	var records []string
	for line := range strings.Lines(f.read("audit.jsonl")) {
		var r struct{ Event, Outcome, Reason, Session, User string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			f.Fatal(err)
		}
		if r.Session == f.session && r.Event == "refresh_replayed" && r.User == "u-ada" {
			records = append(records, r.Event+" "+r.Outcome)
		}
	}
	tell(f, "%s\n  refresh: %s\n  then /api/users/me: %s\n  audited: %q", f.name, strings.Join(tries, ", "), me, records)
	if me != "owner 401, thief 401" || !strings.HasSuffix(strings.Join(tries, ", "), "owner 401, thief 401") || len(records) != 1 {
		f.Errorf("the session goes on, or nobody was told of it:\n%s", f.server.log)
	}
}

// TestAttackRefreshTheft promises that the second use of a stolen refresh token after the grace ends its session for owner and
// thief, whichever of them is first, and leaves a record. Other sessions of the user continue.
func TestAttackRefreshTheft(t *testing.T) {
	inFull(t)
	l := newLaptop(t)
	l.env["LATCHKEY_REFRESH_GRACE"], l.env["LATCHKEY_REFRESH_RETRY"] = theftGrace.String(), "0s"
	l.env["LATCHKEY_AUDIT"] = l.path("audit.jsonl")
	s, _ := l.besieged()
	elsewhere, _ := s.tokens()
	first, second, third := newTheft(l, s, "the thief is first"), newTheft(l, s, "the owner is first"), newTheft(l, s, "both within the grace, and on")
	// The grace of the three passes at the same time.
	tries := [][]string{first.refresh("thief"), second.refresh("owner"), third.refresh("owner", "thief")}
	if got := fmt.Sprint(tries); got != "[[thief 200] [owner 200] [owner 200 thief 200]]" {
		t.Errorf("in the grace: %s", got)
	}
	time.Sleep(theftGrace + 200*time.Millisecond)
	first.wantOver(append(tries[0], first.refresh("owner")...))
	second.wantOver(append(tries[1], second.refresh("thief")...))
	both := third.refresh("thief")
	time.Sleep(theftGrace + 200*time.Millisecond)
	third.wantOver(append(append(tries[2], both...), third.refresh("owner")...))
	status := s.me(elsewhere)
	tell(t, "the owner's session on another device: %d", status)
	if status != http.StatusOK {
		t.Error("it has ended, too")
	}
}
