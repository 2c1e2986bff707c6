package password

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptSize    = 60 // $2b$10$, 22 characters of salt and 31 of digest
	bcryptMaxCost = 14 // about a second
	bcryptMaxKey  = 72 // bytes of a password that bcrypt reads
	bcryptMemory  = 5  // KiB: the state of one Blowfish key schedule
)

// bcryptHash is the text of a bcrypt hash that was checked in full.
type bcryptHash string

// parseBcrypt accepts exactly what crypt(3) would produce: x/crypto/bcrypt itself takes any version letter, any separator
// and trailing text, and finds bad characters only while it computes.
func parseBcrypt(stored string) (hash, error) {
	if len(stored) != bcryptSize {
		return nil, fmt.Errorf("is %d bytes long, not %d", len(stored), bcryptSize)
	}
	if version := stored[:4]; version != "$2a$" && version != "$2b$" && version != "$2y$" {
		return nil, errors.New("the version is none of 2a, 2b and 2y")
	}
	tens, ones := stored[4]-'0', stored[5]-'0'
	if tens > 9 || ones > 9 || stored[6] != '$' {
		return nil, errors.New("the cost is not two digits and a $")
	}
	if cost := int(10*tens + ones); cost < bcrypt.MinCost || cost > bcryptMaxCost {
		return nil, fmt.Errorf("the cost is %d, accepted are %d to %d", cost, bcrypt.MinCost, bcryptMaxCost)
	}
	alphabet := base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").
		WithPadding(base64.NoPadding)
	if _, err := decode(alphabet, stored[7:29]); err != nil {
		return nil, fmt.Errorf("the salt %w", err)
	}
	if _, err := decode(alphabet, stored[29:]); err != nil {
		return nil, fmt.Errorf("the digest %w", err)
	}
	return bcryptHash(stored), nil
}

// parseDjangoBcrypt reads what Django writes: the word bcrypt, a dollar, and what crypt(3) would produce.
func parseDjangoBcrypt(stored string) (hash, error) {
	return parseBcrypt(strings.TrimPrefix(stored, "bcrypt$"))
}

// parseDjangoBcryptSHA256 reads a bcrypt hash of the password's SHA-256 digest in hexadecimal, which avoids bcrypt's limit of
// 72 bytes.
func parseDjangoBcryptSHA256(stored string) (hash, error) {
	inner, err := parseBcrypt(strings.TrimPrefix(stored, "bcrypt_sha256$"))
	if err != nil {
		return nil, err
	}
	return bcryptSHA256Hash{inner}, nil
}

// bcryptSHA256Hash is a bcrypt hash of a password's digest.
type bcryptSHA256Hash struct{ hash }

func (b bcryptSHA256Hash) matches(password string) bool {
	digest := sha256.Sum256([]byte(password))
	return b.hash.matches(hex.EncodeToString(digest[:]))
}

// parseWordPress reads $wp and a bcrypt hash, as WordPress stores them since 6.8.
func parseWordPress(stored string) (hash, error) {
	inner, err := parseBcrypt(strings.TrimPrefix(stored, "$wp"))
	if err != nil {
		return nil, err
	}
	return trimmedHash{wordPressHash{inner}}, nil
}

// wordPressHash is a bcrypt hash of the base64 of the password's HMAC-SHA384 (wp_hash_password).
type wordPressHash struct{ hash }

func (w wordPressHash) matches(password string) bool {
	mac := hmac.New(sha512.New384, []byte("wp-sha384"))
	mac.Write([]byte(password))
	return w.hash.matches(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// CutsAt72 reports whether a stored hash is bcrypt of the password itself, of which other systems may have used only the first 72
// bytes.
func CutsAt72(stored string) bool {
	read, err := parse(stored)
	_, direct := read.(bcryptHash)
	return err == nil && direct
}

func (b bcryptHash) memory() uint32 { return bcryptMemory }

func (b bcryptHash) parameters() string { return "cost " + strings.TrimLeft(string(b[4:6]), "0") }

// matches refuses a password of more than 72 bytes, and only after the work: compared by its first 72 bytes, it would match
// with any ending.
func (b bcryptHash) matches(password string) bool {
	read := password[:min(len(password), bcryptMaxKey)]
	match := bcrypt.CompareHashAndPassword([]byte(b), []byte(read)) == nil
	return match && len(password) <= bcryptMaxKey
}

func (b bcryptHash) outdated(Params) bool { return true }
