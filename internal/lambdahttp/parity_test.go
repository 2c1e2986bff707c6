package lambdahttp_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

// gateway does what an HTTP API does before and after a function.
func gateway(t *testing.T, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: "$default", RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery}
		e.Headers = map[string]string{"host": r.Host}
		for name, values := range r.Header {
			e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
		if cookie := e.Headers["cookie"]; cookie != "" {
			e.Cookies = strings.Split(cookie, "; ")
			delete(e.Headers, "cookie")
		}
		e.RequestContext.HTTP.SourceIP, e.Body = peerAndBody(t, r)
		e.IsBase64Encoded, e.RequestContext.Stage = true, "$default"
		e.RequestContext.HTTP.Method = r.Method
		event, err := json.Marshal(e)
		if err != nil {
			t.Error(err)
		}
		res := invoke(t, event, next)
		for name, value := range res.Headers {
			w.Header().Set(name, value)
		}
		w.Header()["Set-Cookie"] = res.Cookies
		pass(t, w, r, res.StatusCode, res.Body, res.IsBase64Encoded)
	}
}

// peerAndBody returns the client's address and its body in base64.
func peerAndBody(t *testing.T, r *http.Request) (ip, body string) {
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		t.Error(err)
	}
	sent, _ := io.ReadAll(r.Body)
	return ip, base64.StdEncoding.EncodeToString(sent)
}

// pass writes a gateway's answer, whose headers are already set.
func pass(t *testing.T, w http.ResponseWriter, r *http.Request, status int, body string, encoded bool) {
	if r.Method == http.MethodHead && body != "" {
		t.Errorf("HEAD is answered with a body: %q", body)
	}
	out := []byte(body)
	if encoded {
		var err error
		if out, err = base64.StdEncoding.DecodeString(body); err != nil {
			t.Error(err)
		}
	}
	if w.Header()["Content-Type"] == nil {
		w.Header()["Content-Type"] = nil // the gateway adds none of its own
	}
	w.WriteHeader(status)
	w.Write(out)
}

// seen is what a client sees of an answer, without headers of the connection.
type seen struct {
	Status  int
	Header  map[string]string
	Cookies []string
	Body    string
}

func send(t *testing.T, server *httptest.Server, method, target, body string) seen {
	t.Helper()
	r, err := http.NewRequest(method, server.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "login.example.com"
	r.Header["X-Many"] = []string{"a,b", "c"}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("If-None-Match", `"a,b", "etag"`)
	r.Header.Set("Range", "bytes=2-4")
	r.Header.Set("Cookie", `a=1; b="x y"; a=2`)
	res, err := server.Client().Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	s := seen{Status: res.StatusCode, Header: map[string]string{}, Cookies: res.Header["Set-Cookie"], Body: string(out)}
	for _, name := range []string{"Set-Cookie", "Date", "Content-Length", "Connection", "Trailer"} {
		res.Header.Del(name)
	}
	for name, values := range res.Header {
		s.Header[name] = strings.Join(values, ", ")
	}
	return s
}

// TestParity sends the same requests to handlers behind net/http and behind the adapter: the answers must not differ.
func TestParity(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/users/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.PathValue("id")) })
	handlers := map[string]http.HandlerFunc{
		"echo": func(w http.ResponseWriter, r *http.Request) {
			got := read(t, r)
			got.Header.Set("X-Many", strings.Join(got.Header["X-Many"], ",")) // as the gateway joins them
			ip, _, _ := net.SplitHostPort(r.RemoteAddr)
			fmt.Fprintf(w, "%s %+v %q %q %v", ip, got, r.FormValue("q"), r.RequestURI, r.CookiesNamed("a"))
		},
		"nothing":  func(http.ResponseWriter, *http.Request) {},
		"mux":      mux.ServeHTTP,
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "../x?y=<z>", http.StatusSeeOther) },
		"error":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no <such> thing", http.StatusNotFound) },
		"cookies": func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "planpoint", Value: "a.b.c", MaxAge: 86400, HttpOnly: true, Secure: true, Path: "/"})
			http.SetCookie(w, &http.Cookie{Name: "planpointRefresh", Value: "x=", MaxAge: -1})
			w.Header().Add("Vary", "Origin")
			w.Header().Add("Vary", "Cookie")
			io.WriteString(w, `{"a":"<b>&"}`)
		},
		"file": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"v"`)
			http.ServeContent(w, r, "a.txt", time.Unix(1795284251, 0), strings.NewReader("0123456789"))
		},
		"not modified": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"etag"`)
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusNotModified)
			fmt.Fprint(w, "x")
		},
		"no content": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusNoContent)
			fmt.Fprint(w, "x")
		},
		"bytes": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("\x89PNG\r\n\x1a\n\x00\xff")) },
		"encoded": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			w.Write([]byte{1, 2, 0xff})
		},
		"long": func(w http.ResponseWriter, _ *http.Request) {
			for range 5000 {
				io.WriteString(w, "<!-- -->")
			}
		},
		"late headers": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			w.Header().Set("X-Late", "1")
			w.Header().Set("Content-Type", "text/css")
			io.WriteString(w, "a")
		},
		"empty type": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "")
			io.WriteString(w, "a")
		},
		"empty write": func(w http.ResponseWriter, _ *http.Request) { w.Write(nil); w.Header().Set("X-Late", "1") },
		"limited body": func(w http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4))
			fmt.Fprint(w, err)
		},
	}
	requests := []struct{ target, body string }{ // with queries in the only spelling and order that a REST API keeps
		{"/", ""},
		{"/", "\xff\x00"},
		{"/api/users/login?e=&q=%C3%A9&q=2", `{"password":"<päss>"}`},
		{"/100%25/caf%C3%A9", ""},
		{"/a%3Fb%23c;d%20e?x=#y", "x"},
	}
	for name, handler := range handlers {
		direct := httptest.NewServer(handler)
		defer direct.Close()
		behindHTTP, behindREST := httptest.NewServer(gateway(t, handler)), httptest.NewServer(restGateway(t, handler))
		defer behindHTTP.Close()
		defer behindREST.Close()
		for _, method := range []string{"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PROPFIND"} {
			for _, r := range requests {
				want := send(t, direct, method, r.target, r.body)
				for gateway, adapted := range map[string]*httptest.Server{"HTTP API": behindHTTP, "REST API": behindREST} {
					if diff := cmp.Diff(want, send(t, adapted, method, r.target, r.body)); diff != "" {
						t.Errorf("%s: %s %s with %q differs behind a %s (-net/http +lambdahttp):\n%s", name, method, r.target, r.body, gateway, diff)
					}
				}
			}
		}
	}
}
