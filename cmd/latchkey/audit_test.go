package main

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
)

// records are the audit records among the lines, without their time and what is the same in all.
func records(t *testing.T, lines string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(lines) {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) != nil || record["message"] != "audit" {
			continue
		}
		if record["timestamp"] == "" {
			t.Errorf("no time: %s", line)
		}
		maps.DeleteFunc(record, func(name string, _ any) bool {
			return name == "timestamp" || name == "message" || name == "level"
		})
		found = append(found, record)
	}
	return found
}

// TestChangesAreAudited promises one record on standard error for each change, done or not, that names what was changed
// by its id, and who did it.
func TestChangesAreAudited(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	l.env["LATCHKEY_AUDIT"] = ""
	key := strings.TrimSpace(l.ok("", "clients", "add", "--name", "old", "--kind", "standard"))
	client := auth.Client{KeyHash: auth.HashAPIKey(key)}.ID()
	ada := func(event string) map[string]any {
		return map[string]any{"event": event, "outcome": "success", "reason": "ok", "user": "u-ada"}
	}
	refused := func(event, reason string) map[string]any {
		return map[string]any{"event": event, "outcome": "refused", "reason": reason}
	}
	with := func(record map[string]any, name string, value any) map[string]any {
		record[name] = value
		return record
	}
	imported := func(outcome, reason string, added, refused float64) map[string]any {
		return map[string]any{"event": "user_import", "outcome": outcome, "reason": reason,
			"added": added, "updated": 0.0, "refused": refused, "unchanged": 0.0}
	}
	const anything = "anything, but there"
	for _, test := range []struct {
		name, stdin string
		args        []string
		want        map[string]any // nil: no record; the value anything: the member must exist
	}{
		{"keys init", "", []string{"keys", "init"}, with(map[string]any{"event": "key_init", "outcome": "success", "reason": "ok"}, "kid", anything)},
		{"keys init again", "", []string{"keys", "init"}, refused("key_init", "conflict")},
		{"keys list", "", []string{"keys", "list"}, nil},
		{"keys rotate", "", []string{"keys", "rotate", "--now"}, with(map[string]any{"event": "key_rotate", "outcome": "success", "reason": "ok"}, "kid", anything)},
		{"keys rotate too soon", "", []string{"keys", "rotate"}, refused("key_rotate", "conflict")},
		{"keys revoke", "", []string{"keys", "revoke", "--yes", "no-key"}, refused("key_revoke", "not_found")},
		{"keys revoke, not sure", "", []string{"keys", "revoke", "no-key"}, nil},
		{"users add", secretPassword, []string{"users", "add", "bob@example.com", "--password-stdin"}, with(ada("user_add"), "user", anything)},
		{"users add again", secretPassword, []string{"users", "add", "Ada@example.com", "--password-stdin"}, refused("user_add", "conflict")},
		{"users add, bad password", "short", []string{"users", "add", "eve@example.com", "--password-stdin"}, refused("user_add", "invalid")},
		{"users add, bad address", "", []string{"users", "add", "eve"}, nil},
		{"users set-password", secretPassword, []string{"users", "set-password", "u-ada", "--password-stdin"}, ada("user_password")},
		{"users disable", "", []string{"users", "disable", "ada@example.com"}, ada("user_disable")},
		{"users enable", "", []string{"users", "enable", "ada@example.com"}, ada("user_enable")},
		{"users sign-out", "", []string{"users", "sign-out", "u-ada"}, ada("user_sign_out")},
		{"users sign-out of nothing", "", []string{"users", "sign-out", "u-ada", "--session", "none"}, with(refused("user_sign_out", "not_found"), "user", "u-ada")},
		{"users enable nobody", "", []string{"users", "enable", "nobody@example.com"}, refused("user_enable", "not_found")},
		{"users unlock by id", "", []string{"users", "unlock", "u-ada"}, with(ada("user_unlock"), "identifierHash", anything)},
		{"users unlock nobody", "", []string{"users", "unlock", "u-nobody"}, refused("user_unlock", "not_found")},
		{"users import", `{"email":"eve@example.com","status":"pending"}` + "\n{}\n", []string{"users", "import", "-"}, imported("success", "ok", 1, 1)},
		{"users import, dry", `{"email":"dry@example.com","status":"pending"}`, []string{"users", "import", "-", "--dry-run"}, nil},
		{"users export", "", []string{"users", "export", l.path("users.jsonl")}, with(map[string]any{"event": "user_export", "outcome": "success", "reason": "ok"}, "exported", 3.0)},
		{"users export again", "", []string{"users", "export", l.path("users.jsonl")}, nil},
		{"users update", "", []string{"users", "update", "u-ada", "--role", "editor"}, ada("user_update")},
		{"users update, taken", "", []string{"users", "update", "u-ada", "--email", "bob@example.com"}, with(refused("user_update", "conflict"), "user", "u-ada")},
		{"users update, bad", "", []string{"users", "update", "u-ada", "--json", `{"id":"x"}`}, with(refused("user_update", "invalid"), "user", "u-ada")},
		{"users delete", "", []string{"users", "delete", "eve@example.com", "--yes"}, with(ada("user_delete"), "user", anything)},
		{"users delete again", "", []string{"users", "delete", "eve@example.com", "--yes"}, refused("user_delete", "not_found")},
		{"users delete, not sure", "", []string{"users", "delete", "u-ada"}, nil},
		{"users show", "", []string{"users", "show", "u-ada"}, nil},
		{"users list", "", []string{"users", "list"}, nil},
		{"clients add", "", []string{"clients", "add", "--name", "new", "--kind", "integration"},
			with(map[string]any{"event": "client_add", "outcome": "success", "reason": "ok"}, "client", anything)},
		{"clients add, no name", "", []string{"clients", "add"}, nil},
		{"clients rotate", "", []string{"clients", "rotate", client, "--overlap", "1h"},
			with(with(map[string]any{"event": "client_rotate", "outcome": "success", "reason": "ok"}, "client", client), "next", anything)},
		{"clients rotate nothing", "", []string{"clients", "rotate", "none"}, refused("client_rotate", "not_found")},
		{"clients disable", "", []string{"clients", "disable", client}, with(map[string]any{"event": "client_disable", "outcome": "success", "reason": "ok"}, "client", client)},
		{"clients disable nothing", "", []string{"clients", "disable", secretPassword}, refused("client_disable", "not_found")},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := records(t, l.run(test.stdin, test.args...).err)
			if test.want == nil {
				if len(got) > 0 {
					t.Errorf("audited %v", got)
				}
				return
			}
			if len(got) != 1 || got[0]["operator"] != operator() {
				t.Fatalf("audited %v, want one record that says who did it", got)
			}
			delete(got[0], "operator")
			for name, value := range test.want {
				if value == anything && got[0][name] != nil {
					got[0][name] = anything
				}
			}
			if d := cmp.Diff([]map[string]any{test.want}, got); d != "" {
				t.Errorf("the record differs (-want +got):\n%s", d)
			}
		})
	}
}

