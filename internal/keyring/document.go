package keyring

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"latchkey/internal/jwk"
)

// document is the stored ring: a private JWK Set (RFC 7517 5) that names the two keys in use, and the MAC key, which
// rotation does not change.
type document struct {
	Keys    []entry `json:"keys"`
	Current string  `json:"current"`
	Next    string  `json:"next"`
	MACKey  string  `json:"macKey"`
}

// entry is a key in the document: a JWK with times of ours, in whole seconds (NumericDate, RFC 7519 2), 0 where unknown
// or yet to come.
type entry struct {
	jwk.JWK
	CreatedAt   int64 `json:"createdAt,omitzero"`
	ActivatedAt int64 `json:"activatedAt,omitzero"` // since when it signs
	RetireAt    int64 `json:"retireAt,omitzero"`    // until when a previous key verifies
}

// Parse reads a ring document. ErrNoRing where it is absent, empty or {}; any other fault is refused with an
// error that names the key at most, never what is in it.
func Parse(text []byte) (*Ring, error) {
	if isEmpty(text) {
		return nil, ErrNoRing
	}
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("parse the key ring: not JSON of its shape%s", jwk.Position(err))
	}
	macKey, err := base64.RawURLEncoding.DecodeString(doc.MACKey)
	if err != nil || len(macKey) < macKeySize || base64.RawURLEncoding.EncodeToString(macKey) != doc.MACKey {
		return nil, errors.New("parse the key ring: macKey is not base64url of at least 32 bytes")
	}
	r := &Ring{macKey: macKey}
	for i, e := range doc.Keys {
		if err := r.add(e); err != nil {
			return nil, fmt.Errorf("parse the key ring: key %d: %w", i+1, err)
		}
	}
	r.current, _ = r.find(doc.Current)
	r.next, _ = r.find(doc.Next)
	switch {
	case r.current == nil || !r.current.CanSign():
		return nil, errors.New("parse the key ring: the current key is missing or has no private part")
	case r.next == nil || !r.next.CanSign() || r.next == r.current:
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

func (r *Ring) add(e entry) error {
	if _, taken := r.find(e.KeyID); taken {
		return errors.New("its kid is another key's too")
	}
	k, err := e.JWK.Key()
	if err != nil {
		return err
	}
	k.RetireAt = e.RetireAt
	r.keys = append(r.keys, &key{Key: k, createdAt: e.CreatedAt, activatedAt: e.ActivatedAt})
	return nil
}

// forgetPrevious drops what previous keys no longer need; a symmetric one has nothing to drop.
func (r *Ring) forgetPrevious() {
	for _, k := range r.keys {
		if r.state(k) == Previous {
			k.Key = k.VerifyOnly()
		}
	}
}

// Marshal returns the ring's document, private keys included: for the file or the secret that holds it.
func (r *Ring) Marshal() ([]byte, error) {
	doc := document{Current: r.current.ID, Next: r.next.ID, MACKey: base64.RawURLEncoding.EncodeToString(r.macKey)}
	for _, k := range r.keys {
		doc.Keys = append(doc.Keys, entry{k.JWK(), k.createdAt, k.activatedAt, k.RetireAt})
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode the key ring: %w", err)
	}
	return text, nil
}

// PublicJWKS returns the JWK Set (RFC 7517 5) to publish: the public part of every key, the next one included;
// of symmetric keys nothing, so that it may be empty. Previous keys have their end in it: see jwk.Set.At.
func (r *Ring) PublicJWKS() ([]byte, error) {
	keys := make([]jwk.Key, 0, len(r.keys))
	for _, k := range r.keys {
		keys = append(keys, r.verifying(k))
	}
	return jwk.MarshalPublic(keys)
}
