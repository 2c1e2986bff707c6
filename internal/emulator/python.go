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
	return pythonWith(t, "pyjwt", "jwt, cryptography")
}

// SMTP returns the path of a Python that has aiosmtpd, a real SMTP server: that of LATCHKEY_PYTHON, or else the installed one.
// It skips the test if there is no such Python, unless LATCHKEY_TEST_REQUIRE names smtp.
func SMTP(t testing.TB) string {
	t.Helper()
	return pythonWith(t, "smtp", "aiosmtpd")
}

func pythonWith(t testing.TB, name, modules string) string {
	t.Helper()
	python := os.Getenv("LATCHKEY_PYTHON")
	if python == "" {
		python = filepath.Join(cache(), name, "bin", "python")
	}
	out, err := exec.CommandContext(t.Context(), python, "-c", "import "+modules).CombinedOutput()
	switch {
	case err == nil:
	case required(name):
		t.Fatalf("%s in %s: %v: %v\n%s", modules, python, errMissing, err, out)
	default:
		t.Skipf("%s in %s: %v: %v\n%s", modules, python, errMissing, err, out)
	}
	return python
}
