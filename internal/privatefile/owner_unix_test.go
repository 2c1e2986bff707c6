//go:build unix

package privatefile_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"latchkey/internal/privatefile"
)

// TestOwner promises that a file of another user is refused by name, even for root, and that one's own and root's are not.
func TestOwner(t *testing.T) {
	self := os.Geteuid()
	for owner, taken := range map[int]bool{self: true, 0: true, self + 1: false, self + 1000: false} {
		err := privatefile.Check("/srv/keys.json", file{mode: 0o600, sys: &syscall.Stat_t{Uid: uint32(owner)}})
		if (err == nil) != taken {
			t.Errorf("owner %d seen by %d: %v", owner, self, err)
		}
		if err != nil && !strings.Contains(err.Error(), fmt.Sprintf("user with id %d", owner)) {
			t.Errorf("owner %d: %v, want an error that names the owner", owner, err)
		}
	}
}
