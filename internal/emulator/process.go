package emulator

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"
)

const (
	startLimit = 60 * time.Second // DynamoDB Local takes 3 s on an idle machine
	logTail    = 2000             // bytes
)

// process is a running emulator. It runs until stdin is closed in this test binary.
type process struct {
	url   string
	stdin io.Closer
	log   *os.File
	ended chan struct{}
}

// guard runs "$@" and kills it when standard input ends, which happens however the test binary ends.
const guard = `exec 3<&0; "$@" 3<&- & emulator=$!; (cat; kill -9 $emulator) <&3 >/dev/null 2>&1 & wait $emulator`

// start runs the command on a free port and returns once it answers.
func start(command func(port string) []string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	log, err := os.CreateTemp("", "latchkey-emulator-*.log")
	if err != nil {
		return nil, fmt.Errorf("make the emulator's log: %w", err)
	}
	os.Remove(log.Name()) // still readable through the open file
	cmd := exec.Command("sh", append([]string{"-c", guard, "guard"}, command(port)...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = os.TempDir() // DynamoDB Local may leave dynamodb-local-metadata.json where it runs
	p := &process{url: "http://127.0.0.1:" + port, log: log, ended: make(chan struct{})}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("guard the emulator: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the emulator: %w", err)
	}
	go func() {
		defer close(p.ended)
		cmd.Wait() // the log says how it ended
	}()
	return p, p.await()
}

// await returns nil once the emulator answers HTTP, whatever the answer.
func (p *process) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			return res.Body.Close()
		}
		select {
		case <-p.ended:
			return fmt.Errorf("ended before it was ready; its log ends: %s", p.tail())
		case <-ctx.Done():
			p.stdin.Close()
			return fmt.Errorf("not ready after %v; its log ends: %s", startLimit, p.tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (p *process) tail() []byte {
	info, err := p.log.Stat()
	if err != nil {
		return nil
	}
	tail := make([]byte, min(info.Size(), logTail))
	n, _ := p.log.ReadAt(tail, info.Size()-int64(len(tail)))
	return tail[:n]
}

// freePort searches below the range of ports for outgoing connections: one of these could take the port while the emulator
// is still starting.
func freePort() (string, error) {
	var last error
	for range 20 {
		port := strconv.Itoa(20000 + rand.IntN(12000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err == nil {
			return port, l.Close()
		}
		last = err
	}
	return "", fmt.Errorf("find a free port: %w", last)
}
