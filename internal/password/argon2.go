package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Sizes of new hashes in bytes (RFC 9106, 3.1 and 4).
const (
	newSaltSize   = 16
	newDigestSize = 32
)

// argon2Hash is an argon2id or argon2i hash of version 19 (RFC 9106).
type argon2Hash struct {
	independent  bool // argon2i, which is verified and never made
	cost         Params
	salt, digest []byte
	slot         *slot // what it is computed in
}

func newArgon2id(cost Params, password string, in *slot) argon2Hash {
	a := argon2Hash{cost: cost, salt: make([]byte, newSaltSize), digest: make([]byte, newDigestSize), slot: in}
	rand.Read(a.salt) // never fails: it ends the program instead
	a.digest = in.key(a, password)
	return a
}

// inSlot returns the hash as one that computes in the slot, if it is argon2. Other schemes do not use one.
func inSlot(h hash, s *slot) hash {
	switch h := h.(type) {
	case argon2Hash:
		h.slot = s
		return h
	case djangoArgon2Hash:
		return djangoArgon2Hash{inSlot(h.hash, s)}
	case decoy:
		return decoy{inSlot(h.hash, s)}
	}
	return h
}

// parseArgon2 reads a PHC string: $argon2id$v=19$m=19456,t=2,p=1$salt$digest, and no other spelling of it. It
// computes what it was told to compute, so a version or parameter read leniently would be a wrong verdict.
func parseArgon2(stored string) (hash, error) {
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
	salt, digest, err := saltAndDigest(unpadded, fields[4], unpadded, fields[5])
	if err != nil {
		return nil, err
	}
	return argon2Hash{independent: fields[1] == "argon2i", cost: cost, salt: salt, digest: digest}, nil
}

// parseDjangoArgon2 reads what Django writes: the word argon2 and a PHC string.
func parseDjangoArgon2(stored string) (hash, error) {
	inner, err := parseArgon2(strings.TrimPrefix(stored, "argon2"))
	if err != nil {
		return nil, err
	}
	return djangoArgon2Hash{inner}, nil
}

// djangoArgon2Hash is to be renewed even where it is strong, so that one spelling remains.
type djangoArgon2Hash struct{ hash }

func (djangoArgon2Hash) outdated(Params) bool { return true }

// String returns the PHC string for storing.
func (a argon2Hash) String() string {
	b64 := base64.RawStdEncoding
	return "$argon2id$v=19$" + a.cost.text() + "$" + b64.EncodeToString(a.salt) + "$" + b64.EncodeToString(a.digest)
}

func (a argon2Hash) memory() uint32 { return a.cost.Memory }

func (a argon2Hash) parameters() string { return a.cost.text() }

func (a argon2Hash) matches(password string) bool {
	return subtle.ConstantTimeCompare(a.slot.key(a, password), a.digest) == 1
}

func (a argon2Hash) outdated(target Params) bool {
	return a.independent || a.cost.weakerThan(target) || len(a.salt) < newSaltSize || len(a.digest) < newDigestSize
}
