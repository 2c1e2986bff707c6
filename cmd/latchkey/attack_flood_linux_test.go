package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// flood is how much is poured on the server, and what it may take of memory meanwhile.
type flood struct {
	*server
	pid        int
	bodies, at int // bodies in all, and at a time
	size       int // of a body
	slow       int // connections that trickle
	limit      int // KiB
}

// TestAttackFlood promises that bodies over the contract's limit are refused without being read to their end or kept, that slow
// clients are cut off, and that users can sign in and memory stays bounded in the meantime.
func TestAttackFlood(t *testing.T) {
	f := flood{bodies: 200, at: 16, size: 1 << 20, slow: 100, limit: 256 << 10}
	full := inFull(t)
	l := newLaptop(t)
	if full {
		f.bodies, f.at, f.slow, f.limit = 5000, 64, 2000, 640<<10 // twice what the largest hash takes: see relaxGC
		l.env["LATCHKEY_PASSWORD_HASH"] = ""
	}
	s, pid := l.besieged()
	f.server, f.pid = s, pid
	before := peakMemory(t, pid)
	f.whileAdaSignsIn(t, func() { f.big(t) })
	between := peakMemory(t, pid)
	f.whileAdaSignsIn(t, func() { f.trickles(t) })
	after := peakMemory(t, pid)
	tell(t, "memory of the server at its peak: %d MiB before, %d MiB after the bodies, %d MiB after the slow ones", before>>10, between>>10, after>>10)
	if after > f.limit {
		t.Errorf("%d KiB, want no more than %d", after, f.limit)
	}
}

// big pours whole bodies, with their length before them and in chunks, at every path that takes any.
func (f flood) big(t *testing.T) {
	paths := []string{"/api/users/login", "/users/login", "/api/users/refresh", "/api/users/logout", "/nowhere"}
	var next atomic.Int64
	var mu sync.Mutex
	ended := map[string]int{}
	read, began := bytesRead(t, f.pid), time.Now()
	var all sync.WaitGroup
	for range f.at {
		all.Go(func() {
			for i := int(next.Add(1)); i <= f.bodies; i = int(next.Add(1)) {
				status := f.pour(paths[i%len(paths)], i%2 == 0)
				mu.Lock()
				ended[status]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	read = (bytesRead(t, f.pid) - read) / f.bodies
	tell(t, "%d bodies of %d KiB, %d at a time, in %v: %v; the server read %d KiB of each", f.bodies, f.size>>10, f.at,
		time.Since(began).Round(time.Millisecond), ended, read>>10)
	// A logout ignores the body.
	if ended["400"] != f.bodies/5*3 || ended["200"] != f.bodies/5 || ended["404"] != f.bodies/5 {
		t.Errorf("answers: %v", ended)
	}
	if read > f.size/2 {
		t.Errorf("the server read %d bytes of each body", read)
	}
}

// bytesRead is what the process has read, from files and connections.
func bytesRead(t *testing.T, pid int) (n int) {
	t.Helper()
	counters, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Sscanf(string(counters), "rchar: %d", &n)
	return n
}

// pour sends a large body, or as much of it as is taken, and returns the status of the answer.
func (f flood) pour(path string, chunked bool) string {
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.base, "http://"))
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	length := fmt.Sprintf("Content-Length: %d", f.size)
	if chunked {
		length = "Transfer-Encoding: chunked"
	}
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s\r\n\r\n", path, length)
	answers := make(chan string, 1)
	go func() {
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			answers <- err.Error()
			return
		}
		answers <- fmt.Sprint(res.StatusCode)
	}()
	piece := `{"username":"` + strings.Repeat("a", 16<<10)
	if chunked {
		piece = fmt.Sprintf("%x\r\n%s\r\n", len(piece), piece)
	}
	for sent := 0; sent < f.size && err == nil; sent += len(piece) {
		_, err = io.WriteString(conn, piece)
	}
	return <-answers
}

// trickles opens connections that send a byte now and then: half of them of their headers, half of a body.
func (f flood) trickles(t *testing.T) {
	began := time.Now()
	var longest atomic.Int64
	var cut, others atomic.Int64
	var all sync.WaitGroup
	for i := range f.slow {
		all.Go(func() {
			head := "POST /api/users/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
			if i%2 == 0 {
				head += "Content-Length: 10000\r\n\r\n{"
			}
			if f.trickle(head) {
				cut.Add(1)
			} else {
				others.Add(1)
			}
			for took := int64(time.Since(began)); ; {
				most := longest.Load()
				if took <= most || longest.CompareAndSwap(most, took) {
					return
				}
			}
		})
	}
	all.Wait()
	tell(t, "%d connections that send a byte in half a second: %d cut off, the last after %v", f.slow, cut.Load(),
		time.Duration(longest.Load()).Round(time.Millisecond))
	if others.Load() > 0 || time.Duration(longest.Load()) > requestLimit+5*time.Second {
		t.Errorf("%d were not", others.Load())
	}
}

// trickle reports whether the server ended the connection.
func (f flood) trickle(head string) bool {
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.base, "http://"))
	if err != nil {
		return false
	}
	defer conn.Close()
	io.WriteString(conn, head)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		io.Copy(io.Discard, conn)
	}()
	for range 40 {
		select {
		case <-ended:
			return true
		case <-time.After(500 * time.Millisecond):
			conn.Write([]byte("a"))
		}
	}
	return false
}

// whileAdaSignsIn has a user sign in all the while, who must notice nothing but some delay.
func (f flood) whileAdaSignsIn(t *testing.T, attack func()) {
	over, done := make(chan struct{}), make(chan struct{})
	var slowest time.Duration
	ended := map[int]int{}
	go func() {
		defer close(done)
		for {
			began := time.Now()
			ended[f.signIn("ada@example.com", secretPassword).status]++
			slowest = max(slowest, time.Since(began))
			select {
			case <-over:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	attack()
	close(over)
	<-done
	tell(t, "  Ada's sign-ins meanwhile, by status: %v; the slowest took %v", ended, slowest.Round(time.Millisecond))
	if len(ended) != 1 || ended[200] == 0 || slowest > 5*time.Second {
		t.Errorf("Ada's sign-ins: %v, the slowest took %v", ended, slowest)
	}
}
