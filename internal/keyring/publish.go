package keyring

import (
	"bytes"
	"context"
	"errors"

	"latchkey/internal/jwk"
)

// Published is a ring that others may replace at any time, together with the JWKS that verifiers read.
type Published interface {
	// InUse names the version of the ring that is in use: equal names mean equal rings.
	InUse(ctx context.Context) (version string, err error)
	// Ring returns the ring of a version, or ErrNoRing.
	Ring(ctx context.Context, version string) (*Ring, error)
	// Publish replaces the JWKS (RFC 7517 5) that verifiers read.
	Publish(ctx context.Context, jwks []byte) error
}

// maxRounds bounds how often a change or a publication starts over while others change the ring.
const maxRounds = 3

// PublishInUse publishes the keys of the ring in use, and starts over if another ring is in use afterwards: of two
// concurrent changes, the keys of the ring that stays are published last. It returns that ring.
func PublishInUse(ctx context.Context, p Published) (*Ring, error) {
	for range maxRounds {
		version, err := p.InUse(ctx)
		if err != nil {
			return nil, err
		}
		ring, err := p.Ring(ctx, version)
		if err != nil {
			return nil, err
		}
		if err := ring.publish(ctx, p); err != nil {
			return nil, err
		}
		if now, err := p.InUse(ctx); err != nil || now == version {
			return ring, err
		}
	}
	return nil, errors.New("publish the keys: the ring changed again each time")
}

func (r *Ring) publish(ctx context.Context, p Published) error {
	jwks, err := r.PublicJWKS()
	if err != nil {
		return err
	}
	return p.Publish(ctx, jwks)
}

// publicWith returns the JWKS of both rings: whichever of them signs, verifiers know its keys. A key of both has the
// end that old gives it.
func (r *Ring) publicWith(old *Ring) ([]byte, error) {
	if old == nil {
		return r.PublicJWKS()
	}
	var keys []jwk.Key
	for _, k := range old.keys {
		keys = append(keys, old.verifying(k))
	}
	for _, k := range r.keys {
		if !old.has(k) {
			keys = append(keys, r.verifying(k))
		}
	}
	return jwk.MarshalPublic(keys)
}

// unfinished reports whether the JWKS is what a rotation to this ring published before it stored the ring: it has
// every key, and none of the end of a key that signs no more.
func (r *Ring) unfinished(jwks []byte) bool {
	set, err := jwk.ParseSet(jwks)
	if err != nil {
		return false
	}
	endless := false
	for _, k := range r.keys {
		if k.Algorithm() == jwk.HS256 {
			continue // never published
		}
		published, known := set.Key(k.ID)
		if !known {
			return false
		}
		endless = endless || r.state(k) == Previous && k.RetireAt != 0 && published.RetireAt == 0
	}
	return endless
}

// knows reports whether the JWKS has a key of the id; a JWKS that cannot be read has none.
func knows(jwks []byte, keyID string) bool {
	set, err := jwk.ParseSet(jwks)
	if err != nil {
		return false
	}
	_, known := set.Key(keyID)
	return known
}

// losesNothing reports whether publicWith and PublicJWKS are the same, so that no public key is to be taken out.
func (r *Ring) losesNothing(before *Ring) bool {
	with, err := r.publicWith(before)
	alone, failed := r.PublicJWKS()
	return before != nil && err == nil && failed == nil && bytes.Equal(with, alone)
}
