package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// syncAfter is the delay before a sync. It leaves a slow disk the same time again, so that a confirmed write is on disk within
// a second. By default the system would take half a minute.
const syncAfter = 500 * time.Millisecond

// logSync syncs the write-ahead log to disk soon after writes that were confirmed without a sync. The first write arms a
// timer, and later writes share its sync, so that a write costs nothing more and an idle store does nothing.
type logSync struct {
	sync func() error

	mu     sync.Mutex
	timer  *time.Timer // nil if no write waits to be synced
	closed bool
	busy   sync.Mutex // held while sync runs
}

// noteWrite is called after every write. A write that was already synced needs no second sync, but it costs little: the
// log has no dirty pages then.
func (l *logSync) noteWrite() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil && !l.closed {
		l.timer = time.AfterFunc(syncAfter, l.run)
	}
}

// run syncs; after a failure it arms the timer again.
func (l *logSync) run() {
	l.busy.Lock()
	defer l.busy.Unlock()
	if l.disarm() && l.sync() != nil {
		l.noteWrite()
	}
}

// disarm reports whether a write waits to be synced. Later writes may be too late for this sync, so they arm the next.
func (l *logSync) disarm() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	waits := l.timer != nil
	if waits {
		l.timer.Stop()
		l.timer = nil
	}
	return waits
}

// close waits for a running sync and syncs the writes that still wait. Later writes arm no timer.
func (l *logSync) close() error {
	l.busy.Lock()
	defer l.busy.Unlock()
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	if l.disarm() {
		return l.sync()
	}
	return nil
}

// syncLog syncs the log of the store at path to disk; if there is no log, the store has everything. SQLite holds its locks
// on the two other files, so closing this one releases none of them.
func syncLog(path string) error {
	f, err := os.OpenFile(path+"-wal", os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}
