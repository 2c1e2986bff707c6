package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/userfile"
)

const bcryptHash = "$2b$04$vYVECz21PtSjN.1g1s2r7.4WrV0Er7gLKJJYTeDisT7pDKgOjzjQS" // of "password of bob"

// TestImport promises that good lines go in and bad ones are reported by number and reason, however the file's lines end.
func TestImport(t *testing.T) {
	good := func(name string) string {
		return `{"email":"` + name + `@example.com","password":"` + secretPassword + `","status":"ready"}`
	}
	for n, tc := range []struct {
		name, file string
		want       []string // on standard error
		users      int
	}{
		{"nothing", "", []string{"0 added, 0 updated, 0 refused"}, 0},
		{"one a line", good("a") + "\n" + good("b") + "\n", []string{"2 added, 0 updated, 0 refused"}, 2},
		{"no end", good("a") + "\n" + good("b"), []string{"2 added, 0 updated, 0 refused"}, 2},
		{"CRLF", good("a") + "\r\n" + good("b") + "\r\n", []string{"2 added, 0 updated, 0 refused"}, 2},
		{"BOM", "\ufeff" + good("a") + "\n" + good("b"), []string{"2 added, 0 updated, 0 refused"}, 2},
		{"BOM alone", "\ufeff", []string{"0 added, 0 updated, 0 refused"}, 0},
		{"blank lines count", "\n \t\r\n" + good("a") + "\n\n{}\n\n", []string{"line 5: email: ", "1 added, 0 updated, 1 refused"}, 1},
		{"bad lines", good("a") + "\nnull\n" + good("b") + "\n{\"email\":1}\n" + good("c") + " x\n" + good("d"), []string{
			"line 2: not a JSON object", `line 4: member "email" has the wrong type`, "line 5: not valid JSON", "3 added, 0 updated, 3 refused"}, 3},
		{"twice in the file", good("a") + "\n" + good("A"), []string{"line 2: A@example.com already exists", "1 added, 0 updated, 1 refused"}, 1},
		{"id twice", `{"id":"u1",` + good("a")[1:] + "\n" + `{"id":"u1",` + good("b")[1:], []string{"line 2: the id u1 ", "1 added, 0 updated, 1 refused"}, 1},
		{"too long", good("a") + "\n" + strings.Repeat("x", 3*userfile.MaxLine) + "\n" + good("b"), []string{
			"line 2: the line is over", "2 added, 0 updated, 1 refused"}, 2},
		{"too long at the end", good("a") + "\n" + strings.Repeat(" ", 3*userfile.MaxLine) + good("b"), []string{
			"line 2: the line is over", "1 added, 0 updated, 1 refused"}, 1},
		{"as long as allowed", strings.Repeat(" ", userfile.MaxLine-len(good("a"))) + good("a") + "\r\n" + good("b"), []string{"2 added, 0 updated, 0 refused"}, 2},
		{"UTF-16", "\xff\xfe{\x00}\x00\n\x00", []string{"line 1: the file is UTF-16", "0 added, 0 updated, 2 refused"}, 0},
		{"array", "[\n" + good("a") + ",\n" + good("b") + "\n]", []string{"line 1: the file is a JSON array", "0 added, 0 updated, 4 refused"}, 0},
		{"table", "email,passwordHash\na@example.com,x", []string{"line 1: the file is a table (CSV)", "0 added, 0 updated, 2 refused"}, 0},
		{"long table", "email,passwordHash\n" + strings.Repeat("a@example.com,x\n", 50_000), []string{
			"line 1: the file is a table (CSV)", "stopped: the first 20 lines", "0 added, 0 updated, 20 refused"}, 0},
		{"bcrypt", `{"email":"a@example.com","passwordHash":"` + tryBcrypt + `","status":"ready"}`, []string{"Users with bcrypt hashes: 1. "}, 1},
		{"bad hash", `{"email":"a@example.com","passwordHash":"$1$secretsalt$secretdigest","status":"ready"}`, []string{"line 1: passwordHash: ", "0 added, 0 updated, 1 refused"}, 0},
		{"password that cannot be", `{"email":"a@example.com","password":"` + strings.Repeat("s3cret ", 200) + `","status":"ready"}`, []string{"line 1: password: ", "1 refused"}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLaptop(t)
			from := "-"
			if n%2 == 0 {
				from = l.write("users.jsonl", tc.file)
			}
			got := l.run(tc.file, "users", "import", from)
			wantCode := exitOK
			if !strings.Contains(got.err, " 0 refused") {
				wantCode = exitFailed
			}
			if got.code != wantCode || got.out != "" {
				t.Errorf("exit %d, printed %q", got.code, got.out)
			}
			for _, want := range tc.want {
				if !strings.Contains(got.err, want) {
					t.Errorf("want %q, got:\n%s", want, got.err)
				}
			}
			for _, secret := range []string{secretPassword, "s3cret", "secretdigest"} {
				if strings.Contains(got.err, secret) {
					t.Errorf("shows %q:\n%s", secret, got.err)
				}
			}
			if users := strings.Count(l.ok("", "users", "list"), "\n") - 1; users != tc.users {
				t.Errorf("%d users, want %d", users, tc.users)
			}
		})
	}
}

