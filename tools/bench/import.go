package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the bare side uses Latchkey's driver
)

const (
	importUsers = 50_000 // by default; the goals are for a million
	importTurns = 5
	bareBatch   = 1000 // rows

	importGoal       = 3.0
	exportGoal       = importGoal / 2
	importMemoryGoal = 200 // MiB

	crowdTurns  = 21
	crowdLogins = 500
	smallCrowd  = 1000
	crowdGoal   = 1.1
)

// measureImport compares an import and an export with a bare insert of the same rows, and sign-ins in a large store with
// those in a small one.
func measureImport(ctx context.Context, latchkey, dir string, users int) ([]result, error) {
	dir += "/import"
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a place for the stores: %w", err)
	}
	if err := writeUsersTo(ctx, dir+"/users.jsonl", users); err != nil {
		return nil, err
	}
	turns := importTurns
	if users > importUsers {
		turns = 1
	}
	var importing, exporting, bare, importMemory, exportMemory sample
	for range turns {
		if err := removeStores(dir); err != nil {
			return nil, err
		}
		in, err := timed(ctx, latchkey, "users", "import", dir+"/users.jsonl", "--store", "sqlite:"+dir+"/ours.db")
		if err != nil {
			return nil, err
		}
		insert, err := insertBare(ctx, latchkey, dir)
		if err != nil {
			return nil, err
		}
		out, err := timed(ctx, latchkey, "users", "export", dir+"/export.jsonl", "--force", "--store", "sqlite:"+dir+"/ours.db")
		if err != nil {
			return nil, err
		}
		importing, exporting, bare = append(importing, in.seconds), append(exporting, out.seconds), append(bare, insert)
		importMemory, exportMemory = append(importMemory, in.memory), append(exportMemory, out.memory)
	}
	logins, err := measureCrowd(ctx, latchkey, dir, users)
	if err != nil {
		return nil, err
	}
	named := func(what string) string { return fmt.Sprintf("%s %d users", what, users) }
	return append([]result{
		compare(named("import"), seconds, importing, bare, goal{most: importGoal, unit: " x"}),
		compare(named("export"), seconds, exporting, bare, goal{most: exportGoal, unit: " x"}),
		memory(named("memory to import"), importMemory),
		memory(named("memory to export"), exportMemory),
	}, logins...), nil
}

func writeUsersTo(ctx context.Context, name string, users int) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(writeUsers(ctx, file, users), file.Close())
}

func removeStores(dir string) error {
	var errs []error
	for _, store := range []string{"/ours.db", "/bare.db"} {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(dir + store + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// cost is the time and memory of a whole command.
type cost struct{ seconds, memory float64 } // seconds; peak memory in MiB

func timed(ctx context.Context, name string, args ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return cost{}, fmt.Errorf("%s %q: %w\n%s", name, args, err, out)
	}
	took := time.Since(began).Seconds()
	memory, err := peakMemory(cmd.ProcessState)
	return cost{took, memory}, err
}

// insertBare lets another process insert the rows that Latchkey imported into a store that Latchkey made, and returns the
// seconds of the inserts, without reading the rows and starting.
func insertBare(ctx context.Context, latchkey, dir string) (float64, error) {
	if err := command(ctx, latchkey, "users", "import", os.DevNull, "--store", "sqlite:"+dir+"/bare.db"); err != nil {
		return 0, err
	}
	p, err := start(ctx, nil, os.Args[0], "insert", dir+"/ours.db", dir+"/bare.db")
	if err != nil {
		return 0, err
	}
	defer p.stop()
	took, err := p.await("inserted in ")
	if err != nil {
		return 0, err
	}
	d, err := time.ParseDuration(took)
	return d.Seconds(), err
}

// playInsert is the bare side: prepared inserts in transactions, with Latchkey's schema, driver and durability.
func playInsert(ctx context.Context, from, to string, out io.Writer) (err error) {
	source, err := sql.Open("sqlite", from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := sql.Open("sqlite", to+"?_txlock=immediate&_pragma=synchronous(full)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	rows, err := source.QueryContext(ctx, "SELECT * FROM users")
	if err != nil {
		return fmt.Errorf("read the rows: %w", err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("read the columns: %w", err)
	}
	insert, err := target.Prepare("INSERT INTO users VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")")
	if err != nil {
		return fmt.Errorf("prepare the insert: %w", err)
	}
	var took time.Duration
	for {
		batch, err := nextRows(rows, len(columns))
		if err != nil {
			return fmt.Errorf("read the rows: %w", err)
		}
		if len(batch) == 0 {
			break
		}
		began := time.Now()
		if err := insertRows(target, insert, batch); err != nil {
			return fmt.Errorf("insert: %w", err)
		}
		took += time.Since(began)
	}
	_, err = fmt.Fprintln(out, "inserted in", took)
	return err
}

func nextRows(rows *sql.Rows, columns int) (batch [][]any, err error) {
	for len(batch) < bareBatch && rows.Next() {
		row, into := make([]any, columns), make([]any, columns)
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		batch = append(batch, row)
	}
	return batch, rows.Err()
}

func insertRows(target *sql.DB, insert *sql.Stmt, batch [][]any) error {
	tx, err := target.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	insert = tx.Stmt(insert)
	for _, row := range batch {
		if _, err := insert.Exec(row...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// measureCrowd compares sign-ins of users across the imported store with those in a small one, one at a time.
func measureCrowd(ctx context.Context, latchkey, dir string, users int) ([]result, error) {
	if err := writeUsersTo(ctx, dir+"/small.jsonl", smallCrowd); err != nil {
		return nil, err
	}
	if err := command(ctx, latchkey, "users", "import", dir+"/small.jsonl", "--store", "sqlite:"+dir+"/small.db"); err != nil {
		return nil, err
	}
	var sides []side
	for _, crowd := range []struct {
		store string
		users int
	}{{"/ours.db", users}, {"/small.db", smallCrowd}} {
		env := []string{cheaply, "LATCHKEY_STORE=sqlite:" + dir + crowd.store, "LATCHKEY_KEYS=file:" + dir + "/keys.json"}
		s, to, err := startServer(ctx, env, crowd.users, 1, latchkey, "serve", "--addr", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer s.stop()
		s.work = allOver(ctx, to)
		sides = append(sides, s)
	}
	turns, err := alternate(crowdTurns, crowdLogins, sides...)
	if err != nil {
		return nil, err
	}
	var large, small sample
	for i := range turns[0] {
		large, small = append(large, 1000/turns[0][i].rate), append(small, 1000/turns[1][i].rate)
	}
	name := fmt.Sprintf("login among %d users, compared with %d", users, smallCrowd)
	return []result{compare(name, milliseconds, large, small, goal{most: crowdGoal, unit: " x"})}, nil
}

// allOver signs in users who are far apart in the store, and continues where it stopped.
func allOver(ctx context.Context, to *load) func(n int) error {
	const stride = 7919 // a prime, so that every user is reached
	next := 0
	return func(n int) error {
		for range n {
			if _, err := to.login(ctx, next); err != nil {
				return err
			}
			next = (next + stride) % to.users
		}
		return nil
	}
}

func memory(name string, peaks sample) result {
	peak := peaks.quantile(1)
	return result{name: name, ours: fmt.Sprintf("%.0f MiB", peak), value: peak, goal: goal{most: importMemoryGoal, unit: " MiB"}}
}

func seconds(s float64) string { return fmt.Sprintf("%.2f s", s) }
