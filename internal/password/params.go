package password

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Caps on a computation, so that no stored text and no setting can exhaust a machine.
const (
	maxMemory  = 256 << 10 // KiB
	maxTime    = 16
	maxThreads = 16
)

// Params are the costs of an argon2id hash (RFC 9106, 3.1); only what ParseParams or Default returns is sure to be
// computable.
type Params struct {
	Memory  uint32 // in KiB
	Time    uint32 // passes over the memory
	Threads uint8  // lanes, computed in parallel
}

// Default returns the costs that OWASP's Password Storage sheet names first: 19 MiB, two passes, one lane.
func Default() Params { return Params{Memory: 19456, Time: 2, Threads: 1} }

// ParseParams reads a setting of the form argon2id:m=19456,t=2,p=1, exactly so and within the caps on stored
// hashes; the error says what is wrong with it.
func ParseParams(setting string) (Params, error) {
	cost, named := strings.CutPrefix(setting, "argon2id:")
	if !named {
		return Params{}, fmt.Errorf("password hash %q: want argon2id and its costs, for example %s", setting, Default())
	}
	p, err := parseCost(cost)
	if err != nil {
		return Params{}, fmt.Errorf("password hash %q: %w; for example %s", setting, err, Default())
	}
	return p, nil
}

// String returns the setting in the one spelling that ParseParams reads, such as argon2id:m=19456,t=2,p=1.
func (p Params) String() string { return "argon2id:" + p.text() }

// text returns the costs as a PHC string has them.
func (p Params) text() string { return fmt.Sprintf("m=%d,t=%d,p=%d", p.Memory, p.Time, p.Threads) }

// Weaker reports whether hashes of these costs are weaker than each minimum that OWASP's sheet lists as equal.
func (p Params) Weaker() bool {
	for _, least := range [...]Params{{47104, 1, 1}, {19456, 2, 1}, {12288, 3, 1}, {9216, 4, 1}, {7168, 5, 1}} {
		if p.Memory >= least.Memory && p.Time >= least.Time {
			return false
		}
	}
	return true
}

// weakerThan compares the work, and lets no number of passes make up for too little memory. A hash of the
// target's costs is never weaker, so that a rehash is done once.
func (p Params) weakerThan(target Params) bool {
	work := func(c Params) uint64 { return uint64(c.Memory) * uint64(c.Time) }
	return work(p) < work(target) || p.Weaker() && !target.Weaker()
}

// parseCost reads m=19456,t=2,p=1. Its errors quote nothing.
func parseCost(text string) (Params, error) {
	values, err := parameters(text, "m", "t", "p")
	if err != nil {
		return Params{}, err
	}
	if values[2] > maxThreads { // before it becomes a byte
		return Params{}, fmt.Errorf("p is %d, accepted are 1 to %d", values[2], maxThreads)
	}
	p := Params{Memory: values[0], Time: values[1], Threads: uint8(values[2])}
	return p, p.check()
}

// check returns an error for costs over the caps, or under what the algorithm is defined for.
func (p Params) check() error {
	switch {
	case p.Threads < 1 || p.Threads > maxThreads:
		return fmt.Errorf("p is %d, accepted are 1 to %d", p.Threads, maxThreads)
	case p.Time < 1 || p.Time > maxTime:
		return fmt.Errorf("t is %d, accepted are 1 to %d", p.Time, maxTime)
	case p.Memory < 8*uint32(p.Threads) || p.Memory > maxMemory:
		return fmt.Errorf("m is %d KiB, accepted are %d (8 for each lane) to %d", p.Memory, 8*p.Threads, maxMemory)
	}
	return nil
}

// parameters reads the named numbers, in this order, without signs or leading zeros, as the PHC string format has them.
func parameters(text string, names ...string) ([]uint32, error) {
	fields := strings.Split(text, ",")
	if len(fields) != len(names) {
		return nil, fmt.Errorf("want exactly the parameters %s", strings.Join(names, ", "))
	}
	values := make([]uint32, len(names))
	for i, name := range names {
		digits, named := strings.CutPrefix(fields[i], name+"=")
		if !named {
			return nil, fmt.Errorf("want the parameters %s in this order", strings.Join(names, ", "))
		}
		value, err := number(digits)
		if err != nil {
			return nil, fmt.Errorf("%s %w", name, err)
		}
		values[i] = value
	}
	return values, nil
}

// number reads a decimal in its one canonical spelling.
func number(digits string) (uint32, error) {
	n, err := strconv.ParseUint(digits, 10, 32)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, errors.New("is far too large")
	case err != nil || strconv.FormatUint(n, 10) != digits:
		return 0, errors.New("is not a plain decimal number")
	}
	return uint32(n), nil
}
