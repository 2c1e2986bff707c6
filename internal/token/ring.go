package token

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"latchkey/internal/auth"
)

// Ring is a key ring: the key that signs, the next one, published early because verifiers cache for hours, and
// previous ones whose tokens still live. It never changes.
type Ring struct {
	keys          []*key // in the document's order
	current, next *key
	macKey        []byte
}

// key is one key of a ring. An algorithm belongs to a key: a token's header never chooses it (RFC 8725 3.1).
type key struct {
	id   string
	kind kind
	pair
	times keyTimes
	// header is the first part of every token that the key signs, with the dot.
	header string
}

// NewRing makes a first ring: a current key that signs from now on, the next one, and the MAC key.
func NewRing(a Algorithm, now time.Time) (*Ring, error) {
	current, err := newKey(a, keyTimes{CreatedAt: now.Unix(), ActivatedAt: now.Unix()})
	if err != nil {
		return nil, err
	}
	next, err := newKey(a, keyTimes{CreatedAt: now.Unix()})
	if err != nil {
		return nil, err
	}
	return &Ring{keys: []*key{current, next}, current: current, next: next, macKey: randomBytes(minSecret)}, nil
}

func newKey(a Algorithm, times keyTimes) (*key, error) {
	kind, ok := kindOf(a)
	if !ok {
		return nil, fmt.Errorf("unknown algorithm %q", a)
	}
	for { // one id in 64 begins with a hyphen, and would be a flag where people hand it to a command
		k, err := generateKey(kind, times)
		if err != nil || k.id[0] != '-' {
			return k, err
		}
	}
}

func generateKey(kind kind, times keyTimes) (*key, error) {
	p, err := kind.generate()
	if err != nil {
		return nil, err
	}
	id := auth.NewID() // the thumbprint of a symmetric key would be a hash of the secret
	if _, symmetric := kind.(hmacKind); !symmetric {
		if id, err = kind.write(p).thumbprint(); err != nil {
			return nil, err
		}
	}
	return assemble(id, kind, p, times)
}

func assemble(id string, kind kind, p pair, times keyTimes) (*key, error) {
	header, err := json.Marshal(struct {
		Type      string `json:"typ"`
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
	}{tokenType, kind.method().Alg(), id})
	if err != nil {
		return nil, fmt.Errorf("encode the header of a key's tokens: %w", err)
	}
	return &key{id: id, kind: kind, pair: p, times: times, header: tobase64(header) + "."}, nil
}

// State says what a key of the ring is for, and is the word that `keys list` shows for it.
type State string

// The states, in the order a key goes through them.
const (
	Next     State = "next"     // published, does not sign yet
	Current  State = "current"  // signs
	Previous State = "previous" // verifies tokens that it signed before
)

// KeyFacts are the public facts about a key; times that are unknown or yet to come are zero.
type KeyFacts struct {
	KeyID     string
	Algorithm string
	State     State

	CreatedAt, ActivatedAt, RetireAt time.Time
}

// Facts returns what may be shown of each key, in the ring's order; nothing that signs or decrypts.
func (r *Ring) Facts() []KeyFacts {
	facts := make([]KeyFacts, 0, len(r.keys))
	for _, k := range r.keys {
		facts = append(facts, KeyFacts{
			KeyID: k.id, Algorithm: k.kind.method().Alg(), State: r.state(k),
			CreatedAt: date(k.times.CreatedAt), ActivatedAt: date(k.times.ActivatedAt), RetireAt: date(k.times.RetireAt),
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
	fmt.Fprintf(w, "key ring, current key %s", r.current.id)
}

func (k *key) symmetric() bool {
	_, yes := k.kind.(hmacKind)
	return yes
}

func (r *Ring) find(keyID string) (*key, bool) {
	i := slices.IndexFunc(r.keys, func(k *key) bool { return k.id == keyID })
	if i < 0 {
		return nil, false
	}
	return r.keys[i], true
}

func (r *Ring) verificationKey(keyID string) (verificationKey, bool) {
	k, known := r.find(keyID)
	if !known {
		return verificationKey{}, false
	}
	return verificationKey{k.kind.method(), k.public, keyTimes{RetireAt: r.retireAt(k)}}, true
}

// retireAt is 0 for the keys in use: a time left in a document must not end them.
func (r *Ring) retireAt(k *key) int64 {
	if r.state(k) != Previous {
		return 0
	}
	return k.times.RetireAt
}
