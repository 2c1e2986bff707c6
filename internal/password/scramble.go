package password

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Scheme returns the name of a stored hash's scheme, or "unknown". It looks only at the beginning; Check reads the rest.
func Scheme(stored string) string {
	if s, known := schemeOf(stored); known {
		return s.name
	}
	return "unknown"
}

// Describe returns the scheme and parameters of a stored hash, which decide how long Verify takes, as text without secrets. It
// fails as Check does.
func Describe(stored string) (string, error) {
	read, err := parse(stored)
	if err != nil {
		return "", err
	}
	return Scheme(stored) + ", " + read.parameters(), nil
}

// Scramble returns a hash with the scheme, parameters and sizes of the given one and nothing else of it. It fails as
// Check does.
func Scramble(stored string) (string, error) {
	// Salt, digest and keys follow from the parameters, so all hashes of a kind scramble to the same text.
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

// Describe returns what the function Describe returns for the hasher's new hashes.
func (h *Hasher) Describe() string { return "argon2id, " + h.target.text() }

// Decoy returns what the hasher's new hashes scramble to, without computing one.
func (h *Hasher) Decoy() string {
	scrambled, err := Scramble(h.blank().String())
	if err != nil {
		panic("password: decoy: " + err.Error()) // New checked the costs
	}
	return scrambled
}

// draw returns n hexadecimal digits; every alphabet of salts and digests contains them.
type draw func(n int) string

func rewrite(stored string, d draw) string {
	found, _ := schemeOf(stored)
	fields := strings.Split(stored, "$")
	found.secrets(d, fields)
	return strings.Join(fields, "$")
}

// base64 ends with A, six zero bits, because the unused bits before the padding have to be zero.
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

// firebaseSecrets replaces the project's signer key and separator too.
func firebaseSecrets(d draw, fields []string) {
	numbers, keys, _ := strings.Cut(fields[2], ",ss=")
	separator, signer, _ := strings.Cut(keys, ",sk=")
	fields[2] = fmt.Sprintf("%s,ss=%s,sk=%s", numbers, d.base64(separator), d.base64(signer))
	phcSecrets(d, fields)
}

// bcryptSecrets ends salt and digest with a dot, six zero bits in bcrypt's alphabet.
func bcryptSecrets(d draw, fields []string) {
	fields[len(fields)-1] = d(21) + "." + d(30) + "."
}

// crypt64 ends with a dot, six zero bits, for the same reason.
func (d draw) crypt64(text string) string { return d(len(text)-1) + "." }

// cryptSecrets replaces the last two fields, the salt and digest of crypt(3).
func cryptSecrets(d draw, fields []string) {
	salt, digest := &fields[len(fields)-2], &fields[len(fields)-1]
	*salt, *digest = d.crypt64(*salt), d.crypt64(*digest)
}

// cryptScryptSecrets keeps the parameters, which no dollar separates from the salt.
func cryptScryptSecrets(d draw, fields []string) {
	fields[2] = fields[2][:cryptScryptDigits] + d(len(fields[2])-cryptScryptDigits)
	fields[3] = d.crypt64(fields[3])
}

// phpassSecrets keeps the digit for the rounds.
func phpassSecrets(d draw, fields []string) {
	fields[2] = fields[2][:1] + d(phpassSalt) + d.crypt64(fields[2][1+phpassSalt:])
}

func colonSecrets(d draw, fields []string) {
	parts := strings.Split(fields[0], ":")
	salt, digest := &parts[len(parts)-2], &parts[len(parts)-1]
	*salt, *digest = d(len(*salt)), d(len(*digest))
	fields[0] = strings.Join(parts, ":")
}

func aspnet3Secrets(d draw, fields []string) { aspnetSecrets(d, fields, aspnet3Head) }

func aspnet2Secrets(d draw, fields []string) { aspnetSecrets(d, fields, 1) }

func aspnetSecrets(d draw, fields []string, head int) {
	raw, _ := padded(fields[0]) // parse has read it
	copy(raw[head:], d(len(raw)-head))
	fields[0] = base64.StdEncoding.EncodeToString(raw)
}
