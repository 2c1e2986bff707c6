package password

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Scheme returns the name of the scheme by which a stored hash begins, or unknown; whether the rest can be read is for Check
// to say.
func Scheme(stored string) string {
	if s, known := schemeOf(stored); known {
		return s.name
	}
	return "unknown"
}

// Describe returns the scheme and the parameters of a stored hash, all that decides how long Verify takes for it, in words
// that hold nothing secret; or the error of Check.
func Describe(stored string) (string, error) {
	read, err := parse(stored)
	if err != nil {
		return "", err
	}
	return Scheme(stored) + ", " + read.parameters(), nil
}

// Scramble returns a stored hash of the same scheme, parameters and sizes as the given one and with nothing else of it: salt,
// digest and keys follow from the parameters alone, so that all hashes of a kind scramble to one. It fails as Check does.
func Scramble(stored string) (string, error) {
	if err := Check(stored); err != nil {
		return "", err
	}
	blank := rewrite(stored, func(n int) string { return strings.Repeat("0", n) })
	random := rand.NewChaCha8(sha256.Sum256([]byte(blank)))
	return rewrite(stored, func(n int) string {
		raw := make([]byte, n)
		random.Read(raw) // never fails
		return hex.EncodeToString(raw)[:n]
	}), nil
}

// Describe returns what the function of that name returns for each of the hasher's new hashes.
func (h *Hasher) Describe() string { return "argon2id, " + h.target.text() }

// Decoy returns what new hashes of the hasher scramble to; it computes none.
func (h *Hasher) Decoy() string {
	scrambled, err := Scramble(h.blank().String())
	if err != nil {
		panic("password: decoy: " + err.Error()) // New checked the costs
	}
	return scrambled
}

// draw returns so many hexadecimal digits, which every alphabet of salts and digests has.
type draw func(n int) string

func rewrite(stored string, d draw) string {
	found, _ := schemeOf(stored)
	fields := strings.Split(stored, "$")
	found.secrets(d, fields)
	return strings.Join(fields, "$")
}

// base64 ends with A, which is six zero bits: the last ones before padding have to be zero.
func (d draw) base64(text string) string {
	digits := strings.TrimRight(text, "=")
	if digits == "" {
		return text
	}
	return d(len(digits)-1) + "A" + text[len(digits):]
}

func argon2Secrets(d draw, fields []string) {
	fields[4], fields[5] = d.base64(fields[4]), d.base64(fields[5])
}

func phcSecrets(d draw, fields []string) {
	fields[3], fields[4] = d.base64(fields[3]), d.base64(fields[4])
}

func djangoPBKDF2Secrets(d draw, fields []string) {
	fields[2], fields[3] = d(len(fields[2])), d.base64(fields[3])
}

func djangoScryptSecrets(d draw, fields []string) {
	fields[2], fields[5] = d(len(fields[2])), d.base64(fields[5])
}

func werkzeugSecrets(d draw, fields []string) {
	fields[1], fields[2] = d(len(fields[1])), d(len(fields[2]))
}

// firebaseSecrets replaces the project's signer key and separator as well.
func firebaseSecrets(d draw, fields []string) {
	numbers, keys, _ := strings.Cut(fields[2], ",ss=")
	separator, signer, _ := strings.Cut(keys, ",sk=")
	fields[2] = fmt.Sprintf("%s,ss=%s,sk=%s", numbers, d.base64(separator), d.base64(signer))
	phcSecrets(d, fields)
}

// bcryptSecrets writes salt and digest, which both end with six zero bits in bcrypt's own alphabet.
func bcryptSecrets(d draw, fields []string) {
	fields[len(fields)-1] = d(21) + "." + d(30) + "."
}

func aspnet3Secrets(d draw, fields []string) { aspnetSecrets(d, fields, aspnet3Head) }

func aspnet2Secrets(d draw, fields []string) { aspnetSecrets(d, fields, 1) }

func aspnetSecrets(d draw, fields []string, head int) {
	raw, _ := padded(fields[0]) // read before
	copy(raw[head:], d(len(raw)-head))
	fields[0] = base64.StdEncoding.EncodeToString(raw)
}
