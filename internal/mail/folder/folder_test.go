package folder_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/mail"
	"latchkey/internal/mail/folder"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// names lists the folder.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestSend promises one whole file for each mail, which only its owner can read, also if a mail is sent twice or many are at once.
func TestSend(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "mails")
	f, err := folder.Open(dir)
	check(t, err)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v %v", info.Mode(), err)
	}
	check(t, f.Send(t.Context(), mail.Mail{ID: "-1_A", Raw: []byte("Subject: first\r\n\r\n")}))
	check(t, f.Send(t.Context(), mail.Mail{ID: "-1_A", Raw: []byte("Subject: again\r\n\r\n")}))
	var all sync.WaitGroup
	for _, id := range []string{"a", "b", "c", "d"} {
		all.Go(func() { check(t, f.Send(t.Context(), mail.Mail{ID: id, Raw: []byte(strings.Repeat(id, 100_000))})) })
	}
	all.Wait()
	if got := names(t, dir); strings.Join(got, " ") != "mail--1_A.eml mail-a.eml mail-b.eml mail-c.eml mail-d.eml" {
		t.Errorf("files %q", got)
	}
	text, err := os.ReadFile(filepath.Join(dir, "mail--1_A.eml"))
	if err != nil || string(text) != "Subject: again\r\n\r\n" {
		t.Errorf("%q %v", text, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "mail-a.eml")); err != nil || info.Mode().Perm() != 0o600 || info.Size() != 100_000 {
		t.Errorf("%v %v", info, err)
	}
}

// TestNames promises that no id leads to a file outside the folder, or to a hidden one.
func TestNames(t *testing.T) {
	top := t.TempDir()
	f, err := folder.Open(filepath.Join(top, "mails"))
	check(t, err)
	for _, id := range []string{"", ".", "..", "../x", "/etc/x", "a/b", `a\b`, "a.b", "a\x00b", "a\nb", "ü", "a b", "CON:"} {
		if err := f.Send(t.Context(), mail.Mail{ID: id, Raw: []byte("x")}); !errors.Is(err, mail.ErrRefused) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if got := append(names(t, top), names(t, filepath.Join(top, "mails"))...); len(got) != 1 {
		t.Errorf("files %q", got)
	}
}

// TestBrokenFolder promises that a folder that cannot be written is an error after which the mail is tried again.
func TestBrokenFolder(t *testing.T) {
	top := t.TempDir()
	file := filepath.Join(top, "file")
	check(t, os.WriteFile(file, nil, 0o600))
	if _, err := folder.Open(filepath.Join(file, "mails")); err == nil {
		t.Error("a folder below a file is opened")
	}
	dir := filepath.Join(top, "mails")
	f, err := folder.Open(dir)
	check(t, err)
	check(t, os.Remove(dir))
	if err := f.Send(t.Context(), mail.Mail{ID: "m1", Raw: []byte("x")}); err == nil || errors.Is(err, mail.ErrRefused) || errors.Is(err, mail.ErrAddress) {
		t.Errorf("without the folder: %v", err)
	}
	_, err = folder.Open(dir)
	check(t, err)
	check(t, f.Send(t.Context(), mail.Mail{ID: "m1", Raw: []byte("x")}))
	check(t, os.Mkdir(filepath.Join(dir, "mail-m2.eml"), 0o700)) // no file replaces a directory
	if err := f.Send(t.Context(), mail.Mail{ID: "m2", Raw: []byte("x")}); err == nil {
		t.Error("a mail that has no file is sent")
	}
	if got := names(t, dir); strings.Join(got, " ") != "mail-m1.eml mail-m2.eml" {
		t.Errorf("files %q", got)
	}
}
