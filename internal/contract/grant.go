package contract

import (
	"bytes"
	"fmt"
	"net/http"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// WriteGrantWith answers as the contract does, with one more member in the body.
func WriteGrantWith(c Contract, w http.ResponseWriter, r *http.Request, g auth.Grant, name string, value any) error {
	held := &heldBody{ResponseWriter: w, status: http.StatusOK}
	if err := c.WriteGrant(held, r, g); err != nil {
		return err
	}
	body, err := web.AddMember(held.body.Bytes(), name, value)
	if err != nil {
		return fmt.Errorf("add %s to the answer: %w", name, err)
	}
	w.WriteHeader(held.status)
	_, err = w.Write(body)
	return err
}

// heldBody keeps the answer until a member is added; headers go through.
type heldBody struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader keeps the status.
func (h *heldBody) WriteHeader(status int) { h.status = status }

// Write keeps the bytes.
func (h *heldBody) Write(b []byte) (int, error) { return h.body.Write(b) }
