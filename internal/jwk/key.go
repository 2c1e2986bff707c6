package jwk

import (
	"fmt"
	"time"
)

// Key is a key to sign or to verify with. An algorithm belongs to it: a token's header never chooses one (RFC 8725 3.1).
type Key struct {
	ID       string
	RetireAt int64 // NumericDate (RFC 7519 2) of its end; 0 where it has none

	kind kind
	pair pair
}

// Generate makes a key with a private part, whose id is its thumbprint (RFC 7638), or random where it is symmetric.
func Generate(a Algorithm) (Key, error) {
	kind, ok := kindOf(a)
	if !ok {
		return Key{}, fmt.Errorf("unknown algorithm %q", a)
	}
	for { // one id in 64 begins with a hyphen, and would be a flag where people hand it to a command
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

// Algorithm returns what the key's tokens name in alg (RFC 7518 3.1): of the algorithms for RSA always RS256.
func (k Key) Algorithm() Algorithm { return Algorithm(k.kind.method().Alg()) }

// CanSign says whether the key has what signs: the private part or, of a symmetric key, the only one.
func (k Key) CanSign() bool { return k.pair.private != nil }

// VerifyOnly returns the key without what signs. Of a symmetric one nothing can go: it verifies with what it signs with.
func (k Key) VerifyOnly() Key {
	if k.Algorithm() != HS256 {
		k.pair.private = nil
	}
	return k
}

// Retired says whether the key's end has come, from which on nothing that it signed is to be taken.
func (k Key) Retired(now time.Time) bool {
	return k.RetireAt != 0 && now.Unix() >= k.RetireAt
}

// Sign returns the signature of the text as a JWS has it (RFC 7515 5.1), before base64url; it needs CanSign.
func (k Key) Sign(text string) ([]byte, error) {
	return k.kind.method().Sign(text, k.pair.private)
}

// Verify says whether the signature is this key's and the text's; it does not ask whether the key is retired.
func (k Key) Verify(text string, signature []byte) bool {
	return k.kind.method().Verify(text, signature, k.pair.public) == nil
}

// JWK returns the key as JSON holds it, its private part included; its end is not among the members.
func (k Key) JWK() JWK {
	j := k.kind.write(k.pair)
	j.KeyID, j.Algorithm, j.Use = k.ID, k.kind.method().Alg(), keyUse
	return j
}

// Format prints the id alone for every verb, so that no careless log line shows what signs.
func (k Key) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "key %s", k.ID)
}
