package password

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"errors"
	"fmt"
	stdhash "hash"
	"strings"

	"github.com/go-crypt/x/crypt"
	"github.com/go-crypt/x/yescrypt"
)

// Caps on SHA-crypt. The time of a round grows with the password: tenfold for one of 1,024 bytes.
const (
	shaCryptMinRounds = 1000 // crypt(3) makes no fewer
	shaCryptRounds    = 5000 // where the text has none
	shaCryptMaxRounds = 1_000_000
	shaCryptMaxSalt   = 16
	shaCryptMemory    = 8 // KiB
)

// shaCryptHash is a hash of crypt(3) made with SHA-256 or SHA-512.
type shaCryptHash struct {
	function     func() stdhash.Hash
	rounds       uint32
	salt, digest []byte // as text
}

// parseSHACrypt reads $5$salt$digest and $6$salt$digest, with or without rounds=N$ before the salt.
func parseSHACrypt(stored string) (hash, error) {
	s := shaCryptHash{function: sha256.New, rounds: shaCryptRounds}
	if strings.HasPrefix(stored, "$6$") {
		s.function = sha512.New
	}
	rest := stored[len("$5$"):]
	if given, found := strings.CutPrefix(rest, "rounds="); found {
		digits, after, _ := strings.Cut(given, "$")
		var err error
		if s.rounds, err = number(digits); err != nil {
			return nil, fmt.Errorf("the number of rounds %w", err)
		}
		rest = after
	}
	if s.rounds < shaCryptMinRounds || s.rounds > shaCryptMaxRounds {
		return nil, fmt.Errorf("it takes %d rounds, accepted are %d to %d", s.rounds, shaCryptMinRounds, shaCryptMaxRounds)
	}
	salt, digest, found := strings.Cut(rest, "$")
	if !found {
		return nil, errors.New("has no digest")
	}
	var err error
	if s.salt, err = sized("salt", verbatim, salt, 1, shaCryptMaxSalt); err != nil {
		return nil, err
	}
	size := s.function().Size()
	if _, err := sized("digest", crypt64, digest, size, size); err != nil {
		return nil, err
	}
	s.digest = []byte(digest)
	return s, nil
}

func (s shaCryptHash) memory() uint32 { return shaCryptMemory }

func (s shaCryptHash) parameters() string { return fmt.Sprintf("%d rounds", s.rounds) }

func (s shaCryptHash) matches(password string) bool {
	digest := crypt.KeySHACrypt(s.function, []byte(password), s.salt, int(s.rounds))
	return subtle.ConstantTimeCompare(digest, s.digest) == 1
}

func (s shaCryptHash) outdated(Params) bool { return true }

// yescryptHash is a hash of yescrypt with the flavor that crypt(3) makes.
type yescryptHash struct {
	cost         scryptCost // p is 1
	salt, digest []byte
}

const (
	yescryptMinN   = 1 << 10
	yescryptMemory = 13 // KiB more than scrypt's
	yescryptDigest = 32
)

// parseYescrypt reads $y$jNr$salt$digest, where N and r are a digit each: the binary logarithm of N less 1, and r less 1.
func parseYescrypt(stored string) (hash, error) {
	fields := strings.Split(stored, "$")
	if len(fields) != 5 {
		return nil, fmt.Errorf("has %d fields where scheme, parameters, salt and digest are 4", len(fields)-1)
	}
	setting := fields[2]
	if len(setting) != 3 || setting[0] != 'j' {
		return nil, errors.New("the parameters are not j and two digits, as crypt(3) writes them")
	}
	logN, r := strings.IndexByte(crypt64Digits, setting[1]), strings.IndexByte(crypt64Digits, setting[2])
	if logN < 0 || r < 0 {
		return nil, errors.New("the parameters are not digits of crypt(3)")
	}
	cost, err := exponential("the binary logarithm of N", uint32(logN+1), uint32(r+1), 1)
	if err != nil {
		return nil, err
	}
	if cost.n < yescryptMinN {
		return nil, fmt.Errorf("the cost N is %d, accepted are %d and more", cost.n, yescryptMinN)
	}
	salt, digest, err := saltAndDigest(crypt64, fields[3], crypt64, fields[4])
	if err != nil {
		return nil, err
	}
	return yescryptHash{cost, salt, digest}, checkSize("digest", len(digest), yescryptDigest, yescryptDigest)
}

func (y yescryptHash) memory() uint32 { return y.cost.memory() + yescryptMemory }

func (y yescryptHash) parameters() string { return fmt.Sprintf("N=%d,r=%d", y.cost.n, y.cost.r) }

func (y yescryptHash) matches(password string) bool {
	digest, err := yescrypt.Key([]byte(password), y.salt, int(y.cost.n), int(y.cost.r), 1, yescryptDigest)
	if err != nil {
		panic("password: yescrypt: " + err.Error()) // only for parameters beyond the caps
	}
	return subtle.ConstantTimeCompare(digest, y.digest) == 1
}

func (y yescryptHash) outdated(Params) bool { return true }
