package password

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// Caps on scrypt. N times r is the memory, at most 256 MiB; times p it is the time, up to some seconds.
const (
	scryptMaxLogN  = 18
	scryptMaxR     = 32
	scryptMaxP     = 16
	scryptMaxTable = 8 * maxMemory
	scryptMaxWork  = 4 * scryptMaxTable

	cryptScryptDigits = 11 // of the parameters in the spelling of crypt(3)
)

// scryptHash is a scrypt hash (RFC 7914).
type scryptHash struct {
	cost         scryptCost
	salt, digest []byte
}

// scryptCost holds scrypt's N, r and p.
type scryptCost struct{ n, r, p uint32 }

func (c scryptCost) check() error {
	switch {
	case c.n < 2 || bits.OnesCount32(c.n) != 1 || c.n > 1<<scryptMaxLogN:
		return fmt.Errorf("the cost N is %d, accepted are the powers of 2 from 2 to %d", c.n, 1<<scryptMaxLogN)
	case c.r < 1 || c.r > scryptMaxR:
		return fmt.Errorf("r is %d, accepted are 1 to %d", c.r, scryptMaxR)
	case c.p < 1 || c.p > scryptMaxP:
		return fmt.Errorf("p is %d, accepted are 1 to %d", c.p, scryptMaxP)
	case c.n*c.r > scryptMaxTable:
		return fmt.Errorf("it takes %d KiB, accepted are up to %d", c.n*c.r/8, maxMemory)
	case c.n*c.r*c.p > scryptMaxWork:
		return fmt.Errorf("the product of N, r and p is %d, accepted are up to %d", c.n*c.r*c.p, scryptMaxWork)
	}
	return nil
}

// memory returns KiB: a table of N blocks of 128·r bytes, p blocks that go through it, and two for working.
func (c scryptCost) memory() uint32 { return (c.n*c.r + c.p*c.r + 2*c.r + 7) / 8 }

func (c scryptCost) text() string { return fmt.Sprintf("N=%d,r=%d,p=%d", c.n, c.r, c.p) }

// key computes size bytes; it never fails within the caps.
func (c scryptCost) key(password string, salt []byte, size int) []byte {
	key, err := scrypt.Key([]byte(password), salt, int(c.n), int(c.r), int(c.p), size)
	if err != nil {
		panic("password: scrypt: " + err.Error())
	}
	return key
}

// exponential returns the cost with N = 2^logN; name is what the spelling calls the exponent.
func exponential(name string, logN, r, p uint32) (scryptCost, error) {
	if logN < 1 || logN > scryptMaxLogN {
		return scryptCost{}, fmt.Errorf("%s is %d, accepted are 1 to %d: it is the binary logarithm of N, not N", name, logN, scryptMaxLogN)
	}
	c := scryptCost{1 << logN, r, p}
	return c, c.check()
}

// parseScrypt reads a PHC string: $scrypt$ln=16,r=8,p=1$salt$digest as passlib writes it, or AdonisJS's with n=65536, where
// n is N itself and ln its binary logarithm.
func parseScrypt(stored string) (hash, error) {
	fields := strings.Split(stored, "$")
	if len(fields) != 5 {
		return nil, fmt.Errorf("has %d fields where scheme, parameters, salt and digest are 4", len(fields)-1)
	}
	cost, err := phcCost(fields[2])
	if err != nil {
		return nil, err
	}
	return newScrypt(cost, unpadded, fields[3], unpadded, fields[4])
}

func phcCost(text string) (scryptCost, error) {
	if strings.HasPrefix(text, "n=") || strings.Contains(text, ",n=") {
		values, err := parameters(text, "n", "r", "p")
		if err != nil {
			return scryptCost{}, err
		}
		c := scryptCost{values[0], values[1], values[2]}
		return c, c.check()
	}
	values, err := parameters(text, "ln", "r", "p")
	if err != nil {
		return scryptCost{}, err
	}
	return exponential("ln", values[0], values[1], values[2])
}

// parseCryptScrypt reads the spelling of crypt(3) and libsodium: $7$ with a digit for the binary logarithm of N, five each for
// r and p, the salt as it is used, and $digest.
func parseCryptScrypt(stored string) (hash, error) {
	const logSize, numberSize, digestSize = 1, 5, 32
	fields := strings.Split(stored, "$")
	if len(fields) != 4 || len(fields[2]) < cryptScryptDigits {
		return nil, errors.New("is not of the form $7$, parameters of 11 characters, salt$digest")
	}
	var values [3]uint32
	for i, text := range [...]string{fields[2][:logSize], fields[2][logSize : logSize+numberSize], fields[2][logSize+numberSize : cryptScryptDigits]} {
		var err error
		if values[i], err = crypt64Number(text); err != nil {
			return nil, fmt.Errorf("a parameter %w", err)
		}
	}
	cost, err := exponential("the binary logarithm of N", values[0], values[1], values[2])
	if err != nil {
		return nil, err
	}
	salt, digest, err := saltAndDigest(verbatim, fields[2][cryptScryptDigits:], crypt64, fields[3])
	if err != nil {
		return nil, err
	}
	return scryptHash{cost, salt, digest}, checkSize("digest", len(digest), digestSize, digestSize)
}

// parseDjangoScrypt reads scrypt$N$salt$r$p$digest.
func parseDjangoScrypt(stored string) (hash, error) {
	fields := strings.Split(stored, "$")
	if len(fields) != 6 {
		return nil, fmt.Errorf("has %d fields where scheme, N, salt, r, p and digest are 6", len(fields))
	}
	cost, err := decimalCost(fields[1], fields[3], fields[4])
	if err != nil {
		return nil, err
	}
	return newScrypt(cost, verbatim, fields[2], padded, fields[5])
}

// parseWerkzeugScrypt reads scrypt:N:r:p$salt$digest.
func parseWerkzeugScrypt(stored string) (hash, error) {
	fields := strings.Split(stored, "$")
	method := strings.Split(fields[0], ":")
	if len(fields) != 3 || len(method) != 4 {
		return nil, errors.New("is not of the form scrypt:N:r:p$salt$digest")
	}
	cost, err := decimalCost(method[1], method[2], method[3])
	if err != nil {
		return nil, err
	}
	return newScrypt(cost, verbatim, fields[1], hexadecimal, fields[2])
}

func decimalCost(n, r, p string) (scryptCost, error) {
	var c scryptCost
	for _, field := range [...]struct {
		name, digits string
		value        *uint32
	}{{"the cost N", n, &c.n}, {"r", r, &c.r}, {"p", p, &c.p}} {
		var err error
		if *field.value, err = number(field.digits); err != nil {
			return scryptCost{}, fmt.Errorf("%s %w", field.name, err)
		}
	}
	return c, c.check()
}

func newScrypt(cost scryptCost, readSalt encoding, s string, readDigest encoding, d string) (hash, error) {
	salt, digest, err := saltAndDigest(readSalt, s, readDigest, d)
	if err != nil {
		return nil, err
	}
	return scryptHash{cost, salt, digest}, nil
}

func (s scryptHash) memory() uint32 { return s.cost.memory() }

func (s scryptHash) parameters() string { return s.cost.text() }

func (s scryptHash) matches(password string) bool {
	return subtle.ConstantTimeCompare(s.cost.key(password, s.salt, len(s.digest)), s.digest) == 1
}

func (s scryptHash) outdated(Params) bool { return true }
