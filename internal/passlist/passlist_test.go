package passlist_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"latchkey/internal/passlist"
)

var update = flag.Bool("update", false, "write common.bin")

func source(t testing.TB) []byte {
	t.Helper()
	file, err := os.Open("testdata/common.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	if _, err := all.ReadFrom(text); err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}

// TestEmbedded promises that the embedded list is what Build makes of the committed source, that it has each of its passwords,
// and that it is small.
func TestEmbedded(t *testing.T) {
	words := source(t)
	var built bytes.Buffer
	count, err := passlist.Build(bytes.NewReader(words), &built, 0)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("common.bin", built.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile("common.bin")
	if err != nil || !bytes.Equal(file, built.Bytes()) {
		t.Fatalf("common.bin is not what the source gives (error %v); run the test with -update", err)
	}
	if count > 150_000 || len(file) > 350_000 {
		t.Errorf("%d passwords in %d bytes", count, len(file))
	}
	list, err := passlist.Embedded()
	if err != nil || list.Len() != uint64(count) {
		t.Fatalf("%+v, error %v", list, err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(words)); lines.Scan(); {
		if !list.Contains(lines.Text()) {
			t.Errorf("%q is missing", lines.Text())
		}
	}
}

// TestFalseRefusals promises that at most one good password in 20,000 is taken for a listed one; about one in 65,536 is expected.
func TestFalseRefusals(t *testing.T) {
	list, err := passlist.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	const tried = 1_000_000
	refused := 0
	for i := range tried {
		if list.Contains(fmt.Sprintf("no list has this one %d", i)) {
			refused++
		}
	}
	t.Logf("%d of %d", refused, tried)
	if refused > tried/20_000 {
		t.Errorf("%d of %d good passwords are refused", refused, tried)
	}
}

// TestBuildDigests promises that a list of SHA-1 digests refuses the same passwords as a list of the passwords.
func TestBuildDigests(t *testing.T) {
	var digests strings.Builder
	for i, word := range []string{"pass phrase one", "Pass phrase two", "p\u00e4ss phrase three"} {
		fmt.Fprintf(&digests, "%X:%d\r\n", sha1.Sum([]byte(word)), i+1)
	}
	list := build(t, digests.String(), 0)
	for word, want := range map[string]bool{
		"pass phrase one": true, "Pass phrase two": true, "pa\u0308ss phrase three": true, "pass phrase two": false, "": false,
	} {
		if got := list.Contains(word); got != want {
			t.Errorf("%q: %v, want %v", word, got, want)
		}
	}
	top := build(t, digests.String(), 2)
	if top.Len() != 2 || top.Contains("pass phrase one") || !top.Contains("Pass phrase two") {
		t.Errorf("of three, the two most frequent: %d kept", top.Len())
	}
}

// TestBuildTop promises that the first are kept where a source has no counts.
func TestBuildTop(t *testing.T) {
	list := build(t, "\ufefffirst\n\nsecond\nthird\n", 2)
	if list.Len() != 2 || !list.Contains("first") || !list.Contains("second") || list.Contains("third") {
		t.Errorf("%d kept", list.Len())
	}
}

// TestBuildAny promises that a list contains every password that it was built from, however often it has each.
func TestBuildAny(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[ -~äöü]{1,20}`), 1, 200).Draw(rt, "words")
		list := build(t, "x\n"+strings.Join(words, "\n"), 0)
		for _, word := range words {
			if !list.Contains(word) {
				rt.Fatalf("%q is missing", word)
			}
		}
	})
}

// TestBuildRefuses promises an error that names the line, and does not quote it.
func TestBuildRefuses(t *testing.T) {
	digest := fmt.Sprintf("%x", sha1.Sum([]byte("word")))
	for text, want := range map[string]string{
		"": "no passwords", "\n\n": "no passwords", "good\nb\xffd": "line 2: it is not UTF-8", digest + "\nsecret": "line 2: not a SHA-1",
		digest + ":many\n" + digest: "", "good\n" + strings.Repeat("x", 2000): "line 2: ", digest + ":1\n" + digest + ":-1": "line 2: not a SHA-1",
	} {
		_, err := passlist.Build(strings.NewReader(text), new(bytes.Buffer), 0)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

// TestLoadRefuses promises that a damaged or foreign file is refused, never taken for an empty list.
func TestLoadRefuses(t *testing.T) {
	var file bytes.Buffer
	if _, err := passlist.Build(strings.NewReader("one\ntwo\nthree"), &file, 0); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	for end := range whole {
		if _, err := passlist.Load(bytes.NewReader(whole[:end])); !errors.Is(err, passlist.ErrFormat) {
			t.Fatalf("cut at %d: %v", end, err)
		}
	}
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 0x10
		if _, err := passlist.Load(bytes.NewReader(changed)); !errors.Is(err, passlist.ErrFormat) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
}

func build(t testing.TB, text string, top int) *passlist.List {
	t.Helper()
	var file bytes.Buffer
	if _, err := passlist.Build(strings.NewReader(text), &file, top); err != nil {
		t.Fatal(err)
	}
	list, err := passlist.Load(&file)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// BenchmarkEmbedded measures what a program pays for the list at its start.
func BenchmarkEmbedded(b *testing.B) {
	for b.Loop() {
		if _, err := passlist.Embedded(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkContains measures one look-up.
func BenchmarkContains(b *testing.B) {
	list, err := passlist.Embedded()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		list.Contains("correct horse battery staple")
	}
}
