package browser

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// root is the main module, as seen from the folder that tests run in.
const root = "../.."

// Server is a running `latchkey serve` with a store, keys and mails of its own, which ends with its test.
type Server struct {
	URL  string // what a person opens: http://localhost:PORT
	Addr string // where it listens: http://127.0.0.1:PORT
	Dir  string // holds its files

	t        *testing.T
	stop     func()
	out, log Record
}

// Serve starts the binary of this checkout on a free port; args are further flags of serve. Hashes are cheap.
func Serve(t *testing.T, args ...string) *Server {
	t.Helper()
	s := &Server{t: t, Dir: t.TempDir()}
	cmd := s.command(append([]string{"serve", "--addr", "127.0.0.1:0", "--password-hash", cheapHash}, args...)...)
	cmd.Stderr = &s.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start serve: %v", err)
	}
	lines := bufio.NewScanner(out)
	for s.URL == "" && lines.Scan() {
		s.out.Write(append(lines.Bytes(), '\n'))
		if url, found := strings.CutPrefix(lines.Text(), "listening on "); found {
			s.Addr = url
		} else if url, found := strings.CutPrefix(lines.Text(), "open "); found {
			s.URL = url
		}
	}
	var printing sync.WaitGroup
	printing.Go(func() {
		for lines.Scan() {
			s.out.Write(append(lines.Bytes(), '\n'))
		}
	})
	s.stop = sync.OnceFunc(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		printing.Wait()
		if err := cmd.Wait(); err != nil {
			t.Errorf("serve ended badly: %v", err)
		}
	})
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.Log())
		}
	})
	if s.URL == "" {
		t.Fatalf("serve did not start:\n%s", s.Log())
	}
	return s
}

// cheapHash costs next to nothing, because two processors run browser and server.
const cheapHash = "argon2id:m=64,t=1,p=1"

// Stop ends the server before its test does, to see what pages do without one.
func (s *Server) Stop() { s.stop() }

// Log returns the lines that the server has logged so far: its requests, its audit records and its warnings.
func (s *Server) Log() string { return s.log.String() }

// Printed returns what the server has printed so far, such as the addresses to open and the demo users.
func (s *Server) Printed() string { return s.out.String() }

// Run runs another command of the binary over the server's store and keys, with the input, and returns its output.
func (s *Server) Run(input string, args ...string) string {
	s.t.Helper()
	cmd := s.command(args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("latchkey %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (s *Server) command(args ...string) *exec.Cmd {
	s.t.Helper()
	path, err := binary()
	if err != nil {
		s.t.Fatal(err)
	}
	// Not the test's context: it ends before the clean-up, which asks the server to end.
	cmd := exec.CommandContext(context.Background(), path, args...)
	cmd.Dir = s.Dir
	cmd.Env = append(os.Environ(), "LATCHKEY_STORE=sqlite:latchkey.db", "LATCHKEY_KEYS=file:latchkey-keys.json")
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

// binary builds the command of this checkout once for all tests, into the folder that Git ignores.
var binary = sync.OnceValues(func() (string, error) {
	path, err := filepath.Abs(filepath.Join(root, "bin", "latchkey-browser"))
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", path, "./cmd/latchkey")
	build.Dir = root
	build.Stderr = os.Stderr
	return path, build.Run()
})

// Record is what processes write, as their standard output or error; it may be read while they run.
type Record struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write adds to the record.
func (r *Record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

// String returns all that was written.
func (r *Record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}
