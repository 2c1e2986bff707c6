package contract

import (
	"encoding/base64"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// PasskeysOff is the answer of every call about passkeys where the deployment has none, in the tables of all contracts.
func PasskeysOff() web.Refusal {
	return web.Refusal{Err: auth.ErrPasskeysOff, Status: http.StatusNotFound, Body: struct {
		Message string `json:"message"`
	}{"Passkeys are off: set PASSKEY_RP"}}
}

// WithPasskeys returns the handler of a call about passkeys. If they are off, nothing of the request is read.
func WithPasskeys(service *auth.Service, handle web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !service.PasskeysOn() {
			return auth.ErrPasskeysOff
		}
		return handle(w, r)
	}
}

// PasskeyPath is where clients of the contract sign in with only a passkey.
func PasskeyPath(c Contract) string { return c.Path() + "/passkey" }

// loginPasskey is a sign-in with a passkey: {"challenge","assertion"}.
func loginPasskey(c Contract, service *auth.Service) web.Handler {
	return WithPasskeys(service, func(w http.ResponseWriter, r *http.Request) error {
		var given struct {
			Challenge string         `json:"challenge"`
			Assertion jsontext.Value `json:"assertion"`
		}
		if err := readJSON(w, r, &given); err != nil {
			return err
		}
		grant, err := service.LoginPasskey(r.Context(), auth.PasskeyAttempt{
			Challenge: given.Challenge, Assertion: given.Assertion,
			APIKey: auth.ParseAPIKey(r.Header.Get("Authorization")), Source: auth.ParseSource(r.RemoteAddr),
		}, c.Terms())
		if err != nil {
			return err
		}
		return c.WriteGrant(w, r, grant)
	})
}

// CreationOptions is PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3 section 5.4.1): what a browser makes a passkey of.
type CreationOptions struct {
	Challenge    string         `json:"challenge"`
	Timeout      int64          `json:"timeout"` // milliseconds
	RelyingParty relyingParty   `json:"rp"`
	User         passkeyUser    `json:"user"`
	Algorithms   []algorithm    `json:"pubKeyCredParams"`
	Exclude      []descriptor   `json:"excludeCredentials"`
	Selection    selectionRules `json:"authenticatorSelection"`
	Attestation  string         `json:"attestation"`
}

type relyingParty struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type passkeyUser struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

type algorithm struct {
	Type      string `json:"type"`
	Algorithm int64  `json:"alg"`
}

type selectionRules struct {
	ResidentKey      string `json:"residentKey"`
	UserVerification string `json:"userVerification"`
}

// NewCreationOptions returns the options in the form that PublicKeyCredential.parseCreationOptionsFromJSON reads. A security key that
// can neither keep a passkey nor verify its user still serves as a second factor.
func NewCreationOptions(o auth.CreationOptions) CreationOptions {
	options := CreationOptions{
		Challenge: base64.RawURLEncoding.EncodeToString(o.Challenge), Timeout: o.Timeout.Milliseconds(),
		RelyingParty: relyingParty{ID: o.RelyingParty.ID, Name: o.RelyingParty.Name},
		User:         passkeyUser{ID: base64.RawURLEncoding.EncodeToString(o.Handle), Name: o.Name, DisplayName: o.DisplayName},
		Exclude:      descriptors(o.Exclude),
		Selection:    selectionRules{ResidentKey: "preferred", UserVerification: "preferred"},
		Attestation:  "none",
	}
	for _, alg := range auth.PasskeyAlgorithms() {
		options.Algorithms = append(options.Algorithms, algorithm{publicKey, alg})
	}
	return options
}
