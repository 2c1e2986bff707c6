package account

import (
	"fmt"
	"net/http"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/contract"
	"latchkey/internal/factor"
	"latchkey/internal/web"
)

// listed is one factor as its user sees it.
type listed struct {
	ID         string  `json:"id"`
	Kind       string  `json:"kind"` // totp or passkey
	Name       string  `json:"name"`
	CreatedAt  string  `json:"createdAt"`
	LastUsedAt *string `json:"lastUsedAt"` // null before the first use
}

func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	caller, err := h.session(r)
	if err != nil {
		return err
	}
	factors, state, err := h.config.Service.OwnFactors(r.Context(), caller)
	if err != nil {
		return err
	}
	answer := struct {
		Factors       []listed `json:"factors"`
		RecoveryCodes int      `json:"recoveryCodes"`
	}{Factors: []listed{}, RecoveryCodes: len(state.Recovery)}
	add := func(id, kind, name string, created time.Time) {
		f := listed{ID: id, Kind: kind, Name: name, CreatedAt: created.Format(time.RFC3339)}
		if used := state.Uses[id].At; !used.IsZero() {
			text := used.Format(time.RFC3339)
			f.LastUsedAt = &text
		}
		answer.Factors = append(answer.Factors, f)
	}
	for _, t := range factors.TOTP {
		add(t.ID, "totp", t.Name, t.CreatedAt)
	}
	for _, p := range factors.Passkeys {
		add(p.ID, "passkey", p.Name, p.CreatedAt)
	}
	return web.WriteJSON(w, http.StatusOK, answer)
}

// recoveryCodes is the answer with new recovery codes, and {} without.
type recoveryCodes struct {
	RecoveryCodes []string `json:"recoveryCodes,omitempty"`
}

func (h handler) recovery(w http.ResponseWriter, r *http.Request) error {
	caller, err := h.session(r)
	if err != nil {
		return err
	}
	codes, err := h.config.Service.ReplaceRecovery(r.Context(), caller, auth.ParseSource(r.RemoteAddr))
	if err != nil {
		return withStepUp(err)
	}
	return web.WriteJSON(w, http.StatusOK, recoveryCodes{codes})
}

func (h handler) remove(w http.ResponseWriter, r *http.Request) error {
	caller, err := h.session(r)
	if err != nil {
		return err
	}
	if err := h.config.Service.RemoveFactor(r.Context(), caller, r.PathValue("id"), auth.ParseSource(r.RemoteAddr)); err != nil {
		return withStepUp(err)
	}
	return web.WriteJSON(w, http.StatusOK, struct{}{})
}

func (h handler) beginTOTP(w http.ResponseWriter, r *http.Request) error {
	caller, _, err := h.caller(r)
	if err != nil {
		return err
	}
	var given struct {
		Name string `json:"name"`
	}
	if err := web.ReadOptionalJSON(w, r, &given); err != nil {
		return err
	}
	pending, err := h.config.Service.BeginTOTP(r.Context(), caller, given.Name)
	if err != nil {
		return withStepUp(err)
	}
	seed, err := factor.ParseSeed(pending.Secret)
	if err != nil {
		return err
	}
	uri := seed.URI(h.config.Name, caller.User.Email)
	qr, err := factor.QR(uri)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
		URI    string `json:"uri"`
		QR     string `json:"qr"`
	}{pending.ID, pending.Secret, uri, qr})
}

// confirmTOTP answers with recovery codes, or, for an enrollment, with the 200 of the contract whose sign-in it finishes.
func (h handler) confirmTOTP(w http.ResponseWriter, r *http.Request) error {
	caller, enrolling, err := h.caller(r)
	if err != nil {
		return err
	}
	var given struct {
		ID   string `json:"id"`
		Code string `json:"code"`
	}
	if err := web.ReadJSON(w, r, &given); err != nil {
		return err
	}
	if enrolling != (enrollment{}) {
		return h.enroll(w, r, enrolling, func(t auth.Terms) (auth.Grant, []string, error) {
			return h.config.Service.Enroll(r.Context(), enrolling.challenge, given.ID, given.Code, auth.ParseSource(r.RemoteAddr), t)
		})
	}
	codes, err := h.config.Service.ConfirmTOTP(r.Context(), caller, given.ID, given.Code, auth.ParseSource(r.RemoteAddr))
	if err != nil {
		return withStepUp(err)
	}
	return web.WriteJSON(w, http.StatusOK, recoveryCodes{codes})
}

// enroll finishes the sign-in that asked for a first factor, by the terms of its contract.
func (h handler) enroll(w http.ResponseWriter, r *http.Request, e enrollment, finish func(auth.Terms) (auth.Grant, []string, error)) error {
	for _, c := range h.config.Contracts {
		if c.Terms().Contract != e.contract {
			continue
		}
		grant, codes, err := finish(c.Terms())
		if err != nil {
			return err
		}
		return contract.WriteGrantWith(c, w, r, grant, "recoveryCodes", codes)
	}
	return fmt.Errorf("finish the sign-in of contract %q: it is turned off: %w", e.contract, auth.ErrNoSession)
}
