package password

import (
	"crypto"
	"crypto/pbkdf2"
	_ "crypto/sha1" // these three register the functions
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

const (
	maxRounds    = 5_000_000 // of HMAC; a second with SHA-256 where the processor has instructions for it
	pbkdf2Memory = 1         // KiB
)

// pbkdf2Hash is a PBKDF2 hash with HMAC (RFC 8018, 5.2).
type pbkdf2Hash struct {
	function     crypto.Hash
	rounds       int
	salt, digest []byte
}

// newPBKDF2 checks what the parsers have read. Every block of output takes all rounds, so one cap covers both.
func newPBKDF2(function string, rounds uint32, salt, digest []byte) (hash, error) {
	p := pbkdf2Hash{rounds: int(rounds), salt: salt, digest: digest}
	switch function {
	case "sha1":
		p.function = crypto.SHA1
	case "sha256":
		p.function = crypto.SHA256
	case "sha512":
		p.function = crypto.SHA512
	default:
		return nil, errors.New("the hash function is none of sha1, sha256 and sha512")
	}
	blocks := uint64(len(digest)+p.function.Size()-1) / uint64(p.function.Size())
	if rounds < 1 || uint64(rounds)*blocks > maxRounds {
		return nil, fmt.Errorf("it takes %d rounds for each of %d blocks, accepted are 1 to %d in all", rounds, blocks, maxRounds)
	}
	return p, nil
}

// parsePBKDF2 reads two spellings with the same beginning: the PHC string format's $pbkdf2-sha256$i=29000,l=32$salt$digest,
// where l is optional, and passlib's $pbkdf2-sha256$29000$salt$digest with its own base64.
func parsePBKDF2(stored string) (hash, error) {
	fields := strings.Split(stored, "$")
	if len(fields) != 5 {
		return nil, fmt.Errorf("has %d fields where scheme, rounds, salt and digest are 4", len(fields)-1)
	}
	_, function, named := strings.Cut(fields[1], "-")
	if !named {
		function = "sha1"
	}
	if strings.HasPrefix(fields[2], "f=") {
		return nil, errors.New("the parameters are Mattermost's: write f=SHA256,w=600000,l=32 as $pbkdf2-sha256$i=600000,l=32")
	}
	if !strings.Contains(fields[2], "=") {
		return plainPBKDF2(function, fields[2], dotted, fields[3], dotted, fields[4])
	}
	names := []string{"i", "l"}
	if !strings.Contains(fields[2], ",") {
		names = names[:1]
	}
	values, err := parameters(fields[2], names...)
	if err != nil {
		return nil, err
	}
	salt, digest, err := saltAndDigest(unpadded, fields[3], unpadded, fields[4])
	if err != nil {
		return nil, err
	}
	if len(values) == 2 && int(values[1]) != len(digest) {
		return nil, fmt.Errorf("l is %d, and the digest has %d bytes", values[1], len(digest))
	}
	return newPBKDF2(function, values[0], salt, digest)
}

// parseDjangoPBKDF2 reads pbkdf2_sha256$870000$salt$digest.
func parseDjangoPBKDF2(stored string) (hash, error) {
	fields := strings.Split(stored, "$")
	if len(fields) != 4 {
		return nil, fmt.Errorf("has %d fields where scheme, rounds, salt and digest are 4", len(fields))
	}
	return plainPBKDF2(strings.TrimPrefix(fields[0], "pbkdf2_"), fields[1], verbatim, fields[2], padded, fields[3])
}

// parseWerkzeugPBKDF2 reads pbkdf2:sha256:1000000$salt$digest.
func parseWerkzeugPBKDF2(stored string) (hash, error) {
	fields := strings.Split(stored, "$")
	method := strings.Split(fields[0], ":")
	if len(fields) != 3 || len(method) != 3 {
		return nil, errors.New("is not of the form pbkdf2:function:rounds$salt$digest")
	}
	return plainPBKDF2(method[1], method[2], verbatim, fields[1], hexadecimal, fields[2])
}

// plainPBKDF2 takes the rounds as a bare number.
func plainPBKDF2(function, rounds string, readSalt encoding, s string, readDigest encoding, d string) (hash, error) {
	n, err := number(rounds)
	if err != nil {
		return nil, fmt.Errorf("the number of rounds %w", err)
	}
	salt, digest, err := saltAndDigest(readSalt, s, readDigest, d)
	if err != nil {
		return nil, err
	}
	return newPBKDF2(function, n, salt, digest)
}

func (p pbkdf2Hash) memory() uint32 { return pbkdf2Memory }

func (p pbkdf2Hash) parameters() string {
	return fmt.Sprintf("%s, %d rounds, %d bytes", p.function, p.rounds, len(p.digest))
}

func (p pbkdf2Hash) matches(password string) bool {
	digest, err := pbkdf2.Key(p.function.New, password, p.salt, p.rounds, len(p.digest))
	return err == nil && subtle.ConstantTimeCompare(digest, p.digest) == 1 // it fails in FIPS 140-only mode
}

func (p pbkdf2Hash) outdated(Params) bool { return true }
