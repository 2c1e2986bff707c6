package main

import (
	"fmt"
	"strings"
)

// printer collects lines of Go assembly.
type printer struct{ strings.Builder }

func (p *printer) line(text string) { p.WriteString(text + "\n") }

// comment explains what follows, above it.
func (p *printer) comment(format string, args ...any) {
	fmt.Fprintf(p, "\n\t// "+format+"\n", args...)
}

// op prints one instruction, its operands in Go's order: sources first, the destination last.
func (p *printer) op(name string, operands ...any) {
	texts := make([]string, len(operands))
	for i, operand := range operands {
		texts[i] = fmt.Sprint(operand)
	}
	p.line(strings.TrimRight("\t"+name+" "+strings.Join(texts, ", "), " "))
}

// immediate is a constant operand.
type immediate int

func (i immediate) String() string { return fmt.Sprintf("$0x%02X", int(i)) }

// at returns the operand offset(base), or offset(base)(index*1) with an index register.
func at(offset int, base, index string) string {
	if index != "" {
		return fmt.Sprintf("%d(%s)(%s*1)", offset, base, index)
	}
	return fmt.Sprintf("%d(%s)", offset, base)
}

// What general registers hold in both functions.
const (
	out     = "DI"
	first   = "SI" // the block a
	second  = "DX" // the block b
	scratch = "CX"
	xorFlag = "BX"
	index   = "AX"
)

const rowBytes = 128 // a block is 8 rows of 16 words (RFC 9106, 3.6)

// function begins one, and loads its pointers to blocks.
func (p *printer) function(name, parameters, sizes string) {
	p.line("\n// func " + name + "(" + parameters + ")")
	p.line("TEXT ·" + name + "(SB), NOSPLIT, " + sizes)
	p.op("MOVQ", "out+0(FP)", out)
	p.op("MOVQ", "a+8(FP)", first)
	p.op("MOVQ", "b+16(FP)", second)
}

// leave ends a function as the ABI wants it after wide registers.
func (p *printer) leave() {
	p.op("VZEROUPPER")
	p.op("RET")
}

// loop prints body to be run with the index 0, step and so on below end.
func (p *printer) loop(label string, step, end int, body func()) {
	p.op("XORQ", index, index)
	p.line(label + ":")
	body()
	p.op("ADDQ", fmt.Sprintf("$%d", step), index)
	p.op("CMPQ", index, fmt.Sprintf("$%d", end))
	p.op("JB", label)
}

// finish stores registers xor a xor b in out, and xor what out held where the flag says so.
func (p *printer) finish(xor, store string, registers []string, place func(i int, base string) string) {
	add := func(base string) {
		for i, r := range registers {
			p.op(xor, place(i, base), r, r)
		}
	}
	add(first)
	add(second)
	p.op("TESTQ", xorFlag, xorFlag)
	p.op("JEQ", "store")
	add(out)
	p.line("store:")
	for i, r := range registers {
		p.op(store, r, place(i, out))
	}
}

// data prints 8 bytes of a constant.
func (p *printer) data(name string, offset int, value uint64) {
	p.line(fmt.Sprintf("DATA %s<>+%d(SB)/8, $0x%016x", name, offset, value))
}

// global declares a constant whose data were printed.
func (p *printer) global(name string, size int) {
	p.line(fmt.Sprintf("GLOBL %s<>(SB), RODATA|NOPTR, $%d", name, size))
}

// registers returns prefix0, prefix1 and so on, from the first number to the last.
func registers(prefix string, first, last int) []string {
	var names []string
	for i := first; i <= last; i++ {
		names = append(names, fmt.Sprint(prefix, i))
	}
	return names
}
