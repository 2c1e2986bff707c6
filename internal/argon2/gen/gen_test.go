package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestCommittedAssemblyIsGenerated promises that the assembly was not edited by hand.
func TestCommittedAssemblyIsGenerated(t *testing.T) {
	for name, want := range files() {
		committed, err := os.ReadFile("../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if string(committed) != want {
			t.Errorf("%s is not what the generator prints: run go generate ./internal/argon2", name)
		}
	}
}

// TestNoBranchDependsOnTheBlock promises that the assembly jumps only on its index and on the flag xor, so that the time
// it takes says nothing about a password.
func TestNoBranchDependsOnTheBlock(t *testing.T) {
	for name, want := range map[string]struct {
		jumps   int
		counter string // the registers on which a jump may depend: they hold the index, and the flag
		flag    string
		set     []string // what writes them
	}{
		"block_amd64.s": {4, "AX", "BX", []string{"MOVBLZX", "XORQ AX, AX", "TESTQ", "ADDQ $"}},
		"block_arm64.s": {3, "R5", "R4", []string{"MOVBU", "MOVD $", "SUB $1, R5", "CBNZ"}},
	} {
		jumps, before := 0, ""
		for line := range strings.Lines(files()[name]) {
			line = strings.TrimSpace(line)
			switch op, _, _ := strings.Cut(line, " "); {
			case strings.HasPrefix(op, "CB") || strings.HasPrefix(op, "TB"):
				jumps++
				if !strings.HasPrefix(line, "CBNZ "+want.counter+",") && !strings.HasPrefix(line, "CBZ "+want.flag+",") {
					t.Errorf("%s: %s", name, line)
				}
			case strings.HasPrefix(op, "J") || op == "B" || op == "BR" || strings.HasPrefix(op, "B") && len(op) == 3:
				jumps++
				if !strings.HasPrefix(before, "CMPQ "+want.counter+", $") && before != "TESTQ "+want.flag+", "+want.flag {
					t.Errorf("%s: %s after %s", name, line, before)
				}
			}
			writes := strings.HasSuffix(line, ", "+want.counter) || strings.HasSuffix(line, ", "+want.flag)
			if writes && !slices.ContainsFunc(want.set, func(start string) bool { return strings.HasPrefix(line, start) }) {
				t.Errorf("%s: %s changes a register on which jumps depend", name, line)
			}
			if line != "" && !strings.HasPrefix(line, "//") {
				before = line
			}
		}
		if jumps != want.jumps {
			t.Errorf("%s: %d jumps, want %d: two loops in a function, and the flag", name, jumps, want.jumps)
		}
	}
}
