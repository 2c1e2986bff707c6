// Package terminal asks people and tells them: passwords without echo, progress, and text that cannot take the terminal over.
package terminal

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

// Progress reports how far a long command is: with a bar on a terminal, elsewhere with a line every few seconds. Other
// messages are written to it meanwhile, so that they do not mix with the bar.
type Progress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar // nil: lines
	total int64                    // bytes; less than 1 if unknown
	began time.Time
	last  time.Time // of the last report
	users int
}

// NewProgress reports on out what is being done, of total bytes; less than 1 if that is unknown.
func NewProgress(out io.Writer, doing string, total int64) *Progress {
	p := &Progress{out: out, total: total, began: time.Now()}
	p.last = p.began
	if IsTerminal(out) {
		p.bar = progressbar.NewOptions64(max(total, -1), progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(doing),
			progressbar.OptionSetWidth(30), progressbar.OptionThrottle(barEvery), progressbar.OptionUseANSICodes(true),
			progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionSetRenderBlankState(true))
	}
	return p
}

// Update reports the bytes and users done so far. It draws at most a few times a second, so every line may call it.
func (p *Progress) Update(bytes int64, users int) {
	p.users = users
	now := time.Now()
	switch {
	case p.bar != nil && now.Sub(p.last) >= barEvery:
		p.bar.Describe(p.rate(now))
		p.bar.Set64(bytes)
	case p.bar == nil && now.Sub(p.last) >= lineEvery:
		fmt.Fprintf(p.out, "%s%s\n", p.rate(now), p.left(bytes, now))
	default:
		return
	}
	p.last = now
}

func (p *Progress) rate(now time.Time) string {
	return fmt.Sprintf("%d users, %.0f a second", p.users, float64(p.users)/max(now.Sub(p.began).Seconds(), 1e-3))
}

func (p *Progress) left(bytes int64, now time.Time) string {
	if p.total < 1 || bytes < 1 {
		return ""
	}
	done := float64(bytes) / float64(p.total)
	left := time.Duration(float64(now.Sub(p.began)) * (1/done - 1))
	return fmt.Sprintf(", %.0f %%, %v left", 100*done, left.Round(time.Second))
}

// Write writes text above the bar, escaped: it may quote what a file says.
func (p *Progress) Write(text []byte) (int, error) {
	if p.bar != nil {
		p.bar.Clear()
	}
	if _, err := io.WriteString(p.out, Escape(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Finish prints the total time, if it took long.
func (p *Progress) Finish() {
	if p.bar != nil {
		p.bar.Clear()
	}
	if now := time.Now(); p.bar != nil || now.Sub(p.began) >= lineEvery {
		fmt.Fprintf(p.out, "%s, in %v\n", p.rate(now), now.Sub(p.began).Round(100*time.Millisecond))
	}
}