// TestAuditFile promises that records go only to the file, are appended, and cannot be read by other users.
func TestAuditFile(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	file := l.path("audit.jsonl")
	for range 2 {
		if got := l.run("", "users", "disable", "u-ada", "--audit", file); got.err != "disabled ada@example.com\n" {
			t.Errorf("standard error: %s", got.err)
		}
	}
	s := l.serve("--audit", file, "--log-level", "error")
	s.signIn("ada@example.com", secretPassword)
	got := records(t, l.read("audit.jsonl"))
	if len(got) != 4 || got[0]["event"] != "user_disable" || got[1]["event"] != "user_disable" || got[2]["event"] != "key_init" ||
		got[3]["event"] != "login" || got[3]["requestId"] == nil || got[3]["reason"] != "not_ready" {
		t.Errorf("the file has %v", got)
	}
	if n := strings.Count(l.read("audit.jsonl"), "requestId"); n != 1 {
		t.Errorf("the request's id stands there %d times", n)
	}
	if s.log.String() != "" {
		t.Errorf("the log has %s", s.log)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestAuditThatCannotBeWritten promises that nothing is changed where no record can be begun, and that one which is lost
// on its way is not lost silently.
func TestAuditThatCannotBeWritten(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	l.fails(exitFailed, "", []string{"users", "disable", "u-ada", "--audit", l.path("none/audit.jsonl")}, "open the audit file", "--audit")
	if got := l.user("ada@example.com").Status; got != auth.StatusReady {
		t.Errorf("the user is %s", got)
	}
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("no ", full)
	}
	l.fails(exitFailed, "", []string{"users", "disable", "u-ada", "--audit", full}, "it is done, and the audit record could not be written")
	s := l.serve("--audit", full)
	s.signIn("ada@example.com", secretPassword)
	if log := s.log.String(); !strings.Contains(log, "msg=audit") || !strings.Contains(log, "reason=not_ready") {
		t.Errorf("the log has %s", log)
	}
}

// TestBrokenPipeIsAudited promises a record even if the reader of a command's output goes away: of an export that was cut
// short, and of a rotation, which leaves no unknown key.
func TestBrokenPipeIsAudited(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	client := auth.Client{KeyHash: auth.HashAPIKey(strings.TrimSpace(l.ok("", "clients", "add", "--name", "n", "--kind", "standard")))}.ID()
	l.env["LATCHKEY_AUDIT"] = l.path("audit.jsonl")
	for _, args := range [][]string{{"users", "export", "-"}, {"clients", "rotate", client}} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		reader.Close()
		var log output
		cmd := l.process(t.Context(), args...)
		cmd.Stdout, cmd.Stderr = writer, &log
		if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != exitFailed {
			t.Errorf("%q: %v\n%s", args, err, &log)
		}
		writer.Close()
	}
	got := records(t, l.read("audit.jsonl"))
	if len(got) != 2 || got[0]["event"] != "user_export" || got[1]["event"] != "client_rotate" || got[0]["outcome"] == "success" || got[1]["outcome"] == "success" {
		t.Errorf("audited %v", got)
	}
	if list := l.ok("", "clients", "list"); strings.Count(list, " active ") != 1 || strings.Count(list, " disabled ") != 1 {
		t.Errorf("list:\n%s", list)
	}
}
