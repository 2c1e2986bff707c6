package passlist

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/FastFilter/xorfilter"
)

// maxLine bounds a line of a source, in bytes: no password is longer.
const maxLine = 1024

// Build reads passwords or their SHA-1 digests, one a line, writes their list to w, and returns how many different ones
// it has.
func Build(r io.Reader, w io.Writer, top int) (int, error) {
	// Digests are hexadecimal, with or without :COUNT, as haveibeenpwned.com publishes them. If top is not zero, only
	// that many are kept: those with the highest counts, or the first if the source has no counts.
	keys, err := readKeys(r, top)
	if err != nil {
		return 0, err
	}
	if len(keys) == 0 {
		return 0, errors.New("the source has no passwords")
	}
	filter, err := xorfilter.NewBinaryFuse[uint16](slices.Clone(keys))
	if err != nil {
		return 0, fmt.Errorf("build the filter: %w", err)
	}
	var file bytes.Buffer
	file.WriteString(magic)
	file.Write(binary.BigEndian.AppendUint64(nil, uint64(len(keys))))
	if err := filter.Save(&file); err != nil {
		return 0, fmt.Errorf("build the filter: %w", err)
	}
	sum := sha256.Sum256(file.Bytes())
	file.Write(sum[:])
	if _, err := w.Write(file.Bytes()); err != nil {
		return 0, fmt.Errorf("write the list: %w", err)
	}
	return len(keys), nil
}

// readKeys returns the keys of the lines in ascending order, each once.
func readKeys(r io.Reader, top int) ([]uint64, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	var kept mostFrequent
	var digests bool
	number := 0
	for lines.Scan() {
		number++
		line := strings.TrimSuffix(lines.Text(), "\r")
		if number == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
			_, digests = parseDigest(line)
		}
		if line == "" {
			continue
		}
		e, err := parseLine(line, digests)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if top > 0 && !digests && len(kept) == top {
			break
		}
		kept.add(e, top)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", number+1, err)
	}
	keys := make([]uint64, len(kept))
	for i, e := range kept {
		keys[i] = e.key
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

func parseLine(line string, digests bool) (entry, error) {
	if !digests {
		if !utf8.ValidString(line) {
			return entry{}, errors.New("it is not UTF-8; convert the file first, for example with iconv")
		}
		return entry{key: keyOf(line)}, nil
	}
	e, isDigest := parseDigest(line)
	if !isDigest {
		return entry{}, errors.New("not a SHA-1 digest, although the first line is one")
	}
	return e, nil
}

// parseDigest reads 40 hexadecimal digits with an optional :COUNT.
func parseDigest(line string) (entry, bool) {
	text, count, counted := strings.Cut(strings.TrimSpace(line), ":")
	digest, err := hex.DecodeString(text)
	if err != nil || len(digest) != 20 {
		return entry{}, false
	}
	e := entry{key: binary.BigEndian.Uint64(digest)}
	if counted {
		if e.count, err = strconv.ParseUint(count, 10, 63); err != nil {
			return entry{}, false
		}
	}
	return e, true
}

// entry is a password's key, and how often it was seen where the source says so.
type entry struct{ key, count uint64 }

// mostFrequent is a heap whose first entry is the least frequent, so that memory stays bounded however long the source is.
type mostFrequent []entry

func (m *mostFrequent) add(e entry, top int) {
	switch {
	case top == 0:
		*m = append(*m, e)
	case len(*m) < top:
		heap.Push(m, e)
	case e.count > (*m)[0].count:
		(*m)[0] = e
		heap.Fix(m, 0)
	}
}

// Len, Less, Swap, Push and Pop are container/heap's.
func (m mostFrequent) Len() int { return len(m) }

// Less puts the entry with the lower count first.
func (m mostFrequent) Less(i, j int) bool { return cmp.Less(m[i].count, m[j].count) }

// Swap exchanges two entries.
func (m mostFrequent) Swap(i, j int) { m[i], m[j] = m[j], m[i] }

// Push appends an entry; container/heap moves it to its place.
func (m *mostFrequent) Push(e any) { *m = append(*m, e.(entry)) }

// Pop removes and returns the last entry; container/heap put the least frequent one there.
func (m *mostFrequent) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}
