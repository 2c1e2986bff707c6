package discovery_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"latchkey/internal/contract/discovery"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
)

// TestRetired promises that a key is served exactly until its tokens have expired, although the rotation that removes it
// may be weeks away.
func TestRetired(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	first, err := keyring.New(jwk.EdDSA, now)
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := first.RotateNow(jwk.ES256, now)
	if err != nil {
		t.Fatal(err)
	}
	jwks, err := rotated.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	old := rotated.Facts()[0]
	h := discovery.Routes(discovery.Config{
		Issuer: issuer, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
	}, &source{text: jwks})
	served := func() (keys int, hasOld bool, etag string) {
		answer, body := get(t, h, discovery.JWKSPath)
		var set struct{ Keys []map[string]any }
		if err := json.Unmarshal([]byte(body), &set); err != nil {
			t.Fatal(err)
		}
		for _, k := range set.Keys {
			if k["exp"] != nil {
				t.Errorf("an internal member is served: %s", body)
			}
		}
		return len(set.Keys), strings.Contains(body, old.KeyID), answer.Header.Get("Etag")
	}
	keys, has, before := served()
	if keys != 3 || !has {
		t.Errorf("%d keys, the old one among them: %v", keys, has)
	}
	now = old.RetireAt.Add(-time.Second)
	if _, has, etag := served(); !has || etag != before {
		t.Error("changed before its time")
	}
	now = old.RetireAt.Add(time.Minute)
	if keys, has, etag := served(); keys != 2 || has || etag == before {
		t.Errorf("after its time: %d keys, the old one among them: %v", keys, has)
	}
}
