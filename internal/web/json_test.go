package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/web"
)

// form is like what contracts decode into: pointers distinguish an absent member from an empty one.
type form struct {
	User     *string `json:"user"`
	Password *string `json:"password"`
}

func decode(contentType []string, body string) (form, error) {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header["Content-Type"] = contentType
	var f form
	err := web.DecodeJSON(r, []byte(body), &f)
	return f, err
}

// TestDecodeJSON promises that one JSON object with exact names is accepted, and nothing that another parser could read differently.
func TestDecodeJSON(t *testing.T) {
	text := func(s string) *string { return &s }
	ada := &form{User: text("ada"), Password: text("secret")}
	for _, test := range []struct {
		name, body string
		want       *form // nil: ErrBody
	}{
		{"as contracts say", `{"user":"ada","password":"secret"}`, ada},
		{"space around and inside", " \t\r\n{ \"user\" : \"ada\" ,\n\"password\":\"secret\" } \n", ada},
		{"escapes are the same text", `{"us\u0065r":"\u0061da","password":"\u0073ecret"}`, ada},
		{"unknown members", `{"user":"ada","role":"admin","password":"secret","x":{"user":"eve"}}`, ada},
		{"empty object", `{}`, &form{}},
		{"null", `{"user":null,"password":"secret"}`, &form{Password: text("secret")}},
		{"empty text", `{"user":"","password":" "}`, &form{User: text(""), Password: text(" ")}},
		{"a pair of surrogates", `{"user":"\ud83d\ude00"}`, &form{User: text("\U0001f600")}},
		{"NUL in text", `{"password":"a\u0000b"}`, &form{Password: text("a\x00b")}},
		{"text in NFD stays as it is", `{"user":"e\u0301"}`, &form{User: text("e\u0301")}},
		{"password with space around", `{"password":" a\t"}`, &form{Password: text(" a\t")}},

		{"name in capitals is another member", `{"USER":"eve","user":"ada","password":"secret"}`, ada},
		{"title case is another member", `{"user":"ada","Password":"secret"}`, &form{User: text("ada")}},
		{"long s folds to s, and is another member", `{"user":"ada","pa\u017f\u017fword":"secret"}`, &form{User: text("ada")}},
		{"long s, unescaped", "{\"user\":\"ada\",\"pa\u017f\u017fword\":\"secret\"}", &form{User: text("ada")}},

		{"empty", ``, nil},
		{"space alone", ` `, nil},
		{"a second object", `{"user":"ada","password":"secret"}{}`, nil},
		{"a word after it", `{"user":"ada","password":"secret"} x`, nil},
		{"a comma after it", `{"user":"ada","password":"secret"},`, nil},
		{"NUL after it", "{\"user\":\"ada\",\"password\":\"secret\"}\x00", nil},
		{"member twice", `{"user":"eve","user":"ada"}`, nil},
		{"member twice, once escaped", `{"user":"eve","\u0075ser":"ada"}`, nil},
		{"member twice, the same value", `{"user":"ada","user":"ada"}`, nil},
		{"unknown member twice", `{"x":1,"x":1}`, nil},
		{"deep member twice", `{"x":{"y":[{"z":1,"z":2}]}}`, nil},
		{"number", `{"user":1}`, nil},
		{"truth", `{"user":true}`, nil},
		{"array", `{"user":["ada"]}`, nil},
		{"object", `{"user":{"$ne":""}}`, nil},
		{"lone high surrogate", `{"user":"\ud800"}`, nil},
		{"lone low surrogate", `{"user":"\udc00"}`, nil},
		{"surrogates the wrong way round", `{"user":"\udc00\ud800"}`, nil},
		{"lone surrogate in an unknown member", `{"x":"\ud800"}`, nil},
		{"lone surrogate in a name", `{"\ud800":""}`, nil},
		{"invalid UTF-8", "{\"user\":\"a\xff\"}", nil},
		{"overlong UTF-8", "{\"user\":\"\xc0\xaf\"}", nil},
		{"encoded surrogate", "{\"user\":\"\xed\xa0\x80\"}", nil},
		{"invalid UTF-8 in an unknown member", "{\"x\":\"\xff\"}", nil},
		{"byte order mark", "\ufeff{\"user\":\"ada\"}", nil},
		{"UTF-16", "\xff\xfe{\x00}\x00", nil},
		{"raw control in text", "{\"user\":\"a\nb\"}", nil},
		{"body null", `null`, nil},
		{"body text", `"user"`, nil},
		{"body number", `1`, nil},
		{"body array", `[{"user":"ada"}]`, nil},
		{"single quotes", `{'user':'ada'}`, nil},
		{"bare name", `{user:"ada"}`, nil},
		{"trailing comma", `{"user":"ada",}`, nil},
		{"comment", `{"user":"ada"/**/}`, nil},
		{"NaN", `{"x":NaN}`, nil},
		{"cut off", `{"user":"ada"`, nil},
		{"form", `user=ada&password=secret`, nil},
		{"deep nesting", `{"x":` + strings.Repeat("[", 8000) + strings.Repeat("]", 8000) + `}`, &form{}},
		{"nesting without an end", `{"x":` + strings.Repeat("[", 16000), nil},
		{"nesting of objects", strings.Repeat(`{"x":`, 3000) + "1" + strings.Repeat("}", 3000), &form{}},
		{"a huge number in an unknown member", `{"x":1e999999}`, &form{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := decode([]string{"application/json"}, test.body)
			if test.want == nil {
				wantErrBody(t, err, test.body)
				return
			}
			if d := cmp.Diff(*test.want, got); err != nil || d != "" {
				t.Errorf("error %v, differs (-want +got):\n%s", err, d)
			}
		})
	}
}

