package auth

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Document is a JSON object that Latchkey does not interpret: kept verbatim except for whitespace, so large numbers survive.
type Document []byte

// MarshalJSON returns the object; an empty Document is one without members.
func (d Document) MarshalJSON() ([]byte, error) {
	if len(d) == 0 {
		return []byte("{}"), nil
	}
	return d, nil
}

// UnmarshalJSON keeps the object; null and an object without members give an empty Document, anything else is an error.
func (d *Document) UnmarshalJSON(raw []byte) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return err
	}
	switch object := compact.Bytes(); {
	case string(object) == "null" || string(object) == "{}":
		*d = nil
	case object[0] != '{':
		return errors.New("auth: not a JSON object")
	default:
		*d = object
	}
	return nil
}
