package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

// progress says how far a long command is: by a bar on a terminal, by a line now and then elsewhere. What else is to be
// said meanwhile is written to it, and does not get mixed up with the bar.
type progress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar // nil: lines
	total int64                    // bytes; less than 1 where it is not known
	began time.Time
	said  time.Time
	users int
}

func newProgress(out io.Writer, doing string, total int64) *progress {
	p := &progress{out: out, total: total, began: time.Now()}
	p.said = p.began
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.bar = progressbar.NewOptions64(max(total, -1), progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(doing),
			progressbar.OptionSetWidth(30), progressbar.OptionThrottle(barEvery), progressbar.OptionUseANSICodes(true),
			progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionSetRenderBlankState(true))
	}
	return p
}

// at is called with the bytes and users that are behind.
func (p *progress) at(bytes int64, users int) {
	p.users = users
	now := time.Now()
	switch {
	case p.bar != nil && now.Sub(p.said) >= barEvery:
		p.bar.Describe(p.rate(now))
		p.bar.Set64(bytes)
	case p.bar == nil && now.Sub(p.said) >= lineEvery:
		fmt.Fprintf(p.out, "%s%s\n", p.rate(now), p.left(bytes, now))
	default:
		return
	}
	p.said = now
}

func (p *progress) rate(now time.Time) string {
	return fmt.Sprintf("%d users, %.0f a second", p.users, float64(p.users)/max(now.Sub(p.began).Seconds(), 1e-3))
}

func (p *progress) left(bytes int64, now time.Time) string {
	if p.total < 1 || bytes < 1 {
		return ""
	}
	done := float64(bytes) / float64(p.total)
	left := time.Duration(float64(now.Sub(p.began)) * (1/done - 1))
	return fmt.Sprintf(", %.0f %%, %v left", 100*done, left.Round(time.Second))
}

// Write writes above the bar.
func (p *progress) Write(text []byte) (int, error) {
	if p.bar != nil {
		p.bar.Clear()
	}
	return p.out.Write(text)
}

// end says how long it took, where that was long enough to be asked.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.Clear()
	}
	if now := time.Now(); p.bar != nil || now.Sub(p.began) >= lineEvery {
		fmt.Fprintf(p.out, "%s, in %v\n", p.rate(now), now.Sub(p.began).Round(100*time.Millisecond))
	}
}
