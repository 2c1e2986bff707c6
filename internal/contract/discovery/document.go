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

// cacheControl lets readers keep a document for five minutes. A key is published hours before it signs, so that
// whoever holds an older set than that is rare, and asks again when it meets an unknown kid.
const cacheControl = "public, max-age=300"

// documents are both documents as they are sent; they do not change once made.
type documents struct {
	source              []byte // what they were made of
	made                time.Time
	jwks, configuration document
}

type document struct {
	body []byte
	etag string
}

// configuration has the members that OpenID Connect Discovery 1.0 (3) requires, less those of endpoints that we do not
// have: no client is sent anywhere to sign in. Kubernetes and GitHub, which also only sign tokens, publish the same.
type configuration struct {
	Issuer        string   `json:"issuer"`
	JWKSURI       string   `json:"jwks_uri"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
}

// render makes both documents of one set, so that the algorithms of one are the keys' of the other. The set is
// written anew from its public members, whatever else was stored with it, without keys that are retired by now.
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
	config, err := json.Marshal(configuration{
		Issuer: issuer, JWKSURI: issuer + JWKSPath, ResponseTypes: []string{"id_token"}, SubjectTypes: []string{"public"},
		Algorithms: keys.Algorithms(),
	})
	if err != nil {
		return nil, fmt.Errorf("encode the discovery document: %w", err)
	}
	return &documents{source: text, made: now, jwks: newDocument(jwks), configuration: newDocument(config)}, nil
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

// matches compares as If-None-Match does, weakly (RFC 9110 13.1.2): a proxy that recodes marks our tag W/.
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
