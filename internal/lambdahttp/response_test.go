package lambdahttp_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/lambdahttp"
)

type headers = map[string]string

// TestResponse promises each answer in version 2.0's format, frozen and completed by the rules of net/http.
func TestResponse(t *testing.T) {
	const plain, html = "text/plain; charset=utf-8", "text/html; charset=utf-8"
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		want    events.APIGatewayV2HTTPResponse
	}{
		{"writes nothing", func(http.ResponseWriter, *http.Request) {},
			events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: headers{}}},
		{"text as it is", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<é>&\u2028\x00") },
			events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: headers{"Content-Type": "application/octet-stream"}, Body: "<é>&\u2028\x00"}},
		{"bytes in base64", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte{0xff, 0xd8, 0xff}) },
			events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: headers{"Content-Type": "image/jpeg"}, Body: "/9j/", IsBase64Encoded: true}},
		{"headers freeze", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["X-A"] = []string{"1"}
			w.WriteHeader(201)
			w.Header()["X-A"][0] = "2"
			w.Header().Set("X-B", "2")
			w.WriteHeader(500)
		}, events.APIGatewayV2HTTPResponse{StatusCode: 201, Headers: headers{"X-A": "1"}}},
		{"a write freezes too", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "a")
			w.Header().Set("X-B", "2")
			w.WriteHeader(500)
			io.WriteString(w, "b")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: headers{"Content-Type": plain}, Body: "ab"}},
		{"sniffs over writes", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<ht"); io.WriteString(w, "ml>") },
			events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: headers{"Content-Type": html}, Body: "<html>"}},
		{"no sniffing where a type was set", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			io.WriteString(w, "<html>")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: headers{}, Body: "<html>"}},
		{"no sniffing where the type is hostile", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "a\r\nb")
			io.WriteString(w, "<html>")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: headers{}, Body: "<html>"}},
		{"informational is ignored", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</a>")
			w.WriteHeader(103)
			w.WriteHeader(100)
			w.WriteHeader(202)
		}, events.APIGatewayV2HTTPResponse{StatusCode: 202, Headers: headers{"Link": "</a>"}}},
		{"204 has no body", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(204)
			if _, err := w.Write(nil); err != nil {
				panic(err)
			}
			if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrBodyNotAllowed) {
				panic("no ErrBodyNotAllowed")
			}
		}, events.APIGatewayV2HTTPResponse{StatusCode: 204, Headers: headers{}}},
		{"304 has neither body nor type", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", plain)
			w.Header().Set("Etag", `"a"`)
			w.WriteHeader(304)
			io.WriteString(w, "x")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 304, Headers: headers{"Etag": `"a"`}}},
		{"cookies in order, other values joined", func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			h["Set-Cookie"] = []string{"b=2; Path=/", "a=1; Expires=Mon, 01 Jan 2029 00:00:00 GMT", "b=2; Path=/"}
			h["set-cookie"] = []string{"c=3"}
			h["Vary"] = []string{"Origin", "Accept"}
			h["x-lower"] = []string{"1"}
			h["X-Lower"] = []string{"0"}
			h["X-Empty"] = []string{""}
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200,
			Headers: headers{"Vary": "Origin, Accept", "X-Lower": "0, 1", "X-Empty": ""},
			Cookies: []string{"b=2; Path=/", "a=1; Expires=Mon, 01 Jan 2029 00:00:00 GMT", "b=2; Path=/", "c=3"}}},
		{"headers of the connection go", func(w http.ResponseWriter, _ *http.Request) {
			for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding",
				"transfer-encoding", "Upgrade", "Content-Length", http.TrailerPrefix + "X-T"} {
				w.Header()[name] = []string{"x"}
			}
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: headers{}}},
		{"what breaks out of a field goes", func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			h["X-A"] = []string{"a\r\nSet-Cookie: x=y", "kept\tä", "\x00", "a\u0085b", "\x7f", "\xff"}
			h["Set-Cookie"] = []string{"a=1\nb", "k=1", "c=\x01"}
			h["X-B\r\nX-C"], h["X:D"], h["X E"], h[""], h["Xé"] = []string{"v"}, []string{"v"}, []string{"v"}, []string{"v"}, []string{"v"}
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: headers{"X-A": "kept\tä"}, Cookies: []string{"k=1"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, invoke(t, []byte(minimal), test.handler)); diff != "" {
				t.Errorf("not the wanted answer (-want +got):\n%s", diff)
			}
		})
	}
}

// failure is the constant answer, which reveals nothing about the error.
func failure() events.APIGatewayV2HTTPResponse {
	return events.APIGatewayV2HTTPResponse{
		StatusCode: 500,
		Headers:    headers{"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
		Body:       `{"message":"Internal Server Error"}`,
	}
}

// TestFailure promises that panics and invalid answers are one constant 500, and that nothing of the request is logged.
func TestFailure(t *testing.T) {
	const secret = "correct horse battery staple"
	event := with(`"headers":{"authorization":"` + secret + `"},"body":"` + secret + `"`)
	var none map[string]int
	for name, handler := range map[string]http.HandlerFunc{
		"panic with request data": func(_ http.ResponseWriter, r *http.Request) { panic("bad " + read(t, r).Body) },
		"panic with an error":     func(_ http.ResponseWriter, r *http.Request) { panic(errors.New(r.Header.Get("Authorization"))) },
		"panic with nil":          func(http.ResponseWriter, *http.Request) { panic(nil) },
		"abort":                   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"runtime error":           func(http.ResponseWriter, *http.Request) { none["x"]++ },
		"panic after an answer": func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
			io.WriteString(w, secret)
			panic("late")
		},
		"status 0":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(0) },
		"status 99":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(99) },
		"status 600": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(600) },
		"negative":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(-200) },
		"body too large": func(w http.ResponseWriter, _ *http.Request) {
			chunk := bytes.Repeat([]byte(secret), 1<<10)
			for range 7 << 20 / len(chunk) {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
			t.Error("no write failed")
		},
		"too large once escaped": func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte{0}, 1100<<10)) },
		"too large in base64":    func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte{0xff}, 5<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, nil))
			if diff := cmp.Diff(failure(), invoke(t, []byte(event), handler, lambdahttp.WithLogger(logger))); diff != "" {
				t.Errorf("not the constant answer (-want +got):\n%s", diff)
			}
			if lines := strings.Count(log.String(), "\n"); lines != 1 || strings.Contains(log.String(), secret) {
				t.Errorf("want one line without request data in the log, got:\n%s", log.String())
			}
		})
	}
}

// TestLargestAnswer promises that an answer of 6 MiB, Lambda's limit, is sent.
func TestLargestAnswer(t *testing.T) {
	const size = 6 << 20 // Lambda's documented limit, without headers
	res := invoke(t, []byte(minimal), func(w http.ResponseWriter, _ *http.Request) {
		w.Write(bytes.Repeat([]byte("a"), size-1000))
	})
	if res.StatusCode != 200 || len(res.Body) != size-1000 {
		t.Errorf("status %d with %d bytes, want 200 with %d", res.StatusCode, len(res.Body), size-1000)
	}
}
