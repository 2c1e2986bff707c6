package doctest_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const asvs = "docs/asvs.md"

// sections lists the sections of chapters V6, V7, V9, V11, V13 and V16 of ASVS 5.0.0, with the level of each requirement as a digit.
func sections() map[string]string {
	return map[string]string{
		"6.1": "122", "6.2": "111111112222", "6.3": "11223333", "6.4": "112233", "6.5": "22222333", "6.6": "2223", "6.7": "33", "6.8": "2222",
		"7.1": "222", "7.2": "1111", "7.3": "22", "7.4": "11222", "7.5": "223", "7.6": "22",
		"9.1": "111", "9.2": "1222",
		"11.1": "2233", "11.2": "22233", "11.3": "11233", "11.4": "1222", "11.5": "23", "11.6": "23", "11.7": "33",
		"13.1": "2333", "13.2": "222223", "13.3": "2233", "13.4": "1222233",
		"16.1": "2", "16.2": "22222", "16.3": "2222", "16.4": "222", "16.5": "2223",
	}
}

var requirement = regexp.MustCompile(`\b\d+\.\d+\.\d+\b`)

// line is one row of the table: a requirement.
type line struct{ number, level, holds, where, shown string }

func lines(t *testing.T) (all []line) {
	t.Helper()
	for text := range strings.Lines(read(t, asvs)) {
		if c := cells(strings.TrimSuffix(text, "\n")); len(c) == 6 && requirement.MatchString(c[0]) {
			all = append(all, line{c[0], c[1], c[3], c[4], c[5]})
		}
	}
	return all
}

// TestASVSIsComplete promises that each requirement of the six chapters has one row with its level, and that the sums are right.
func TestASVSIsComplete(t *testing.T) {
	seen := map[string]int{}
	sums := map[string][4]int{}
	for _, l := range lines(t) {
		if seen[l.number]++; seen[l.number] > 1 {
			t.Errorf("%s has two rows", l.number)
		}
		chapter, number, _ := strings.Cut(l.number, ".")
		part, number, _ := strings.Cut(number, ".")
		levels := sections()[chapter+"."+part]
		i, err := strconv.Atoi(number)
		if err != nil || i < 1 || i > len(levels) || levels[i-1:i] != l.level {
			t.Errorf("%s of level %s is not a requirement of ASVS 5.0.0", l.number, l.level)
			continue
		}
		sum := sums[l.holds]
		sum[levels[i-1]-'0']++
		sums[l.holds] = sum
	}
	for section, levels := range sections() {
		for i := range levels {
			if number := fmt.Sprintf("%s.%d", section, i+1); seen[number] == 0 {
				t.Errorf("%s is missing", number)
			}
		}
	}
	text := read(t, asvs)
	for holds, n := range sums {
		if want := fmt.Sprintf("\n| %s | %d | %d | %d |", holds, n[1], n[2], n[3]); !strings.Contains(text, want) {
			t.Errorf("the sums lack%s", want)
		}
	}
}

// TestASVSNamesWhatExists promises that the tests and files in the table exist, that a requirement that holds names a test,
// and that one that does not gives a reason.
func TestASVSNamesWhatExists(t *testing.T) {
	known := map[string]map[string]bool{} // by package
	for _, l := range lines(t) {
		for _, name := range files(l.where) {
			if _, err := os.Stat(root + name); err != nil {
				t.Errorf("%s: %v", l.number, err)
			}
		}
		named := quoted(l.shown)
		for _, name := range named {
			folder, test, _ := strings.Cut(name, ".")
			if known[folder] == nil {
				known[folder] = tests(t, folder)
			}
			if !known[folder][test] {
				t.Errorf("%s: there is no test %s in %s", l.number, test, folder)
			}
		}
		switch {
		case l.where == "":
			t.Errorf("%s says neither where nor why not", l.number)
		case l.shown == "reading" && len(files(l.where)) == 0:
			t.Errorf("%s does not say what is to be read", l.number)
		case (l.holds == "yes" || l.holds == "in part") && l.shown != "reading" && len(named) == 0:
			t.Errorf("%s: nothing shows it", l.number)
		case !slices.Contains([]string{"yes", "in part", "no", "yours", "n/a"}, l.holds):
			t.Errorf("%s holds %q", l.number, l.holds)
		}
	}
}

// TestASVSAgreesWithSecurity promises that SECURITY.md names exactly the requirements that do not hold, or only in part.
func TestASVSAgreesWithSecurity(t *testing.T) {
	named := requirement.FindAllString(section(t, read(t, "SECURITY.md"), "Exceptions, by name"), -1)
	for _, l := range lines(t) {
		if missing := l.holds == "no" || l.holds == "in part"; missing != slices.Contains(named, l.number) {
			t.Errorf("%s holds: %s; named in SECURITY.md: %v", l.number, l.holds, !missing)
		}
	}
}

// TestCryptographyIsListed promises that the inventory lists every import of cryptography with the packages that import it,
// and no others.
func TestCryptographyIsListed(t *testing.T) {
	listed := map[string][]string{}
	for text := range strings.Lines(section(t, read(t, asvs), "Cryptography in use")) {
		if c := cells(strings.TrimSuffix(text, "\n")); len(c) == 4 {
			for _, imported := range quoted(c[0]) {
				listed[imported] = append(listed[imported], quoted(c[1])...)
			}
		}
	}
	found := map[string][]string{}
	for _, p := range packages(t) {
		for _, imported := range p.imports {
			if cryptography(imported) {
				found[imported] = append(found[imported], p.folder)
			}
		}
	}
	for imported, folders := range found {
		slices.Sort(listed[imported])
		if slices.Sort(folders); !slices.Equal(folders, listed[imported]) {
			t.Errorf("%s is imported by %q and listed for %q", imported, folders, listed[imported])
		}
		delete(listed, imported)
	}
	for imported := range listed {
		t.Errorf("%s is listed, and no package imports it", imported)
	}
}

// cryptography reports whether the import is cryptography; math/rand is not.
func cryptography(imported string) bool {
	return imported == "crypto" || strings.HasPrefix(imported, "crypto/") || strings.HasPrefix(imported, "golang.org/x/crypto/") ||
		strings.Contains(imported, "/jwt/") || strings.HasPrefix(imported, "github.com/go-webauthn/") || strings.HasPrefix(imported, "github.com/go-crypt/") && !strings.HasSuffix(imported, "/base64")
}

// TestRandomnessIsCryptographic promises that guessable generators make no secrets. The listed packages use them for jitter,
// for decoys that match no password, and in development tools.
func TestRandomnessIsCryptographic(t *testing.T) {
	guessable := []string{"internal/cached", "internal/dynamo", "internal/emulator", "internal/password", "tools/timing"}
	for _, p := range packages(t) {
		for _, imported := range p.imports {
			if strings.HasPrefix(imported, "math/rand") && !slices.Contains(guessable, p.folder) {
				t.Errorf("%s imports %s", p.folder, imported)
			}
		}
	}
}
