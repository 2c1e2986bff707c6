//go:build unix

package main

import (
	"errors"
	"os"
	"syscall"
)

// peakMemory returns the most memory that an ended process had, in MiB.
func peakMemory(p *os.ProcessState) (float64, error) {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, errors.New("this system does not say how much memory a process took")
	}
	return float64(usage.Maxrss) / 1024, nil
}
