// Package emulator starts DynamoDB Local and moto for tests, each once per test binary, and stops them with it. It is one
// package so that every test that needs AWS finds them, waits for them and skips without them in the same way.
package emulator

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// errMissing is the one failure that skips a test: the emulator is not installed on this machine.
var errMissing = errors.New("not installed: run `make emulators`")

// The only state of the package: one process of each emulator for all tests of a binary.
var (
	dynamoDB       = sync.OnceValues(startDynamoDB)
	secretsManager = sync.OnceValues(startSecretsManager)
)

// DynamoDB returns the URL of an empty DynamoDB Local that all tests of the binary share: each test makes its own table.
// It skips the test if the emulator is not installed, unless LATCHKEY_TEST_REQUIRE names dynamodb.
func DynamoDB(t testing.TB) string {
	t.Helper()
	return endpoint(t, "dynamodb", dynamoDB)
}

// SecretsManager returns the URL of a moto server that all tests of the binary share: each test makes its own secrets.
// It skips the test if the emulator is not installed, unless LATCHKEY_TEST_REQUIRE names secretsmanager.
func SecretsManager(t testing.TB) string {
	t.Helper()
	return endpoint(t, "secretsmanager", secretsManager)
}

func endpoint(t testing.TB, name string, start func() (*process, error)) string {
	t.Helper()
	p, err := start()
	switch {
	case err == nil:
		return p.url
	case errors.Is(err, errMissing) && !required(name):
		t.Skipf("%s emulator: %v", name, err)
	default:
		t.Fatalf("%s emulator: %v", name, err)
	}
	return ""
}

func required(name string) bool {
	return slices.Contains(strings.Split(os.Getenv("LATCHKEY_TEST_REQUIRE"), ","), name)
}

func startDynamoDB() (*process, error) {
	jars := os.Getenv("LATCHKEY_DYNAMODB_JARS")
	if jars == "" {
		jars = filepath.Join(cache(), "dynamodb-local")
	}
	if found, _ := filepath.Glob(filepath.Join(jars, "DynamoDBLocal*.jar")); len(found) == 0 {
		return nil, fmt.Errorf("no DynamoDBLocal*.jar in %s: %w", jars, errMissing)
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, fmt.Errorf("no java on PATH: %w", errMissing)
	}
	return start(func(port string) []string {
		return []string{java, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
			"-Djava.library.path=" + jars, "-cp", filepath.Join(jars, "*"),
			"com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
			"-inMemory", "-sharedDb", "-disableTelemetry", "-port", port}
	})
}

func startSecretsManager() (*process, error) {
	server := os.Getenv("LATCHKEY_MOTO_SERVER")
	if server == "" {
		server = filepath.Join(cache(), "moto", "bin", "moto_server")
	}
	if _, err := os.Stat(server); err != nil {
		if server, err = exec.LookPath("moto_server"); err != nil {
			return nil, fmt.Errorf("no moto_server on PATH or in %s: %w", cache(), errMissing)
		}
	}
	return start(func(port string) []string {
		return []string{server, "-H", "127.0.0.1", "-p", port}
	})
}

// cache returns the folder into which the script install puts the emulators.
func cache() string {
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		base = filepath.Join(os.Getenv("HOME"), ".cache")
	}
	return filepath.Join(base, "latchkey", "emulators")
}
