package authtest

import (
	"fmt"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"

	"latchkey/internal/auth"
)

// Filled returns a T in which every field, at every depth, is set and differs from others of its type if possible, so that a
// test finds a field that is forgotten or mixed up, and one that is added later.
func Filled[T any]() T {
	var v T
	var f filler
	f.set(reflect.ValueOf(&v).Elem(), reflect.TypeFor[T]().Name())
	return v
}

type filler struct{ n int }

func (f *filler) set(v reflect.Value, path string) {
	f.n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(Start().Add(time.Duration(f.n) * time.Millisecond)))
		return
	case time.Duration:
		v.SetInt(int64(time.Duration(f.n) * time.Second))
		return
	case auth.Identifier:
		v.Set(reflect.ValueOf(Identifier(fmt.Sprintf("filled-%d@example.com", f.n))))
		return
	case []byte:
		v.SetBytes([]byte{0xfe, byte(f.n) | 1, 0xff})
		return
	case auth.Document:
		v.Set(reflect.ValueOf(Document(document(f.n))))
		return
	case auth.Status:
		v.Set(reflect.ValueOf(auth.StatusPending)) // the one that a user may be activated from
		return
	case auth.ClientKind:
		v.Set(reflect.ValueOf(auth.ClientIntegration))
		return
	}
	f.setKind(v, path)
}

func (f *filler) setKind(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s %d", path, f.n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(int64(1000 + f.n))
	case reflect.Struct:
		for i := range v.NumField() {
			f.set(v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.set(v.Index(0), path)
		f.set(v.Index(1), path)
	default:
		panic(fmt.Sprintf("authtest: Filled does not know the kind of %s: %s", path, v.Type()))
	}
}

// Document returns the object as stores return it; it panics for values that JSON cannot encode.
func Document(object map[string]any) (d auth.Document) {
	raw, err := json.Marshal(object, json.Deterministic(true))
	if err == nil {
		err = d.UnmarshalJSON(raw)
	}
	if err != nil {
		panic("authtest: " + err.Error())
	}
	return d
}

// document returns a value that JSON can encode.
func document(n int) map[string]any {
	return map[string]any{
		"id": fmt.Sprintf("cus_%d", n), "": "empty name", "null": nil, "yes": true, "no": false,
		"number": float64(n), "fraction": -1.5e-3, "large": uint64(1<<53 + 1), "html": "<&>\u2028",
		"list":   []any{"a", float64(1), nil, map[string]any{"deep": []any{}}},
		"object": map[string]any{"dotted.name": "v", "$ref": "#", "empty": map[string]any{}},
	}
}
