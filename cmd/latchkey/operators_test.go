package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAbsentStore promises that a mistyped store is not taken for an empty one: only commands that add something create it.
func TestAbsentStore(t *testing.T) {
	for _, args := range [][]string{
		{"users", "list"}, {"users", "show", "u"}, {"users", "export", "-"}, {"users", "hashes"}, {"users", "sessions", "u"}, {"clients", "list"},
		{"users", "update", "u", "--role", "r"}, {"users", "delete", "u", "--yes"}, {"users", "disable", "u"}, {"users", "enable", "u"},
		{"users", "set-password", "u", "--password-stdin"}, {"users", "sign-out", "u"}, {"users", "unlock", "u"}, {"clients", "disable", "c"},
		{"clients", "rotate", "c"}, {"keys", "list"},
	} {
		l := newLaptop(t)
		l.fails(exitFailed, secretPassword, args, "latchkey: ")
		if files := l.files(); len(files) > 0 {
			t.Errorf("latchkey %v made %q", args, files)
		}
	}
}

// TestJSON promises one JSON value on standard output from each command that lists, shows or counts.
func TestJSON(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	l.ok("", "clients", "add", "--name", "zapier", "--kind", "integration")
	l.serve().signIn("ada@example.com", secretPassword)
	list := func(names ...string) []string { return append([]string{"[]"}, names...) }
	for _, tc := range []struct {
		stdin   string
		args    []string
		members []string // of the object, or after "[]" of the array's first object
	}{
		{"", []string{"users", "list"}, list("email", "id", "role", "status")},
		{"", []string{"users", "show", "u-ada"}, []string{"accounts", "createdAt", "email", "id", "identifier", "identifierHash", "passwordHash", "profile", "status", "throttle", "updatedAt"}},
		{"", []string{"users", "sessions", "u-ada"}, list("createdAt", "expiresAt", "id", "lastUsedAt", "source")},
		{"", []string{"users", "hashes"}, []string{"decoys", "hashes", "kindsLeftOut"}},
		{"", []string{"clients", "list"}, list("createdAt", "id", "kind", "name", "state")},
		{"", []string{"keys", "list"}, list("algorithm", "createdAt", "kid", "signsSince", "state")},
		{"", []string{"keys", "rotate", "--now"}, list("algorithm", "createdAt", "kid", "retiresAt", "signsSince", "state")},
		{`{"email":"eve@example.com","status":"pending"}`, []string{"users", "import", "-"}, []string{"added", "bcryptHashes", "demoUsers", "foreignHashes", "refused", "unchanged", "updated"}},
		{"", []string{"users", "import", os.DevNull, "--dry-run"}, []string{"added", "bcryptHashes", "demoUsers", "foreignHashes", "refused", "unchanged", "updated"}},
		{"", []string{"users", "export", l.path("users.jsonl")}, []string{"demoUsers", "exported", "unusable"}},
		{"", []string{"users", "sign-out", "u-ada"}, []string{"ended", "user"}},
		{"", []string{"users", "sessions", "u-ada"}, list()},
	} {
		out := l.ok(tc.stdin, append(tc.args, "--json")...)
		var got any
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Errorf("%v prints %s", tc.args, out)
			continue
		}
		var members []string
		if array, ok := got.([]any); ok {
			members = list()
			if len(array) > 0 {
				got = array[0]
			}
		}
		object, _ := got.(map[string]any)
		for name := range object {
			members = append(members, name)
		}
		slices.Sort(members)
		slices.Sort(tc.members)
		if !slices.Equal(members, tc.members) {
			t.Errorf("%v has %v, want %v", tc.args, members, tc.members)
		}
	}
}

// TestStoredTextIsEscaped promises that a name from a file cannot send control sequences to the terminal, by no command.
func TestStoredTextIsEscaped(t *testing.T) {
	const hostile = "\u009b31m\u202e\u0085"
	l := newLaptop(t)
	name, _ := json.Marshal(hostile)
	l.ok(`{"id":"u-eve","email":"eve@example.com","status":"pending","name":`+string(name)+`}`, "users", "import", "-")
	for _, args := range [][]string{{"users", "show", "u-eve"}, {"users", "list"}, {"users", "list", "--json"}, {"users", "delete", hostile, "--yes"}} {
		got := l.run("", args...)
		if strings.ContainsAny(got.out+got.err, "\u009b\u202e\u0085") || got.out+got.err == "" {
			t.Errorf("%q prints %q %q", args, got.out, got.err)
		}
	}
	var shown struct{ Profile struct{ Name string } }
	if err := json.Unmarshal([]byte(l.ok("", "users", "show", "u-eve")), &shown); err != nil || shown.Profile.Name != hostile {
		t.Errorf("%+v, %v", shown, err)
	}
}

