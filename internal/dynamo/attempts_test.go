package dynamo_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/dynamo"
)

// tries names counters by hashes of the length that auth gives them.
func tries() auth.AttemptKeys {
	return auth.AttemptKeys{User: "0123456789abcdef0123456789abcdef", Source: "fedcba9876543210fedcba9876543210", Network: "00112233445566778899aabbccddeeff"}
}

// pair returns one with this many failures, a second apart. DynamoDB Local deletes expired items by the real clock.
func pair(failures int64) auth.Pair {
	at := time.Now().UTC().Truncate(time.Hour).Add(time.Duration(failures) * time.Second)
	return auth.Pair{Failures: failures, LastAt: at}
}

func window(failures int64) auth.Window {
	return auth.Window{Failures: failures, Since: pair(0).LastAt, ExpiresAt: pair(0).LastAt.Add(24 * time.Hour)}
}

func counters(t *testing.T, s *dynamo.Store) auth.Counters {
	t.Helper()
	a, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: authtest.Ada().Identifier, Attempts: tries()})
	must(t, err)
	return a.Counters
}

// TestTryItems promises the counters that docs/storage.md shows, and that DynamoDB deletes none before it says nothing
// any more: a pair 24 h after its last failure, or when its source is known no longer, whichever is later.
func TestTryItems(t *testing.T) {
	s, r := openRaw(t)
	text := func(at time.Time) string { return "S " + at.Format("2006-01-02T15:04:05.000Z") }
	ttl := func(at time.Time) string { return "N " + strconv.FormatInt(at.Unix()+1, 10) }
	user, network := "TRIES#"+tries().User, "SOURCE#"+tries().Network
	must(t, s.CountAttempt(t.Context(), tries(), auth.Pair{}, pair(1), 5))
	must(t, s.CountFailure(t.Context(), tries().OfUser(), auth.Window{}, window(1)))
	must(t, s.CountFailure(t.Context(), tries().OfSource(), auth.Window{}, window(1)))
	total := map[string]string{
		"failures": "N 1", "since": text(window(1).Since), "expiresAt": text(window(1).ExpiresAt), "tryId": "…",
		"ttl": ttl(window(1).ExpiresAt),
	}
	want := map[string]map[string]string{
		user + " / FROM#" + tries().Source: {
			"failures": "N 1", "lastAt": text(pair(1).LastAt), "tryId": "…", "ttl": ttl(pair(1).LastAt.Add(24 * time.Hour)),
		},
		user + " / ALL": total, network + " / ALL": total,
	}
	if d := cmp.Diff(want, r.items(t)); d != "" {
		t.Errorf("failures (-want +got):\n%s", d)
	}

	known := pair(1).LastAt.Add(48 * time.Hour)
	must(t, s.ClearAttempts(t.Context(), tries(), known))
	want[user+" / FROM#"+tries().Source] = map[string]string{"failures": "N 0", "knownUntil": text(known), "ttl": ttl(known)}
	if d := cmp.Diff(want, r.items(t)); d != "" {
		t.Errorf("cleared (-want +got):\n%s", d)
	}

	seen, next := auth.Pair{KnownUntil: known}, pair(1)
	next.KnownUntil = known
	must(t, s.CountAttempt(t.Context(), tries(), seen, next, 5))
	if got := r.items(t)[user+" / FROM#"+tries().Source]; got["ttl"] != ttl(known) || got["knownUntil"] != text(known) {
		t.Errorf("a failure from a known source expires as %v, want %s", got, ttl(known))
	}
}

// TestBrokenCounters promises that a counter which cannot be read is our fault: as nothing it would let everybody guess.
func TestBrokenCounters(t *testing.T) {
	user, network := "TRIES#"+tries().User, "SOURCE#"+tries().Network
	for _, tc := range []struct{ pk, sk, attribute string }{
		{user, "FROM#" + tries().Source, "failures"},
		{user, "FROM#" + tries().Source, "lastAt"},
		{user, "FROM#" + tries().Source, "knownUntil"},
		{user, "ALL", "failures"},
		{user, "ALL", "expiresAt"},
		{network, "ALL", "failures"},
		{network, "ALL", "since"},
	} {
		s, r := openRaw(t)
		r.put(t, map[string]types.AttributeValue{"pk": text(tc.pk), "sk": text(tc.sk), tc.attribute: text("$old")})
		_, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: authtest.Ada().Identifier, Attempts: tries()})
		wantBroken(t, err, tc.attribute)
	}
}

