package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// password is the password of every user who has one.
const password = "correct horse battery staple"

// server is a running `latchkey serve` over a new SQLite file.
type server struct {
	cmd      *exec.Cmd
	base     string
	attempts int
}

// serve starts the binary with the settings over the users, and returns once it listens. The log goes to /dev/null, because
// logging is part of the work of a sign-in.
func serve(ctx context.Context, binary string, settings []string, users string) (*server, error) {
	dir, err := os.MkdirTemp(filepath.Dir(binary), "serve-*")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	env := append(os.Environ(), "LATCHKEY_STORE=sqlite:"+dir+"/users.db", "LATCHKEY_KEYS=file:"+dir+"/keys.json", "LATCHKEY_AUDIT=-")
	env = append(env, settings...)
	keys := exec.CommandContext(ctx, binary, "keys", "init") // seeds are sealed under the ring
	keys.Env = env
	if out, err := keys.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make the key ring: %w\n%s", err, out)
	}
	load := exec.CommandContext(ctx, binary, "users", "import", "-")
	load.Env, load.Stdin = env, strings.NewReader(users)
	if out, err := load.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("import the users: %w\n%s", err, out)
	}
	s := &server{cmd: exec.CommandContext(ctx, binary, "serve", "--addr", "127.0.0.1:0")}
	s.cmd.Env = env
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if at, ready := strings.CutPrefix(lines.Text(), "listening on "); ready {
			s.base = at
			return s, nil
		}
	}
	s.stop()
	return nil, errors.New("the server ended and did not listen")
}

// command is another command over the same users.
func (s *server) command(ctx context.Context, binary string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, binary, args...)
	c.Env = s.cmd.Env
	return c
}

// stop ends the server and ignores how it ended.
func (s *server) stop() {
	s.cmd.Cancel()
	s.cmd.Wait()
}

// users returns one user for each way a sign-in can end, with a profile and an account, and others pending users that fill the
// file. Their names have the same length.
func users(others int) string {
	var lines strings.Builder
	add := func(name, status, credential, userType string) {
		fmt.Fprintf(&lines, `{"email": %q, "status": %q, %s "role": "editor", "name": "Ada", "lastName": "Lovelace", "companyName": `+
			`"Analytical Engines", "country": "GB", "city": "London", "projects": ["64b0000000000000000000aa"], "accounts": `+
			`[{"organizationId": "org-1", "organizationName": "Analytical Engines", "userType": %q}]}`+"\n",
			email(name), status, credential, userType)
	}
	const owner = "Organization Owner"
	plain := fmt.Sprintf(`"password": %q,`, password)
	add("wrong", "ready", plain, owner)
	add("right", "ready", plain, owner)
	add("pends", "pending", plain, owner)
	add("dried", "disabled", plain, owner)
	add("empty", "pending", "", owner)
	add("roles", "ready", plain, "Organization Member")
	const app = `"totpSecret": "` + appSecret + `", `
	add("factr", "ready", plain+app, owner)
	add("later", "pending", plain+app, owner)
	for i := range others {
		add(fmt.Sprintf("%05d", i), "pending", "", owner)
	}
	return lines.String()
}

func email(name string) string { return name + "@example.com" }
