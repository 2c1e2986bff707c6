package token

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

// Follows returns nil where the ring may take the place of current: where it is the same, or one rotation of it that
// was made in the last 18 hours. Any other would bring back a key that was revoked meanwhile, or lose one.
func (r *Ring) Follows(current *Ring, now time.Time) error {
	if !bytes.Equal(r.macKey, current.macKey) {
		return errors.New("its macKey is not the current ring's")
	}
	if r.current.id != current.current.id && r.current.id != current.next.id {
		return fmt.Errorf("its current key %s is neither the one in use nor the one announced", r.current.id)
	}
	for _, k := range r.keys {
		if k != r.next && !current.has(k) {
			return fmt.Errorf("its key %s is not in the current ring any more", k.id)
		}
	}
	for _, k := range current.keys {
		if gone := current.state(k) == Previous && k.times.retired(now); !gone && !r.has(k) {
			return fmt.Errorf("it lacks the key %s of the current ring", k.id)
		}
	}
	made := date(r.current.times.ActivatedAt)
	if r.current.id != current.current.id && now.Sub(made) > maxWait {
		return fmt.Errorf("it was made at %s, too long ago for the times in it", made.Format(time.RFC3339))
	}
	return nil
}

// has says whether the ring holds the same key, whatever it is for here and there.
func (r *Ring) has(k *key) bool {
	own, found := r.find(k.id)
	return found && own.jwk().publicJWK == k.jwk().publicJWK
}

// SelfTest signs with the current and with the next key, and verifies with what verifiers have: the public part as it
// is published. The error names the key that fails.
func (r *Ring) SelfTest() error {
	for _, k := range []*key{r.current, r.next} {
		if err := k.selfTest(); err != nil {
			return fmt.Errorf("test key %s: %w", k.id, err)
		}
	}
	return nil
}

func (k *key) selfTest() error {
	published := k.jwk()
	if !k.symmetric() {
		published = jwk{publicJWK: published.publicJWK}
	}
	verifying, err := k.kind.read(published)
	if err != nil {
		return err
	}
	const text = "no token, for it has no dots"
	signature, err := k.kind.method().Sign(text, k.private)
	if err != nil {
		return errors.New("it does not sign")
	}
	if k.kind.method().Verify(text, signature, verifying.public) != nil {
		return errors.New("its signature does not verify")
	}
	return nil
}