// TestImportedSignIn promises that a plain password is stored hashed, and a foreign hash as it came and works.
func TestImportedSignIn(t *testing.T) {
	l := newLaptop(t)
	l.ok(`{"email":"ada@example.com","password":"`+secretPassword+`","status":"ready","name":"Ada"}
{"email":"bob@example.com","passwordHash":"`+bcryptHash+`","status":"ready"}
{"email":"joan@example.com","password":"`+secretPassword+`","status":"pending"}`, "users", "import", "-")
	if got := l.user("bob@example.com").PasswordHash; got != bcryptHash {
		t.Errorf("the hash is %s", got)
	}
	if strings.Contains(l.read("users.db")+l.read("users.db-wal"), secretPassword) {
		t.Error("a plain password is in the file")
	}
	s := l.serve()
	for _, tc := range []struct {
		email, password string
		status          int
	}{
		{"ada@example.com", secretPassword, 200}, {"bob@example.com", "password of bob", 200}, {"joan@example.com", secretPassword, 401},
	} {
		if got := s.signIn(tc.email, tc.password); got.status != tc.status {
			t.Errorf("%s: %+v", tc.email, got)
		}
	}
}

// TestImportUpdate promises what --update keeps of an existing user, and when it ends their sessions.
func TestImportUpdate(t *testing.T) {
	const ada = `{"email":"ADA@example.com","status":"ready","name":"Ada","password":"` + secretPassword + `"}`
	for _, tc := range []struct {
		name, line string
		ends       bool // the sessions
		check      func(before, after auth.User) bool
	}{
		{"profile", strings.Replace(ada, `"Ada"`, `"Countess"`, 1), false, func(_, after auth.User) bool { return after.Name() == "Countess" }},
		{"left out", `{"email":"ada@example.com","status":"ready","password":"` + secretPassword + `"}`, false,
			func(_, after auth.User) bool { return after.Name() == "" && after.Email == "ada@example.com" }},
		{"password", strings.Replace(ada, secretPassword, "another one", 1), true,
			func(before, after auth.User) bool { return after.PasswordHash != before.PasswordHash }},
		{"hash", `{"email":"ada@example.com","status":"ready","passwordHash":"` + bcryptHash + `"}`, true,
			func(_, after auth.User) bool { return after.PasswordHash == bcryptHash }},
		{"disabled, no password", `{"email":"ada@example.com","status":"disabled"}`, true, func(before, after auth.User) bool {
			return after.PasswordHash == before.PasswordHash
		}},
		{"same id", `{"id":"u-ada","role":"editor",` + ada[1:], false, func(_, after auth.User) bool { return after.Role == "editor" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLaptop(t)
			l.ok(`{"id":"u-ada",`+ada[1:], "users", "import", "-")
			l.openSession("u-ada")
			before := l.user("ada@example.com")
			got := l.run(tc.line, "users", "import", "-", "--update")
			if got.code != exitOK || !strings.HasSuffix(got.err, "0 added, 1 updated, 0 refused, 0 unchanged\n") {
				t.Errorf("%+v", got)
			}
			after := l.user("ada@example.com")
			if after.ID != "u-ada" || after.Version != before.Version+1 || !after.CreatedAt.Equal(before.CreatedAt) || !tc.check(before, after) {
				t.Errorf("before %+v\nafter  %+v", before, after)
			}
			if sessions, err := l.store().SessionsOf(t.Context(), "u-ada", "", 1000); err != nil || (len(sessions) == 0) != tc.ends {
				t.Errorf("%d sessions, %v", len(sessions), err)
			}
			if tc.ends != (after.PasswordEpoch == before.PasswordEpoch+1) {
				t.Errorf("epoch %d after %d", after.PasswordEpoch, before.PasswordEpoch)
			}
		})
	}
}

func (l *laptop) openSession(userID string) {
	l.Helper()
	now := time.Now()
	err := l.store().PutSession(l.Context(), auth.Session{
		ID: auth.NewID(), UserID: userID, CreatedAt: now, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour),
	})
	if err != nil {
		l.Fatal(err)
	}
}

// TestImportUpdateRefuses promises that --update moves no address to another id, and changes nothing then.
func TestImportUpdateRefuses(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	before := l.user("ada@example.com")
	l.fails(exitFailed, `{"id":"u-eve","email":"ada@example.com","password":"another one","status":"ready"}
{"id":"u-ada","email":"eve@example.com","password":"another one","status":"ready"}`, []string{"users", "import", "--update", "-"},
		"line 1: ada@example.com has the id u-ada, and the line says u-eve", "line 2: the id u-ada", "0 added, 0 updated, 2 refused")
	if after := l.user("ada@example.com"); after.Version != before.Version {
		t.Errorf("changed: %+v", after)
	}
}

