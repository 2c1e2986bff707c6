package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/admin/bulk"
	"latchkey/internal/auth"
	"latchkey/internal/password"
	"latchkey/internal/sqlite"
)

const bcryptHash = "$2b$04$0CFXXFuSpAhR9tPEVwczQ.dAcFPAxMWaN.OQGGzAKHEmdaQGOa5ZG"

func openStore(t *testing.T) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "users.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// newImport is an import over the store with cheap hashes. It lists refusals under their line numbers.
func newImport(store bulk.ImportStore, refused map[int]string) bulk.Import {
	hasher := password.New(password.Params{Memory: 8, Time: 1, Threads: 1}, 0)
	return bulk.Import{
		Store: store, Hasher: hasher, NewHashes: hasher.Describe(), Now: time.Now, Progress: func(int64, int) {},
		Refused: func(line int, why error) { refused[line] = why.Error() },
	}
}

func run(t *testing.T, i bulk.Import, lines string) bulk.Counts {
	t.Helper()
	counts, err := i.Run(t.Context(), strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func user(t *testing.T, store *sqlite.Store, email string) auth.User {
	t.Helper()
	id, err := auth.ParseIdentifier(email)
	if err != nil {
		t.Fatal(err)
	}
	u, err := store.UserByIdentifier(t.Context(), id)
	if err != nil {
		t.Fatalf("%s: %v", email, err)
	}
	return u
}

// TestImportCounts promises for each line one of four ends, in the store and in the counts, and a reason for each refusal.
func TestImportCounts(t *testing.T) {
	store, refused := openStore(t), map[int]string{}
	run(t, newImport(store, refused), `{"id":"u-ada","email":"ada@example.com","status":"pending"}
{"id":"u-bob","email":"bob@example.com","status":"pending"}
`)
	i := newImport(store, refused)
	i.Update = true
	got := run(t, i, `{"email":"ada@example.com","status":"pending"}
{"email":"bob@example.com","status":"pending","name":"Bob"}
{"email":"eve@example.com","status":"ready","passwordHash":"`+bcryptHash+`"}
{"id":"u-ada","email":"joan@example.com","status":"pending"}
not JSON
`)
	want := bulk.Counts{Added: 1, Updated: 1, Refused: 2, Unchanged: 1, ForeignHashes: true, BcryptHashes: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	wantRefused := map[int]string{4: "the id u-ada is another user's", 5: "not a JSON object"}
	if diff := cmp.Diff(wantRefused, refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if u := user(t, store, "bob@example.com"); u.ID != "u-bob" || u.Profile.Name != "Bob" {
		t.Errorf("bob is %+v", u)
	}
}

// TestImportReportsProgress promises a report within lines that were read together: to hash some thousand passwords takes
// minutes.
func TestImportReportsProgress(t *testing.T) {
	var file strings.Builder
	for k := range 40 {
		fmt.Fprintf(&file, `{"email":"u%02d@example.com","password":"p","status":"ready"}`+"\n", k)
	}
	var got []string
	i := newImport(openStore(t), map[int]string{})
	i.Progress = func(bytes int64, users int) {
		got = append(got, fmt.Sprint(users, " ", 100*bytes/int64(file.Len()), "%"))
	}
	run(t, i, file.String())
	if diff := cmp.Diff([]string{"20 50%", "40 100%"}, got); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
}

// TestImportEndsSessionsConcurrently promises that the sessions of several users end at the same time: over a network one
// after the other would take longer than everything else.
func TestImportEndsSessionsConcurrently(t *testing.T) {
	const line = `{"email":"%s@example.com","passwordHash":"` + bcryptHash + `","status":"%s"}` + "\n"
	store, refused := openStore(t), map[int]string{}
	run(t, newImport(store, refused), fmt.Sprintf(line+line, "a", "ready", "b", "ready"))
	i := newImport(&meeting{Store: store, place: make(chan struct{})}, refused)
	i.Update = true
	if got := run(t, i, fmt.Sprintf(line+line, "a", "disabled", "b", "disabled")); got.Updated != 2 {
		t.Errorf("%+v, refused %v", got, refused)
	}
}

// meeting is a store that ends sessions once two calls do so.
type meeting struct {
	*sqlite.Store
	place chan struct{}
}

func (s *meeting) EndSessions(ctx context.Context, userID, last string) error {
	select {
	case s.place <- struct{}{}:
	case <-s.place:
	case <-time.After(5 * time.Second):
		return errors.New("no second call")
	}
	return s.Store.EndSessions(ctx, userID, last)
}

// TestImportUpdateDuringSignIn promises that a user is updated although a sign-in renews the hash at the same moment.
func TestImportUpdateDuringSignIn(t *testing.T) {
	store, refused := openStore(t), map[int]string{}
	run(t, newImport(store, refused), `{"email":"ada@example.com","status":"ready","password":"p"}`)
	i := newImport(&renewing{Store: store}, refused)
	i.Update = true
	run(t, i, `{"email":"ada@example.com","status":"ready","name":"Countess","passwordHash":"`+bcryptHash+`"}`)
	if u := user(t, store, "ada@example.com"); u.Name() != "Countess" || u.PasswordHash != bcryptHash {
		t.Errorf("%+v, refused %v", u, refused)
	}
}

// renewing is a store in which a sign-in renews the user's hash right after it was read, once.
type renewing struct {
	*sqlite.Store
	done bool
}

func (s *renewing) Existing(ctx context.Context, users []auth.User) ([]auth.User, error) {
	found, err := s.Store.Existing(ctx, users)
	if err == nil && !s.done {
		s.done = true
		err = s.ReplaceHash(ctx, found[0].ID, found[0].PasswordHash, "$renewed$")
	}
	return found, err
}

// TestImportInterrupted promises that an interrupt right after lines were stored counts them, says where the import
// stopped, and that the same import goes on from there.
func TestImportInterrupted(t *testing.T) {
	const line = `{"email":"%s@example.com","passwordHash":"` + bcryptHash + `","status":"ready"}` + "\n"
	lines := fmt.Sprintf(line+line, "a", "b") + strings.Repeat("\n", 10_000) + fmt.Sprintf(line, "c")
	store, refused := openStore(t), map[int]string{}
	ctx, interrupt := context.WithCancel(t.Context())
	i := newImport(&interrupting{store, interrupt}, refused)
	counts, err := i.Run(ctx, strings.NewReader(lines))
	if !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "interrupted at line ") || counts.Added != 2 {
		t.Errorf("%v, %+v", err, counts)
	}
	if got := run(t, newImport(store, refused), lines); got.Added != 1 || got.Unchanged != 2 {
		t.Errorf("then %+v", got)
	}
}

// interrupting is a store whose operator interrupts as soon as users are stored.
type interrupting struct {
	*sqlite.Store
	interrupt func()
}

func (s *interrupting) CreateUsers(ctx context.Context, users []auth.User) []error {
	defer s.interrupt()
	return s.Store.CreateUsers(ctx, users)
}

// TestImportFailsMidway promises that where a store fails within a batch, the users who are stored count as added.
func TestImportFailsMidway(t *testing.T) {
	var lines strings.Builder
	for k := range 5000 {
		fmt.Fprintf(&lines, `{"email":"u%d@example.com","passwordHash":%q,"status":"ready"}`+"\n", k, bcryptHash)
	}
	store := openStore(t)
	i := newImport(&failing{Store: store}, map[int]string{})
	counts, err := i.Run(t.Context(), strings.NewReader(lines.String()))
	stored := 0
	for _, err := range store.AllUsers(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		stored++
	}
	if !errors.Is(err, auth.ErrUnavailable) || counts.Added != stored || stored == 0 {
		t.Errorf("%v: %d are stored, and the counts are %+v", err, stored, counts)
	}
}

// failing is a store that stores one user of the third call and then none.
type failing struct {
	*sqlite.Store
	calls int
}

func (s *failing) CreateUsers(ctx context.Context, users []auth.User) []error {
	if s.calls++; s.calls < 3 {
		return s.Store.CreateUsers(ctx, users)
	}
	errs := s.Store.CreateUsers(ctx, users[:1])
	for range users[1:] {
		errs = append(errs, auth.ErrUnavailable)
	}
	return errs
}

// TestDryRun promises that a dry run counts as the import after it and writes nothing to the real store.
func TestDryRun(t *testing.T) {
	const lines = `{"email":"ada@example.com","status":"pending","name":"Countess"}
{"email":"eve@example.com","status":"pending"}
{"email":"eve@example.com","status":"pending"}
{"id":"u-ada","email":"x@example.com","status":"pending"}
`
	for _, update := range []bool{false, true} {
		real := openStore(t)
		run(t, newImport(real, map[int]string{}), `{"id":"u-ada","email":"ada@example.com","status":"pending"}`)
		saidDry, said := map[int]string{}, map[int]string{}
		dry, wet := newImport(bulk.DryRun{Real: real, Scratch: openStore(t)}, saidDry), newImport(real, said)
		dry.Update, wet.Update = update, update
		got := run(t, dry, lines)
		if u := user(t, real, "ada@example.com"); u.Version != 1 {
			t.Errorf("update %v: the dry run changed %+v", update, u)
		}
		if diff := cmp.Diff(run(t, wet, lines), got); diff != "" {
			t.Errorf("update %v: import and dry run differ:\n%s", update, diff)
		}
		if diff := cmp.Diff(said, saidDry); diff != "" {
			t.Errorf("update %v: their refusals differ:\n%s", update, diff)
		}
	}
}

// TestExportInterrupted promises that an interrupted export is an error.
func TestExportInterrupted(t *testing.T) {
	store := openStore(t)
	var lines strings.Builder
	for k := range 1000 {
		fmt.Fprintf(&lines, `{"email":"u%d@example.com","status":"pending"}`+"\n", k)
	}
	run(t, newImport(store, map[int]string{}), lines.String())
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	e := bulk.Export{Users: store.AllUsers(ctx), Progress: func(int) {}, Unusable: func(auth.User, error) {}}
	if _, err := e.Run(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
