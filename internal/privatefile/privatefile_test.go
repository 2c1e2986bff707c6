package privatefile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/privatefile"
)

// TestMode promises that other users' access is refused with the command that removes it, except on Windows, where Go
// reports 0666 for every file.
func TestMode(t *testing.T) {
	for mode, private := range map[fs.FileMode]bool{
		0o600: true, 0o400: true, 0o700: true, 0o640: false, 0o604: false, 0o620: false, 0o602: false, 0o610: false, 0o666: false,
	} {
		info := file{mode: mode}
		if err := privatefile.Check("/srv/keys.json", info); (err == nil) != private {
			t.Errorf("mode %04o: %v", mode, err)
		} else if err != nil && !strings.Contains(err.Error(), "chmod 600 /srv/keys.json") {
			t.Errorf("mode %04o: %v, want the command that corrects it", mode, err)
		}
		if err := privatefile.CheckOn("windows", `C:\keys.json`, info); err != nil {
			t.Errorf("mode %04o on Windows: %v", mode, err)
		}
	}
	for _, system := range []string{"linux", "windows"} {
		for _, mode := range []fs.FileMode{fs.ModeDir | 0o700, fs.ModeNamedPipe | 0o600, fs.ModeSocket | 0o600, fs.ModeDevice | 0o600} {
			if err := privatefile.CheckOn(system, "/srv/odd", file{mode: mode}); err == nil {
				t.Errorf("%v on %s is taken for a file", mode, system)
			}
		}
	}
}

// file is a file's description without a file.
type file struct {
	mode fs.FileMode
	sys  any
}

func (f file) Name() string       { return "keys.json" }
func (f file) Size() int64        { return 0 }
func (f file) Mode() fs.FileMode  { return f.mode }
func (f file) ModTime() time.Time { return time.Time{} }
func (f file) IsDir() bool        { return f.mode.IsDir() }
func (f file) Sys() any           { return f.sys }

// TestResolve promises the file behind links of every kind, whether it exists or not, and an end for links in a circle.
func TestResolve(t *testing.T) {
	if err := os.Symlink("target", filepath.Join(t.TempDir(), "link")); err != nil {
		t.Skip("no symbolic links on this system")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(dir, "data", "deep"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "data", "real"), nil, 0o600))
	for link, target := range map[string]string{
		"absolute": filepath.Join(dir, "data", "real"), "relative": "data/real", "chain": "relative", "folder": "data/deep",
		"absent": "data/none", "circle": "circle2", "circle2": "circle", "lost": "none/none",
	} {
		must(t, os.Symlink(target, filepath.Join(dir, link)))
	}
	must(t, os.Symlink("../real", filepath.Join(dir, "data", "deep", "up")))
	for path, want := range map[string]string{
		"plain": "plain", "data/real": "data/real", "absolute": "data/real", "relative": "data/real", "chain": "data/real",
		"absent": "data/none", "folder/up": "data/real", "folder/new": "data/deep/new", "folder": "data/deep", "circle": "", "lost": "",
	} {
		got, err := privatefile.Resolve(filepath.Join(dir, path))
		if want == "" && err == nil || want != "" && (err != nil || got != filepath.Join(dir, want)) {
			t.Errorf("Resolve(%s) = %s, %v; want %s", path, got, err, want)
		}
	}
	t.Chdir(dir)
	if got, err := privatefile.Resolve("chain"); err != nil || got != filepath.Join(dir, "data", "real") {
		t.Errorf("Resolve of a relative path = %s, %v", got, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
