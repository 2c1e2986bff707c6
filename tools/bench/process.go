package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// command runs a program to its end; the error holds what it printed.
func command(ctx context.Context, name string, args ...string) error {
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// process is a child that reports progress by lines on its standard output. Its standard error, a server's log, is
// /dev/null: writing the log is part of a login's cost.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func start(ctx context.Context, env []string, name string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, name, args...)}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p.in, p.lines = in, bufio.NewScanner(out)
	return p, nil
}

// stop ends the child and ignores how it ended.
func (p *process) stop() {
	p.in.Close()
	p.cmd.Cancel()
	p.cmd.Wait()
}

// await returns the rest of the first line that begins with prefix.
func (p *process) await(prefix string) (string, error) {
	for p.lines.Scan() {
		if rest, found := strings.CutPrefix(p.lines.Text(), prefix); found {
			return rest, nil
		}
	}
	return "", fmt.Errorf("%s ended and did not say %q", p.cmd.Path, prefix)
}

// tick is the unit of processor times in /proc, the same on every Linux since 2.6 (proc(5), USER_HZ).
const tick = 10 * time.Millisecond

// cpu returns the processor time of the child so far: all threads, user and system.
func (p *process) cpu() (time.Duration, error) { return cpuOf(p.cmd.Process.Pid) }

func cpuOf(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read the processor time: %w", err)
	}
	_, after, _ := strings.Cut(string(stat), ") ") // the name before it may contain spaces
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, errors.New("read the processor time: /proc is not as proc(5) says")
	}
	var sum time.Duration
	for _, field := range fields[11:13] { // utime, stime
		ticks, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("read the processor time: %w", err)
		}
		sum += time.Duration(ticks) * tick
	}
	return sum, nil
}

// loadAverages returns how many processes wanted a processor in the last 1, 5 and 15 minutes.
func loadAverages() string {
	text, err := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 3 {
		return "unknown"
	}
	return strings.Join(fields[:3], " ")
}
