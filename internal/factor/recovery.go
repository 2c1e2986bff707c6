package factor

import (
	"encoding/base32"
	"fmt"
	"io"
	"strings"
)

// Recovery codes: ten of 80 random bits each, sixteen characters that a person can copy from paper.
const (
	RecoveryCodes  = 10
	recoveryBytes  = 10
	recoveryLength = 16
	recoveryGroup  = 4
)

// Crockford's alphabet has no I, L, O and U: https://www.crockford.com/base32.html
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewRecoveryCodes returns ten codes as users see them, in groups of four: ABCD-EFGH-JKMN-PQRS.
func NewRecoveryCodes(random io.Reader) ([]string, error) {
	encoding := base32.NewEncoding(crockford).WithPadding(base32.NoPadding)
	codes := make([]string, RecoveryCodes)
	for i := range codes {
		var code [recoveryBytes]byte
		if _, err := io.ReadFull(random, code[:]); err != nil {
			return nil, fmt.Errorf("make recovery codes: %w", err)
		}
		codes[i] = group(encoding.EncodeToString(code[:]))
	}
	return codes, nil
}

func group(code string) string {
	var groups []string
	for ; code != ""; code = code[recoveryGroup:] {
		groups = append(groups, code[:recoveryGroup])
	}
	return strings.Join(groups, "-")
}

// normalizeRecovery returns the code in its one spelling, or "" if the text is not a recovery code. Letters that look like
// digits count as digits (Crockford).
func normalizeRecovery(text string) string {
	code := strings.NewReplacer("-", "", "I", "1", "L", "1", "O", "0").Replace(strings.ToUpper(text))
	if len(code) != recoveryLength || strings.Trim(code, crockford) != "" {
		return ""
	}
	return code
}
