package setting

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// count is what Count matches, without anchors: nine digits are enough for any limit.
const count = "[1-9][0-9]{0,8}"

// Count is a whole number from 1, up to nine digits in the template and 2^31-1 in the environment.
func Count() Kind[int64] { return Kind[int64]{Pattern: "^" + count + "$", Parse: ParseCount} }

// ParseCount reads a whole number from 1 to 2^31-1 in decimal digits.
func ParseCount(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 1 {
		return 0, Wrong(s, "a whole number from 1")
	}
	return n, nil
}

// Duration is a time.Duration from least to most. The pattern takes hours, minutes and seconds, and hours with minutes.
func Duration(least, most time.Duration) Kind[time.Duration] {
	return Kind[time.Duration]{Pattern: "^(" + durations(least, most) + ")$", Parse: func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < least || d > most {
			short := strings.NewReplacer("h0m0s", "h", "m0s", "m")
			return 0, Wrong(s, short.Replace(fmt.Sprintf("a duration from %s to %s, like 10s or 168h", least, most)))
		}
		return d, nil
	}}
}

// Rate is the pair of a count and the duration from least to most in which it is counted, such as 100/15m.
func Rate[T any](least, most time.Duration, of func(int64, time.Duration) T) Kind[T] {
	span := Duration(least, most)
	return Kind[T]{Pattern: "^" + count + "/(" + durations(least, most) + ")$", Parse: func(s string) (rate T, err error) {
		before, after, _ := strings.Cut(s, "/")
		n, badCount := ParseCount(before)
		d, badSpan := span.Parse(after)
		if badCount != nil || badSpan != nil {
			return rate, Wrong(s, "failures/duration, like 100/15m")
		}
		return of(n, d), nil
	}}
}

// durations matches the common spellings of durations from least to most; larger numbers of a unit than 99,999 are left out.
func durations(least, most time.Duration) string {
	const many = 99_999
	var ways []string
	if least == 0 {
		ways = append(ways, "0s?")
	}
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}} {
		from := max(1, int(math.Ceil(float64(least)/float64(unit.size))))
		to := min(many, int(most/unit.size))
		if from <= to {
			ways = append(ways, "("+Digits(from, to)+")"+unit.name)
		}
	}
	if from, to := max(1, int(math.Ceil(least.Hours()))), min(many, int(most/time.Hour)-1); from <= to {
		ways = append(ways, "("+Digits(from, to)+")h[1-5]?[0-9]m")
	}
	return strings.Join(ways, "|")
}

// Digits returns an expression for the whole numbers from least to most, without leading zeros.
func Digits(least, most int) string {
	var blocks []block
	for least <= most {
		size, zeros := 1, 0 // the largest block of 10^n numbers that begins here
		for size*10 <= least && least%(size*10) == 0 && least+size*10-1 <= most {
			size, zeros = size*10, zeros+1
		}
		first := least / size % 10
		last := first
		for last < 9 && least+(last-first+2)*size-1 <= most {
			last++
		}
		next := block{prefix: least / size / 10, first: first, last: last, fewest: zeros, most: zeros}
		if n := len(blocks); n > 0 && blocks[n-1].continuesIn(next) {
			blocks[n-1].most = zeros
		} else {
			blocks = append(blocks, next)
		}
		least += (last - first + 1) * size
	}
	var ways []string
	for _, b := range blocks {
		ways = append(ways, b.String())
	}
	return strings.Join(ways, "|")
}

// block is the numbers of a prefix, a digit from first to last, and any fewest to most digits.
type block struct{ prefix, first, last, fewest, most int }

// continuesIn reports whether one expression can hold both, such as 1 to 9 and 10 to 99.
func (b block) continuesIn(next block) bool {
	return b.prefix == 0 && next.prefix == 0 && b.first == next.first && b.last == next.last && next.most == b.most+1
}

// String returns the block as an expression.
func (b block) String() string {
	var text strings.Builder
	if b.prefix > 0 {
		text.WriteString(strconv.Itoa(b.prefix))
	}
	if b.first == b.last {
		text.WriteString(strconv.Itoa(b.first))
	} else {
		fmt.Fprintf(&text, "[%d-%d]", b.first, b.last)
	}
	switch {
	case b.most == 0:
	case b.fewest == 1 && b.most == 1:
		text.WriteString("[0-9]")
	case b.fewest == b.most:
		fmt.Fprintf(&text, "[0-9]{%d}", b.most)
	default:
		fmt.Fprintf(&text, "[0-9]{%d,%d}", b.fewest, b.most)
	}
	return text.String()
}
