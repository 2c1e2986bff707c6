package ses_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awscall"
	"latchkey/internal/mail"
	"latchkey/internal/mail/ses"
)

func sender(endpoint string) ses.Sender {
	return ses.Sender{ConfigurationSet: "latchkey", Caller: awscall.Caller{
		AWS: aws.Config{Region: "us-east-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})},
		Endpoint: func(string) string { return endpoint },
	}}
}

func letter(to string) mail.Mail {
	return mail.Mail{ID: "1", From: "login@example.com", To: to, Raw: []byte("Subject: a mail\r\n\r\n")}
}

// TestRefusals promises which answers of SES are final and after which the mail is tried again, and that no error quotes what SES says.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		status int
		kind   string
		want   error // nil: any that is not final
	}{
		{400, "MessageRejected", mail.ErrRefused},
		{400, "MessageRejected:http://internal.amazon.com/coral/", mail.ErrRefused},
		{400, "BadRequestException", mail.ErrRefused},
		{400, "MailFromDomainNotVerifiedException", nil},
		{400, "AccountSuspendedException", nil},
		{400, "SendingPausedException", nil},
		{403, "AccessDeniedException", nil},
		{404, "NotFoundException", nil},
		{429, "TooManyRequestsException", nil},
		{500, "InternalFailure", nil},
		{503, "", nil},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amzn-ErrorType", test.kind)
			w.WriteHeader(test.status)
			io.WriteString(w, `{"message":"ada@example.com is not verified"}`)
		}))
		err := sender(server.URL).Send(t.Context(), letter("ada@example.com"))
		server.Close()
		if err == nil || test.want != nil && !errors.Is(err, test.want) || test.want == nil && (errors.Is(err, mail.ErrRefused) || errors.Is(err, mail.ErrAddress)) {
			t.Errorf("%d %s: %v", test.status, test.kind, err)
		}
		if err != nil && strings.Contains(err.Error(), "ada") {
			t.Errorf("%d %s: the error has the address: %v", test.status, test.kind, err)
		}
	}
}

// TestSend promises the mail byte for byte, to one address, with the configuration set; and that an address that SES does not take is told
// without a call.
func TestSend(t *testing.T) {
	var got struct {
		FromEmailAddress, ConfigurationSetName string
		Destination                            struct{ ToAddresses []string }
		Content                                struct{ Raw struct{ Data []byte } }
	}
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if r.URL.Path != "/v2/email/outbound-emails" || json.NewDecoder(r.Body).Decode(&got) != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		io.WriteString(w, `{"MessageId":"1"}`)
	}))
	defer server.Close()
	m := letter("ada@xn--bcher-kva.example")
	if err := sender(server.URL).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got.FromEmailAddress != m.From || len(got.Destination.ToAddresses) != 1 || got.Destination.ToAddresses[0] != m.To ||
		string(got.Content.Raw.Data) != string(m.Raw) || got.ConfigurationSetName != "latchkey" {
		t.Errorf("%+v", got)
	}
	if err := sender(server.URL).Send(t.Context(), letter("jürgen@example.com")); !errors.Is(err, mail.ErrAddress) || calls.Load() != 1 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
}

// TestSlow promises that a silent SES costs no more than the caller's time, and that the mail is tried again.
func TestSlow(t *testing.T) {
	silent := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))
	defer server.Close()
	defer close(silent)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := sender(server.URL).Send(ctx, letter("ada@example.com")); err == nil || errors.Is(err, mail.ErrRefused) || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