// TestLostCounts promises that a write whose answer was lost, and which the SDK repeats, is counted once and is not taken
// for another attempt: in the free attempts and beyond them, in a pair and in a window that go on or begin again.
func TestLostCounts(t *testing.T) {
	t.Parallel()
	s, w := open(t)
	lost := false
	w.spoil = func(op string, _ int, send func([]byte) answer, body []byte) answer {
		a := send(body)
		if op == "UpdateItem" {
			if lost = !lost; lost { // and sent again
				return answer{err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}
			}
		}
		return a
	}
	seen := auth.Pair{}
	for n := range int64(7) { // five are free
		must(t, s.CountAttempt(t.Context(), tries(), seen, pair(n+1), 5))
		if seen = counters(t, s).Pair; seen != pair(n+1) {
			t.Fatalf("stored %+v, want %+v", seen, pair(n+1))
		}
	}
	if err := s.CountAttempt(t.Context(), tries(), pair(4), pair(5), 5); !errors.Is(err, auth.ErrConflict) {
		t.Errorf("another attempt: %v, want a conflict", err)
	}
	again := auth.Pair{Failures: 1, LastAt: seen.LastAt.Add(25 * time.Hour)}
	must(t, s.CountAttempt(t.Context(), tries(), seen, again, 5))
	if got := counters(t, s).Pair; got != again {
		t.Errorf("a pair that begins again is %+v, want %+v", got, again)
	}

	must(t, s.CountFailure(t.Context(), tries().OfUser(), auth.Window{}, window(1)))
	must(t, s.CountFailure(t.Context(), tries().OfUser(), window(1), window(2)))
	if got := counters(t, s).User; got != window(2) {
		t.Errorf("the window is %+v, want %+v", got, window(2))
	}
	later := auth.Window{Failures: 1, Since: pair(0).LastAt.Add(25 * time.Hour), ExpiresAt: pair(0).LastAt.Add(26 * time.Hour)}
	must(t, s.CountFailure(t.Context(), tries().OfUser(), window(2), later))
	if got := counters(t, s).User; got != later {
		t.Errorf("the next window is %+v, want %+v", got, later)
	}
}

// TestTryCost promises one write for each counter while nobody else counts, and at most two.
func TestTryCost(t *testing.T) {
	s, w := open(t)
	beside := auth.Pair{Failures: 2, LastAt: pair(3).LastAt} // the third, by a caller that saw only the first
	old, anew := pair(3), auth.Pair{Failures: 1, LastAt: pair(3).LastAt.Add(25 * time.Hour)}
	later := auth.Window{Failures: 1, Since: pair(3).LastAt.Add(25 * time.Hour), ExpiresAt: pair(3).LastAt.Add(26 * time.Hour)}
	for _, tc := range []struct {
		name string
		call func(ctx context.Context) error
		want []string
	}{
		{"first try", func(ctx context.Context) error { return s.CountAttempt(ctx, tries(), auth.Pair{}, pair(1), 5) }, []string{"UpdateItem 1"}},
		{"second try", func(ctx context.Context) error { return s.CountAttempt(ctx, tries(), pair(1), pair(2), 5) }, []string{"UpdateItem 1"}},
		{"beside another", func(ctx context.Context) error { return s.CountAttempt(ctx, tries(), pair(1), beside, 5) }, []string{"UpdateItem 1"}},
		{"taken back", func(ctx context.Context) error { return s.UndoAttempt(ctx, tries(), pair(3), pair(2)) }, []string{"UpdateItem 1"}},
		{"counted again", func(ctx context.Context) error { return s.CountAttempt(ctx, tries(), pair(2), old, 5) }, []string{"UpdateItem 1"}},
		{"anew", func(ctx context.Context) error { return s.CountAttempt(ctx, tries(), old, anew, 5) }, []string{"UpdateItem 1"}},
		{"cleared", func(ctx context.Context) error { return s.ClearAttempts(ctx, tries(), anew.LastAt) }, []string{"PutItem 1"}},
		{"window", func(ctx context.Context) error {
			return s.CountFailure(ctx, tries().OfUser(), auth.Window{}, window(1))
		}, []string{"UpdateItem 1"}},
		{"in the window", func(ctx context.Context) error { return s.CountFailure(ctx, tries().OfUser(), window(1), window(2)) }, []string{"UpdateItem 1"}},
		{"next window", func(ctx context.Context) error { return s.CountFailure(ctx, tries().OfUser(), window(2), later) }, []string{"UpdateItem 1"}},
		{"next window, beside another", func(ctx context.Context) error {
			return s.CountFailure(ctx, tries().OfUser(), window(2), later)
		}, []string{"UpdateItem 0", "UpdateItem 1"}},
	} {
		w.take()
		if err := tc.call(t.Context()); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if d := cmp.Diff(tc.want, w.take()); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, d)
		}
	}
}
