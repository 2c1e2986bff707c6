package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/go-json-experiment/json"
)

// MaxBody is the largest request body that is read, in bytes (contracts page: over 16 KiB is 400).
const MaxBody = 16 << 10

// ReadBody returns the whole body, or ErrBody if it is over MaxBody or does not arrive. A body that is the JSON
// value null counts as none: HTTP libraries write it for post(url, null).
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, fmt.Errorf("%w: over %d bytes", ErrBody, MaxBody)
		}
		return nil, fmt.Errorf("%w: not received", ErrBody)
	}
	if string(bytes.Trim(body, " \t\r\n")) == "null" {
		return nil, nil
	}
	return body, nil
}

// ReadJSON reads the whole body and decodes it as DecodeJSON does; an empty body is ErrBody.
func ReadJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := ReadBody(w, r)
	if err != nil {
		return err
	}
	return DecodeJSON(r, body, v)
}

// ReadOptionalJSON is ReadJSON for a body that may be empty, which leaves v as it is.
func ReadOptionalJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := ReadBody(w, r)
	if err != nil || len(body) == 0 {
		return err
	}
	return DecodeJSON(r, body, v)
}

// DecodeJSON reads a body of type application/json that is exactly one JSON object into v (RFC 8259; ASVS 1.5.3), or
// returns ErrBody.
func DecodeJSON(r *http.Request, body []byte, v any) error {
	// Names are exact, no member comes twice, text is UTF-8 without lone surrogates, nothing follows, and unknown
	// members are ignored. If a member has the wrong type, the error is also ErrMember. It quotes nothing of the body.
	types := r.Header.Values("Content-Type")
	if len(types) != 1 || !isJSON(types[0]) {
		return fmt.Errorf("%w: Content-Type is not application/json", ErrBody)
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return fmt.Errorf("%w: not a JSON object", ErrBody)
	}
	if err := json.Unmarshal(body, v); err != nil {
		var semantic *json.SemanticError
		if errors.As(err, &semantic) {
			return fmt.Errorf("%w: %w", ErrBody, ErrMember)
		}
		return fmt.Errorf("%w: not valid JSON", ErrBody)
	}
	return nil
}

// isJSON accepts parameters and any ASCII case. EqualFold would also take application/j\u017fon.
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "application/json"
}

// WriteJSON answers with the status and v as JSON; v must be encodable, which a contract's own types are.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// AddMember returns the JSON object with one more member at its end.
func AddMember(object []byte, name string, value any) ([]byte, error) {
	added, err := json.Marshal(map[string]any{name: value}, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", name, err)
	}
	rest, closed := bytes.CutSuffix(bytes.TrimSpace(object), []byte("}"))
	if !closed {
		return nil, errors.New("the answer is not a JSON object")
	}
	if len(bytes.TrimSpace(rest)) > 1 {
		rest = append(rest, ',')
	}
	return append(rest, added[1:]...), nil
}

func writeWithMember(w http.ResponseWriter, line Refusal, name string, value any) {
	body, err := json.Marshal(line.Body, json.Deterministic(true))
	if err == nil {
		body, err = AddMember(body, name, value)
	}
	if err != nil { // a refusal without its member is still the right answer
		body, _ = json.Marshal(line.Body, json.Deterministic(true))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(line.Status)
	_, _ = w.Write(body)
}
