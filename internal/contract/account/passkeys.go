package account

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/auth"
	"latchkey/internal/contract"
	"latchkey/internal/web"
)

// options is the answer to a call that asks for something to sign.
type options struct {
	Challenge string `json:"challenge"`
	PublicKey any    `json:"publicKey"`
}

// loginPasskeyOptions lets a browser offer the passkeys that it knows for the relying party. The call needs no session, and ignores one.
func (h handler) loginPasskeyOptions(w http.ResponseWriter, r *http.Request) error {
	if err := web.ReadOptionalJSON(w, r, &struct{}{}); err != nil {
		return err
	}
	challenge, asked, err := h.config.Service.PasskeyOptions(r.Context())
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, options{challenge, contract.NewRequestOptions(asked)})
}

func (h handler) beginPasskey(w http.ResponseWriter, r *http.Request) error {
	caller, _, err := h.caller(r)
	if err != nil {
		return err
	}
	if err := web.ReadOptionalJSON(w, r, &struct{}{}); err != nil {
		return err
	}
	challenge, asked, err := h.config.Service.BeginPasskey(r.Context(), caller)
	if err != nil {
		return withStepUp(err)
	}
	return web.WriteJSON(w, http.StatusOK, options{challenge, contract.NewCreationOptions(asked)})
}

// addPasskey answers with the passkey's id, or, for an enrollment, with the 200 of the contract whose sign-in it finishes.
func (h handler) addPasskey(w http.ResponseWriter, r *http.Request) error {
	caller, enrolling, err := h.caller(r)
	if err != nil {
		return err
	}
	var given struct {
		Challenge  string         `json:"challenge"`
		Credential jsontext.Value `json:"credential"`
		Name       string         `json:"name"`
	}
	if err := web.ReadJSON(w, r, &given); err != nil {
		return err
	}
	made := auth.NewPasskey{Challenge: given.Challenge, Credential: given.Credential, Name: given.Name}
	source := auth.ParseSource(r.RemoteAddr)
	if enrolling != (enrollment{}) {
		return h.enroll(w, r, enrolling, func(t auth.Terms) (auth.Grant, []string, error) {
			return h.config.Service.EnrollPasskey(r.Context(), enrolling.challenge, made, source, t)
		})
	}
	id, codes, err := h.config.Service.AddPasskey(r.Context(), caller, made, source)
	if err != nil {
		return withStepUp(err)
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		ID string `json:"id"`
		recoveryCodes
	}{id, recoveryCodes{codes}})
}
