package factor

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// The parameters of every code: those that all authenticator apps support (RFC 6238 section 4, RFC 4226 section 5.3).
const (
	Period = 30 * time.Second
	Digits = 6
)

// Seed is the secret that an authenticator app shares with us. It never prints itself.
type Seed []byte

// The lengths of seeds that are accepted, in bytes: 80 bits are the least that other systems export, 64 bytes are SHA-1's block.
const (
	seedSize    = 20 // of new seeds (RFC 4226 section 4, R6)
	minSeedSize = 10
	maxSeedSize = 64
)

// NewSeed returns 160 random bits, the length that RFC 4226 section 4 recommends.
func NewSeed(random io.Reader) (Seed, error) {
	seed := make(Seed, seedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("make a seed: %w", err)
	}
	return seed, nil
}

// ParseSeed reads a seed in base32, as authenticator apps show and other systems export it: letter case, spaces, hyphens and
// padding do not matter. The error does not quote the text.
func ParseSeed(text string) (Seed, error) {
	plain := strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(text))
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(plain, "="))
	if err != nil {
		return nil, errors.New("a TOTP secret is base32: the letters A to Z and the digits 2 to 7")
	}
	if len(seed) < minSeedSize || len(seed) > maxSeedSize {
		return nil, fmt.Errorf("a TOTP secret has %d to %d bytes, this one has %d", minSeedSize, maxSeedSize, len(seed))
	}
	return seed, nil
}

// Base32 returns the seed as users type it into an app, without padding.
func (s Seed) Base32() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(s)
}

// String keeps seeds out of logs and errors.
func (s Seed) String() string { return "[seed]" }

// GoString keeps seeds out of %#v as well.
func (s Seed) GoString() string { return "[seed]" }

// LogValue keeps seeds out of structured logs.
func (s Seed) LogValue() slog.Value { return slog.StringValue("[seed]") }

// Step returns the number of the period that the time is in, counted from 1970 (RFC 6238 section 4.2).
func Step(at time.Time) int64 { return at.Unix() / int64(Period/time.Second) }

// Code returns the six digits of a step (RFC 6238 section 4.2, RFC 4226 section 5.3).
func (s Seed) Code(step int64) string {
	mac := hmac.New(sha1.New, s)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", Digits, number%1_000_000)
}

// Match returns the step whose code this is, of the present one and its two neighbours, and zero for a wrong code.
func (s Seed) Match(code string, at time.Time) (step int64) {
	// The work is the same for every code. The caller must accept each step only once (RFC 6238 section 5.2).
	now := Step(at)
	for candidate := now - 1; candidate <= now+1; candidate++ {
		equal := subtle.ConstantTimeCompare([]byte(s.Code(candidate)), []byte(code))
		step = step*int64(1-equal) + candidate*int64(equal)
	}
	return step
}

// URI returns what an app reads from a QR code, an otpauth URI: the service and the account are what the app shows.
// Apps agree on Google's Key Uri Format; the label's colon separates the two.
func (s Seed) URI(service, account string) string {
	service = strings.ReplaceAll(service, ":", " ")
	query := strings.Join([]string{
		"secret=" + s.Base32(), "issuer=" + escapeLabel(service), "algorithm=SHA1",
		fmt.Sprintf("digits=%d", Digits), fmt.Sprintf("period=%d", Period/time.Second),
	}, "&")
	return "otpauth://totp/" + escapeLabel(service) + ":" + escapeLabel(account) + "?" + query
}

// escapeLabel writes a space as %20: apps show the plus sign of form encoding.
func escapeLabel(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
