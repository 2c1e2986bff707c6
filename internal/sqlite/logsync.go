package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// syncAfter leaves a slow disk as long again, so that what is confirmed is on it within a second. Left to itself the system
// would take half a minute.
const syncAfter = 500 * time.Millisecond

// logSync brings the write-ahead log to the disk soon after what was confirmed before it was there. The first write
// arms it and the writes after that ride along, so it costs each of them nothing, and nothing at all while there are none.
type logSync struct {
	sync func() error

	mu     sync.Mutex
	timer  *time.Timer // nil where nothing waits to be synced
	closed bool
	busy   sync.Mutex // held while sync runs
}

// written is called after every write. One that was on the disk when it was confirmed needs no other sync, but does
// not hurt: the log is clean then.
func (l *logSync) written() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil && !l.closed {
		l.timer = time.AfterFunc(syncAfter, l.run)
	}
}

// run syncs, and where that fails tries again as late as after the first write.
func (l *logSync) run() {
	l.busy.Lock()
	defer l.busy.Unlock()
	if l.disarm() && l.sync() != nil {
		l.written()
	}
}

// disarm reports whether something waits to be synced. What is written from here on may come too late for this one, and
// arms the next.
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

// close syncs what still waits for it, once what runs is done. Later writes arm nothing.
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

// syncLog brings the log of the store at path to the disk; where there is none, all is in the store already. SQLite has
// its locks on the two other files: closing this one drops none of them.
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
