package keyring

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/jwk"
)

// Follows returns nil if the ring may replace current: it is the same, or current rotated once within 18 hours. Any other ring
// would revive a revoked key or lose one.
func (r *Ring) Follows(current *Ring, now time.Time) error {
	if !bytes.Equal(r.macKey, current.macKey) {
		return errors.New("its macKey is not the current ring's")
	}
	if r.current.ID != current.current.ID && r.current.ID != current.next.ID {
		return fmt.Errorf("its current key %s is neither the one in use nor the one announced", r.current.ID)
	}
	for _, k := range r.keys {
		if k != r.next && !current.has(k) {
			return fmt.Errorf("its key %s is not in the current ring any more", k.ID)
		}
	}
	for _, k := range current.keys {
		if gone := current.state(k) == Previous && k.Retired(now); !gone && !r.has(k) {
			return fmt.Errorf("it lacks the key %s of the current ring", k.ID)
		}
	}
	made := date(r.current.activatedAt)
	if r.current.ID != current.current.ID && now.Sub(made) > maxWait {
		return fmt.Errorf("it was made at %s, too long ago for the times in it", made.Format(time.RFC3339))
	}
	return nil
}

// has says whether the ring holds the same key, whatever it is for here and there.
func (r *Ring) has(k *key) bool {
	own, found := r.find(k.ID)
	return found && own.public() == k.public()
}

// public has the members that may be published; of a symmetric key only its name.
func (k *key) public() jwk.JWK {
	j := k.VerifyOnly().JWK()
	j.K = ""
	return j
}

// SelfTest signs with the current and with the next key, and verifies with what verifiers have: the public part as it
// is published. The error names the key that fails.
func (r *Ring) SelfTest() error {
	for _, k := range []*key{r.current, r.next} {
		if err := k.selfTest(); err != nil {
			return fmt.Errorf("test key %s: %w", k.ID, err)
		}
	}
	return nil
}

func (k *key) selfTest() error {
	verifying, err := k.VerifyOnly().JWK().Key()
	if err != nil {
		return err
	}
	const text = "not a token: it has no dots"
	signature, err := k.Sign(text)
	if err != nil {
		return errors.New("it does not sign")
	}
	if !verifying.Verify(text, signature) {
		return errors.New("its signature does not verify")
	}
	return nil
}
