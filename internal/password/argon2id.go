package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Sizes of new hashes in bytes (RFC 9106, 3.1 and 4).
const (
	newSaltSize   = 16
	newDigestSize = 32
)

// argon2idHash is an argon2id hash of version 19 (RFC 9106).
type argon2idHash struct {
	cost         Params
	salt, digest []byte
}

func newArgon2id(cost Params, password string) argon2idHash {
	a := argon2idHash{cost: cost, salt: make([]byte, newSaltSize), digest: make([]byte, newDigestSize)}
	rand.Read(a.salt) // never fails: it ends the program instead
	a.digest = a.compute(password)
	return a
}

// parseArgon2id reads a PHC string: $argon2id$v=19$m=19456,t=2,p=1$salt$digest, and no other spelling of it. It
// computes what it was told to compute, so a version or parameter read leniently would be a wrong verdict.
func parseArgon2id(stored string) (hash, error) {
	fields := strings.Split(stored, "$")
	if len(fields) != 6 {
		return nil, fmt.Errorf("has %d fields where scheme, version, parameters, salt and digest are 5", len(fields)-1)
	}
	if fields[2] != "v=19" {
		return nil, errors.New("the version is not v=19")
	}
	cost, err := parseCost(fields[3])
	if err != nil {
		return nil, err
	}
	salt, err := phcBytes(fields[4], minSalt, maxSalt)
	if err != nil {
		return nil, fmt.Errorf("the salt %w", err)
	}
	digest, err := phcBytes(fields[5], minDigest, maxDigest)
	if err != nil {
		return nil, fmt.Errorf("the digest %w", err)
	}
	return argon2idHash{cost, salt, digest}, nil
}

func phcBytes(text string, least, most int) ([]byte, error) {
	raw, err := decode(base64.RawStdEncoding, text)
	if err != nil {
		return nil, err
	}
	if len(raw) < least || len(raw) > most {
		return nil, fmt.Errorf("has %d bytes, accepted are %d to %d", len(raw), least, most)
	}
	return raw, nil
}

// String returns the PHC string for storing.
func (a argon2idHash) String() string {
	b64 := base64.RawStdEncoding
	return "$argon2id$v=19$" + a.cost.text() + "$" + b64.EncodeToString(a.salt) + "$" + b64.EncodeToString(a.digest)
}

func (a argon2idHash) memory() uint32 { return a.cost.Memory }

func (a argon2idHash) matches(password string) bool {
	return subtle.ConstantTimeCompare(a.compute(password), a.digest) == 1
}

func (a argon2idHash) compute(password string) []byte {
	c := a.cost
	return argon2.IDKey([]byte(password), a.salt, c.Time, c.Memory, c.Threads, uint32(len(a.digest)))
}

func (a argon2idHash) outdated(target Params) bool {
	return a.cost.weakerThan(target) || len(a.salt) < newSaltSize || len(a.digest) < newDigestSize
}
