package lambdahttp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"latchkey/internal/lambdahttp"
)

// TestLambda uses the library's own entry point, as lambda.Start does.
func TestLambda(t *testing.T) {
	const body = `{"html":"<b>&</b>` + "\u2028" + `"}`
	handler := lambda.NewHandler(lambdahttp.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lc, ok := lambdacontext.FromContext(r.Context())
		if !ok || lc.AwsRequestID != "af9c2f4a" {
			t.Errorf("the Lambda context did not reach the handler: %v", lc)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		io.WriteString(w, body)
	})))
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "af9c2f4a"})
	for event, want := range map[string]string{
		minimal: `{"statusCode":200,"headers":{"Cache-Control":"no-store","Content-Type":"application/json"},"cookies":["a=1"],` +
			`"body":"{\"html\":\"<b>&</b>` + "\u2028" + `\"}","isBase64Encoded":false}`,
		`{}`: `{"statusCode":400,"headers":{"Cache-Control":"no-store","Content-Type":"application/json","X-Content-Type-Options":"nosniff"},` +
			`"body":"{\"message\":\"not an HTTP event of payload version 1.0 or 2.0\"}","isBase64Encoded":false}`,
	} {
		got, err := handler.Invoke(ctx, []byte(event))
		if err != nil || string(got) != want {
			t.Errorf("Invoke(%s) =\n%s, %v, want\n%s", event, got, err, want)
		}
	}
}

// TestDeadline promises that a handler's context ends before the call's, so that an answer can still be sent.
func TestDeadline(t *testing.T) {
	for _, test := range []struct{ left, want time.Duration }{
		{time.Minute, time.Minute - 500*time.Millisecond},
		{5 * time.Second, 4500 * time.Millisecond},
		{600 * time.Millisecond, 300 * time.Millisecond},
		{-time.Second, -time.Second},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), test.left)
		defer cancel()
		var during context.Context
		lambdahttp.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			during = r.Context()
			deadline, _ := during.Deadline()
			if got := time.Until(deadline); (got - test.want).Abs() > 100*time.Millisecond {
				t.Errorf("of %v the handler has %v, want %v", test.left, got, test.want)
			}
		})).Invoke(ctx, []byte(minimal))
		if during.Err() == nil {
			t.Error("the request's context outlives the answer")
		}
	}
	invoke(t, []byte(minimal), func(_ http.ResponseWriter, r *http.Request) {
		if deadline, ok := r.Context().Deadline(); ok || r.Context().Err() != nil {
			t.Errorf("deadline %v, error %v, want neither", deadline, r.Context().Err())
		}
	})
}

// TestOneAdapterServesOn promises that panics, exits and concurrent calls do not affect later calls.
func TestOneAdapterServesOn(t *testing.T) {
	adapter := lambdahttp.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic":
			panic("x")
		case "/goexit":
			runtime.Goexit()
		}
		http.SetCookie(w, &http.Cookie{Name: "id", Value: lambdahttp.RequestID(r.Context())})
		fmt.Fprint(w, r.URL.Path)
	}), lambdahttp.WithLogger(slog.New(slog.DiscardHandler)))
	var wg sync.WaitGroup
	for i := range 200 {
		path := []string{"/panic", "/goexit", fmt.Sprintf("/%d", i)}[i%3]
		wg.Go(func() {
			event := strings.Replace(minimal, `"/"`, `"`+path+`"`, 1)
			event = strings.Replace(event, `"http"`, `"requestId":"r`+path[1:]+`","http"`, 1)
			out, err := adapter.Invoke(t.Context(), []byte(event)) // does not return after Goexit, but ends
			var res struct {
				StatusCode int
				Cookies    []string
				Body       string
			}
			if err != nil || json.Unmarshal(out, &res) != nil {
				t.Errorf("%s: %q, %v", path, out, err)
			}
			if path == "/panic" && res.StatusCode == 500 {
				return
			}
			if res.StatusCode != 200 || res.Body != path || len(res.Cookies) != 1 || res.Cookies[0] != "id=r"+path[1:] {
				t.Errorf("%s: answered %+v", path, res)
			}
		})
	}
	wg.Wait()
}

func BenchmarkInvoke(b *testing.B) {
	for _, fixture := range []string{"get", "json-body", "form-base64"} {
		b.Run(fixture, func(b *testing.B) {
			event := readFile(b, fixture+".json")
			answer := []byte(`{"message":"Login successful","access_token":"` + strings.Repeat("x", 700) + `"}`)
			adapter := lambdahttp.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				h := w.Header()
				h.Set("Content-Type", "application/json")
				h.Set("Cache-Control", "no-store")
				h.Add("Set-Cookie", "planpoint=x; Path=/; HttpOnly; Secure; SameSite=Lax")
				h.Add("Set-Cookie", "planpointRefresh=y; Path=/api/users; HttpOnly; Secure; SameSite=Lax")
				w.Write(answer)
			}))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := adapter.Invoke(b.Context(), event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
