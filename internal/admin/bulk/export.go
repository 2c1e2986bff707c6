package bulk

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"runtime"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
	"latchkey/internal/userfile"
)

// Export is one export of users: where they come from, what it reports, and what becomes of their second factors.
type Export struct {
	Users iter.Seq2[auth.User, error]
	// Progress is told how many users are written.
	Progress func(users int)
	// Unusable is told of each user whose line an import would refuse.
	Unusable func(u auth.User, why error)
	// Factors says what becomes of second factors; Seeds is needed unless they are left out.
	Factors ExportedFactors
	Seeds   Seeds

	counts ExportCounts
}

// ExportCounts are how many users an export wrote, and how many of them an import would refuse or not restore whole.
type ExportCounts struct {
	Exported int `json:"exported"`
	// Unusable is how many of them an import would refuse.
	Unusable int `json:"unusable"`
	// DemoUsers is how many have the id of a demo user, whose password everybody knows.
	DemoUsers int `json:"demoUsers"`
	// Factors is how many have second factors in their lines, LostFactors how many have some that are left out.
	Factors     int `json:"factors,omitzero"`
	LostFactors int `json:"lostFactors,omitzero"`
}

// usersAtOnce are encoded by one processor while others encode the next; a user of full size is 400 KB.
const usersAtOnce = 64

// Run writes every user as one line and counts them. Lines are encoded on all processors and written in order.
func (e *Export) Run(ctx context.Context, to io.Writer) (ExportCounts, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	encoding := make(chan chan encoded, runtime.GOMAXPROCS(0))
	go func() {
		defer close(encoding)
		failed = e.read(ctx, encoding)
	}()
	out := bufio.NewWriterSize(to, 1<<20)
	for one := range encoding {
		if err := e.write(out, <-one); err != nil {
			return e.counts, err
		}
	}
	if failed != nil {
		return e.counts, failed
	}
	if err := out.Flush(); err != nil {
		return e.counts, fmt.Errorf("write the users: %w", err)
	}
	return e.counts, nil
}

func (e *Export) write(out io.Writer, some encoded) error {
	if some.err != nil {
		return some.err
	}
	if _, err := out.Write(some.lines); err != nil {
		return fmt.Errorf("write the users: %w", err)
	}
	for k, why := range some.unusable {
		if why != nil {
			e.counts.Unusable++
			e.Unusable(some.users[k], why)
		}
		if admin.IsDemo(some.users[k].ID) {
			e.counts.DemoUsers++
		}
		switch with := some.users[k].Factors.Any(); {
		case with && e.Factors == LeaveFactors:
			e.counts.LostFactors++
		case with:
			e.counts.Factors++
		}
	}
	e.counts.Exported += len(some.users)
	e.Progress(e.counts.Exported)
	return nil
}

// read sends the users on, some at a time.
func (e *Export) read(ctx context.Context, encoding chan<- chan encoded) error {
	var some []auth.User
	send := func() error {
		one := make(chan encoded, 1)
		select {
		case encoding <- one:
		case <-ctx.Done():
			return ctx.Err()
		}
		go func(users []auth.User) { one <- e.encode(ctx, users) }(some)
		some = nil
		return nil
	}
	for u, err := range e.Users {
		if err != nil {
			return fmt.Errorf("read the users: %w", err)
		}
		if some = append(some, u); len(some) == usersAtOnce {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}

// encoded are the lines of some users, and why an import would refuse each, nil if it would not.
type encoded struct {
	users    []auth.User
	lines    []byte
	unusable []error
	err      error
}

func (e *Export) encode(ctx context.Context, users []auth.User) encoded {
	done := encoded{users: users}
	for _, u := range users {
		line, err := e.line(ctx, u)
		if err != nil {
			return encoded{err: err}
		}
		done.unusable = append(done.unusable, userfile.CheckImportable(u))
		done.lines = append(append(done.lines, line...), '\n')
	}
	return done
}
