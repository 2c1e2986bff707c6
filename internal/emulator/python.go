package emulator

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// PyJWT returns the path of a Python that has PyJWT and cryptography: that of LATCHKEY_PYTHON, or else the installed one.
// It skips the test if there is no such Python, unless LATCHKEY_TEST_REQUIRE names pyjwt.
func PyJWT(t testing.TB) string {
	t.Helper()
	python := os.Getenv("LATCHKEY_PYTHON")
	if python == "" {
		python = filepath.Join(cache(), "pyjwt", "bin", "python")
	}
	out, err := exec.CommandContext(t.Context(), python, "-c", "import jwt, cryptography").CombinedOutput()
	switch {
	case err == nil:
	case required("pyjwt"):
		t.Fatalf("PyJWT in %s: %v: %v\n%s", python, errMissing, err, out)
	default:
		t.Skipf("PyJWT in %s: %v: %v\n%s", python, errMissing, err, out)
	}
	return python
}