// TestImportFromNowhere promises a reason for a file that cannot be read, and that no store is made for it.
func TestImportFromNowhere(t *testing.T) {
	l := newLaptop(t)
	l.fails(exitFailed, "", []string{"users", "import", l.path("none.jsonl")}, "none.jsonl: no such file")
	l.fails(exitFailed, "", []string{"users", "import", l.dir}, "is a directory")
	if files := l.files(); len(files) > 0 {
		t.Errorf("left %q", files)
	}
}

// TestImportStops promises that a failing source is an error with the number of the line, after what came before went in.
func TestImportStops(t *testing.T) {
	l := newLaptop(t)
	var out, log output
	c := l.cli("", &out, &log)
	c.in = io.MultiReader(strings.NewReader(`{"email":"a@example.com","password":"p","status":"ready"}`+"\n"+
		`{"email":"b@example.com","password":"p","status":"ready"}`), broken{})
	if code := run(t.Context(), c, []string{"users", "import", "-"}); code != exitFailed {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{"1 added, 0 updated, 0 refused", "read line 2: ", "the pipe broke"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("want %q, got:\n%s", want, log.String())
		}
	}
	if users := strings.Count(l.ok("", "users", "list"), "\n") - 1; users != 1 {
		t.Errorf("%d users", users)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the pipe broke") }

// TestInterruptedInput promises that an interrupt ends a command that waits for standard input.
func TestInterruptedInput(t *testing.T) {
	for _, args := range [][]string{
		{"users", "import", "-"}, {"users", "add", "ada@example.com", "--password-stdin"}, {"invoke", "login", "-"},
	} {
		l := newLaptop(t)
		ctx, interrupt := context.WithCancel(t.Context())
		var out, log output
		c := l.cli("", &out, &log)
		c.in = idle{interrupt, t.Context()}
		if code := run(ctx, c, args); code != exitFailed || !strings.Contains(log.String(), "interrupted") {
			t.Errorf("%v: exit %d: %s", args, code, log.String())
		}
	}
}

// idle is a terminal at which somebody presses Ctrl-C where input is awaited, and never types any.
type idle struct {
	interrupt func()
	test      context.Context
}

func (i idle) Read([]byte) (int, error) {
	i.interrupt()
	<-i.test.Done()
	return 0, io.EOF
}

// TestKilledImport promises that of an import that is killed every line is whole in the store up to the last one that
// was reported on, and that importing the file again adds the rest.
func TestKilledImport(t *testing.T) {
	l := newLaptop(t)
	const lines, killAfter = 200, 19
	ctx, kill := context.WithCancel(t.Context())
	cmd := l.process(ctx, "users", "import", "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	for i := 1; i <= lines; i++ {
		if i%killAfter == 0 {
			fmt.Fprintln(&file, "a bad line")
			continue
		}
		fmt.Fprintf(&file, `{"id":"u%d","email":"u%[1]d@example.com","password":"p","status":"ready","name":"%[1]d"}`+"\n", i)
	}
	go io.WriteString(stdin, file.String()) // fails when the process is gone
	reported := 0
	for s := bufio.NewScanner(stderr); reported < 3*killAfter && s.Scan(); {
		fmt.Sscanf(s.Text(), "line %d:", &reported)
	}
	kill() // by SIGKILL
	cmd.Wait()
	if reported != 3*killAfter {
		t.Fatalf("reported on line %d", reported)
	}
	there := map[string]bool{}
	for u, err := range l.store().AllUsers(t.Context()) {
		if err != nil || u.PasswordHash == "" || u.ID+"@example.com" != u.Email || "u"+u.Profile.Name != u.ID {
			t.Errorf("%+v, %v", u, err)
		}
		there[u.ID] = true
	}
	for i := 1; i < reported; i++ {
		if i%killAfter != 0 && !there[fmt.Sprint("u", i)] {
			t.Errorf("line %d is not in the store, and line %d was reported on", i, reported)
		}
	}
	good := lines - lines/killAfter
	want := fmt.Sprintf("%d added, 0 updated, %d refused, %d unchanged", good-len(there), lines/killAfter, len(there))
	l.fails(exitFailed, file.String(), []string{"users", "import", "-"}, want)
	if len(there) >= good {
		t.Errorf("all %d users were in before it was killed", good)
	}
}

// crowdLines returns n users, and after each hundredth a line that is refused.
func crowdLines(users int) string {
	var file strings.Builder
	for i := 1; i <= users; i++ {
		fmt.Fprintf(&file, `{"id":"u%d","email":"u%[1]d@example.com","passwordHash":%q,"status":"ready","name":"%[1]d",`+
			`"accounts":[{"organizationId":"o%[1]d","organizationName":"","userType":"Viewer"}]}`+"\n", i, bcryptHash)
		if i%100 == 0 {
			fmt.Fprintln(&file, "a bad line")
		}
	}
	return file.String()
}
