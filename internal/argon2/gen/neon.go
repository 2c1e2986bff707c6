package main

import (
	"fmt"
	"strings"
)

// neon prints the block function for arm64, whose registers have 128 bits: two words, half a row of a matrix. The rows and the
// columns of the block are alike to it; only their words are in different places.
func neon(p *printer) {
	byteOrder(p, "rotate24", 24, 16)
	byteOrder(p, "rotate16", 16, 16)
	p.line("\n// func compressNEON(out, a, b, scratch *block, xor bool)")
	p.line("TEXT ·compressNEON(SB), NOSPLIT, $0-33")
	for i, argument := range []string{"out", "a", "b", "scratch"} {
		p.op("MOVD", fmt.Sprintf("%s+%d(FP)", argument, 8*i), fmt.Sprint("R", i))
	}
	p.op("MOVBU", "xor+32(FP)", "R4")
	for i, bits := range []int{24, 16} {
		p.op("MOVD", fmt.Sprintf("$rotate%d<>(SB)", bits), "R5")
		p.op("FMOVQ", "(R5)", fmt.Sprint("F", 30+i))
	}
	const toOut, toA, toB, toScratch = "R6", "R7", "R8", "R9"

	p.comment("scratch = rows(a xor b), one of 8 rows at a time")
	p.pass("rows", rowBytes, func() {
		place := func(base string) func(int) string { return func(i int) string { return at(16*i, base, "") } }
		p.load(0, place(toA))
		p.combine(place(toB))
		p.store(neonRound(p), place(toScratch))
	})

	p.comment("out = columns(scratch) xor a xor b, one of 8 columns at a time")
	p.pass("columns", 16, func() {
		place := func(base string) func(int) string { return func(i int) string { return at(rowBytes*i, base, "") } }
		p.load(0, place(toScratch))
		state := neonRound(p)
		for _, base := range []string{toA, toB} {
			p.load(16, place(base))
			p.addLoaded(state)
		}
		p.op("CBZ", "R4", "store")
		p.load(16, place(toOut))
		p.addLoaded(state)
		p.line("store:")
		p.store(state, place(toOut))
	})
	p.op("RET")
}

// pass prints body to be run 8 times, with R6 to R9 as the pointers to out, a, b and scratch, which advance by step bytes.
func (p *printer) pass(label string, step int, body func()) {
	for i := range 4 {
		p.op("MOVD", fmt.Sprint("R", i), fmt.Sprint("R", 6+i))
	}
	p.op("MOVD", "$8", "R5")
	p.line(label + ":")
	body()
	for i := range 4 {
		p.op("ADD", fmt.Sprintf("$%d", step), fmt.Sprint("R", 6+i))
	}
	p.op("SUB", "$1", "R5")
	p.op("CBNZ", "R5", label)
}

// load prints loads of 8 registers from the first on.
func (p *printer) load(first int, place func(int) string) {
	for i := range 8 {
		p.op("FMOVQ", place(i), fmt.Sprint("F", first+i))
	}
}

// combine adds what is loaded from place to V0 to V7.
func (p *printer) combine(place func(int) string) {
	p.load(16, place)
	p.addLoaded(registers("V", 0, 7))
}

// addLoaded prints registers xor V16 to V23.
func (p *printer) addLoaded(to []string) {
	for i, r := range to {
		xorNEON(p, fmt.Sprint("V", 16+i), r, r)
	}
}

func (p *printer) store(registers []string, place func(int) string) {
	for i, r := range registers {
		p.op("FMOVQ", strings.Replace(r, "V", "F", 1), place(i))
	}
}

// neonRound prints a round of V0 to V7 and returns where its words are afterwards.
func neonRound(p *printer) []string {
	m := machine{
		temp: registers("V", 8, 9), multiply: multiplyNEON, rotate: rotateNEON, xor: xorNEON,
		add: func(p *printer, x, y, to string) { p.op("VADD", x+".D2", y+".D2", to+".D2") },
		shift: func(p *printer, x, y, to string) {
			p.op("VEXT", "$8", y+".B16", x+".B16", to+".B16")
		},
	}
	free := spare(registers("V", 12, 13))
	low, high := m.columns(p, quarter{"V0", "V2", "V4", "V6"}, quarter{"V1", "V3", "V5", "V7"}, &free)
	return interleave(low, high)
}

func xorNEON(p *printer, x, y, to string) { p.op("VEOR", x+".B16", y+".B16", to+".B16") }

// multiplyNEON prints instructions that Go's assembler does not know, as numbers: XTN keeps the lower halves of words, UMULL
// multiplies them. Each of the two quarters has a register of its own for the second factor.
func multiplyNEON(p *printer, x, y, to string) {
	second := map[string]string{"V8": "V10", "V9": "V11"}[to]
	p.word(0x0EA12800|number(y)<<5|number(to), "XTN %s.2D, %s.2S", y, to)
	p.word(0x0EA12800|number(x)<<5|number(second), "XTN %s.2D, %s.2S", x, second)
	p.word(0x2EA0C000|number(second)<<16|number(to)<<5|number(to), "UMULL %s.2S, %s.2S, %s.2D", second, to, to)
}

func rotateNEON(p *printer, bits int, x, temp string) {
	switch bits {
	case 32:
		p.op("VREV64", x+".S4", x+".S4")
	case 24:
		p.op("VTBL", "V30.B16", "["+x+".B16]", x+".B16")
	case 16:
		p.op("VTBL", "V31.B16", "["+x+".B16]", x+".B16")
	case 63: // left by one, and the bit that falls out
		p.op("VUSHR", "$63", x+".D2", temp+".D2")
		p.op("VADD", x+".D2", x+".D2", x+".D2")
		xorNEON(p, temp, x, x)
	}
}

// word prints an instruction as its number, and what it is.
func (p *printer) word(number uint32, format string, args ...any) {
	p.line(fmt.Sprintf("\tWORD $0x%08X // "+format, append([]any{number}, args...)...))
}

// number returns the number of a register.
func number(register string) (n uint32) {
	if _, err := fmt.Sscanf(register, "V%d", &n); err != nil {
		panic("gen: " + register + " has no number") // a mistake above
	}
	return n
}
