package verify

import (
	"fmt"
	"slices"
	"time"
)

// Requirement is what a Handler asks for beyond a valid token. It returns the parameters of the challenge that says what is missing
// (RFC 9470 3), or nothing if the claims meet it.
type Requirement func(c Claims) (missing string)

// RequireAMR asks for a method of authentication (RFC 8176) among the token's: "mfa" for a second factor. Older tokens without the
// claim do not have it.
func RequireAMR(method string) Requirement {
	return func(c Claims) string {
		if slices.Contains(c.AMR, method) {
			return ""
		}
		return fmt.Sprintf("error_description=%q", "this needs "+method)
	}
}

// MaxAge asks for a sign-in that is at most this long ago, refreshes do not count. Tokens that do not say when it was do
// not meet it.
func MaxAge(age time.Duration) Requirement {
	return func(c Claims) string {
		if !c.AuthTime.IsZero() && time.Since(c.AuthTime) <= age {
			return ""
		}
		return fmt.Sprintf("max_age=%d", int64(age/time.Second))
	}
}

// insufficientError is a valid token that does not meet a requirement.
type insufficientError struct{ missing string }

// Error names the missing parameters.
func (e insufficientError) Error() string { return "verify: not enough for this: " + e.missing }

func checkRequirements(c Claims, requirements []Requirement) error {
	for _, require := range requirements {
		if missing := require(c); missing != "" {
			return insufficientError{missing}
		}
	}
	return nil
}
