package jwk

import (
	"fmt"
	"time"
)

// A key verifies for the sum of these after it last signed.
const (
	// MaxTokenLife is the longest lifetime of any contract's tokens.
	MaxTokenLife = 90 * 24 * time.Hour
	// Leeway is how much the clocks of signers and verifiers may differ.
	Leeway = 30 * time.Second
)

// Key signs or verifies, with one algorithm: a token's header never chooses another (RFC 8725 3.1).
type Key struct {
	ID       string
	RetireAt int64 // NumericDate (RFC 7519 2) of its end; 0: no end

	kind kind
	pair pair
}

// Generate makes a key with a private part. Its id is its thumbprint (RFC 7638), or random if it is symmetric.
func Generate(a Algorithm) (Key, error) {
	kind, ok := kindOf(a)
	if !ok {
		return Key{}, fmt.Errorf("unknown algorithm %q", a)
	}
	for { // one id in 64 begins with a hyphen, and would be taken for a flag on the command line
		k, err := generate(kind)
		if err != nil || k.ID[0] != '-' {
			return k, err
		}
	}
}

func generate(kind kind) (Key, error) {
	p, err := kind.generate()
	if err != nil {
		return Key{}, err
	}
	k := Key{kind: kind, pair: p}
	if k.Algorithm() == HS256 {
		k.ID = tobase64(randomBytes(16)) // the thumbprint of a symmetric key would be a hash of the secret
		return k, nil
	}
	k.ID, err = kind.write(p).thumbprint()
	return k, err
}

// Algorithm returns the alg of the key's tokens (RFC 7518 3.1): RS256 for RSA keys of any length.
func (k Key) Algorithm() Algorithm { return Algorithm(k.kind.method().Alg()) }

// CanSign reports whether the key has its private part or, if it is symmetric, its only part.
func (k Key) CanSign() bool { return k.pair.private != nil }

// VerifyOnly returns the key without its private part. A symmetric key keeps its only part, which it needs to verify.
func (k Key) VerifyOnly() Key {
	if k.Algorithm() != HS256 {
		k.pair.private = nil
	}
	return k
}

// Retired reports whether the key has reached its end, after which its signatures are refused.
func (k Key) Retired(now time.Time) bool {
	return k.RetireAt != 0 && now.Unix() >= k.RetireAt
}

// Sign returns the JWS signature of the text (RFC 7515 5.1), before base64url; the key must be able to sign.
func (k Key) Sign(text string) ([]byte, error) {
	return k.kind.method().Sign(text, k.pair.private)
}

// Verify returns nil if the signature of the text is by this key; it does not check whether the key is retired.
func (k Key) Verify(text string, signature []byte) bool {
	return k.kind.method().Verify(text, signature, k.pair.public) == nil
}

// JWK returns the key for JSON, with its private part and without its end.
func (k Key) JWK() JWK {
	j := k.kind.write(k.pair)
	j.KeyID, j.Algorithm, j.Use = k.ID, k.kind.method().Alg(), keyUse
	return j
}

// Format prints only the id for every verb, so that a careless log line cannot reveal the key.
func (k Key) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "key %s", k.ID)
}
