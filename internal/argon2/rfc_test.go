//go:build (amd64 || arm64) && !purego

package argon2_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"latchkey/internal/argon2"
)

// TestRFC9106 promises the keys of RFC 9106, 5.2 and 5.3.
func TestRFC9106(t *testing.T) {
	some := func(value byte, n int) []byte { return bytes.Repeat([]byte{value}, n) }
	for name, want := range map[string]string{
		"argon2i":  "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8",
		"argon2id": "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659",
	} {
		for _, i := range argon2.Assembly() {
			got := i.WithKey(nil, name, some(1, 32), some(2, 16), some(3, 8), some(4, 12), 3, 32, 4, 32)
			if hex.EncodeToString(got) != want {
				t.Errorf("%s, %s: %x, want %s", name, i, got, want)
			}
		}
	}
}
