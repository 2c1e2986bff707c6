package jwk

import (
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Algorithm names how new keys sign (RFC 7518 3.1, RFC 8037 3.1) and, for RSA, how long they are.
type Algorithm string

// The algorithms for new keys. ES256 is the default: 128-bit strength, short tokens, and a tenth of the cost of an RSA
// signature. RS256 is for verifiers that accept nothing else, such as the JWT authorizers of HTTP APIs.
const (
	ES256     Algorithm = "ES256"
	RS256     Algorithm = "RS256"      // 2048 bits
	RS256Long Algorithm = "RS256:3072" // 3072 bits, as ASVS 11.2.3 asks for; the tokens say RS256
	HS256     Algorithm = "HS256"      // symmetric: a verifier can also sign, and nothing is published
	EdDSA     Algorithm = "EdDSA"      // Ed25519
)

// ParseAlgorithm returns the algorithm with exactly this name; the error lists all names.
func ParseAlgorithm(name string) (Algorithm, error) {
	if _, ok := kindOf(Algorithm(name)); !ok {
		return "", fmt.Errorf("unknown algorithm %q: want %s, %s, %s, %s or %s", name, ES256, RS256, RS256Long, HS256, EdDSA)
	}
	return Algorithm(name), nil
}

// kind holds what differs between the algorithms; the rest of the package is common to all.
type kind interface {
	method() jwt.SigningMethod
	generate() (pair, error)
	// read makes a pair of the JWK members of this kind and refuses weak ones. Without a private part in the JWK the pair
	// has none either. It may overlook superfluous or contradictory members: see JWK.Key.
	read(JWK) (pair, error)
	// write returns exactly the JWK members of the pair.
	write(pair) JWK
}

// pair holds the key's two parts as golang-jwt's signing methods take them; private is nil for a previous key.
type pair struct {
	public, private any
}

func kindOf(a Algorithm) (kind, bool) {
	switch a {
	case ES256:
		return ecdsaKind{}, true
	case RS256:
		return rsaKind{bits: 2048}, true
	case RS256Long:
		return rsaKind{bits: 3072}, true
	case HS256:
		return hmacKind{}, true
	case EdDSA:
		return ed25519Kind{}, true
	}
	return nil, false
}
