package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/argon2"
	"latchkey/internal/password"
)

func TestHalfOfBestPeer(t *testing.T) {
	for _, test := range []struct{ bare, want float64 }{
		{0.02, 0.6}, {0.1, 0.6}, {0.25, 0.85}, {0.4, 1.1}, {3, 1.1},
	} {
		if got := halfOfBestPeer(test.bare); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("beside %g ms: %g ms, want %g", test.bare, got, test.want)
		}
	}
}

func TestSample(t *testing.T) {
	s := sample{5, 1, 4, 2, 3}
	if s.quantile(0) != 1 || s.quantile(0.25) != 2 || s.median() != 3 || s.quantile(1) != 5 {
		t.Errorf("quantiles of %v are wrong", []float64(s))
	}
	if got, want := s.String(), "3 x (2 to 4)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if s[0] != 5 {
		t.Error("the sample was sorted in place: its values no longer belong to their turns")
	}
}

func TestResultSaysWhatWasMissed(t *testing.T) {
	for _, test := range []struct {
		value float64
		goal  goal
		want  string
	}{
		{1, goal{}, "x"},
		{1, goal{most: 1, unit: " MB"}, "goal: at most 1 MB"},
		{1.1, goal{most: 1, unit: " MB"}, "goal: at most 1 MB, MISSED"},
		{0.97, goal{least: 0.97, unit: " x"}, "goal: at least 0.97 x"},
		{0.96, goal{least: 0.97, unit: " x"}, "goal: at least 0.97 x, MISSED"},
	} {
		r := result{name: "n", ratio: sample{1}, value: test.value, goal: test.goal}
		if line := r.String(); !strings.HasSuffix(line, test.want) || r.met() == strings.Contains(line, "MISSED") {
			t.Errorf("%g: %q, want it to end with %q", test.value, line, test.want)
		}
	}
}

// TestLoad promises that a load makes the requested number of logins, that the bare server's answers have the size of real
// ones, and that refusals are not measured.
func TestLoad(t *testing.T) {
	want := answerSize{body: 1600, access: 500, refresh: 120}
	var served atomic.Int64
	bare := bareHandler(want)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		bare.ServeHTTP(w, r)
	}))
	defer server.Close()
	l := newLoad(server.URL, 3, 4)
	if err := l.run(t.Context(), 50); err != nil || served.Load() != 50 {
		t.Errorf("%d logins, error %v, want 50", served.Load(), err)
	}
	if got, err := l.login(t.Context(), 0); err != nil || got != want {
		t.Errorf("answer %+v, error %v, want %+v", got, err, want)
	}
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	if err := newLoad(refusing.URL, 3, 4).run(t.Context(), 50); err == nil {
		t.Error("refused logins were counted")
	}
}

func TestBareHandlerReadsTheBody(t *testing.T) {
	for _, body := range []string{"", "{", `{"username":"ada"}`} {
		answer := httptest.NewRecorder()
		bareHandler(answerSize{}).ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
		if answer.Code != http.StatusBadRequest {
			t.Errorf("%q: %d, want 400", body, answer.Code)
		}
	}
}

func TestHashAll(t *testing.T) {
	var out strings.Builder
	if err := hashAll(strings.NewReader("3\n0\n"), &out, argon2.Fastest(), password.Params{Memory: 8, Time: 1, Threads: 1}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "done\ndone\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if err := hashAll(strings.NewReader("many\n"), io.Discard, argon2.Fastest(), password.Default()); err == nil {
		t.Error("no number was taken for one")
	}
}

// TestCPU promises that processor time includes work and excludes waiting.
func TestCPU(t *testing.T) {
	measure := func(work func()) time.Duration {
		before, err := cpuOf(os.Getpid())
		if err != nil {
			t.Skip(err) // not Linux
		}
		work()
		after, err := cpuOf(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		return after - before
	}
	idle := measure(func() { time.Sleep(50 * time.Millisecond) })
	busy := measure(func() { hashAll(strings.NewReader("4\n"), io.Discard, argon2.XCrypto, password.Default()) })
	if busy < 3*tick || idle > busy/2 {
		t.Errorf("waiting took %v of processor time, four hashes %v", idle, busy)
	}
}

// TestFirstPoll promises that the time to the first poll is measured, and that a function which never polls is an error
// instead of a wait.
func TestFirstPoll(t *testing.T) {
	lambda := newRuntimeAPI()
	defer lambda.server.Close()
	took, err := lambda.firstPoll(t.Context(), rerun(t, "poll"))
	if err != nil || took <= 0 || took > startLimit {
		t.Errorf("took %v, error %v", took, err)
	}
	if _, err := lambda.firstPoll(t.Context(), rerun(t, "fail")); err == nil {
		t.Error("a function that ended at once was measured")
	}
}

// rerun returns a command that runs this test binary in a role of TestMain.
func rerun(t *testing.T, role string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), role)
	if err := os.Symlink(os.Args[0], path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "poll":
		_, err := http.Get("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/next")
		fmt.Println(err)
		os.Exit(0)
	case "fail":
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestProcess promises that a child's line is received, and that a child which ends without it is an error.
func TestProcess(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	p, err := start(context.Background(), []string{"WORD=hello"}, "sh", "-c", `echo noise; echo "says $WORD"; read x; exit`)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	if got, err := p.await("says "); got != "hello" || err != nil {
		t.Errorf("%q, error %v", got, err)
	}
	fmt.Fprintln(p.in, "end")
	if _, err := p.await("more"); err == nil {
		t.Error("a child that ended was awaited with success")
	}
}

// TestSize promises the size of the file and of its zip, which is smaller.
func TestSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(path, make([]byte, 2*mega), 0o700); err != nil {
		t.Fatal(err)
	}
	plain, zipped, err := size(path)
	if err != nil || plain != 2 || zipped <= 0 || zipped > 0.1 {
		t.Errorf("%g MB, zipped %g MB, error %v", plain, zipped, err)
	}
}
