package doctor

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"latchkey/internal/awscall"
	"latchkey/internal/jwk"
)

// maxAPIs bounds how many APIs of the account are asked for their authorizers.
const maxAPIs = 50

// nativeAuthorizer is API Gateway's own JWT authorizer of an HTTP API.
type nativeAuthorizer struct {
	Name, AuthorizerType string
	JwtConfiguration     struct {
		Issuer   string
		Audience []string
	}
}

// lookAuthorizers looks for JWT authorizers of the account that trust this issuer: they take RSA keys only.
func lookAuthorizers(ctx context.Context, d *Deployment) []Finding {
	s := d.config.Stack
	var apis struct {
		Items []struct{ ApiID, Name, ProtocolType string }
	}
	if err := s.get(ctx, "apigateway", "/v2/apis?maxResults=100", &apis); err != nil {
		return cannot(err, "apigateway:GET")
	}
	var found []Finding
	asked, trusting := 0, 0
	for _, api := range apis.Items {
		if asked++; api.ProtocolType != "HTTP" || asked > maxAPIs {
			continue
		}
		var authorizers struct{ Items []nativeAuthorizer }
		if err := s.get(ctx, "apigateway", "/v2/apis/"+url.PathEscape(api.ApiID)+"/authorizers", &authorizers); err != nil {
			return cannot(err, "apigateway:GET")
		}
		for _, a := range authorizers.Items {
			if a.AuthorizerType == "JWT" && strings.TrimSuffix(a.JwtConfiguration.Issuer, "/") == s.Output("Issuer") {
				trusting++
				found = append(found, s.judgeAuthorizer(api.Name, a)...)
			}
		}
	}
	if len(apis.Items) > maxAPIs {
		found = append(found, notChecked("the account has more than %d APIs; the rest was left out", maxAPIs)...)
	}
	return orOK(found, "%s of API Gateway's own trust this issuer, and can verify its tokens", count(trusting, "authorizer"))
}

func (s *Stack) judgeAuthorizer(api string, a nativeAuthorizer) (found []Finding) {
	algorithm, _, _ := strings.Cut(s.parameters["Algorithm"], ":")
	if algorithm != string(jwk.RS256) {
		found = append(found, fault("Deploy with Algorithm=RS256 and rotate twice, or use the authorizer function: docs/protect.md.",
			"the authorizer %s of the API %s takes RS256 only, and the tokens are %s", a.Name, api, algorithm)...)
	}
	audience := cmp.Or(s.parameters["Audience"], s.Output("Issuer"))
	if !slices.Contains(a.JwtConfiguration.Audience, audience) {
		found = append(found, fault("Add it to the authorizer's audience.", "the authorizer %s of the API %s does not accept the audience %q", a.Name, api, audience)...)
	}
	if a.JwtConfiguration.Issuer != s.Output("Issuer") {
		found = append(found, fault("Write the issuer without the slash at its end.", "the authorizer %s of the API %s has another spelling of the issuer", a.Name, api)...)
	}
	return found
}

// lookMail checks that SES may send from the address of the stack.
func lookMail(ctx context.Context, d *Deployment) []Finding {
	s := d.config.Stack
	from, err := mail.ParseAddress(cmp.Or(s.parameters["MailFrom"], s.Variable("LATCHKEY_MAIL_FROM")))
	if err != nil {
		return notChecked("the stack has no address to send mail from")
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	verified := false
	for _, identity := range []string{from.Address, domain} {
		var answer struct{ VerifiedForSendingStatus bool }
		err := s.get(ctx, "ses", "/v2/email/identities/"+url.PathEscape(identity), &answer)
		var status awscall.StatusError
		if err != nil && !(errors.As(err, &status) && status.Status == http.StatusNotFound) {
			return cannot(err, "ses:GetEmailIdentity")
		}
		verified = verified || answer.VerifiedForSendingStatus
	}
	if !verified {
		return fault("Verify the domain or the address in SES: docs/deploy.md.", "no mail is sent: SES has not verified %s", domain)
	}
	var account struct{ ProductionAccessEnabled, SendingEnabled bool }
	if err := s.get(ctx, "ses", "/v2/email/account", &account); err != nil {
		return cannot(err, "ses:GetAccount")
	}
	switch {
	case !account.SendingEnabled:
		return fault("Read AWS's message about it, and ask for a review in the SES console.", "no mail is sent: AWS has paused sending for the account")
	case !account.ProductionAccessEnabled:
		return warning("Ask for production access in the SES console.", "mail reaches verified addresses only: the account is in the sandbox of SES")
	}
	return ok("SES sends from %s", domain)
}
