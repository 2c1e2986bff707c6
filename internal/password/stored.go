package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// maxStored is more than the longest accepted text takes (argon2id with the largest salt and digest: 1,572 bytes).
const maxStored = 2048

// Caps on what every scheme stores, in bytes. Below, digests can be guessed; above, nothing honest is found.
const (
	minSalt, maxSalt     = 8, 1024
	minDigest, maxDigest = 16, 128
)

// hash is a stored hash that was read in full and is within the caps.
type hash interface {
	// memory is what one computation takes, in KiB.
	memory() uint32
	// matches computes exactly one hash, whatever the password is, and compares in constant time.
	matches(password string) bool
	// outdated reports whether a new hash of the target's cost would be stronger.
	outdated(target Params) bool
}

// decoy computes as the hash inside it does, and matches no password, even one that would have.
type decoy struct{ hash }

func (d decoy) matches(password string) bool {
	d.hash.matches(password)
	return false
}

// Check returns nil for a stored hash that Verify would compute, else an error that says what is wrong with it
// for people who import it. The error never quotes the hash.
func Check(stored string) error {
	_, err := parse(stored)
	return err
}

// parse reads a stored hash by the scheme that its prefix names. A further scheme is one file and one line here.
func parse(stored string) (hash, error) {
	schemes := [...]struct {
		prefix string
		parse  func(string) (hash, error)
	}{
		{"$argon2id$", parseArgon2id},
		{"$2a$", parseBcrypt}, {"$2b$", parseBcrypt}, {"$2y$", parseBcrypt},
	}
	if stored == "" {
		return nil, errors.New("password hash: is empty")
	}
	if len(stored) > maxStored {
		return nil, fmt.Errorf("password hash: is %d bytes long, over %d", len(stored), maxStored)
	}
	var accepted []string
	for _, scheme := range schemes {
		accepted = append(accepted, scheme.prefix)
		if strings.HasPrefix(stored, scheme.prefix) {
			known, err := scheme.parse(stored)
			if err != nil {
				return nil, fmt.Errorf("password hash: %s: %w", strings.Trim(scheme.prefix, "$"), err)
			}
			return known, nil
		}
	}
	return nil, fmt.Errorf("password hash: begins with none of %s", strings.Join(accepted, " "))
}

// decode reads base64 in its one canonical spelling; Go's decoder would skip line ends, even a strict one.
func decode(encoding *base64.Encoding, text string) ([]byte, error) {
	raw, err := encoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("is not base64 of the scheme's alphabet, unpadded, in its canonical spelling")
	}
	return raw, nil
}
