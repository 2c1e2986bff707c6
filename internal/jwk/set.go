package jwk

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxJWKS is the maximum size of a JWK Set in bytes, checked before it is parsed; API Gateway's authorizers accept twice as much.
const maxJWKS = 64 << 10

// Set is an immutable set of public keys to verify with (RFC 7517 5). It never contains a private or symmetric key.
type Set struct{ keys []Key }

// setEntry is a key in a JWK Set. Of private members (RFC 7518 6.2.2, 6.3.2, 6.4.1) only their presence matters.
type setEntry struct {
	publishedJWK
	D   jsontext.Value `json:"d"`
	P   jsontext.Value `json:"p"`
	Q   jsontext.Value `json:"q"`
	DP  jsontext.Value `json:"dp"`
	DQ  jsontext.Value `json:"dq"`
	QI  jsontext.Value `json:"qi"`
	Oth jsontext.Value `json:"oth"`
	K   jsontext.Value `json:"k"`
}

func (e setEntry) private() bool {
	return e.D != nil || e.P != nil || e.Q != nil || e.DP != nil || e.DQ != nil || e.QI != nil || e.Oth != nil || e.K != nil
}

// ParseSet reads a JWK Set of public keys. Keys of unknown kinds are skipped (RFC 7517 5), so that a newer version may
// publish some.
func ParseSet(text []byte) (*Set, error) {
	// A private or symmetric key, a repeated kid, or a known kind that is weak or malformed is an error.
	if len(text) > maxJWKS {
		return nil, fmt.Errorf("parse the public keys: longer than %d bytes", maxJWKS)
	}
	var set struct {
		Keys []setEntry `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("parse the public keys: not a JWK Set%s", Position(err))
	}
	if set.Keys == nil {
		return nil, errors.New("parse the public keys: no member keys")
	}
	s := &Set{}
	seen := make(map[string]bool, len(set.Keys))
	for i, e := range set.Keys {
		if e.KeyID != "" && seen[e.KeyID] {
			return nil, fmt.Errorf("parse the public keys: key %d: another key has the same kid", i+1)
		}
		seen[e.KeyID] = true
		if err := s.add(e); err != nil {
			return nil, fmt.Errorf("parse the public keys: key %d: %w", i+1, err)
		}
	}
	return s, nil
}

// add accepts a key only if its members are exactly those that we would publish; see JWK.Key.
func (s *Set) add(e setEntry) error {
	j := e.publicJWK
	_, known := kindOf(Algorithm(j.Algorithm))
	switch {
	case j.Algorithm == string(HS256) || j.Type == "oct" || e.private():
		return errors.New("a private or symmetric key, which must never be published")
	case j.KeyID == "" || !known || j.Use != "" && j.Use != keyUse:
		return nil // no token can name it, or it does not verify tokens
	}
	k, err := JWK{publicJWK: j}.Key()
	if err != nil {
		return err
	}
	k.RetireAt = e.RetireAt
	s.keys = append(s.keys, k)
	return nil
}

// Key returns the key with the id, with its end if the set has one: see Key.Retired.
func (s *Set) Key(id string) (Key, bool) {
	i := slices.IndexFunc(s.keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return Key{}, false
	}
	return s.keys[i], true
}

// IDs returns the ids of the keys, in the set's order; keys of unknown kinds are not in the set.
func (s *Set) IDs() []string {
	ids := make([]string, 0, len(s.keys))
	for _, k := range s.keys {
		ids = append(ids, k.ID)
	}
	return ids
}

// At returns the set without the keys that are retired by now: they must be refused, and the rotation that removes them may
// be weeks away.
func (s *Set) At(now time.Time) *Set {
	return &Set{slices.DeleteFunc(slices.Clone(s.keys), func(k Key) bool { return k.Retired(now) })}
}

// Marshal returns the set as it is served: only the public members that every verifier knows.
func (s *Set) Marshal() ([]byte, error) {
	keys := []publicJWK{}
	for _, k := range s.keys {
		keys = append(keys, k.JWK().publicJWK)
	}
	return encodeSet(keys)
}

// MarshalPublic returns the JWK Set to store for verifiers: the public part of each key and, in exp, its end. Symmetric keys
// are left out.
func MarshalPublic(keys []Key) ([]byte, error) {
	published := []publishedJWK{}
	for _, k := range keys {
		if k.Algorithm() != HS256 {
			published = append(published, publishedJWK{k.JWK().publicJWK, k.RetireAt})
		}
	}
	return encodeSet(published)
}

// Position says at which byte a document of keys is malformed, if the decoder knows. The decoder's own errors would quote
// values.
func Position(err error) string {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Sprintf(", byte %d", syntax.ByteOffset)
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Sprintf(", byte %d", semantic.ByteOffset)
	}
	return ""
}

func encodeSet[K publicJWK | publishedJWK](keys []K) ([]byte, error) {
	text, err := json.Marshal(struct {
		Keys []K `json:"keys"`
	}{keys})
	if err != nil {
		return nil, fmt.Errorf("encode the public keys: %w", err)
	}
	return text, nil
}

// Algorithms returns the algorithms of the keys (RFC 7518 3.1), each once, in the set's order; never nil.
func (s *Set) Algorithms() []string {
	algorithms := []string{}
	for _, k := range s.keys {
		if name := string(k.Algorithm()); !slices.Contains(algorithms, name) {
			algorithms = append(algorithms, name)
		}
	}
	return algorithms
}
