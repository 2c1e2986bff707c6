package discovery

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"latchkey/internal/jwk"
)

// cacheControl lets readers cache a document for five minutes. A key is published hours before it signs, so few readers
// have a set without it, and those fetch it again when they see the unknown kid.
const cacheControl = "public, max-age=300"

// documents are both documents as they are sent; immutable.
type documents struct {
	source              []byte // the set they were rendered from
	made                time.Time
	jwks, configuration document
}

type document struct {
	body []byte
	etag string
}

// configuration has the required members of OpenID Connect Discovery 1.0 (3), except those of endpoints that we do not
// have. Kubernetes and GitHub, which also only sign tokens, publish the same.
type configuration struct {
	Issuer        string   `json:"issuer"`
	JWKSURI       string   `json:"jwks_uri"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
}

// render makes both documents from one set, so that their algorithms agree. The set is written again from its public
// members, without any others that were stored and without retired keys.
func render(issuer string, text []byte, now time.Time) (*documents, error) {
	keys, err := jwk.ParseSet(text)
	if err != nil {
		return nil, err
	}
	keys = keys.At(now)
	jwks, err := keys.Marshal()
	if err != nil {
		return nil, err
	}
	config, err := Configuration(issuer, keys)
	if err != nil {
		return nil, err
	}
	return &documents{source: text, made: now, jwks: newDocument(jwks), configuration: newDocument(config)}, nil
}

// Configuration returns the discovery document of the issuer for exactly these keys, as it is served byte for byte.
func Configuration(issuer string, keys *jwk.Set) ([]byte, error) {
	text, err := json.Marshal(configuration{
		Issuer: issuer, JWKSURI: issuer + JWKSPath, ResponseTypes: []string{"id_token"}, SubjectTypes: []string{"public"},
		Algorithms: keys.Algorithms(),
	})
	if err != nil {
		return nil, fmt.Errorf("encode the discovery document: %w", err)
	}
	return text, nil
}

func newDocument(body []byte) document {
	sum := sha256.Sum256(body)
	return document{body: body, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}
}

func (d document) write(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Cache-Control", cacheControl)
	h.Set("Etag", d.etag)
	if d.matches(r.Header.Values("If-None-Match")) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/json")
	if _, err := w.Write(d.body); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}

// matches compares weakly, as If-None-Match does (RFC 9110 13.1.2): a proxy that recodes the body marks our tag W/.
func (d document) matches(conditions []string) bool {
	for _, list := range conditions {
		for tag := range strings.SplitSeq(list, ",") {
			if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == d.etag {
				return true
			}
		}
	}
	return false
}
