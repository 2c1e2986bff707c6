package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"latchkey/internal/userfile"
)

// hostileLines are lines that somebody else wrote, by what is wrong with them.
func hostileLines() map[string][]string {
	user := func(member, value string) string {
		return `{"email":"eve@example.com","status":"ready","` + member + `":` + value + `}`
	}
	lines := map[string][]string{}
	for _, hash := range []string{
		"$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHRzYWx0$ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0",
		"$argon2id$v=19$m=18446744073709551616,t=1,p=1$c2FsdHNhbHRzYWx0$ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0",
		"$argon2id$v=19$m=64,t=4294967295,p=1$c2FsdHNhbHRzYWx0$ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0",
		"$argon2id$v=19$m=64,t=0,p=0$c2FsdHNhbHRzYWx0$ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0",
		"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$",
		"$2b$31$vYVECz21PtSjN.1g1s2r7.4WrV0Er7gLKJJYTeDisT7pDKgOjzjQS",
		"$2b$04$vYVECz21PtSjN.1g1s2r7.4WrV0Er7gLKJJYTeDisT7pDKgOjzjQ",
		"$scrypt$ln=63,r=8,p=1$c2FsdHNhbHRzYWx0$ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0",
		"$scrypt$ln=14,r=1073741823,p=1$c2FsdHNhbHRzYWx0$ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0",
		"$pbkdf2-sha256$i=4294967296,l=32$c2FsdHNhbHRzYWx0$ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0",
		"pbkdf2_sha256$2000000000$salt$" + strings.Repeat("A", 43) + "=",
		"scrypt:1073741824:8:1$saltsaltsalt$" + strings.Repeat("00", 64),
		"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$" + strings.Repeat("A", 300_000),
		"$argon2id$v=19$m=64,t=1,p=1$" + strings.Repeat("A", 300_000) + "$ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0",
		"{SSHA}AAAA", "*", strings.Repeat("$", 2000),
	} {
		lines["costs"] = append(lines["costs"], user("passwordHash", strconv.Quote(hash)))
	}
	whole := user("password", `"secret of eve"`)
	for cut := 1; cut < len(whole); cut++ {
		lines["truncated"] = append(lines["truncated"], whole[:cut])
	}
	for _, bad := range []string{`\u001b[2J\u001b[31m`, `\u0000`, `\r`, `\u202e`, `\u0085`, "\x1b[2J", "\xff\xfe", `\ud800`} {
		for _, member := range []string{"id", "email", "role", "status", bad} {
			line := `{"id":"x` + bad + `","password":"p","status":"ready","email":"eve@example.com"}`
			if member != "id" {
				line = `{"` + member + `":"x` + bad + `@example.com","password":"p"}`
			}
			lines["control characters"] = append(lines["control characters"], line)
		}
	}
	lines["twice"] = []string{
		`{"email":"ada@example.com","email":"eve@example.com","password":"p","status":"ready"}`,
		`{"email":"eve@example.com","password":"p","passw\u006frd":"q","status":"ready"}`,
		user("password", `"p","passwordHash":"`+bcryptHash+`"`),
		`{"email":"ADA@EXAMPLE.COM","password":"p","status":"ready"}`, // Ada exists already
		`{"id":"u-ada","email":"eve@example.com","password":"p","status":"ready"}`,
	}
	lines["shapes"] = []string{
		strings.Repeat("[", 300_000), strings.Repeat(`{"a":`, 60_000), "null", "[]", `"x"`, "\x00", strings.Repeat(`\`, 1000),
		user("password", "1e999999"), user("password", "null"), user("accounts", "["+strings.Repeat("{},", 100_000)+"{}]"),
		user("Password", `"p"`), user("passwordEpoch", "9"), user("password", `"`+strings.Repeat("p", 300_000)+`"`),
		strings.Repeat("x", userfile.MaxLine+1),
	}
	return lines
}

// importing is an import that is fed from here and whose words are counted.
type importing struct {
	testing.TB
	in    io.WriteCloser
	said  chan string
	line  int            // the last that was sent
	bad   map[int]string // what is wrong with a line
	heard map[int]int    // how often a line was named
}

func (i *importing) send(kind, text string) {
	i.Helper()
	if _, err := io.WriteString(i.in, text+"\n"); err != nil {
		i.Fatalf("line %d: %v", i.line+1, err)
	}
	if i.line++; kind != "" {
		i.bad[i.line] = kind
	}
}

// hear waits until the import has said what is wrong with the line that was sent last.
func (i *importing) hear() {
	i.Helper()
	for patience := time.After(2 * time.Minute); i.heard[i.line] == 0; {
		select {
		case text, on := <-i.said:
			if !on {
				i.Fatalf("it ended before it said what is wrong with line %d", i.line)
			}
			i.note(text)
		case <-patience:
			i.Fatalf("it says nothing of line %d", i.line)
		}
	}
}

func (i *importing) note(text string) {
	i.Helper()
	number := 0
	if _, err := fmt.Sscanf(text, "line %d: ", &number); err == nil {
		i.heard[number]++
	}
	if len(text) > 500 || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) ||
		strings.Contains(text, "secret of eve") {
		i.Errorf("it says %.600q", text)
	}
}

// newImport starts one in a process of its own, from standard input.
func (l *laptop) newImport() (i *importing, cmd *exec.Cmd) {
	l.Helper()
	cmd = l.process(l.Context(), "users", "import", "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		l.Fatal(err)
	}
	out, err := cmd.StderrPipe()
	if err != nil {
		l.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		l.Fatal(err)
	}
	i = &importing{TB: l.TB, in: in, said: make(chan string, 1000), bad: map[int]string{}, heard: map[int]int{}}
	go func() {
		defer close(i.said)
		for s := bufio.NewScanner(out); s.Scan(); {
			i.said <- s.Text()
		}
	}()
	return i, cmd
}

// TestAttackImport promises of a file that an enemy wrote that every bad line is named once, with a reason that is safe
// to print, that the good ones go in, and that it takes little memory, however long a line is. No hash is computed.
func TestAttackImport(t *testing.T) {
	longest, limit := 512<<20, 400<<10 // the race detector takes three times what it takes without
	if inFull(t) {
		longest = 1 << 30
	}
	l := newLaptop(t)
	l.addAda()
	i, cmd := l.newImport()
	began, hostile := time.Now(), hostileLines()
	i.send("", goodLine("one"))
	for _, kind := range slices.Sorted(maps.Keys(hostile)) {
		for _, text := range hostile[kind] {
			i.send(kind, text)
		}
		tell(t, "%s: %d lines", kind, len(hostile[kind]))
	}
	i.send("", goodLine("two"))
	i.tooLong(longest)
	i.send("", goodLine("three"))
	i.send("the last", "{")
	i.hear()
	memory := peakMemory(t, cmd.Process.Pid)
	i.in.Close()
	last := ""
	for last = range i.said {
		i.note(last)
	}
	cmd.Wait()
	code := cmd.ProcessState.ExitCode()
	tell(t, "in %v: exit %d, %q; %d MiB of memory at its peak", time.Since(began).Round(time.Millisecond), code, last, memory>>10)
	for number := 1; number <= i.line; number++ {
		if what := i.bad[number]; (what != "") != (i.heard[number] == 1) {
			t.Errorf("line %d (%s) is named %d times", number, what, i.heard[number])
		}
	}
	if want := fmt.Sprintf("3 added, 0 updated, %d refused, 0 unchanged", len(i.bad)); last != want || code != exitFailed {
		t.Errorf("it ends with %q and %d, want %q", last, code, want)
	}
	if memory > limit {
		t.Errorf("it took %d KiB, want no more than %d", memory, limit)
	}
}

func goodLine(name string) string {
	return `{"email":"` + name + `@example.com","passwordHash":"` + bcryptHash + `","status":"ready"}`
}

// tooLong sends a line without an end, nearly.
func (i *importing) tooLong(size int) {
	i.Helper()
	piece := strings.Repeat("x", 1<<20)
	for range size >> 20 {
		if _, err := io.WriteString(i.in, piece); err != nil {
			i.Fatal(err)
		}
	}
	i.send("too long", "")
	tell(i, "one line of %d MiB", size>>20)
}
