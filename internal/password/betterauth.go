package password

import (
	"errors"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// better-auth and Lucia store salt:digest in hexadecimal, made by scrypt with fixed parameters from the password's NFKC form.
// The salt is used as text. Lucia 2 writes s2: before it; older hashes of Lucia have a shorter salt and r 8.
const (
	colonN       = 1 << 14
	colonR       = 16
	colonDigest  = 64 // bytes
	colonSalt    = 32 // characters
	oldLuciaSalt = 16
	oldLuciaR    = 8
)

// isColonScrypt reports whether the text has the sizes of salt:digest; no prefix marks it.
func isColonScrypt(stored string) bool {
	salt, digest, _ := strings.Cut(stored, ":")
	return len(digest) == 2*colonDigest && (len(salt) == colonSalt || len(salt) == oldLuciaSalt)
}

// parseColonScrypt reads what better-auth, Lucia 3 and Lucia 1 write.
func parseColonScrypt(stored string) (hash, error) {
	salt, digest, _ := strings.Cut(stored, ":")
	r := uint32(colonR)
	if len(salt) == oldLuciaSalt {
		r = oldLuciaR
	}
	return newColonScrypt(r, salt, digest)
}

// parseLucia2 reads s2:salt:digest.
func parseLucia2(stored string) (hash, error) {
	salt, digest, found := strings.Cut(strings.TrimPrefix(stored, "s2:"), ":")
	if !found {
		return nil, errors.New("is not of the form s2:salt:digest")
	}
	return newColonScrypt(colonR, salt, digest)
}

func newColonScrypt(r uint32, salt, digest string) (hash, error) {
	if strings.Trim(salt, crypt64Digits[2:]) != "" {
		return nil, errors.New("the salt has a character that is not a letter or digit")
	}
	h, err := newScrypt(scryptCost{n: colonN, r: r, p: 1}, verbatim, salt, hexadecimal, digest)
	if err != nil {
		return nil, err
	}
	return nfkcHash{h}, checkSize("digest", len(digest)/2, colonDigest, colonDigest)
}

// nfkcHash is a hash of a system that converts passwords to NFKC before hashing.
type nfkcHash struct{ hash }

func (n nfkcHash) matches(password string) bool { return n.hash.matches(norm.NFKC.String(password)) }
