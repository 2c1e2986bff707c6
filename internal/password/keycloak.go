package password

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
)

// keycloakCredential is a credential of type password in a realm's export. Its two halves are JSON texts, as in the columns
// secret_data and credential_data; before version 8 their members stood in the credential itself.
type keycloakCredential struct {
	Type           string `json:"type"`
	SecretData     string `json:"secretData"`
	CredentialData string `json:"credentialData"`

	HashedSaltedValue string `json:"hashedSaltedValue"`
	Salt              string `json:"salt"`
	Algorithm         string `json:"algorithm"`
	HashIterations    uint32 `json:"hashIterations"`
}

type keycloakSecret struct {
	Value string `json:"value"`
	Salt  string `json:"salt"`
}

type keycloakCost struct {
	Algorithm            string              `json:"algorithm"`
	HashIterations       uint32              `json:"hashIterations"`
	AdditionalParameters map[string][]string `json:"additionalParameters"`
}

// fromKeycloak returns the PHC string for a credential; errors quote nothing of it.
func fromKeycloak(text string) (string, error) {
	var c keycloakCredential
	if json.Unmarshal([]byte(text), &c) != nil {
		return "", errors.New("is JSON, and not a credential of Keycloak")
	}
	if c.Type != "" && c.Type != "password" {
		return "", errors.New("the type of the Keycloak credential is not password")
	}
	secret := keycloakSecret{c.HashedSaltedValue, c.Salt}
	cost := keycloakCost{Algorithm: c.Algorithm, HashIterations: c.HashIterations}
	if c.SecretData != "" || c.CredentialData != "" {
		if json.Unmarshal([]byte(c.SecretData), &secret) != nil || json.Unmarshal([]byte(c.CredentialData), &cost) != nil {
			return "", errors.New("secretData and credentialData of the Keycloak credential are not both texts of JSON objects")
		}
	}
	stored, err := cost.phc(secret)
	if err != nil {
		return "", fmt.Errorf("a Keycloak credential: %w", err)
	}
	return stored, nil
}

func (c keycloakCost) phc(secret keycloakSecret) (string, error) {
	if c.Algorithm == "bcrypt" { // of an extension that is widely used; the value is the whole hash
		return within("$2", secret.Value)
	}
	digest, err := padded(secret.Value)
	if err != nil {
		return "", fmt.Errorf("the value %w", err)
	}
	salt, err := padded(secret.Salt)
	if err != nil {
		return "", fmt.Errorf("the salt %w", err)
	}
	ending := "$" + unpad(salt) + "$" + unpad(digest)
	switch c.Algorithm {
	case "pbkdf2", "pbkdf2-sha256", "pbkdf2-sha512":
		return fmt.Sprintf("$%s$i=%d,l=%d", c.Algorithm, c.HashIterations, len(digest)) + ending, nil
	case "argon2":
		kind, version := c.parameter("type"), map[string]string{"1.3": "19", "1.0": "16"}[c.parameter("version")]
		return fmt.Sprintf("$argon2%s$v=%s$m=%s,t=%d,p=%s", kind, version, c.parameter("memory"), c.HashIterations,
			c.parameter("parallelism")) + ending, nil
	}
	return "", errors.New("the algorithm is none of argon2, pbkdf2, pbkdf2-sha256, pbkdf2-sha512 and bcrypt")
}

func (c keycloakCost) parameter(name string) string {
	return strings.Join(c.AdditionalParameters[name], ",")
}
