package main

import (
	"os"
	"strings"
	"testing"
)

// TestCommittedAssemblyIsGenerated promises that the assembly was not edited by hand.
func TestCommittedAssemblyIsGenerated(t *testing.T) {
	committed, err := os.ReadFile("../block_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != assembly() {
		t.Error("block_amd64.s is not what the generator prints: run go generate ./internal/argon2")
	}
}

// TestNoBranchDependsOnTheBlock promises that the assembly jumps only on its index and on the flag xor, so that the time
// it takes says nothing about a password.
func TestNoBranchDependsOnTheBlock(t *testing.T) {
	lines := strings.Split(assembly(), "\n")
	jumps := 0
	for i, line := range lines {
		op := strings.Fields(line)
		if len(op) == 0 || !strings.HasPrefix(op[0], "J") {
			continue
		}
		jumps++
		condition := strings.TrimSpace(lines[i-1])
		if !strings.HasPrefix(condition, "CMPQ AX, $") && condition != "TESTQ BX, BX" {
			t.Errorf("%s after %s", strings.TrimSpace(line), condition)
		}
	}
	if jumps != 4 {
		t.Errorf("%d jumps, want 4: two loops, and the flag in each function", jumps)
	}
	for _, line := range lines { // nothing but the flag, the index and constants reaches the two registers
		op := strings.Fields(line)
		if len(op) > 1 && (op[len(op)-1] == "AX" || op[len(op)-1] == "BX") &&
			op[0] != "MOVBLZX" && op[0] != "XORQ" && op[0] != "TESTQ" && !(op[0] == "ADDQ" && strings.HasPrefix(op[1], "$")) {
			t.Errorf("%s", strings.TrimSpace(line))
		}
	}
}
