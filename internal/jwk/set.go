package jwk

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxJWKS bounds a JWK Set before it is parsed, in bytes; API Gateway's authorizers take twice as much.
const maxJWKS = 64 << 10

// Set is a set of public keys to verify with (RFC 7517 5). It holds no private and no symmetric key, whatever it
// was parsed from, and never changes.
type Set struct{ keys []Key }

// setEntry is a key as a JWK Set may hold it. Of private members (RFC 7518 6.2.2, 6.3.2, 6.4.1) it counts that they
// are there, not what they are.
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

// ParseSet reads a JWK Set. Keys of kinds unknown here are skipped (RFC 7517 5), so that a newer version may publish
// some; a private or symmetric key, a kid twice, and a known kind that is weak or malformed refuse the whole set.
func ParseSet(text []byte) (*Set, error) {
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
			return nil, fmt.Errorf("parse the public keys: key %d: its kid is another key's too", i+1)
		}
		seen[e.KeyID] = true
		if err := s.add(e); err != nil {
			return nil, fmt.Errorf("parse the public keys: key %d: %w", i+1, err)
		}
	}
	return s, nil
}

// add takes a key that is, member by member, what we would publish for it; see JWK.Key.
func (s *Set) add(e setEntry) error {
	j := e.publicJWK
	_, known := kindOf(Algorithm(j.Algorithm))
	switch {
	case j.Algorithm == string(HS256) || j.Type == "oct" || e.private():
		return errors.New("a private or symmetric key, which must never be published")
	case j.KeyID == "" || !known || j.Use != "" && j.Use != keyUse:
		return nil // not for us: no token could name it, or it does not verify tokens
	}
	k, err := JWK{publicJWK: j}.Key()
	if err != nil {
		return err
	}
	k.RetireAt = e.RetireAt
	s.keys = append(s.keys, k)
	return nil
}

// Key returns the key with the id, which has its end where the set gives one: see Key.Retired.
func (s *Set) Key(id string) (Key, bool) {
	i := slices.IndexFunc(s.keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return Key{}, false
	}
	return s.keys[i], true
}

// At returns the set without the keys that are retired by now: those are to be refused, and a rotation that takes them
// out may be weeks away.
func (s *Set) At(now time.Time) *Set {
	return &Set{slices.DeleteFunc(slices.Clone(s.keys), func(k Key) bool { return k.Retired(now) })}
}

// Marshal returns the set as it is served: of each key the public members that every verifier knows, and no others.
func (s *Set) Marshal() ([]byte, error) {
	keys := []publicJWK{}
	for _, k := range s.keys {
		keys = append(keys, k.JWK().publicJWK)
	}
	return encodeSet(keys)
}

// MarshalPublic returns the JWK Set to store for verifiers: of each key the public part and, in exp, its end; of symmetric
// ones nothing.
func MarshalPublic(keys []Key) ([]byte, error) {
	published := []publishedJWK{}
	for _, k := range keys {
		if k.Algorithm() != HS256 {
			published = append(published, publishedJWK{k.JWK().publicJWK, k.RetireAt})
		}
	}
	return encodeSet(published)
}

// Position tells at which byte a document of keys is broken, where the decoder knows, and nothing else: its own errors
// quote values.
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

// Algorithms returns what the keys sign with (RFC 7518 3.1), each once, in the set's order; never nil.
func (s *Set) Algorithms() []string {
	algorithms := []string{}
	for _, k := range s.keys {
		if name := string(k.Algorithm()); !slices.Contains(algorithms, name) {
			algorithms = append(algorithms, name)
		}
	}
	return algorithms
}
