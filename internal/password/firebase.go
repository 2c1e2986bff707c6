package password

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// firebaseHash is a hash of Firebase Authentication: the project's signer key, encrypted with the password's scrypt key.
type firebaseHash struct {
	cost                    scryptCost
	salt, signerKey, digest []byte // the salt ends with the project's separator
}

// parseFirebase reads the spelling of Supabase's GoTrue, which repeats the project's parameters in every hash:
// $fbscrypt$v=1,n=14,r=8,p=1,ss=separator,sk=signer key$salt$digest. Base64 is padded, and n is mem_cost.
func parseFirebase(stored string) (hash, error) {
	fields := strings.Split(stored, "$")
	if len(fields) != 5 {
		return nil, fmt.Errorf("has %d fields where scheme, parameters, salt and digest are 4", len(fields)-1)
	}
	numbers, keys, found := strings.Cut(fields[2], ",ss=")
	separatorText, signerText, both := strings.Cut(keys, ",sk=")
	if !found || !both {
		return nil, errors.New("the parameters do not end with ss, the salt separator, and sk, the signer key")
	}
	cost, err := firebaseCost(numbers)
	if err != nil {
		return nil, err
	}
	signerKey, err := sized("signer key", padded, signerText, minDigest, maxDigest)
	if err != nil {
		return nil, err
	}
	separator, err := sized("salt separator", padded, separatorText, 0, maxSalt)
	if err != nil {
		return nil, err
	}
	salt, digest, err := saltAndDigest(padded, fields[3], padded, fields[4])
	if err != nil {
		return nil, err
	}
	if len(digest) != len(signerKey) {
		return nil, fmt.Errorf("the digest has %d bytes, and the signer key %d", len(digest), len(signerKey))
	}
	salt = append(salt, separator...)
	return firebaseHash{cost, salt, signerKey, digest}, checkSize("salt with its separator", len(salt), minSalt, maxSalt)
}

func firebaseCost(text string) (scryptCost, error) {
	values, err := parameters(text, "v", "n", "r", "p")
	if err != nil {
		return scryptCost{}, err
	}
	if values[0] != 1 {
		return scryptCost{}, errors.New("the version is not v=1")
	}
	return exponential("n", values[1], values[2], values[3])
}

func (f firebaseHash) memory() uint32 { return f.cost.memory() }

func (f firebaseHash) parameters() string { return f.cost.text() }

func (f firebaseHash) matches(password string) bool {
	block, err := aes.NewCipher(f.cost.key(password, f.salt, 32))
	if err != nil {
		panic("password: firebase: " + err.Error()) // only for keys of another size
	}
	digest := make([]byte, len(f.signerKey))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(digest, f.signerKey)
	return subtle.ConstantTimeCompare(digest, f.digest) == 1
}

func (f firebaseHash) outdated(Params) bool { return true }
