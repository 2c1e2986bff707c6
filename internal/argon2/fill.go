//go:build (amd64 || arm64) && !purego

package argon2

import "sync"

// filling is a computation: the blocks as lanes, one for each thread, and each lane as four slices.
type filling struct {
	Implementation
	mode              mode
	time, threads     uint32
	perLane, perSlice uint32 // blocks
	blocks            []block
	lanes             []lane
}

// run fills the memory, pass after pass. Within a slice no lane reads what another is writing.
func (f *filling) run() {
	for pass := range f.time {
		for slice := range uint32(slices) {
			if f.threads == 1 {
				f.segment(pass, slice, 0)
			} else {
				f.segments(pass, slice)
			}
		}
	}
}

func (f *filling) segments(pass, slice uint32) {
	var all sync.WaitGroup
	for lane := range f.threads {
		all.Go(func() { f.segment(pass, slice, lane) })
	}
	all.Wait()
}

// segment computes the blocks of one slice of one lane (RFC 9106, 3.2, steps 5 and 6).
func (f *filling) segment(pass, slice, lane uint32) {
	own := &f.lanes[lane]
	independent := f.mode == argon2i || pass == 0 && slice < slices/2
	if independent {
		own.input = block{uint64(pass), uint64(lane), uint64(slice), uint64(len(f.blocks)), uint64(f.time), uint64(f.mode)}
	}
	first := uint32(0)
	if pass == 0 && slice == 0 {
		first = 2 // the others were made from the seed
	}
	start := lane * f.perLane
	previous := start + (slice*f.perSlice+first+f.perLane-1)%f.perLane
	for i := first; i < f.perSlice; i++ {
		current := start + slice*f.perSlice + i
		var random uint64
		if independent {
			if i%uint32(len(own.addresses)) == 0 || i == first {
				f.nextAddresses(own)
			}
			random = own.addresses[i%uint32(len(own.addresses))]
		} else {
			random = f.blocks[previous][0]
		}
		reference := f.reference(random, pass, slice, lane, i)
		f.compress(&f.blocks[current], &f.blocks[previous], &f.blocks[reference], &own.scratch, pass > 0)
		previous = current
	}
}

// nextAddresses computes the next 128 places that do not depend on the password (RFC 9106, 3.4.1.2).
func (f *filling) nextAddresses(own *lane) {
	var zero block
	own.input[6]++
	f.compress(&own.addresses, &own.input, &zero, &own.scratch, false)
	f.compress(&own.addresses, &own.addresses, &zero, &own.scratch, false)
}

// reference returns which block the i-th one of a segment is computed from, with the one before it (RFC 9106, 3.4.2):
// its low half chooses among those that are done, recent ones more often, its high half a lane. The places depend on the
// password for argon2id, by design; what is done with one does not branch on it.
func (f *filling) reference(random uint64, pass, slice, lane, i uint32) uint32 {
	from := lane
	if (pass > 0 || slice > 0) && f.threads > 1 {
		from = uint32(random>>32) % f.threads
	}
	done, oldest := slice*f.perSlice, uint32(0)
	if pass > 0 {
		done, oldest = f.perLane-f.perSlice, (slice+1)%slices*f.perSlice
	}
	if from == lane {
		done += i - 1 // without the one before
	} else if i == 0 {
		done--
	}
	x := random & 0xFFFFFFFF
	x = x * x >> 32
	x = x * uint64(done) >> 32
	place := uint64(oldest) + uint64(done) - 1 - x - uint64(f.perLane)
	return from*f.perLane + uint32(place+uint64(f.perLane)&uint64(int64(place)>>63))
}
