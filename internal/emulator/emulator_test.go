package emulator_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"latchkey/internal/emulator"
)

// TestStarts promises that each emulator answers a call of its service, and that a second call starts no second process.
func TestStarts(t *testing.T) {
	for _, tc := range []struct {
		name, target string
		start        func(testing.TB) string
		want         string
	}{
		{"dynamodb", "DynamoDB_20120810.ListTables", emulator.DynamoDB, "TableNames"},
		{"secretsmanager", "secretsmanager.ListSecrets", emulator.SecretsManager, "SecretList"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			url := tc.start(t)
			if again := tc.start(t); again != url {
				t.Errorf("second call: %s, want %s", again, url)
			}
			if got := call(t, url, tc.target); !strings.Contains(got, tc.want) {
				t.Errorf("%s answered %q, want %s in it", tc.target, got, tc.want)
			}
		})
	}
}

func call(t *testing.T, url, target string) string {
	t.Helper()
	service := strings.ToLower(target[:strings.IndexAny(target, "_.")])
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", target)
	req.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/"+service+
		"/aws4_request, SignedHeaders=host, Signature=00")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	line, _ := bufio.NewReader(res.Body).ReadString('\x00')
	return line
}

// TestEndsWithTheBinary promises that a killed test binary, which cannot clean up, leaves no emulator behind.
func TestEndsWithTheBinary(t *testing.T) {
	emulator.SecretsManager(t) // skips without the emulator
	cmd := rerun(t, "TestChild")
	cmd.Env = append(os.Environ(), "EMULATOR_TEST_CHILD=hold")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var url string
	for s := bufio.NewScanner(out); url == "" && s.Scan(); {
		fmt.Sscanf(s.Text(), "url=%s", &url)
	}
	if _, err := http.Get(url); err != nil {
		t.Fatalf("the child's emulator does not answer: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(url)
		if err != nil {
			return
		}
		res.Body.Close()
		if time.Now().After(deadline) {
			t.Fatal("the emulator outlived the test binary")
		}
	}
}

// TestMissing promises a skip that says what to do, and a failure if the environment requires the emulator.
func TestMissing(t *testing.T) {
	for _, tc := range []struct{ require, want string }{
		{"", "--- SKIP"},
		{"dynamodb", "--- SKIP"},
		{"dynamodb,secretsmanager", "--- FAIL"},
	} {
		cmd := rerun(t, "TestChild")
		cmd.Env = []string{"EMULATOR_TEST_CHILD=1", "HOME=/nowhere", "LATCHKEY_TEST_REQUIRE=" + tc.require}
		out, _ := cmd.CombinedOutput() // its exit status repeats the FAIL in its output
		if !strings.Contains(string(out), tc.want) || !strings.Contains(string(out), "make emulators") {
			t.Errorf("LATCHKEY_TEST_REQUIRE=%q: want %s and the way to install it, got:\n%s", tc.require, tc.want, out)
		}
	}
}

// TestBroken promises that an emulator that ends at once fails the test with its own message, without waiting.
func TestBroken(t *testing.T) {
	broken := t.TempDir() + "/moto_server"
	if err := os.WriteFile(broken, []byte("#!/bin/sh\necho no such luck >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := rerun(t, "TestChild")
	cmd.Env = append(os.Environ(), "EMULATOR_TEST_CHILD=1", "LATCHKEY_MOTO_SERVER="+broken)
	out, _ := cmd.CombinedOutput()
	if !strings.Contains(string(out), "no such luck") || !strings.Contains(string(out), "--- FAIL") {
		t.Errorf("want a failure with the log's tail, got:\n%s", out)
	}
}

// TestChild runs in a separate test binary, started by the tests above.
func TestChild(t *testing.T) {
	mode := os.Getenv("EMULATOR_TEST_CHILD")
	if mode == "" {
		t.Skip("runs only in the child process of another test")
	}
	fmt.Printf("url=%s\n", emulator.SecretsManager(t))
	if mode == "hold" {
		time.Sleep(time.Minute) // until killed
	}
}

func rerun(t *testing.T, test string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.v")
}
