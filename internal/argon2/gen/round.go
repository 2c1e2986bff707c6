package main

// The rounds work on quarters: the 16 words of a round (RFC 9106, 3.6) are a 4x4 matrix whose rows are a, b, c and d. One
// vector register holds a row, or half a row, of several such matrices, so that one instruction does the same to all.

// quarter holds the registers of the rows a, b, c and d of the same matrices.
type quarter struct{ a, b, c, d string }

// machine is an instruction set: how it combines the 64-bit words of registers.
type machine struct {
	temp     []string                                   // one register for each quarter that is worked on together
	add, xor func(p *printer, x, y, to string)          // to = x + y, x xor y
	multiply func(p *printer, x, y, to string)          // to = lo(x) * lo(y), of each word its lower half
	rotate   func(p *printer, bits int, x, temp string) // rotates x right; temp is free to use
	shift    func(p *printer, x, y, to string)          // to = (x's second word, y's first), of every two words
}

// mix does GB to every column of the matrices (RFC 9106, 3.6). Quarters take turns instruction by instruction, because
// each instruction for a quarter waits for the one before it.
func (m machine) mix(p *printer, quarters ...quarter) {
	forAB := func(q quarter) (string, string, string) { return q.a, q.b, q.d }
	forCD := func(q quarter) (string, string, string) { return q.c, q.d, q.b }
	for _, step := range []struct {
		meaning string
		bits    int
		rows    func(q quarter) (sum, with, turned string)
	}{
		{"a += b + 2*lo(a)*lo(b); d = (d xor a) >>> 32", 32, forAB},
		{"c += d + 2*lo(c)*lo(d); b = (b xor c) >>> 24", 24, forCD},
		{"a += b + 2*lo(a)*lo(b); d = (d xor a) >>> 16", 16, forAB},
		{"c += d + 2*lo(c)*lo(d); b = (b xor c) >>> 63", 63, forCD},
	} {
		p.comment("%s", step.meaning)
		each := func(print func(sum, with, turned, temp string)) {
			for i, q := range quarters {
				sum, with, turned := step.rows(q)
				print(sum, with, turned, m.temp[i])
			}
		}
		each(func(sum, with, _, temp string) { m.multiply(p, with, sum, temp) })
		each(func(sum, with, _, _ string) { m.add(p, with, sum, sum) })
		each(func(_, _, _, temp string) { m.add(p, temp, temp, temp) })
		each(func(sum, _, _, temp string) { m.add(p, temp, sum, sum) })
		each(func(sum, _, turned, _ string) { m.xor(p, sum, turned, turned) })
		each(func(_, _, turned, temp string) { m.rotate(p, step.bits, turned, temp) })
	}
}

// rows does a round to matrices whose rows have a register each: columns first, then diagonals, for which the words of
// the rows b, c and d move one, two and three places.
func (m machine) rows(p *printer, quarters ...quarter) {
	move := func(b, c, d immediate) {
		for _, q := range quarters {
			p.op("VPERMQ", b, q.b, q.b)
			p.op("VPERMQ", c, q.c, q.c)
			p.op("VPERMQ", d, q.d, q.d)
		}
	}
	m.mix(p, quarters...)
	p.comment("diagonals")
	move(0x39, 0x4E, 0x93)
	m.mix(p, quarters...)
	p.comment("back to columns")
	move(0x93, 0x4E, 0x39)
}

// columns does a round to matrices whose rows are halves in two registers, those of low and those of high, and returns
// the registers in which these are afterwards.
func (m machine) columns(p *printer, low, high quarter, free *spare) (quarter, quarter) {
	// shift replaces the halves (x, y) of a row by (x's second and y's first word, y's second and x's first word).
	shift := func(x, y string) (string, string) {
		xy, yx := free.take(), free.take()
		m.shift(p, x, y, xy)
		m.shift(p, y, x, yx)
		free.give(x, y)
		return xy, yx
	}
	m.mix(p, low, high)
	p.comment("diagonals")
	low.b, high.b = shift(low.b, high.b)
	low.c, high.c = high.c, low.c
	high.d, low.d = shift(low.d, high.d)
	m.mix(p, low, high)
	p.comment("back to columns")
	high.b, low.b = shift(low.b, high.b)
	low.c, high.c = high.c, low.c
	low.d, high.d = shift(low.d, high.d)
	return low, high
}

// exchange returns registers with the lower halves and with the upper halves of x and y.
func exchange(p *printer, x, y string, free *spare) (lower, upper string) {
	lower, upper = free.take(), free.take()
	p.op("VSHUFI64X2", immediate(0x44), y, x, lower)
	p.op("VSHUFI64X2", immediate(0xEE), y, x, upper)
	free.give(x, y)
	return lower, upper
}

// interleave returns the registers of the rows in their order in the block: each row of low is followed by one of high.
func interleave(low, high quarter) []string {
	return []string{low.a, high.a, low.b, high.b, low.c, high.c, low.d, high.d}
}

// spare are registers that hold nothing.
type spare []string

func (s *spare) take() string {
	r := (*s)[0]
	*s = (*s)[1:]
	return r
}

func (s *spare) give(registers ...string) { *s = append(*s, registers...) }
