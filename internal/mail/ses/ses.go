// Package ses sends mails by Amazon SES (API v2).
package ses

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"latchkey/internal/awscall"
	"latchkey/internal/mail"
)

// Sender sends by SES, and names the configuration set that reports bounces and complaints.
type Sender struct {
	Caller           awscall.Caller
	ConfigurationSet string // empty: none
}

type sendEmail struct {
	From             string      `json:"FromEmailAddress"`
	Destination      destination `json:"Destination"`
	Content          content     `json:"Content"`
	ConfigurationSet string      `json:"ConfigurationSetName,omitempty"`
}

type destination struct {
	To []string `json:"ToAddresses"`
}

type content struct {
	Raw raw `json:"Raw"`
}

type raw struct {
	Data []byte `json:"Data"` // base64 in JSON
}

// Send hands the mail to SES. SES takes no local part beyond ASCII. An error has SES's word for it and not its sentence, which may
// quote the address.
func (s Sender) Send(ctx context.Context, m mail.Mail) error {
	if !mail.IsASCII(m.To) {
		return mail.ErrAddress
	}
	header, _, err := s.Caller.Do(ctx, awscall.Call{
		Service: "ses", Method: http.MethodPost, Path: "/v2/email/outbound-emails",
		Document: sendEmail{m.From, destination{[]string{m.To}}, content{raw{m.Raw}}, s.ConfigurationSet},
	})
	answer, ok := errors.AsType[awscall.StatusError](err)
	if !ok {
		return err
	}
	kind, _, _ := strings.Cut(header.Get("X-Amzn-Errortype"), ":")
	if slices.Contains([]string{"MessageRejected", "BadRequestException"}, kind) {
		return fmt.Errorf("%w: SES answers %s", mail.ErrRefused, kind)
	}
	return fmt.Errorf("SES answers %d %s", answer.Status, kind)
}