// wantErrBody checks that contracts can find the error, and that it reveals nothing of the body or of our types.
func wantErrBody(t *testing.T, err error, body string) {
	t.Helper()
	if !errors.Is(err, web.ErrBody) {
		t.Fatalf("error is %v, want ErrBody", err)
	}
	for _, leak := range []string{"ada", "secret", "eve", "form", "user", "User", "struct"} {
		if strings.Contains(err.Error(), leak) {
			t.Errorf("the error for %.80q repeats %q: %v", body, leak, err)
		}
	}
}

// TestDecodeJSONContentType promises that only application/json is read: a form of another site cannot send it.
func TestDecodeJSONContentType(t *testing.T) {
	for _, test := range []struct {
		name  string
		types []string
		good  bool
	}{
		{"plain", []string{"application/json"}, true},
		{"charset", []string{"application/json; charset=utf-8"}, true},
		{"charset, closed up and quoted", []string{`application/json;charset="UTF-8"`}, true},
		{"other parameters", []string{"application/json; odata=verbose; v=2"}, true},
		{"capitals", []string{"Application/JSON; Charset=UTF-8"}, true},
		{"space around", []string{" application/json "}, true},
		{"semicolon at the end", []string{"application/json;"}, true},

		{"none", nil, false},
		{"empty", []string{""}, false},
		{"twice", []string{"application/json", "application/json"}, false},
		{"two types", []string{"application/json", "text/plain"}, false},
		{"a list", []string{"application/json, text/plain"}, false},
		{"a list, the other way round", []string{"text/plain, application/json"}, false},
		{"text, which a form can send", []string{"text/plain"}, false},
		{"text that names it", []string{"text/plain; application/json"}, false},
		{"form", []string{"application/x-www-form-urlencoded"}, false},
		{"multipart", []string{"multipart/form-data; boundary=application/json"}, false},
		{"a longer type", []string{"application/json-patch+json"}, false},
		{"a suffix", []string{"application/problem+json"}, false},
		{"text/json", []string{"text/json"}, false},
		{"subtype alone", []string{"json"}, false},
		{"space inside", []string{"application / json"}, false},
		{"long s", []string{"application/j\u017fon"}, false},
		{"any", []string{"*/*"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := decode(test.types, `{}`)
			if good := err == nil; good != test.good || !good && !errors.Is(err, web.ErrBody) {
				t.Errorf("Content-Type %q: error %v", test.types, err)
			}
		})
	}
}

// TestReadBody promises bodies of up to 16 KiB whole, and ErrBody for longer ones and those that do not arrive.
func TestReadBody(t *testing.T) {
	read := func(body string) ([]byte, error) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		return web.ReadBody(httptest.NewRecorder(), r)
	}
	for _, size := range []int{0, 1, 16 << 10} {
		if body, err := read(strings.Repeat("x", size)); len(body) != size || err != nil {
			t.Errorf("%d bytes: got %d, error %v", size, len(body), err)
		}
	}
	for _, size := range []int{16<<10 + 1, 6 << 20} {
		if body, err := read(strings.Repeat("x", size)); body != nil || !errors.Is(err, web.ErrBody) {
			t.Errorf("%d bytes: got %d, error %v, want ErrBody", size, len(body), err)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/", brokenReader{})
	if _, err := web.ReadBody(httptest.NewRecorder(), r); !errors.Is(err, web.ErrBody) {
		t.Errorf("a body that breaks off: error %v, want ErrBody", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// TestWriteJSON promises members in one order, [] for nil, and that what cannot be encoded writes nothing.
func TestWriteJSON(t *testing.T) {
	rec := httptest.NewRecorder()
	if err := web.WriteJSON(rec, http.StatusTeapot, map[string]any{"b": "<&>\u2028", "a": []int(nil)}); err != nil {
		t.Fatal(err)
	}
	answer := rec.Result()
	if answer.StatusCode != http.StatusTeapot || answer.Header.Get("Content-Type") != "application/json" {
		t.Errorf("status %d, headers %v", answer.StatusCode, answer.Header)
	}
	if got, want := rec.Body.String(), `{"a":[],"b":"<&>`+"\u2028"+`"}`; got != want {
		t.Errorf("body %q, want %q", got, want)
	}
	rec = httptest.NewRecorder()
	if err := web.WriteJSON(rec, http.StatusOK, "a\xff"); err == nil || rec.Body.Len() > 0 {
		t.Errorf("what cannot be encoded: error %v, body %q", err, rec.Body)
	}
}

// FuzzDecodeJSON promises that an accepted body has only one reading, and that every other body is ErrBody.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{
		`{"user":"ada","password":"secret"}`, `{"user":"ada"} x`, `{"user":"a","user":"b"}`, `{"pa\u017f\u017fword":""}`,
		`{"user":"\ud800"}`, "{\"user\":\"\xff\"}", "\ufeff{}", `null`, `{"user":null}`, `{"user":1}`, `{"x":[[[]]]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decode([]string{"application/json"}, string(body))
		if err != nil {
			if !errors.Is(err, web.ErrBody) {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		// An accepted body is valid and unambiguous: a lenient reader finds the same in it.
		var members map[string]any
		if err := json.Unmarshal(body, &members); err != nil || !utf8.Valid(body) {
			t.Fatalf("%q was taken and is not one valid object: %v", body, err)
		}
		for name, value := range map[string]*string{"user": got.User, "password": got.Password} {
			if text, is := members[name].(string); is != (value != nil) || is && text != *value {
				t.Fatalf("%q: %s is %v, want %v", body, name, value, members[name])
			}
		}
	})
}
