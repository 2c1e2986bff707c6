package passkey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"math/big"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// The sizes of RSA keys that are accepted. Larger ones would make each sign-in slow.
const (
	leastModulus = 2048
	mostModulus  = 4096
	mostExponent = 1<<31 - 1
)

// acceptableKey reports whether the COSE key is one of the accepted algorithms' own kind and of a sound size, so that a stored key can
// always be verified with.
func acceptableKey(cose []byte) bool {
	key, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return false
	}
	switch key := key.(type) {
	case webauthncose.EC2PublicKeyData:
		return key.Algorithm == int64(webauthncose.AlgES256)
	case webauthncose.OKPPublicKeyData:
		return key.Algorithm == int64(webauthncose.AlgEdDSA)
	case webauthncose.RSAPublicKeyData:
		modulus := new(big.Int).SetBytes(key.Modulus)
		exponent, err := webauthncose.ParseRSAPublicKeyDataExponent(&key)
		return err == nil && key.Algorithm == int64(webauthncose.AlgRS256) && exponent%2 == 1 && exponent > 1 && exponent <= mostExponent &&
			modulus.Bit(0) == 1 && modulus.BitLen() >= leastModulus && modulus.BitLen() <= mostModulus
	}
	return false
}

// newDecoy returns the COSE form of a P-256 key whose private half is forgotten.
func newDecoy() []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic("passkey: " + err.Error()) // crypto/rand never fails
	}
	point, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		panic("passkey: " + err.Error()) // every key that was made has a point
	}
	const size = 32
	encoded, err := webauthncbor.Marshal(webauthncose.EC2PublicKeyData{
		PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
		Curve:         int64(webauthncose.P256), XCoord: point[1 : 1+size], YCoord: point[1+size:],
	})
	if err != nil {
		panic("passkey: " + err.Error()) // a constant shape
	}
	return encoded
}
