package jwk

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"

	"github.com/golang-jwt/jwt/v5"
)

// Errors about keys are constants, because the standard library's might one day quote the key.
var errKey = errors.New("not a key of its algorithm")

type ecdsaKind struct{}

func (ecdsaKind) method() jwt.SigningMethod { return jwt.SigningMethodES256 }

func (ecdsaKind) generate() (pair, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, fmt.Errorf("generate a P-256 key: %w", err)
	}
	return pair{&k.PublicKey, k}, nil
}

func (ecdsaKind) read(j JWK) (pair, error) {
	if j.D != "" {
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), unbase64(j.D))
		if err != nil {
			return pair{}, errKey
		}
		return pair{&k.PublicKey, k}, nil
	}
	x, y := unbase64(j.X), unbase64(j.Y)
	point := append(append([]byte{4}, x...), y...) // 4: uncompressed, SEC 1 2.3.3
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return pair{}, errKey // also for a point that is not on the curve
	}
	return pair{public: k}, nil
}

func (ecdsaKind) write(p pair) (j JWK) {
	point, _ := p.public.(*ecdsa.PublicKey).Bytes() // only fails for custom curves
	j.Type, j.Curve, j.X, j.Y = "EC", "P-256", tobase64(point[1:33]), tobase64(point[33:])
	if k, ok := p.private.(*ecdsa.PrivateKey); ok {
		d, _ := k.Bytes()
		j.D = tobase64(d)
	}
	return j
}

// rsaKind makes keys of this many bits. It reads keys of 2048 to 4096 bits, because longer ones only slow a login down.
type rsaKind struct{ bits int }

func (rsaKind) method() jwt.SigningMethod { return jwt.SigningMethodRS256 }

func (r rsaKind) generate() (pair, error) {
	k, err := rsa.GenerateKey(rand.Reader, r.bits)
	if err != nil {
		return pair{}, fmt.Errorf("generate an RSA key: %w", err)
	}
	return pair{&k.PublicKey, k}, nil
}

func (rsaKind) read(j JWK) (pair, error) {
	n, e := unbase64Int(j.N), unbase64Int(j.E)
	switch bits := n.BitLen(); {
	case bits < 2048:
		return pair{}, errors.New("weak: RSA needs at least 2048 bits")
	case bits > 4096:
		return pair{}, errors.New("RSA with more than 4096 bits")
	case e.BitLen() < 17 || e.BitLen() > 31 || e.Bit(0) == 0 || n.Bit(0) == 0:
		return pair{}, errors.New("weak: RSA needs odd numbers and an exponent from 65537") // FIPS 186-5 5.1
	}
	public := rsa.PublicKey{N: n, E: int(e.Int64())}
	if j.D == "" {
		return pair{public: &public}, nil
	}
	k := &rsa.PrivateKey{
		PublicKey: public,
		D:         unbase64Int(j.D),
		Primes:    []*big.Int{unbase64Int(j.P), unbase64Int(j.Q)},
	}
	k.Precompute()
	if err := k.Validate(); err != nil {
		return pair{}, errKey
	}
	return pair{&k.PublicKey, k}, nil
}

func (rsaKind) write(p pair) (j JWK) {
	public := p.public.(*rsa.PublicKey)
	j.Type, j.N, j.E = "RSA", tobase64(public.N.Bytes()), tobase64(big.NewInt(int64(public.E)).Bytes())
	if k, ok := p.private.(*rsa.PrivateKey); ok {
		j.D, j.P, j.Q = tobase64(k.D.Bytes()), tobase64(k.Primes[0].Bytes()), tobase64(k.Primes[1].Bytes())
		j.DP, j.DQ = tobase64(k.Precomputed.Dp.Bytes()), tobase64(k.Precomputed.Dq.Bytes())
		j.QI = tobase64(k.Precomputed.Qinv.Bytes())
	}
	return j
}

type ed25519Kind struct{}

func (ed25519Kind) method() jwt.SigningMethod { return jwt.SigningMethodEdDSA }

func (ed25519Kind) generate() (pair, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return pair{}, fmt.Errorf("generate an Ed25519 key: %w", err)
	}
	return pair{public, private}, nil
}

func (ed25519Kind) read(j JWK) (pair, error) {
	if seed := unbase64(j.D); len(seed) == ed25519.SeedSize {
		private := ed25519.NewKeyFromSeed(seed)
		return pair{private.Public(), private}, nil
	}
	// A value that is not on the curve is accepted, but crypto/ed25519 refuses every signature under it.
	if x := unbase64(j.X); len(x) == ed25519.PublicKeySize {
		return pair{public: ed25519.PublicKey(x)}, nil
	}
	return pair{}, errKey
}

func (ed25519Kind) write(p pair) (j JWK) {
	j.Type, j.Curve, j.X = "OKP", "Ed25519", tobase64(p.public.(ed25519.PublicKey))
	if k, ok := p.private.(ed25519.PrivateKey); ok {
		j.D = tobase64(k.Seed())
	}
	return j
}

// hmacKind keys have only one part, and previous ones keep it: they need it to verify.
type hmacKind struct{}

func (hmacKind) method() jwt.SigningMethod { return jwt.SigningMethodHS256 }

func (hmacKind) generate() (pair, error) {
	k := randomBytes(minSecret)
	return pair{k, k}, nil
}

func (hmacKind) read(j JWK) (pair, error) {
	k := unbase64(j.K)
	if len(k) < minSecret {
		return pair{}, errors.New("weak: HS256 needs at least 32 bytes") // RFC 7518 3.2
	}
	return pair{k, k}, nil
}

func (hmacKind) write(p pair) (j JWK) {
	j.Type, j.K = "oct", tobase64(p.public.([]byte))
	return j
}
