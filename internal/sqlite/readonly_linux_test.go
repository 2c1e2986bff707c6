package sqlite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"latchkey/internal/authtest"
)

// TestOpenWithoutTheRightToWrite opens in another process, which root, who may do everything, starts as nobody.
func TestOpenWithoutTheRightToWrite(t *testing.T) {
	for _, test := range []struct {
		name      string
		dir, file os.FileMode
	}{
		{"read-only file", 0o700, 0o400},
		{"read-only directory", 0o500, 0o600},
		{"neither", 0o500, 0o000},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "store.db")
			s := open(t, path)
			must(t, s.CreateUser(t.Context(), authtest.Ada()))
			must(t, s.Close())

			cmd := exec.Command("/proc/self/exe") // the test binary, whose own directory nobody may not enter
			cmd.Env = append(os.Environ(), storePath+"="+path, writeFrom+"=0", writeUpTo+"=1")
			if os.Geteuid() == 0 {
				const nobody = 65534
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
				must(t, os.Chown(path, nobody, nobody))
				must(t, os.Chown(dir, nobody, nobody))
				must(t, os.Chmod(filepath.Dir(dir), 0o711))
			}
			must(t, os.Chmod(path, test.file))
			must(t, os.Chmod(dir, test.dir))
			t.Cleanup(func() { os.Chmod(dir, 0o700) })
			said, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(said), "must be allowed to write the file and its directory") {
				t.Errorf("Open: %v: %s, want advice on rights", err, said)
			}
		})
	}
}
