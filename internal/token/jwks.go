package token

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxJWKS bounds a JWK Set before it is parsed, in bytes; API Gateway's authorizers take twice as much.
const maxJWKS = 64 << 10

// JWKS is a set of public keys to verify with (RFC 7517 5). It holds no private and no symmetric key, whatever it
// was parsed from, and never changes.
type JWKS struct {
	keys      map[string]verificationKey
	published []publishedJWK
}

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

// ParseJWKS reads a JWK Set. Keys of kinds unknown here are skipped (RFC 7517 5), so that a newer version may publish
// some; a private or symmetric key, a kid twice, and a known kind that is weak or malformed refuse the whole set.
func ParseJWKS(text []byte) (*JWKS, error) {
	if len(text) > maxJWKS {
		return nil, fmt.Errorf("parse the public keys: longer than %d bytes", maxJWKS)
	}
	var set struct {
		Keys []setEntry `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("parse the public keys: not a JWK Set%s", position(err))
	}
	if set.Keys == nil {
		return nil, errors.New("parse the public keys: no member keys")
	}
	s := &JWKS{keys: make(map[string]verificationKey, len(set.Keys)), published: []publishedJWK{}}
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

// add takes a key that is, member by member, what we would publish for it; see Ring.add.
func (s *JWKS) add(e setEntry) error {
	j := e.publicJWK
	kind, known := kindOf(Algorithm(j.Algorithm))
	_, symmetric := kind.(hmacKind)
	switch {
	case symmetric || j.Type == "oct" || e.private():
		return errors.New("a private or symmetric key, which must never be published")
	case j.KeyID == "" || !known || j.Use != "" && j.Use != keyUse:
		return nil // not for us: no token could name it, or it does not verify tokens
	case len(j.KeyID) > maxKeyID:
		return fmt.Errorf("kid must have 1 to %d bytes", maxKeyID)
	}
	j.Use = keyUse // optional in a JWK (RFC 7517 4.2)
	p, err := kind.read(jwk{publicJWK: j})
	if err != nil {
		return err
	}
	if (&key{id: j.KeyID, kind: kind, pair: p}).jwk().publicJWK != j {
		return errors.New("its members contradict each other or are not canonical")
	}
	s.keys[j.KeyID] = verificationKey{kind.method(), p.public, keyTimes{RetireAt: e.RetireAt}}
	s.published = append(s.published, publishedJWK{j, e.RetireAt})
	return nil
}

// parseUsable refuses a set without a key: that nobody's token can be verified is no fault of the tokens.
func parseUsable(text []byte) (*JWKS, error) {
	s, err := ParseJWKS(text)
	if err == nil && len(s.keys) == 0 {
		return nil, errors.New("no public key to verify with; of symmetric keys (HS256) none is published")
	}
	return s, err
}

func (s *JWKS) verificationKey(keyID string) (verificationKey, bool) {
	k, known := s.keys[keyID]
	return k, known
}

// At returns the set without the keys that are retired by now: those are to be refused, and a rotation that takes them
// out may be weeks away.
func (s *JWKS) At(now time.Time) *JWKS {
	live := &JWKS{keys: maps.Clone(s.keys), published: []publishedJWK{}}
	for _, j := range s.published {
		if (keyTimes{RetireAt: j.RetireAt}).retired(now) {
			delete(live.keys, j.KeyID)
			continue
		}
		live.published = append(live.published, j)
	}
	return live
}

// Marshal returns the set as it is served: of each key the public members that every verifier knows, and no others.
func (s *JWKS) Marshal() ([]byte, error) {
	keys := []publicJWK{}
	for _, j := range s.published {
		keys = append(keys, j.publicJWK)
	}
	return encodeSet(keys)
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
func (s *JWKS) Algorithms() []string {
	algorithms := []string{}
	for _, j := range s.published {
		if !slices.Contains(algorithms, j.Algorithm) {
			algorithms = append(algorithms, j.Algorithm)
		}
	}
	return algorithms
}
