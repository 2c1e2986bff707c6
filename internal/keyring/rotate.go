package keyring

import (
	"fmt"
	"slices"
	"time"

	"latchkey/internal/jwk"
)

// Lead is how long a key is public before it signs: two hours that gateways cache keys, half an hour for our own
// answers and functions, and the rest for clocks. Whatever serves the JWKS lets it be cached within that.
const Lead = 3 * time.Hour

const (
	// handover is the most that passes between the making of a rotated ring and the last signature under the one
	// before: its way into use, then the hours that a function keeps an old ring while the secret cannot be read.
	handover = 24 * time.Hour
	// maxWait is the part of handover that the way into use may take; the other six hours are the functions'.
	maxWait = 18 * time.Hour
	// afterlife is how long a key verifies after the ring was made in which it signs no more.
	afterlife = handover + jwk.MaxTokenLife + jwk.Leeway
	// maxKeys keeps a ring with the longest keys there are within the size of a secret.
	maxKeys = 64
)

// Rotate returns the ring a step on: next signs, current only verifies, and a new key is next. Publish the result
// before storing it.
func (r *Ring) Rotate(a jwk.Algorithm, published []byte, now time.Time) (rotated *Ring, changed bool, err error) {
	// If it is too soon, by the JWKS that is public now and RotatesFrom, the keys stay as they are.
	created := date(r.next.createdAt)
	switch {
	case created.IsZero() || created.After(now) || !r.next.publishedIn(published):
		return r.announcedAt(now), false, nil
	case now.Before(r.RotatesFrom()):
		return r, false, nil
	}
	rotated, err = r.RotateNow(a, now)
	return rotated, err == nil, err
}

// RotateNow rotates even if the next key has not been public for long: verifiers with cached keys refuse the new tokens until
// they fetch the keys again.
func (r *Ring) RotateNow(a jwk.Algorithm, now time.Time) (*Ring, error) {
	return r.succeed(append(r.previous(now), r.current.retiring(now)), r.next.activated(now), a, now)
}

// RotatesFrom returns the earliest time at which Rotate changes the keys: when the next key has been public for
// Lead, and the ring has room for another.
func (r *Ring) RotatesFrom() time.Time {
	from := date(r.next.createdAt).Add(Lead)
	if len(r.keys) < maxKeys {
		return from
	}
	var retirements []time.Time
	for _, k := range r.keys {
		if r.state(k) == Previous {
			retirements = append(retirements, date(k.RetireAt))
		}
	}
	if room := slices.MinFunc(retirements, time.Time.Compare); room.After(from) {
		return room
	}
	return from
}

// Revoke returns the ring without the key at once. In place of the current key the next one signs, however short it has
// been public.
func (r *Ring) Revoke(keyID string, a jwk.Algorithm, now time.Time) (*Ring, error) {
	// If the next one is revoked or used in this way, a new one is made.
	k, found := r.find(keyID)
	if !found {
		return nil, fmt.Errorf("the ring has no key %q", keyID)
	}
	switch r.state(k) {
	case Current:
		return r.succeed(r.previous(now), r.next.activated(now), a, now)
	case Next:
		return r.succeed(r.previous(now), r.current, a, now)
	}
	without := *r
	without.keys = slices.DeleteFunc(slices.Clone(r.keys), func(other *key) bool { return other == k })
	return &without, nil
}

// succeed makes the ring of these keys and a new next one. The MAC key stays: refresh tokens outlive signing keys.
func (r *Ring) succeed(previous []*key, current *key, a jwk.Algorithm, now time.Time) (*Ring, error) {
	next, err := newKey(a, now)
	if err != nil {
		return nil, fmt.Errorf("make the next key: %w", err)
	}
	return &Ring{keys: append(previous, current, next), current: current, next: next, macKey: r.macKey}, nil
}

// announcedAt is the same ring, in which the next key counts as public from now on.
func (r *Ring) announcedAt(now time.Time) *Ring {
	next := *r.next
	next.createdAt = now.Unix()
	same := *r
	same.next, same.keys = &next, slices.Clone(r.keys)
	same.keys[slices.Index(r.keys, r.next)] = &next
	return &same
}

// previous returns the keys that only verify. One without an end, from another tool, retires as if it had signed until now.
func (r *Ring) previous(now time.Time) []*key {
	var live []*key
	for _, k := range r.keys {
		switch {
		case r.state(k) != Previous || k.Retired(now):
		case k.RetireAt == 0:
			live = append(live, k.retiring(now))
		default:
			live = append(live, k)
		}
	}
	return live
}

// retiring is the key without what signs. Of a symmetric one nothing can go: it verifies with what it signs with.
func (k *key) retiring(now time.Time) *key {
	old := *k
	old.Key = k.VerifyOnly()
	old.RetireAt = now.Add(afterlife).Unix()
	return &old
}

func (k *key) activated(now time.Time) *key {
	signing := *k
	signing.activatedAt = now.Unix()
	return &signing
}

// publishedIn says whether those who verify by the JWKS know the key; a symmetric one is never theirs to know.
func (k *key) publishedIn(jwks []byte) bool {
	if k.Algorithm() == jwk.HS256 {
		return true
	}
	set, err := jwk.ParseSet(jwks)
	if err != nil {
		return false
	}
	_, known := set.Key(k.ID)
	return known
}
