// Package keyring is the life of the keys that sign access tokens: made, announced, in use, retired or revoked. It decides
// what the ring holds and when, and reads and writes the document; what a token says is package token's.
package keyring

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"latchkey/internal/jwk"
)

// ErrNoRing: the document is absent, empty or {}; a first ring may be written in its place. Anything else that
// cannot be read is a different error, so that a broken ring is never taken for a missing one and overwritten.
var ErrNoRing = errors.New("keyring: no key ring yet")

// macKeySize is the least length of the MAC key, in bytes: that of the hash (RFC 2104 3).
const macKeySize = 32

// Ring is a key ring: the key that signs, the next one, published early because verifiers cache for hours, and
// previous ones whose tokens still live. It never changes.
type Ring struct {
	keys          []*key // in the document's order
	current, next *key
	macKey        []byte
}

// key is one key of a ring, with times that are 0 where unknown or yet to come, in seconds since 1970.
type key struct {
	jwk.Key
	createdAt, activatedAt int64
}

// New makes a first ring: a current key that signs from now on, the next one, and the MAC key.
func New(a jwk.Algorithm, now time.Time) (*Ring, error) {
	current, err := newKey(a, now)
	if err != nil {
		return nil, err
	}
	next, err := newKey(a, now)
	if err != nil {
		return nil, err
	}
	current.activatedAt = now.Unix()
	macKey := make([]byte, macKeySize)
	rand.Read(macKey) // never fails: crypto/rand ends the process instead
	return &Ring{keys: []*key{current, next}, current: current, next: next, macKey: macKey}, nil
}

func newKey(a jwk.Algorithm, now time.Time) (*key, error) {
	k, err := jwk.Generate(a)
	if err != nil {
		return nil, err
	}
	return &key{Key: k, createdAt: now.Unix()}, nil
}

// State says what a key of the ring is for, and is the word that `keys list` shows for it.
type State string

// The states, in the order a key goes through them.
const (
	Next     State = "next"     // published, does not sign yet
	Current  State = "current"  // signs
	Previous State = "previous" // verifies tokens that it signed before
)

// KeyFacts are the public facts about a key; times that are unknown or yet to come are zero, and absent from JSON.
type KeyFacts struct {
	KeyID       string    `json:"kid"`
	Algorithm   string    `json:"algorithm"`
	State       State     `json:"state"`
	CreatedAt   time.Time `json:"createdAt,omitzero"`
	ActivatedAt time.Time `json:"signsSince,omitzero"`
	RetireAt    time.Time `json:"retiresAt,omitzero"`
}

// Facts returns what may be shown of each key, in the ring's order; nothing that signs or decrypts.
func (r *Ring) Facts() []KeyFacts {
	facts := make([]KeyFacts, 0, len(r.keys))
	for _, k := range r.keys {
		facts = append(facts, KeyFacts{
			KeyID: k.ID, Algorithm: string(k.Algorithm()), State: r.state(k),
			CreatedAt: date(k.createdAt), ActivatedAt: date(k.activatedAt), RetireAt: date(k.RetireAt),
		})
	}
	return facts
}

func (r *Ring) state(k *key) State {
	switch k {
	case r.current:
		return Current
	case r.next:
		return Next
	}
	return Previous
}

func date(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// Format prints the same for every verb, so that no careless log line shows a key.
func (r *Ring) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "key ring, current key %s", r.current.ID)
}

// Current returns the key that signs, and since when it does; the time is zero where the document lacks it.
func (r *Ring) Current() (key jwk.Key, since time.Time) {
	return r.current.Key, date(r.current.activatedAt)
}

// Key returns the key with the id, as far as it verifies: without what signs, and with an end if it is a previous one.
func (r *Ring) Key(id string) (jwk.Key, bool) {
	k, known := r.find(id)
	if !known {
		return jwk.Key{}, false
	}
	return r.verifying(k), true
}

// MACKey returns the key of all MACs, which rotation leaves alone; it is not to be changed.
func (r *Ring) MACKey() []byte { return r.macKey }

func (r *Ring) find(id string) (*key, bool) {
	i := slices.IndexFunc(r.keys, func(k *key) bool { return k.ID == id })
	if i < 0 {
		return nil, false
	}
	return r.keys[i], true
}

// verifying gives no end to the keys in use: a time left in a document must not end them.
func (r *Ring) verifying(k *key) jwk.Key {
	v := k.VerifyOnly()
	if r.state(k) != Previous {
		v.RetireAt = 0
	}
	return v
}
