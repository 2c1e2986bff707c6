package bulk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/admin/bulk"
)

// TestImportStopsWhereNothingFits promises that a file whose lines are all refused for one reason ends the import after 20, and that
// a line which is refused for itself is always named.
func TestImportStopsWhereNothingFits(t *testing.T) {
	user := func(n int) string { return fmt.Sprintf(`{"email":"u%d@example.com","status":"pending"}`, n) }
	unknown := strings.Repeat(`{"email":"a@example.com","status":"pending","hunter2":1}`+"\n", 50_000)
	array := "[\n" + strings.Repeat(user(1)+",\n", 50_000) + user(2) + "\n]\n"
	const arrayReason = "the file is a JSON array"
	for _, test := range []struct {
		name, file string
		counts     bulk.Counts
		reports    int
		stops      bool
	}{
		{"a long array", array, bulk.Counts{Refused: 20}, 1, true},
		{"a short array", "[\n" + user(1) + ",\n" + user(2) + "\n]\n", bulk.Counts{Refused: 4}, 1, false},
		{"a wrong member", unknown, bulk.Counts{Refused: 20}, 20, true},
		{"a wrong member, after a good line", user(1) + "\n" + unknown, bulk.Counts{Added: 1, Refused: 50_000}, 50_000, false},
		{"a wrong member 19 times, then a good line", unknown[:19*len(unknown)/50_000] + user(1) + "\n", bulk.Counts{Added: 1, Refused: 19}, 19, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			refused := map[int]string{}
			i := newImport(openStore(t), refused)
			counts, err := i.Run(t.Context(), strings.NewReader(test.file))
			if diff := cmp.Diff(test.counts, counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if stopped := err != nil && strings.Contains(err.Error(), "stopped: the first 20 lines"); stopped != test.stops || !test.stops && err != nil {
				t.Errorf("error %v; want it to stop: %v", err, test.stops)
			}
			if len(refused) != test.reports {
				t.Errorf("%d reports, want %d", len(refused), test.reports)
			}
			if strings.HasPrefix(test.file, "[") && !strings.Contains(refused[1], arrayReason) {
				t.Errorf("line 1: %q", refused[1])
			}
		})
	}
}
