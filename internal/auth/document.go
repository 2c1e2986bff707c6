package auth

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Document is a JSON object of others, kept as it was written but for the space in it: a number of any size stays itself.
type Document []byte

// MarshalJSON returns the object; an empty Document is one without members.
func (d Document) MarshalJSON() ([]byte, error) {
	if len(d) == 0 {
		return []byte("{}"), nil
	}
	return d, nil
}

// UnmarshalJSON keeps the object, and nothing of null or of one without members; what is no object is an error.
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