// TestDemoFiles promises that --demo does not touch the default files, and warnings if demo users are in other ones.
func TestDemoFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	l := newLaptop(t)
	delete(l.env, "LATCHKEY_STORE")
	delete(l.env, "LATCHKEY_KEYS")
	l.serve("--demo").end()
	for name, want := range map[string]bool{"latchkey-demo.db": true, "latchkey-demo-keys.json": true, "latchkey.db": false, "latchkey-keys.json": false} {
		if _, err := os.Stat(name); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	const warning = "4 of them have ids of demo users"
	got := l.run("", "users", "export", "-", "--store", "sqlite:latchkey-demo.db")
	if !strings.Contains(got.err, warning) {
		t.Errorf("export says %s", got.err)
	}
	if imported := l.run(got.out, "users", "import", "-"); !strings.Contains(imported.err, warning) {
		t.Errorf("import says %s", imported.err)
	}
	s := l.serve()
	if s.end(); strings.Count(s.log.String(), "a demo user") != 4 {
		t.Errorf("serve says %s", s.log)
	}
}

// TestSourcesAreForgotten promises that after what ends a theft, the thief's source counts as unknown again.
func TestSourcesAreForgotten(t *testing.T) {
	for _, args := range [][]string{
		{"set-password", "u-ada", "--password-stdin"}, {"disable", "u-ada"}, {"sign-out", "u-ada"}, {"import", "--update", "-"}, {"unlock", "u-ada"},
	} {
		l := newLaptop(t)
		l.addAda()
		l.serve().signIn("ada@example.com", secretPassword)
		known := func() string {
			var shown struct {
				Throttle struct{ KnownSources json.Number }
			}
			if err := json.Unmarshal([]byte(l.ok("", "users", "show", "u-ada")), &shown); err != nil {
				t.Fatal(err)
			}
			return shown.Throttle.KnownSources.String()
		}
		if got := known(); got != "1" {
			t.Fatalf("%s sources are known", got)
		}
		stdin, want := secretPassword, "0"
		if args[0] == "import" {
			stdin = `{"email":"ada@example.com","status":"disabled"}`
		}
		if args[0] == "unlock" {
			want = "1"
		}
		l.ok(stdin, append([]string{"users"}, args...)...)
		if got := known(); got != want {
			t.Errorf("users %s: %s sources are known, want %s", args[0], got, want)
		}
	}
}

// TestUpdateEndsSessions promises that --end-sessions ends them, and that without a changed role nothing is said of tokens.
func TestUpdateEndsSessions(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	l.openSession("u-ada")
	if got := l.run("", "users", "update", "u-ada", "--name", "Countess"); got.err != "updated ada@example.com\n" {
		t.Errorf("%s", got.err)
	}
	got := l.run("", "users", "update", "u-ada", "--role", "reader", "--end-sessions")
	if sessions, err := l.store().SessionsOf(t.Context(), "u-ada", "", 1000); err != nil || len(sessions) > 0 || !strings.Contains(got.err, "their sessions ended") {
		t.Errorf("%d sessions, %v: %s", len(sessions), err, got.err)
	}
}

// hangingAWS is a laptop whose table and secret are at a server that takes requests and never answers.
func hangingAWS(t *testing.T) *laptop {
	t.Helper()
	l, done := newLaptop(t), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(done) })
	for variable, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(variable, value)
	}
	l.env["LATCHKEY_STORE"], l.env["LATCHKEY_KEYS"] = "dynamodb:users", "secretsmanager:ring"
	return l
}

// TestHangingStore promises a line that says what a command waits for, and that an interrupt ends it.
func TestHangingStore(t *testing.T) {
	l := hangingAWS(t)
	ctx, interrupt := context.WithCancel(t.Context())
	var out, log output
	ended := make(chan int)
	go func() { ended <- run(ctx, l.cli("", &out, &log), []string{"users", "list"}) }()
	for patience := time.Now().Add(20 * time.Second); !strings.Contains(log.String(), "still waiting for DynamoDB in us-east-1"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(patience) {
			t.Fatalf("it says %s", &log)
		}
	}
	interrupt()
	select {
	case code := <-ended:
		if code != exitFailed {
			t.Errorf("exit %d: %s", code, &log)
		}
	case <-time.After(10 * time.Second):
		t.Error("an interrupt does not end it")
	}
}

// TestKeysUnavailable promises that a failure of Secrets Manager is audited as ours, not as a wrong request, and that the
// message names the setting.
func TestKeysUnavailable(t *testing.T) {
	l := hangingAWS(t)
	l.env["LATCHKEY_AUDIT"] = "-"
	for _, args := range [][]string{{"keys", "init"}, {"keys", "rotate", "--now"}, {"keys", "revoke", "kid", "--yes"}} {
		got := l.fails(exitFailed, "", args, "read the key ring in secretsmanager:ring", "The keys are secretsmanager:ring, see --keys.")
		found := records(t, got.err)
		if len(found) != 1 || found[0]["outcome"] != "failed" || found[0]["reason"] != "unavailable" {
			t.Errorf("%v: audited %v", args, found)
		}
	}
}

// TestKeyFileKeepsItsOwner promises that root does not take the key file away from the service that owns it.
func TestKeyFileKeepsItsOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	l := newLaptop(t)
	l.ok("", "keys", "init")
	if err := os.Chown(l.path("keys.json"), 12345, 12345); err != nil {
		t.Skip(err)
	}
	before := l.read("keys.json")
	l.fails(exitFailed, "", []string{"keys", "rotate", "--now"}, "12345")
	if l.read("keys.json") != before {
		t.Error("the file changed")
	}
}
