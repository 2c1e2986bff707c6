package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/sqlite"
)

// TestMain lets tests run the real binary: themselves, told to be it.
func TestMain(m *testing.M) {
	if os.Getenv("LATCHKEY_TEST_BE_THE_BINARY") != "" {
		main()
	}
	os.Exit(m.Run())
}

const cheapHash = "argon2id:m=8,t=1,p=1"

// laptop is a directory with a store and keys of its own, and an environment that says so.
type laptop struct {
	testing.TB
	dir    string
	env    map[string]string
	opened *sqlite.Store
}

func newLaptop(t testing.TB) *laptop {
	dir := t.TempDir()
	return &laptop{TB: t, dir: dir, env: map[string]string{
		"LATCHKEY_STORE": "sqlite:" + filepath.Join(dir, "users.db"), "LATCHKEY_KEYS": "file:" + filepath.Join(dir, "keys.json"),
		"LATCHKEY_PASSWORD_HASH": cheapHash, "LATCHKEY_AUDIT": os.DevNull, // audit_test.go checks the records
	}}
}

func (l *laptop) path(name string) string { return filepath.Join(l.dir, name) }

func (l *laptop) write(name, content string) string {
	l.Helper()
	if err := os.WriteFile(l.path(name), []byte(content), 0o600); err != nil {
		l.Fatal(err)
	}
	return l.path(name)
}

func (l *laptop) read(name string) string {
	l.Helper()
	content, err := os.ReadFile(l.path(name))
	if err != nil {
		l.Fatal(err)
	}
	return string(content)
}

// files lists what is in the directory.
func (l *laptop) files() []string {
	l.Helper()
	var names []string
	err := filepath.WalkDir(l.dir, func(path string, d fs.DirEntry, err error) error {
		if path != l.dir {
			names = append(names, strings.TrimPrefix(path, l.dir+"/"))
		}
		return err
	})
	if err != nil {
		l.Fatal(err)
	}
	return names
}

// said is how a command ended.
type said struct {
	code     int
	out, err string
}

func (l *laptop) cli(stdin string, out, err *output) *cli {
	return &cli{in: strings.NewReader(stdin), out: out, err: err, getenv: func(name string) string { return l.env[name] }, environ: l.environ}
}

// environ returns the environment as os.Environ would.
func (l *laptop) environ() []string {
	var all []string
	for name, value := range l.env {
		all = append(all, name+"="+value)
	}
	return all
}

// run gives the command line to run, in this process.
func (l *laptop) run(stdin string, args ...string) said {
	l.Helper()
	var out, err output
	code := run(l.Context(), l.cli(stdin, &out, &err), args)
	return said{code, out.String(), err.String()}
}

// ok runs a command that has to succeed, and returns its standard output.
func (l *laptop) ok(stdin string, args ...string) string {
	l.Helper()
	got := l.run(stdin, args...)
	if got.code != exitOK {
		l.Fatalf("latchkey %s: exit %d\n%s", strings.Join(args, " "), got.code, got.err)
	}
	return got.out
}

// fails runs a command that has to end with the code and with each of the texts on standard error.
func (l *laptop) fails(code int, stdin string, args []string, texts ...string) said {
	l.Helper()
	got := l.run(stdin, args...)
	if got.code != code {
		l.Errorf("latchkey %s: exit %d, want %d\n%s", strings.Join(args, " "), got.code, code, got.err)
	}
	for _, text := range texts {
		if !strings.Contains(got.err, text) {
			l.Errorf("latchkey %s: want %q, got:\n%s", strings.Join(args, " "), text, got.err)
		}
	}
	return got
}

// process is the binary with the laptop's environment and nothing else of ours.
func (l *laptop) process(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Dir = l.dir
	cmd.Env = append(os.Environ(), "LATCHKEY_TEST_BE_THE_BINARY=1")
	for name, value := range l.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// store is the file that the commands work on, opened a second time.
func (l *laptop) store() *sqlite.Store {
	l.Helper()
	if l.opened == nil {
		store, err := sqlite.Open(l.Context(), l.path("users.db"))
		if err != nil {
			l.Fatal(err)
		}
		l.Cleanup(func() { store.Close() })
		l.opened = store
	}
	return l.opened
}

func (l *laptop) user(email string) auth.User {
	l.Helper()
	id, err := auth.ParseIdentifier(email)
	if err != nil {
		l.Fatal(err)
	}
	u, err := l.store().UserByIdentifier(l.Context(), id)
	if err != nil {
		l.Fatalf("%s: %v", email, err)
	}
	return u
}

// output collects what is written, from several goroutines too.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
