package password

import (
	"crypto"
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/go-crypt/x/base64"
)

// phpass stores $P$, a digit with the binary logarithm of the rounds, a salt of 8 characters and the digest. phpBB writes
// $H$ instead, and Drupal 7 to 10.0 writes $S$, with SHA-512 and a digest cut at 43 characters.
const (
	phpassSalt    = 8  // characters
	phpassDigest  = 22 // characters, of MD5
	drupalDigest  = 43 // characters, of SHA-512
	phpassMinLog  = 7
	phpassMaxLog  = 20 // up to 0.3 s, and tenfold for a password of 1,024 bytes
	phpassMaxText = 64 // of a digest, before it is cut
	phpassMemory  = 2  // KiB
)

// phpassHash is a hash of phpass or Drupal. If upgraded, it was made from the MD5 digest that an older Drupal stored.
type phpassHash struct {
	function     crypto.Hash
	upgraded     bool
	rounds       uint32
	salt, digest string
}

// parsePhpass reads $P$B… and $H$B… of phpass; a U before them marks an upgraded MD5 digest.
func parsePhpass(stored string) (hash, error) {
	p, err := newPhpass(stored, crypto.MD5, phpassDigest)
	if err != nil {
		return nil, err
	}
	if _, err := crypt64(p.digest); err != nil {
		return nil, fmt.Errorf("the digest %w", err)
	}
	if strings.Contains(stored, "$P$") {
		return trimmedHash{p}, nil // as WordPress does; phpBB does not
	}
	return p, nil
}

// parseDrupal reads $S$D… of Drupal, and U$S$… where Drupal upgraded an MD5 digest.
func parseDrupal(stored string) (hash, error) {
	p, err := newPhpass(stored, crypto.SHA512, drupalDigest)
	if err != nil {
		return nil, err
	}
	if _, err := crypt64Text(p.digest); err != nil { // it is cut, so it ends within a byte
		return nil, fmt.Errorf("the digest %w", err)
	}
	return trimmedHash{p}, nil
}

func newPhpass(stored string, function crypto.Hash, digestSize int) (phpassHash, error) {
	fields := strings.Split(stored, "$")
	if len(fields) != 3 || len(fields[2]) != 1+phpassSalt+digestSize {
		return phpassHash{}, fmt.Errorf("has not %d characters after its second dollar", 1+phpassSalt+digestSize)
	}
	text := fields[2]
	log := strings.IndexByte(crypt64Digits, text[0])
	if log < phpassMinLog || log > phpassMaxLog {
		return phpassHash{}, fmt.Errorf("the binary logarithm of the rounds is %d, accepted are %d to %d", log, phpassMinLog, phpassMaxLog)
	}
	salt := text[1 : 1+phpassSalt]
	if _, err := verbatim(salt); err != nil {
		return phpassHash{}, fmt.Errorf("the salt %w", err)
	}
	return phpassHash{function, fields[0] == "U", 1 << log, salt, text[1+phpassSalt:]}, nil
}

func (p phpassHash) memory() uint32 { return phpassMemory }

func (p phpassHash) parameters() string {
	upgraded := ""
	if p.upgraded {
		upgraded = " over MD5"
	}
	return fmt.Sprintf("%s%s, %d rounds", p.function, upgraded, p.rounds)
}

func (p phpassHash) matches(password string) bool {
	key := []byte(password)
	if p.upgraded {
		digest := md5.Sum(key)
		key = []byte(hex.EncodeToString(digest[:]))
	}
	h := p.function.New()
	h.Write([]byte(p.salt))
	h.Write(key)
	sum := h.Sum(make([]byte, 0, phpassMaxText))
	for range p.rounds {
		h.Reset()
		h.Write(sum)
		h.Write(key)
		sum = h.Sum(sum[:0])
	}
	text := base64.EncodeCrypt(sum)[:len(p.digest)]
	return subtle.ConstantTimeCompare(text, []byte(p.digest)) == 1
}

func (p phpassHash) outdated(Params) bool { return true }

// trimmedHash is a hash of a system that removes white space around a password before hashing, as WordPress and Drupal do.
type trimmedHash struct{ hash }

// matches tries the password as it is, and again without white space around it where there is some.
func (t trimmedHash) matches(password string) bool {
	match := t.hash.matches(password)
	if trimmed := strings.Trim(password, " \t\n\r\v\x00"); trimmed != password {
		match = t.hash.matches(trimmed) || match
	}
	return match
}
