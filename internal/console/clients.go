package console

import (
	"fmt"
	"net/http"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// clients lists the API clients.
func (s *console) clients(w http.ResponseWriter, r *http.Request) error {
	clients, err := s.Admin.Clients(r.Context())
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		Clients []admin.ClientFacts `json:"clients"`
	}{admin.NewClientFacts(clients, s.Now())})
}

// changeClient adds, rotates or disables a client. A new key is in the answer, once.
func (s *console) changeClient(w http.ResponseWriter, r *http.Request) error {
	var asked struct {
		Change string          `json:"change"`
		ID     string          `json:"id"`
		Name   string          `json:"name"`
		Kind   auth.ClientKind `json:"kind"`
	}
	if err := web.ReadJSON(w, r, &asked); err != nil {
		return err
	}
	key, err := "", error(nil)
	switch asked.Change {
	case "add":
		if asked.Name == "" || !asked.Kind.Valid() {
			return fmt.Errorf("%w: a client has a name and a kind", web.ErrBody)
		}
		key, _, err = s.Admin.AddClient(r.Context(), asked.Name, asked.Kind)
	case "rotate":
		_, err = s.Admin.RotateClient(r.Context(), asked.ID, 0, func(next string) error { key = next; return nil })
	case "disable":
		_, err = s.Admin.DisableClient(r.Context(), asked.ID)
	default:
		return fmt.Errorf("%w: no such change", web.ErrBody)
	}
	if err != nil {
		return explain(err)
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		Key string `json:"key,omitzero"`
	}{key})
}
