package main

// avx512 prints the block function for registers of 512 bits. The whole block stays in 16 of them: register 2r+h has half
// h of row r.
func avx512(p *printer) {
	m := intel("VPXORQ", registers("Z", 28, 31), func(p *printer, bits int, x, _ string) { p.op("VPRORQ", immediate(bits), x, x) })
	p.function("compressAVX512", "out, a, b *block, xor bool", "$0-25")
	p.op("MOVBLZX", "xor+24(FP)", xorFlag)

	p.comment("the state = a xor b")
	state := registers("Z", 0, 15)
	for i, r := range state {
		p.op("VMOVDQU64", at(64*i, first, ""), r)
	}
	for i, r := range state {
		p.op("VPXORQ", at(64*i, second, ""), r, r)
	}

	p.comment("rows, of which each half of a register has one")
	free := spare(registers("Z", 16, 27))
	var pairs []quarter
	for r := 0; r < len(state); r += 4 {
		var q quarter
		q.a, q.b = exchange(p, state[r], state[r+2], &free)
		q.c, q.d = exchange(p, state[r+1], state[r+3], &free)
		pairs = append(pairs, q)
	}
	m.rows(p, pairs...)
	for i, q := range pairs {
		r := 4 * i
		state[r], state[r+2] = exchange(p, q.a, q.b, &free)
		state[r+1], state[r+3] = exchange(p, q.c, q.d, &free)
	}

	for half := range 2 {
		p.comment("columns %d to %d", 4*half, 4*half+3)
		row := func(r int) string { return state[2*r+half] }
		low, high := m.columns(p, quarter{row(0), row(2), row(4), row(6)}, quarter{row(1), row(3), row(5), row(7)}, &free)
		for r, register := range interleave(low, high) {
			state[2*r+half] = register
		}
	}

	p.comment("out = the state xor a xor b")
	p.finish("VPXORQ", "VMOVDQU64", state, func(i int, base string) string { return at(64*i, base, "") })
	p.leave()
}
