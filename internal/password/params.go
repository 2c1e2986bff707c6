package password

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Caps on a computation: no stored text and no setting can exhaust a machine.
const (
	maxMemory  = 256 << 10 // KiB
	maxTime    = 16
	maxThreads = 16
)

// Params are the costs of an argon2id hash (RFC 9106, 3.1). Those that ParseParams or Default returns can always be
// computed.
type Params struct {
	Memory  uint32 // in KiB
	Time    uint32 // passes over the memory
	Threads uint8  // lanes, computed in parallel
}

// Default returns the costs that OWASP's Password Storage sheet names first: 19 MiB, two passes, one lane.
func Default() Params { return Params{Memory: 19456, Time: 2, Threads: 1} }

// ParseParams reads a setting such as argon2id:m=19456,t=2,p=1, in exactly this order and within the caps on stored
// hashes. The error says what is wrong with it.
func ParseParams(setting string) (Params, error) {
	cost, named := strings.CutPrefix(setting, "argon2id:")
	if !named {
		return Params{}, fmt.Errorf("password hash %q: want argon2id and its costs, for example %s", setting, Default())
	}
	p, err := parseCost(cost)
	if err != nil {
		return Params{}, fmt.Errorf("password hash %q: %w; for example %s", setting, err, Default())
	}
	if p.String() != setting {
		return Params{}, fmt.Errorf("password hash %q: want the parameters m, t, p in this order; for example %s", setting, Default())
	}
	return p, nil
}

// String returns the setting in the only spelling that ParseParams reads, such as argon2id:m=19456,t=2,p=1.
func (p Params) String() string { return "argon2id:" + p.text() }

// text returns the costs in the spelling of PHC strings.
func (p Params) text() string { return fmt.Sprintf("m=%d,t=%d,p=%d", p.Memory, p.Time, p.Threads) }

// Weaker reports whether these costs are below every one of the minimums in OWASP's Password Storage Cheat Sheet.
func (p Params) Weaker() bool {
	for _, least := range [...]Params{{47104, 1, 1}, {19456, 2, 1}, {12288, 3, 1}, {9216, 4, 1}, {7168, 5, 1}} {
		if p.Memory >= least.Memory && p.Time >= least.Time {
			return false
		}
	}
	return true
}

// weakerThan compares the work, memory times passes; no number of passes makes up for memory below OWASP's minimums. A
// hash with the target's own costs is never weaker, so each hash is renewed once.
func (p Params) weakerThan(target Params) bool {
	work := func(c Params) uint64 { return uint64(c.Memory) * uint64(c.Time) }
	return work(p) < work(target) || p.Weaker() && !target.Weaker()
}

// parseCost reads m=19456,t=2,p=1 in any order.
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

// check returns an error for costs over the caps or below the minimums of RFC 9106.
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

// parameters reads the named numbers, each exactly once and in any order, without signs or leading zeros (PHC string
// format). Its errors quote nothing.
func parameters(text string, names ...string) ([]uint32, error) {
	fields := strings.Split(text, ",")
	if len(fields) != len(names) {
		return nil, fmt.Errorf("want exactly the parameters %s", strings.Join(names, ", "))
	}
	values, seen := make([]uint32, len(names)), make([]bool, len(names))
	for _, field := range fields {
		name, digits, _ := strings.Cut(field, "=")
		i := slices.Index(names, name)
		if i < 0 || seen[i] {
			return nil, fmt.Errorf("want the parameters %s, each once", strings.Join(names, ", "))
		}
		value, err := number(digits)
		if err != nil {
			return nil, fmt.Errorf("%s %w", name, err)
		}
		values[i], seen[i] = value, true
	}
	return values, nil
}

// number reads a decimal number in its canonical spelling.
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
