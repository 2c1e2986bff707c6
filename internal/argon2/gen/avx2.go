package main

// avx2 prints the block function for registers of 256 bits. Half of them hold two rows at a time; what the rounds of the
// rows make waits in scratch for the rounds of the columns.
func avx2(p *printer) {
	m := intel("VPXOR", registers("Y", 8, 9), rotateAVX2)
	byteOrder(p, "rotate24", 24, 32)
	byteOrder(p, "rotate16", 16, 32)
	p.function("compressAVX2", "out, a, b, scratch *block, xor bool", "$0-33")
	p.op("MOVQ", "scratch+24(FP)", scratch)
	p.op("MOVBLZX", "xor+32(FP)", xorFlag)
	p.op("VMOVDQU", "rotate24<>(SB)", "Y10")
	p.op("VMOVDQU", "rotate16<>(SB)", "Y11")
	p.comment("b is anywhere in memory: ask for all of it at once")
	for i := 0; i < 8*rowBytes; i += 64 {
		p.op("PREFETCHT0", at(i, second, ""))
	}
	state, free := registers("Y", 0, 7), spare(registers("Y", 12, 13))

	p.comment("scratch = rows(a xor b), two of 8 rows at a time")
	p.loop("rows", 2*rowBytes, 8*rowBytes, func() {
		for i, r := range state {
			p.op("VMOVDQU", at(32*i, first, index), r)
		}
		for i, r := range state {
			p.op("VPXOR", at(32*i, second, index), r, r)
		}
		m.rows(p, quarter{state[0], state[1], state[2], state[3]}, quarter{state[4], state[5], state[6], state[7]})
		for i, r := range state {
			p.op("VMOVDQU", r, at(32*i, scratch, index))
		}
	})

	p.comment("out = columns(scratch) xor a xor b, two of 8 columns at a time")
	p.loop("columns", 32, rowBytes, func() {
		for i, r := range state {
			p.op("VMOVDQU", at(rowBytes*i, scratch, index), r)
		}
		low, high := m.columns(p, quarter{state[0], state[2], state[4], state[6]},
			quarter{state[1], state[3], state[5], state[7]}, &free)
		p.finish("VPXOR", "VMOVDQU", interleave(low, high), func(row int, base string) string {
			return at(rowBytes*row, base, index)
		})
	})
	p.leave()
}

// intel returns a machine whose registers are of 256 or 512 bits.
func intel(xor string, temp []string, rotate func(p *printer, bits int, x, temp string)) machine {
	op := func(name string) func(p *printer, x, y, to string) {
		return func(p *printer, x, y, to string) { p.op(name, x, y, to) }
	}
	return machine{
		temp: temp, add: op("VPADDQ"), xor: op(xor), multiply: op("VPMULUDQ"), rotate: rotate,
		shift: func(p *printer, x, y, to string) { p.op("VPALIGNR", immediate(8), x, y, to) },
	}
}

// byteOrder prints the order of bytes by which a shuffle of that many bytes rotates every 64-bit word right by that many bits.
func byteOrder(p *printer, name string, bits, size int) {
	p.line("")
	for word := range size / 8 {
		value := uint64(0)
		for i := range 8 {
			value |= uint64(word%2*8+(i+bits/8)%8) << (8 * i)
		}
		p.data(name, 8*word, value)
	}
	p.global(name, size)
}

func rotateAVX2(p *printer, bits int, x, temp string) {
	switch bits {
	case 32:
		p.op("VPSHUFD", immediate(0xB1), x, x)
	case 24:
		p.op("VPSHUFB", "Y10", x, x)
	case 16:
		p.op("VPSHUFB", "Y11", x, x)
	case 63: // left by one: the sum with itself, and the bit that falls out
		p.op("VPADDQ", x, x, temp)
		p.op("VPSRLQ", immediate(63), x, x)
		p.op("VPXOR", temp, x, x)
	}
}
