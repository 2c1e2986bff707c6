package argon2_test

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestNEON promises that NEON computes the right keys, on processors that do not have it: under qemu (Debian's qemu-user).
func TestNEON(t *testing.T) {
	if runtime.GOARCH == "arm64" || testing.Short() {
		t.Skip("the other tests cover it here, or it takes too long")
	}
	emulator, err := exec.LookPath("qemu-aarch64")
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("LATCHKEY_TEST_REQUIRE"), ","), "qemu") {
			t.Fatal(err)
		}
		t.Skip("qemu-aarch64 is not installed")
	}
	cmd := exec.Command("go", "test", "-short", "-count=1", "-v", "-run", "TestRFC9106|TestRandomArguments", "-exec", emulator, ".")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS") != 2 {
		t.Errorf("%v\n%s", err, out)
	}
}
