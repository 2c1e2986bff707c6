package token

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// document is the ring as it is stored: a private JWK Set (RFC 7517 5) that names the two keys in use, beside it
// the key of all MACs, which rotation leaves alone.
type document struct {
	Keys    []jwk  `json:"keys"`
	Current string `json:"current"`
	Next    string `json:"next"`
	MACKey  string `json:"macKey"`
}

// ParseRing reads a ring document. ErrNoRing where it is absent, empty or {}; any other fault is refused with an
// error that names the key at most, never what is in it.
func ParseRing(text []byte) (*Ring, error) {
	if isEmpty(text) {
		return nil, ErrNoRing
	}
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("parse the key ring: not JSON of its shape%s", position(err))
	}
	r := &Ring{macKey: unbase64(doc.MACKey)}
	if len(r.macKey) < minSecret || tobase64(r.macKey) != doc.MACKey {
		return nil, errors.New("parse the key ring: macKey is not base64url of at least 32 bytes")
	}
	for i, j := range doc.Keys {
		if err := r.add(j); err != nil {
			return nil, fmt.Errorf("parse the key ring: key %d: %w", i+1, err)
		}
	}
	r.current, _ = r.find(doc.Current)
	r.next, _ = r.find(doc.Next)
	switch {
	case r.current == nil || r.current.private == nil:
		return nil, errors.New("parse the key ring: the current key is missing or has no private part")
	case r.next == nil || r.next.private == nil || r.next == r.current:
		return nil, errors.New("parse the key ring: the next key is missing, is the current one or has no private part")
	}
	r.forgetPrevious()
	return r, nil
}

func isEmpty(text []byte) bool {
	text = bytes.TrimSpace(text)
	inner, opened := bytes.CutPrefix(text, []byte("{"))
	inner, closed := bytes.CutSuffix(inner, []byte("}"))
	return len(text) == 0 || opened && closed && len(bytes.TrimSpace(inner)) == 0
}

// position tells where the document is broken and nothing else: the decoder's own errors quote values.
func position(err error) string {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Sprintf(", byte %d", syntax.ByteOffset)
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Sprintf(", byte %d", semantic.ByteOffset)
	}
	return ""
}

// add reads one key and asks that it is, member by member, what we would write for it. That one comparison
// refuses a private part that is not the public one's, a kty or crv of another algorithm, superfluous members,
// and base64url that is not canonical.
func (r *Ring) add(j jwk) error {
	if j.KeyID == "" || len(j.KeyID) > maxKeyID {
		return fmt.Errorf("kid must have 1 to %d bytes", maxKeyID)
	}
	if _, taken := r.find(j.KeyID); taken {
		return errors.New("its kid is another key's too")
	}
	if j.Use == "" {
		j.Use = keyUse // optional in a JWK (RFC 7517 4.2)
	}
	kind, ok := kindOf(Algorithm(j.Algorithm))
	if !ok {
		return errors.New("alg is missing or unknown")
	}
	p, err := kind.read(j)
	if err != nil {
		return err
	}
	k, err := assemble(j.KeyID, kind, p, j.keyTimes)
	if err != nil {
		return err
	}
	if k.jwk() != j {
		return errors.New("its members contradict each other or are not canonical")
	}
	r.keys = append(r.keys, k)
	return nil
}

// forgetPrevious drops what previous keys no longer need; a symmetric one has nothing to drop.
func (r *Ring) forgetPrevious() {
	for _, k := range r.keys {
		if r.state(k) == Previous && !k.symmetric() {
			k.private = nil
		}
	}
}

const keyUse = "sig"

func (k *key) jwk() jwk {
	j := k.kind.write(k.pair)
	j.KeyID, j.Algorithm, j.Use, j.keyTimes = k.id, k.kind.method().Alg(), keyUse, k.times
	return j
}

// Marshal returns the ring's document, private keys included: for the file or the secret that holds it.
func (r *Ring) Marshal() ([]byte, error) {
	doc := document{Current: r.current.id, Next: r.next.id, MACKey: tobase64(r.macKey)}
	for _, k := range r.keys {
		doc.Keys = append(doc.Keys, k.jwk())
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode the key ring: %w", err)
	}
	return text, nil
}

// PublicJWKS returns the JWK Set (RFC 7517 5) to publish: the public part of every key, the next one included;
// of symmetric keys nothing, so that it may be empty. Previous keys have their end in it: see JWKS.At.
func (r *Ring) PublicJWKS() ([]byte, error) {
	keys := []publishedJWK{}
	for _, k := range r.keys {
		if !k.symmetric() {
			keys = append(keys, publishedJWK{k.jwk().publicJWK, r.retireAt(k)})
		}
	}
	return encodeSet(keys)
}
