package dynamo_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"latchkey/internal/auth"
	"latchkey/internal/dynamo"
)

// TestSlowAnswer promises that a try that gets no answer is given up after 2 s and that another one follows.
func TestSlowAnswer(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if requests.Add(1) == 1 {
			<-release
		}
		io.WriteString(w, "{}")
	}))
	defer server.Close()
	defer close(release)
	began := time.Now()
	must(t, dynamo.New(config(server.URL), "table").Warm(t.Context()))
	if took := time.Since(began); took < 2*time.Second || took > 8*time.Second || requests.Load() != 2 {
		t.Errorf("%d tries in %v, want 2 in little more than 2 s", requests.Load(), took)
	}
}

// TestDead promises an early end where nothing listens, and where something listens that says nothing.
func TestDead(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer silent.Close()
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	refusing.Close()

	began := time.Now()
	err = dynamo.New(config("http://"+refusing.Addr().String()), "table").Warm(t.Context())
	if took := time.Since(began); !errors.Is(err, auth.ErrUnavailable) || took > 5*time.Second {
		t.Errorf("nothing listens: %v after %v, want unavailable at once", err, took)
	}
	for name, call := range calls(dynamo.New(config("http://"+silent.Addr().String()), "table")) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		began := time.Now()
		err := call(ctx)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: %v after its context ended", name, took)
		}
		if !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want unavailable and the context's error", name, err)
		}
		cancel()
		if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s with a context that has ended: %v", name, err)
		}
	}
}

// TestKeepsConnections promises that as many connections as a burst opened serve the next one.
func TestKeepsConnections(t *testing.T) {
	const burst = 40
	var opened atomic.Int32
	var gate sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		gate.Done()
		gate.Wait() // all of a burst are in flight at once
		io.WriteString(w, "{}")
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	s := dynamo.New(config(server.URL), "table")
	for range 3 {
		gate.Add(burst)
		var done sync.WaitGroup
		for range burst {
			done.Go(func() {
				if err := s.Warm(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
	}
	if got := opened.Load(); got >= 2*burst { // a transport may dial one more and find another free first
		t.Errorf("three bursts of %d opened %d connections, so they are not kept", burst, got)
	}
}

// TestForLogin promises the limits that no test can wait for, over settings of the deployment and without
// losing its certificates.
func TestForLogin(t *testing.T) {
	pool := x509.NewCertPool()
	given := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.TLSClientConfig = &tls.Config{RootCAs: pool}
	})
	cfg := dynamo.ForLogin(aws.Config{HTTPClient: given, RetryMaxAttempts: 10, Region: "eu-north-1"})
	client := cfg.HTTPClient.(*awshttp.BuildableClient)
	if client.GetDialer().Timeout != time.Second || client.GetTransport().TLSHandshakeTimeout != time.Second {
		t.Errorf("connecting may take %v, TLS %v, want 1 s each", client.GetDialer().Timeout, client.GetTransport().TLSHandshakeTimeout)
	}
	if client.GetTransport().TLSClientConfig.RootCAs != pool {
		t.Error("the certificates are lost")
	}
	if cfg.RetryMaxAttempts != 3 || cfg.Retryer().MaxAttempts() != 3 || cfg.Region != "eu-north-1" {
		t.Errorf("%d tries, the retryer's %d, region %q", cfg.RetryMaxAttempts, cfg.Retryer().MaxAttempts(), cfg.Region)
	}
}
