package console

import (
	"context"
	"net/http"
	"time"

	"latchkey/internal/keyring"
	"latchkey/internal/web"
)

// keys answers with the public facts about the ring.
func (s *console) keys(w http.ResponseWriter, r *http.Request) error {
	ring, err := s.loadRing(r.Context())
	if err != nil {
		return err
	}
	return s.writeRing(w, ring)
}

func (s *console) loadRing(ctx context.Context) (*keyring.Ring, error) {
	changer, opened, err := s.Admin.OpenRing(ctx)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	ring, _, err := keyring.Load(ctx, changer.Place)
	return ring, err
}

func (s *console) writeRing(w http.ResponseWriter, ring *keyring.Ring) error {
	return web.WriteJSON(w, http.StatusOK, struct {
		Keys        []keyring.KeyFacts `json:"keys"`
		RotatesFrom time.Time          `json:"rotatesFrom"`
		Now         time.Time          `json:"now"`
	}{ring.Facts(), ring.RotatesFrom().UTC(), s.Now().UTC()})
}

// rotate lets the next key sign.
func (s *console) rotate(w http.ResponseWriter, r *http.Request) error {
	var asked struct {
		Now bool `json:"now"` // although verifiers had no time to learn the next key
	}
	if err := web.ReadJSON(w, r, &asked); err != nil {
		return err
	}
	ring, _, err := s.Admin.RotateKeys(r.Context(), asked.Now)
	if err != nil {
		return explain(err)
	}
	return s.writeRing(w, ring)
}
